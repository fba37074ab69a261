package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// problem is the one shape of what the resource says to a user.
type problem struct {
	// at is the attribute that it is about; empty when it is about the whole resource.
	at path.Path
	// summary says what failed or what to know, with the essential fact in it.
	summary string
	// cause is AWS's own message, or what led to it.
	cause string
	// truth is what is true now, and next what to do, in sentences.
	truth, next string
}

// nothingChanged and nothingCreated are the truth of a failure before the first change.
const (
	nothingChanged = "Nothing was changed."
	nothingCreated = "No key was created."
)

// detail is the cause in a paragraph of its own, then truth and next step.
func (p problem) detail() string {
	var paragraphs []string
	for _, paragraph := range []string{p.cause, strings.TrimSpace(p.truth + " " + p.next)} {
		if paragraph != "" {
			paragraphs = append(paragraphs, paragraph)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func (p problem) asError() diag.Diagnostic {
	if len(p.at.Steps()) == 0 {
		return diag.NewErrorDiagnostic(p.summary, p.detail())
	}
	return diag.NewAttributeErrorDiagnostic(p.at, p.summary, p.detail())
}

func (p problem) asWarning() diag.Diagnostic {
	if len(p.at.Steps()) == 0 {
		return diag.NewWarningDiagnostic(p.summary, p.detail())
	}
	return diag.NewAttributeWarningDiagnostic(p.at, p.summary, p.detail())
}
