package iamgate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	actionGenerateCredentialReport = "iam:GenerateCredentialReport"
	actionGetCredentialReport      = "iam:GetCredentialReport" //nolint:gosec // the name of an action

	codeReportNotPresent = "ReportNotPresent"
	codeReportInProgress = "ReportInProgress"
	codeReportExpired    = "ReportExpired"
)

// reportTimeout is how long to wait until AWS has generated a credential report, counted in time slept.
const reportTimeout = 2 * time.Minute

// CredentialReport returns the newest credential report of the account, as CSV, and when AWS generated it: at most four hours ago.
// Where there is none, or it has expired, it has AWS generate one and waits for it, up to two minutes; then the error is of
// KindReportPending. The report may be ready later: AWS goes on with it.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html.
func (g *Gateway) CredentialReport(ctx context.Context) (content []byte, generatedAt time.Time, err error) {
	var pending *Error
	ready, err := g.poll(ctx, actionGetCredentialReport, "", reportTimeout, func() (bool, error) {
		content, generatedAt, err = g.getCredentialReport(ctx)
		if err == nil {
			return true, nil
		}
		failure, ok := errors.AsType[*Error](err)
		if !ok {
			return false, err
		}
		switch failure.Code {
		case codeReportInProgress:
			tflog.Debug(ctx, "AWS still generates the credential report, ask again")
		case codeReportNotPresent, codeReportExpired:
			tflog.Info(ctx, "generate a credential report", map[string]any{"cause": failure.Code})
			if err := g.generateCredentialReport(ctx); err != nil {
				return false, err
			}
		default:
			return false, failure
		}
		pending = failure
		return false, nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	if !ready {
		failure := *pending
		failure.Kind, failure.Err = KindReportPending, pending
		failure.Message = fmt.Sprintf("no report within %v: %s", reportTimeout, pending.Message)
		return nil, time.Time{}, &failure
	}
	return content, generatedAt, nil
}

func (g *Gateway) getCredentialReport(ctx context.Context) ([]byte, time.Time, error) {
	out, err := g.iam.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	if err != nil {
		return nil, time.Time{}, newError(actionGetCredentialReport, "", err)
	}
	if len(out.Content) == 0 || out.GeneratedTime == nil {
		return nil, time.Time{}, badAnswer(actionGetCredentialReport, "", out.ResultMetadata)
	}
	return out.Content, out.GeneratedTime.UTC(), nil
}

// generateCredentialReport has AWS generate a report. It does nothing if AWS does so already, or has a report.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html.
func (g *Gateway) generateCredentialReport(ctx context.Context) error {
	if _, err := g.iam.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{}); err != nil {
		return newError(actionGenerateCredentialReport, "", err)
	}
	return nil
}
