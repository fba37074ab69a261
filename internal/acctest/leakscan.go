package acctest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	// leakPiece is the length of a leak: so many characters of a secret, or of one of its forms, or more.
	leakPiece = 12
	// leakBuffer is the size of a read, in bytes.
	leakBuffer = 64 << 10
	// leakMember is the largest size of a member of a zip archive, in bytes.
	leakMember = 1 << 30
)

// Sought is a text that must not be found.
type Sought struct {
	// Name identifies the text in findings.
	Name string
	// Text has at least 12 characters.
	Text secret.Secret
}

// Finding is a place where a sought text, or 12 characters of it, was found. It holds nothing of the text.
type Finding struct {
	// File is the path below the scanned directory. For a member of a zip archive it is the path of the archive, an exclamation
	// mark, and the path of the member.
	File string
	// Offset is the number of bytes before the text in the file, or -1 if the text is part of the path.
	Offset int64
	// Name is that of the Sought, and Form its encoding, such as "plain" or "base64".
	Name, Form string
}

// String returns all fields in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: offset %d: %s, %s", f.File, f.Offset, f.Name, f.Form)
}

// LeakScan searches the output of a command for texts: each one in plain, and encoded as base64, hex, URL and JSON. It finds
// each piece of 12 characters of any of these forms. Several goroutines may use it at once.
type LeakScan struct {
	sought  []Sought
	windows map[window]origin
	// maybe is a Bloom filter with one hash: a bit for the hash of each window, so that most pieces need no lookup in the map.
	maybe []uint64
	// shift reduces a hash to the index of a bit in maybe.
	shift int
}

// window is a piece of a form, of the length of a leak.
type window [leakPiece]byte

// origin is where a window comes from: the indexes of the sought text and of the first form that contains it.
type origin struct{ sought, form int }

// NewLeakScan returns a scan for texts. It panics if one is shorter than 12 characters.
func NewLeakScan(sought ...Sought) *LeakScan {
	s := &LeakScan{sought: slices.Clone(sought), windows: map[window]origin{}}
	for i, one := range s.sought {
		if len(one.Text.Reveal()) < leakPiece {
			panic("acctest: NewLeakScan: the text of " + one.Name + " is too short")
		}
		for form, f := range leakForms {
			for _, text := range f.write(one.Text.Reveal()) {
				s.add(text, origin{sought: i, form: form})
			}
		}
	}
	// With 32 bits for each window, the filter passes few other pieces.
	size := max(6, bits.Len(uint(len(s.windows)))+5)
	s.maybe, s.shift = make([]uint64, 1<<(size-6)), 64-size
	for w := range s.windows {
		hash := hashWindow(w[:]) >> s.shift
		s.maybe[hash/64] |= 1 << (hash % 64)
	}
	return s
}

func (s *LeakScan) add(text string, from origin) {
	for i := range len(text) - leakPiece + 1 {
		w := window([]byte(text[i : i+leakPiece]))
		if _, known := s.windows[w]; !known {
			s.windows[w] = from
		}
	}
}

// hashWindow hashes the first 12 bytes. The highest bits are the most evenly distributed.
func hashWindow(b []byte) uint64 {
	head, tail := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
	return (head ^ bits.RotateLeft64(uint64(tail)*0x9e3779b97f4a7c15, 32)) * 0xd6e8feb86659fd93
}

// Reader scans the content of r. The findings have file as their File.
func (s *LeakScan) Reader(file string, r io.Reader) ([]Finding, error) {
	var found findings
	buffer := make([]byte, leakBuffer)
	var offset int64 // of the buffer's first byte
	kept := 0        // bytes of the previous read, in which a piece may begin
	for {
		n, err := io.ReadFull(r, buffer[kept:])
		data := buffer[:kept+n]
		s.search(data, func(at int, from origin) { found.add(file, offset+int64(at), from) })
		switch {
		case err == nil:
			kept = copy(buffer, data[len(data)-leakPiece+1:])
			offset += int64(len(data) - kept)
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return found.named(s.sought), nil
		default:
			return found.named(s.sought), fmt.Errorf("scan %s: %w", file, err)
		}
	}
}

// search calls hit for each window in data, from the start to the end.
func (s *LeakScan) search(data []byte, hit func(at int, from origin)) {
	for i := 0; i+leakPiece <= len(data); i++ {
		piece := data[i : i+leakPiece]
		hash := hashWindow(piece) >> s.shift
		if s.maybe[hash/64]&(1<<(hash%64)) == 0 {
			continue
		}
		if from, ok := s.windows[window(piece)]; ok {
			hit(i, from)
		}
	}
}

// Dir scans the paths and contents of all files below dir, and the members of zip archives, such as saved plans. It does not
// scan the contents of the files in skip, such as "terraform.tfstate", and returns an error if one of them does not exist.
func (s *LeakScan) Dir(dir string, skip ...string) ([]Finding, error) {
	var found []Finding
	skipped := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		inName, err := s.Reader(name, strings.NewReader(name))
		if err != nil {
			return err
		}
		for _, f := range inName {
			f.Offset = -1
			found = append(found, f)
		}
		if slices.Contains(skip, name) {
			skipped[name] = true
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		inFile, err := s.file(name, path)
		found = append(found, inFile...)
		return err
	})
	if err == nil && len(skipped) != len(skip) {
		err = fmt.Errorf("scan %s: %d of %d files to skip exist", dir, len(skipped), len(skip))
	}
	return found, err
}

// file scans a file and, if it is a zip archive, its members. An unreadable archive is an error, because it may hold a secret.
func (s *LeakScan) file(name, path string) ([]Finding, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	found, err := s.Reader(name, f)
	if err != nil {
		return found, err
	}
	magic := make([]byte, 4)
	if n, err := f.ReadAt(magic, 0); n < len(magic) || !bytes.Equal(magic, []byte("PK\x03\x04")) {
		if err != nil && !errors.Is(err, io.EOF) {
			return found, err
		}
		return found, nil
	}
	info, err := f.Stat()
	if err != nil {
		return found, err
	}
	inside, err := s.archive(name, f, info.Size())
	return append(found, inside...), err
}

func (s *LeakScan) archive(name string, r io.ReaderAt, size int64) ([]Finding, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", name, err)
	}
	var found []Finding
	for _, member := range archive.File {
		inside, err := s.member(name+"!"+member.Name, member)
		found = append(found, inside...)
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

func (s *LeakScan) member(name string, member *zip.File) ([]Finding, error) {
	if member.UncompressedSize64 > leakMember {
		return nil, fmt.Errorf("scan %s: %d bytes are too large", name, member.UncompressedSize64)
	}
	content, err := member.Open()
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", name, err)
	}
	found, err := s.Reader(name, content)
	return found, errors.Join(err, content.Close())
}

// findings are the findings in a file. Consecutive windows of the same text are one finding.
type findings struct {
	all []Finding
	// runs has the origin of each finding.
	runs []origin
	// end is the offset after the last window.
	end int64
}

// add adds a window. One that overlaps or touches the last finding, of the same text, extends it. The form of the finding is then
// the later one in leakForms, because the earlier ones share pieces with it.
func (f *findings) add(file string, offset int64, from origin) {
	last := len(f.runs) - 1
	if last >= 0 && f.runs[last].sought == from.sought && offset <= f.end {
		f.runs[last].form = max(f.runs[last].form, from.form)
	} else {
		f.all, f.runs = append(f.all, Finding{File: file, Offset: offset}), append(f.runs, from)
	}
	f.end = offset + leakPiece
}

// named sets the names and forms of the findings, which must be complete, and returns them.
func (f *findings) named(sought []Sought) []Finding {
	for i, run := range f.runs {
		f.all[i].Name, f.all[i].Form = sought[run.sought].Name, leakForms[run.form].name
	}
	return f.all
}
