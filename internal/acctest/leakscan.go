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
	// leakPiece is how many characters of a secret, or of one of its forms, are a leak.
	leakPiece = 12
	// leakBuffer is how much is read at once, in bytes.
	leakBuffer = 64 << 10
	// leakMember bounds a member of a zip archive, in bytes.
	leakMember = 1 << 30
)

// Sought is a text that must not turn up.
type Sought struct {
	// Name says whose text it is, in findings.
	Name string
	// Text has at least 12 characters.
	Text secret.Secret
}

// Finding is a place where a sought text, or 12 characters of it, turned up. It tells nothing of the text.
type Finding struct {
	// File is the path below the directory that was scanned. That of a member of a zip archive follows the archive's
	// after an exclamation mark; a text that is itself part of a path has the offset -1.
	File string
	// Offset is where it begins, in bytes.
	Offset int64
	// Name is that of the Sought, and Form how it is written, such as "plain" or "base64".
	Name, Form string
}

// String says where the finding is and what it is.
func (f Finding) String() string {
	return fmt.Sprintf("%s: offset %d: %s, %s", f.File, f.Offset, f.Name, f.Form)
}

// LeakScan looks for texts in all that a command wrote: each in plain, and as base64, hex, URLs and JSON would have it. A piece
// of 12 characters of any of these is enough. It may be used by several goroutines at once.
type LeakScan struct {
	sought  []Sought
	windows map[window]origin
	// maybe has a bit for each hash of a window, so that most of what is read needs no look into the map.
	maybe []uint64
	shift int
}

// window is a piece that is looked for.
type window [leakPiece]byte

// origin is whose piece a window is: indexes of the sought text and of the first form that has it.
type origin struct{ sought, form int }

// NewLeakScan prepares a scan for texts. It panics on one that is too short to be told from others.
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
	// With 32 bits for each window, few others pass.
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

// hashWindow hashes the first 12 bytes. The highest bits are the best ones.
func hashWindow(b []byte) uint64 {
	head, tail := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
	return (head ^ bits.RotateLeft64(uint64(tail)*0x9e3779b97f4a7c15, 32)) * 0xd6e8feb86659fd93
}

// Reader scans what r has, and names it file in the findings.
func (s *LeakScan) Reader(file string, r io.Reader) ([]Finding, error) {
	var found findings
	buffer := make([]byte, leakBuffer)
	var offset int64 // of the buffer's first byte
	kept := 0        // bytes of the read before, that may be the first ones of a piece
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

// search calls hit for each window in data, in order.
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

// Dir scans the names and contents of all files below dir, and the members of those that are zip archives, as saved plans
// are. Paths that skip names are left out, such as "terraform.tfstate"; there must be such a file.
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
		err = fmt.Errorf("scan %s: %d of %d files to skip are there", dir, len(skipped), len(skip))
	}
	return found, err
}

// file scans a file and, if it is a zip archive, its members. An archive that can't be read is an error: nobody knows then
// what is in it.
func (s *LeakScan) file(name, path string) ([]Finding, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
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
		return nil, fmt.Errorf("scan %s: %d bytes are too many", name, member.UncompressedSize64)
	}
	content, err := member.Open()
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", name, err)
	}
	found, err := s.Reader(name, content)
	return found, errors.Join(err, content.Close())
}

// findings are the windows that were found in a file, those that belong together as one.
type findings struct {
	all  []Finding
	runs []origin
	end  int64
}

// add adds a window. One that overlaps or touches the last one of the same text goes on with it; the form is then the one
// that says most.
func (f *findings) add(file string, offset int64, from origin) {
	last := len(f.runs) - 1
	if last >= 0 && f.runs[last].sought == from.sought && offset <= f.end {
		f.runs[last].form = max(f.runs[last].form, from.form)
	} else {
		f.all, f.runs = append(f.all, Finding{File: file, Offset: offset}), append(f.runs, from)
	}
	f.end = offset + leakPiece
}

// named are the findings, once they are complete.
func (f *findings) named(sought []Sought) []Finding {
	for i, run := range f.runs {
		f.all[i].Name, f.all[i].Form = sought[run.sought].Name, leakForms[run.form].name
	}
	return f.all
}
