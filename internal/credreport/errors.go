package credreport

import (
	"errors"
	"fmt"
	"strings"
)

// The errors of Parse, as far as they need no further facts. Those about one row are wrapped in a *RowError.
var (
	// ErrTooLarge means that the report has more than MaxSize bytes or MaxUsers rows, or a row has more than 64 KiB.
	ErrTooLarge = errors.New("the report is too large")
	// ErrEmpty means that the report has no header.
	ErrEmpty = errors.New("the report is empty")
	// ErrNoRoot means that the report has no row for the root user, which every report of AWS has.
	ErrNoRoot = errors.New("the report has no row for the root user " + RootName)
	// ErrFieldCount means that a row has more or fewer fields than the header, as one that was cut off.
	ErrFieldCount = errors.New("more or fewer fields than the header")
	// ErrQuote means that a quote is misplaced, or not closed within 64 KiB.
	ErrQuote = errors.New("a misplaced quote")
)

// ColumnsError means that the header lacks essential columns or has a column twice.
type ColumnsError struct {
	// Missing are the essential columns that the header lacks.
	Missing []string
	// Repeated are the columns that it has more than once.
	Repeated []string
}

// Error names the columns.
func (e *ColumnsError) Error() string {
	var parts []string
	if len(e.Missing) > 0 {
		parts = append(parts, "the header lacks "+strings.Join(e.Missing, ", "))
	}
	if len(e.Repeated) > 0 {
		// Any text can be the name of a repeated column.
		parts = append(parts, fmt.Sprintf("the header repeats %q", e.Repeated))
	}
	return strings.Join(parts, "; ")
}

// RowError means that a row is wrong.
type RowError struct {
	// Line is the number of the row's first line in the file; the header is line 1.
	Line int
	// Err is ErrFieldCount, ErrQuote, ErrTooLarge, a *ValueError or a *RepeatedUserError.
	Err error
}

// Error starts with the line.
func (e *RowError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *RowError) Unwrap() error { return e.Err }

// ValueError means that a value does not have the form of its column, as one that was cut off.
type ValueError struct {
	Column string
	// Value is at most the first 64 bytes.
	Value string
}

// Error names column and value.
func (e *ValueError) Error() string { return fmt.Sprintf("%s cannot be %q", e.Column, e.Value) }

// RepeatedUserError means that a user has a second row.
type RepeatedUserError struct {
	User string
	// FirstLine is the line of the user's first row.
	FirstLine int
}

// Error names the user and the line of the first row.
func (e *RepeatedUserError) Error() string {
	return fmt.Sprintf("user %q has a row in line %d, too", e.User, e.FirstLine)
}
