package iamsim

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/csv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// reportLife is how old a credential report is when it expires, and when the next one can be created.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
const reportLife = 4 * time.Hour

// The states of a report in the answers of GenerateCredentialReport, and its format.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
const (
	reportStarted    = "STARTED"
	reportInProgress = "INPROGRESS"
	reportComplete   = "COMPLETE"
	reportFormat     = "text/csv"
)

// noValue is the value of a report for what does not exist, and notSupported the one for what the root user cannot have.
const (
	noValue      = "N/A"
	notSupported = "not_supported"
)

// reportColumns are the columns of AWS's own reports, in their order. The guide lists one more, additional_credentials_info.
var reportColumns = []string{
	"user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed", "password_next_rotation",
	"mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region",
	"access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date", "access_key_2_last_used_region",
	"access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
}

// reportOperations are IAM's actions on the credential report.
var reportOperations = map[string]operation{
	"GenerateCredentialReport": {service: serviceIAM, resource: anyResource, run: (*invocation).generateCredentialReport},
	"GetCredentialReport":      {service: serviceIAM, resource: anyResource, run: (*invocation).getCredentialReport},
}

// CredentialReports are settings for the credential reports that are started from now on. The zero value is a report that is
// complete at the call after the one that starts it, of an account whose root user has a device for MFA and no keys.
type CredentialReports struct {
	// Pending is how many calls of GenerateCredentialReport and GetCredentialReport, after the one that starts a report, find it in
	// progress. Negative: all, so that the report never completes.
	Pending int
	// RootKeys is the number of Active access keys of the root user, at most two. They are as old as the account, and never used.
	RootKeys int
	// RootWithoutMFA takes the root user's device for MFA away.
	RootWithoutMFA bool
	// Content, if not nil, is the whole report, whatever the account has.
	Content []byte
}

// credentialReport is the newest report of the account.
type credentialReport struct {
	// generatedAt is zero if there is no report, and content is as of then.
	generatedAt time.Time
	content     []byte
	inProgress  bool
	// pending is how many calls still find it in progress. Negative: all.
	pending int
}

type generateCredentialReportResult struct {
	State       string
	Description string `xml:",omitempty"`
}

type getCredentialReportResult struct {
	Content       string
	ReportFormat  string
	GeneratedTime string
}

// SetCredentialReports sets how credential reports are created from now on. Of a report that is in progress it changes how long
// that takes.
func (s *Server) SetCredentialReports(settings CredentialReports) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = settings
	s.account.report.pending = settings.Pending
}

func anyResource(*invocation) string { return "*" }

func (in *invocation) generateCredentialReport() (any, error) {
	report := &in.account.report
	report.proceed()
	switch {
	case report.inProgress:
		return generateCredentialReportResult{State: reportInProgress}, nil
	case report.fresh(in.time.now()):
		return generateCredentialReportResult{State: reportComplete}, nil
	}
	settings := in.reports
	*report = credentialReport{
		generatedAt: in.time.now(), content: settings.Content, inProgress: true, pending: settings.Pending,
	}
	if report.content == nil {
		report.content = in.account.reportContent(settings)
	}
	return generateCredentialReportResult{reportStarted, "No report exists. Starting a new report generation task"}, nil
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html
func (in *invocation) getCredentialReport() (any, error) {
	report := &in.account.report
	report.proceed()
	switch {
	case report.inProgress:
		return nil, &apiError{
			http.StatusNotFound, "ReportInProgress",
			"The request was rejected because the credential report is still being generated.",
		}
	case report.generatedAt.IsZero():
		return nil, &apiError{
			http.StatusGone, "ReportNotPresent", "The request was rejected because the credential report does not exist. " +
				"To generate a credential report, use GenerateCredentialReport.",
		}
	case !report.fresh(in.time.now()):
		return nil, &apiError{
			http.StatusGone, "ReportExpired", "The request was rejected because the most recent credential report has expired. " +
				"To generate a new credential report, use GenerateCredentialReport.",
		}
	}
	return getCredentialReportResult{
		base64.StdEncoding.EncodeToString(report.content), reportFormat, isoDate(report.generatedAt),
	}, nil
}

// proceed counts a call while the report is in progress.
func (r *credentialReport) proceed() {
	switch {
	case r.pending > 0:
		r.pending--
	case r.pending == 0:
		r.inProgress = false
	}
}

// fresh reports whether there is a report that has not expired.
func (r *credentialReport) fresh(now time.Time) bool {
	return !r.generatedAt.IsZero() && now.Sub(r.generatedAt) < reportLife
}

// reportContent returns a report as AWS writes it: the root user, then the users by name, and no line end after the last.
func (a *account) reportContent(settings CredentialReports) []byte {
	var content bytes.Buffer
	rows := csv.NewWriter(&content)
	must(rows.Write(reportColumns))
	must(rows.Write(a.rootRow(settings)))
	for _, name := range slices.Sorted(maps.Keys(a.users)) {
		must(rows.Write(a.userRow(a.users[name])))
	}
	rows.Flush()
	return bytes.TrimSuffix(content.Bytes(), []byte("\n"))
}

func (a *account) rootRow(settings CredentialReports) []string {
	row := []string{
		"<root_account>", "arn:aws:iam::" + a.id + ":root", isoDate(a.createdAt),
		notSupported, "no_information", notSupported, notSupported, strconv.FormatBool(!settings.RootWithoutMFA),
	}
	for slot := range maxKeysPerUser {
		var k *accessKey
		if slot < settings.RootKeys {
			k = &accessKey{
				Key: Key{Status: statusActive, CreatedAt: a.createdAt}, statusChanges: []statusChange{{a.createdAt, statusActive}},
			}
		}
		row = append(row, k.reportFields()...)
	}
	return append(row, "false", noValue, "false", noValue)
}

// userRow returns the row of a user. Users have no passwords, devices for MFA and certificates here.
func (a *account) userRow(u *user) []string {
	row := []string{u.Name, a.arn(u), isoDate(u.CreatedAt), "false", noValue, noValue, noValue, "false"}
	keys := a.keysOf(u)
	for slot := range maxKeysPerUser {
		var k *accessKey
		if i := slices.IndexFunc(keys, func(k *accessKey) bool { return k.slot == slot }); i >= 0 {
			k = keys[i]
		}
		row = append(row, k.reportFields()...)
	}
	return append(row, "false", noValue, "false", noValue)
}

// reportFields returns the five fields of a key, or of no key if k is nil. The key was "rotated" when it was created or its
// status was last changed.
func (k *accessKey) reportFields() []string {
	if k == nil {
		return []string{"false", noValue, noValue, noValue, noValue}
	}
	rotated := k.statusChanges[len(k.statusChanges)-1].at
	fields := []string{strconv.FormatBool(k.Status == statusActive), isoDate(rotated), noValue, noValue, noValue}
	if !k.LastUsedAt.IsZero() {
		fields[2] = isoDate(k.LastUsedAt)
		fields[3], fields[4] = cmp.Or(k.LastUsedRegion, noValue), cmp.Or(k.LastUsedService, noValue)
	}
	return fields
}

// freeSlot returns the first slot of the report that none of the keys has.
func freeSlot(keys []*accessKey) int {
	slot := 0
	for slices.ContainsFunc(keys, func(k *accessKey) bool { return k.slot == slot }) {
		slot++
	}
	return slot
}
