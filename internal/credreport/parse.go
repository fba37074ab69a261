package credreport

import (
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
	// AWS sends no byte order mark, but a report that was saved by a spreadsheet has one.
	rows := &rows{rest: strings.TrimPrefix(string(content), "\ufeff")}
	header, _, err := rows.next()
	if err != nil {
		return Report{}, err
	}
	if header == nil {
		return Report{}, ErrEmpty
	}
	report, layout, err := readHeader(header)
	if err != nil {
		return Report{}, err
	}
	report.Users, err = readUsers(rows, layout)
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
			wrong.Repeated = append(wrong.Repeated, strings.Clone(name))
			continue
		}
		seen[name] = true
		known := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		if known < 0 {
			report.UnknownColumns = append(report.UnknownColumns, strings.Clone(name))
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

// readUsers reads the rows after the header.
func readUsers(rows *rows, layout []*column) ([]User, error) {
	expected := min(strings.Count(rows.rest, "\n")+1, MaxUsers)
	users := make([]User, 0, expected)
	lines := make(map[string]int, expected)
	shared := texts{}
	root := false
	for {
		fields, line, err := rows.next()
		if err != nil {
			return nil, err
		}
		if fields == nil {
			break
		}
		if len(users) == MaxUsers {
			return nil, ErrTooLarge
		}
		users = append(users, User{})
		user := &users[len(users)-1]
		if err := readUser(user, fields, layout, shared); err != nil {
			return nil, &RowError{Line: line, Err: err}
		}
		// IAM compares names without regard to case.
		name := strings.ToLower(user.Name)
		if first, ok := lines[name]; ok {
			return nil, &RowError{Line: line, Err: &RepeatedUserError{User: user.Name, FirstLine: first}}
		}
		lines[name] = line
		root = root || user.Root
	}
	if !root {
		return nil, ErrNoRoot
	}
	return users, nil
}

// readUser sets the fields of user, which are zero, from a row.
func readUser(user *User, fields []string, layout []*column, shared texts) error {
	if len(fields) != len(layout) {
		return ErrFieldCount
	}
	for i, value := range fields {
		if layout[i] != nil && !layout[i].set(user, value, shared) {
			return &ValueError{Column: layout[i].name, Value: strings.Clone(value[:min(len(value), maxShown)])}
		}
	}
	// The fields are pieces of the content, which must not outlive Parse. An ARN ends with the name of its user.
	user.ARN = strings.Clone(user.ARN)
	if strings.HasSuffix(user.ARN, user.Name) {
		user.Name = user.ARN[len(user.ARN)-len(user.Name):]
	} else {
		user.Name = strings.Clone(user.Name)
	}
	return nil
}
