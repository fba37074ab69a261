package awsclient

import (
	"fmt"
	"strings"
)

// Severity is what a Problem keeps the provider from.
type Severity int

// The severities.
const (
	// Error means that there are no clients.
	Error Severity = iota
	// Warning means that there are clients, but they may not be what the user wants.
	Warning
)

// Problem says what is wrong with the settings, the environment variables or the shared files, and what to do.
type Problem struct {
	Severity Severity
	// Setting is the setting to change, where it is known.
	Setting Path
	Summary string
	Detail  string
}

// Problems is what New finds, in order.
type Problems []Problem

// HasError reports whether one of the problems is an error.
func (p Problems) HasError() bool {
	for _, problem := range p {
		if problem.Severity == Error {
			return true
		}
	}
	return false
}

func (p *Problems) addError(summary, detail string) { p.addSettingError(nil, summary, detail) }

func (p *Problems) addSettingError(setting Path, summary, detail string) {
	*p = append(*p, Problem{Setting: setting, Summary: summary, Detail: detail})
}

func (p *Problems) addWarning(summary, detail string) {
	*p = append(*p, Problem{Severity: Warning, Summary: summary, Detail: detail})
}

// Path leads to a setting: names of settings as strings, and positions in lists as ints.
type Path []any

// String is the path as Terraform writes it, such as shared_config_files[0].
func (p Path) String() string {
	var b strings.Builder
	for i, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		default:
			if i > 0 {
				b.WriteString(".")
			}
			fmt.Fprint(&b, step)
		}
	}
	return b.String()
}
