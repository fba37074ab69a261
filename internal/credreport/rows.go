package credreport

import (
	"encoding/csv"
	"strings"
)

// maxRow is the size in bytes of the longest row. A report has rows of a few hundred bytes.
const maxRow = 64 << 10

// rows reads a CSV file row by row. It does what encoding/csv does, faster: the fields of a row without quotes are pieces of the
// content, and AWS's reports have no quotes unless the name or the path of a user needs them.
type rows struct {
	rest string
	// line is the number of lines before rest.
	line int
	// fields is the last row. The next one overwrites it.
	fields []string
}

// next returns the fields of the next row and the number of its first line; no fields at the end. It skips empty lines.
// The error is a *RowError.
func (r *rows) next() (fields []string, line int, err error) {
	for r.rest != "" {
		text, after, _ := strings.Cut(r.rest, "\n")
		text = strings.TrimSuffix(text, "\r")
		line = r.line + 1
		if len(text) > maxRow {
			return nil, line, &RowError{Line: line, Err: ErrTooLarge}
		}
		if strings.IndexByte(text, '"') >= 0 {
			fields, err = r.quoted()
			return fields, line, err
		}
		r.rest, r.line = after, line
		if text != "" {
			return r.split(text), line, nil
		}
	}
	return nil, r.line, nil
}

// split returns the fields of a row without quotes.
func (r *rows) split(text string) []string {
	r.fields = r.fields[:0]
	for {
		comma := strings.IndexByte(text, ',')
		if comma < 0 {
			r.fields = append(r.fields, text)
			return r.fields
		}
		r.fields = append(r.fields, text[:comma])
		text = text[comma+1:]
	}
}

// quoted reads a row that has quotes. It may extend over several lines.
func (r *rows) quoted() ([]string, error) {
	window := r.rest[:min(len(r.rest), maxRow)]
	reader := csv.NewReader(strings.NewReader(window))
	fields, err := reader.Read()
	read := window[:reader.InputOffset()]
	if err != nil || len(read) == maxRow && len(r.rest) > maxRow {
		return nil, &RowError{Line: r.line + 1, Err: ErrQuote}
	}
	r.rest, r.line = r.rest[len(read):], r.line+strings.Count(read, "\n")
	return fields, nil
}
