package provider

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// reportInterval is how old a credential report is when AWS generates another one.
const reportInterval = 4 * time.Hour

// reportNotRead is the error where the credential report can't be had; detail is that of err.
func reportNotRead(err error, detail string) diag.Diagnostic {
	summary := "Credential report can't be read"
	if failure, ok := errors.AsType[*iamgate.Error](err); ok {
		if failure.Kind == iamgate.KindAccessDenied {
			summary += ": " + failure.Action + " is denied"
		}
		if failure.Kind == iamgate.KindReportPending {
			summary = "Credential report is not ready"
		}
	}
	return problem{summary: summary, cause: detail}.asError()
}

// reportNotUsable is the error for a report of generatedAt that can't be parsed.
func reportNotUsable(err error, generatedAt time.Time) diag.Diagnostic {
	p := problem{
		summary: "Credential report can't be used",
		cause:   fmt.Sprintf("The report of %s: %v.", generatedAt.Format(time.RFC3339), err),
		truth:   "No part of it is used, since users may be missing.",
		next: fmt.Sprintf("AWS generates another report from %s on: plan again then.",
			generatedAt.Add(reportInterval).Format(time.RFC3339)),
	}
	if row, ok := errors.AsType[*credreport.RowError](err); ok {
		p.summary += fmt.Sprintf(": line %d is wrong", row.Line)
	}
	if errors.Is(err, credreport.ErrNoRoot) {
		p.summary += ": the root user is missing"
	}
	if _, ok := errors.AsType[*credreport.ColumnsError](err); ok {
		p.summary += ": its columns are not those that AWS documents"
		p.truth, p.next = "", "If AWS has changed the report, a newer version of this provider may read it."
	}
	return p.asError()
}

// reportLacksColumns warns of columns without which the report can be used, but says less.
func reportLacksColumns(columns []string) diag.Diagnostic {
	return problem{
		summary: "Credential report lacks columns",
		cause:   "AWS documents these columns, but the report does not have them: " + strings.Join(columns, ", ") + ".",
		truth:   "The attributes for them are null, or empty, for every user.",
		next:    "If AWS has changed the report, a newer version of this provider may read it.",
	}.asWarning()
}
