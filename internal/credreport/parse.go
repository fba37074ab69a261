package credreport

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// maxShown is how much of a wrong value an error shows.
const maxShown = 64

// Parse parses a report. The error is, or wraps, ErrTooLarge, ErrEmpty, ErrNoRoot, a *ColumnsError or a *RowError. It keeps
// nothing of content.
func Parse(content []byte) (Report, error) {
	if len(content) > MaxSize {
		return Report{}, ErrTooLarge
	}
	// AWS sends none, but a report that was saved by a spreadsheet has one.
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	rows := csv.NewReader(bytes.NewReader(content))
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return Report{}, ErrEmpty
	}
	if err != nil {
		return Report{}, newRowError(err)
	}
	report, layout, err := readHeader(header)
	if err != nil {
		return Report{}, err
	}
	report.Users, err = readRows(rows, layout, bytes.Count(content, []byte("\n")))
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// readHeader returns for each field of a row its column, or nil, and a report without users.
func readHeader(header []string) (Report, []*column, error) {
	var report Report
	var wrong ColumnsError
	layout := make([]*column, len(header))
	seen := make(map[string]bool, len(header))
	for i, name := range header {
		if seen[name] {
			wrong.Repeated = append(wrong.Repeated, name)
			continue
		}
		name = strings.Clone(name)
		seen[name] = true
		known := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		if known < 0 {
			report.UnknownColumns = append(report.UnknownColumns, name)
			continue
		}
		layout[i] = &columns[known]
	}
	for _, c := range columns {
		switch {
		case seen[c.name] || c.rare:
		case c.essential:
			wrong.Missing = append(wrong.Missing, c.name)
		default:
			report.MissingColumns = append(report.MissingColumns, c.name)
		}
	}
	if len(wrong.Missing) > 0 || len(wrong.Repeated) > 0 {
		return Report{}, nil, &wrong
	}
	return report, layout, nil
}

// readRows reads the rows after the header; expected is about how many there are.
func readRows(rows *csv.Reader, layout []*column, expected int) ([]User, error) {
	users := make([]User, 0, min(expected, MaxUsers))
	lines := make(map[string]int, cap(users))
	shared := texts{}
	root := false
	for {
		record, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, newRowError(err)
		}
		if len(users) == MaxUsers {
			return nil, ErrTooLarge
		}
		line, _ := rows.FieldPos(0)
		user, err := readRow(record, layout, &shared)
		if err != nil {
			return nil, &RowError{Line: line, Err: err}
		}
		// IAM compares names without regard to case.
		name := strings.ToLower(user.Name)
		if first, ok := lines[name]; ok {
			return nil, &RowError{Line: line, Err: &RepeatedUserError{User: user.Name, FirstLine: first}}
		}
		lines[name] = line
		root = root || user.Root
		users = append(users, user)
	}
	if !root {
		return nil, ErrNoRoot
	}
	return users, nil
}

func readRow(record []string, layout []*column, shared *texts) (User, error) {
	var user User
	for i, value := range record {
		if layout[i] != nil && !layout[i].set(&user, value, shared) {
			return User{}, &ValueError{Column: layout[i].name, Value: strings.Clone(value[:min(len(value), maxShown)])}
		}
	}
	// The fields of a record share one string, which must not outlive it. An ARN ends with the name of its user.
	user.ARN = strings.Clone(user.ARN)
	if strings.HasSuffix(user.ARN, user.Name) {
		user.Name = user.ARN[len(user.ARN)-len(user.Name):]
	} else {
		user.Name = strings.Clone(user.Name)
	}
	return user, nil
}

// newRowError turns an error of encoding/csv into a *RowError.
func newRowError(err error) error {
	failed, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	if errors.Is(failed.Err, csv.ErrFieldCount) {
		return &RowError{Line: failed.StartLine, Err: ErrFieldCount}
	}
	return &RowError{Line: failed.StartLine, Err: ErrQuote}
}
