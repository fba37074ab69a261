package iamsim

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// stsOperations are the actions of STS. GetCallerIdentity needs no permission, so it can't be denied.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
var stsOperations = map[string]operation{
	"GetCallerIdentity":         {service: serviceSTS, run: (*invocation).getCallerIdentity},
	"GetAccessKeyInfo":          {service: serviceSTS, resource: anything, run: (*invocation).getAccessKeyInfo},
	"AssumeRole":                {service: serviceSTS, resource: namedRole, run: (*invocation).assumeRole},
	"AssumeRoleWithWebIdentity": {service: serviceSTS, unsigned: true, run: (*invocation).assumeRoleWithWebIdentity},
}

var (
	roleARNPattern     = regexp.MustCompile(`^arn:aws:iam::(\d{12}):role/(?:[\x21-\x7E]*/)?([\w+=,.@-]{1,64})$`)
	sessionNamePattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

// Durations of a role's session, in seconds.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const (
	defaultSessionSeconds  = 3600
	shortestSessionSeconds = 900
	longestSessionSeconds  = 43200
)

// session holds the credentials of an assumed role. It expires in the machine's time, not the server's: its client
// compares the expiry with its own clock.
type session struct {
	arn, userID   string
	secret, token secret.Secret
	expires       time.Time
}

type getCallerIdentityResult struct {
	UserID  string `xml:"UserId"`
	Account string
	Arn     string
}

type getAccessKeyInfoResult struct {
	Account string
}

type assumeRoleResult struct {
	SubjectFromWebIdentityToken string `xml:",omitempty"`
	Credentials                 credentialsElement
	AssumedRoleUser             assumedRoleElement
}

type credentialsElement struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleElement struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

func anything(*invocation) string { return "*" }

func namedRole(in *invocation) string { return in.params.Get("RoleArn") }

func (in *invocation) getCallerIdentity() (any, error) {
	return getCallerIdentityResult{UserID: in.who.userID, Account: in.account.id, Arn: in.who.arn}, nil
}

func (in *invocation) getAccessKeyInfo() (any, error) {
	id, err := in.required("AccessKeyId")
	if err != nil {
		return nil, err
	}
	account, ok := accountOf(id)
	if !ok {
		return nil, errValidation("Access key id is malformed.")
	}
	return getAccessKeyInfoResult{account}, nil
}

// assumeRole accepts any caller and any role of the account.
func (in *invocation) assumeRole() (any, error) {
	result, err := in.newSession()
	if err != nil {
		return nil, err
	}
	return result, nil
}

// assumeRoleWithWebIdentity accepts any token.
func (in *invocation) assumeRoleWithWebIdentity() (any, error) {
	if _, err := in.required("WebIdentityToken"); err != nil {
		return nil, err
	}
	result, err := in.newSession()
	if err != nil {
		return nil, err
	}
	result.SubjectFromWebIdentityToken = "subject"
	return result, nil
}

func (in *invocation) newSession() (assumeRoleResult, error) {
	roleARN := in.params.Get("RoleArn")
	role := roleARNPattern.FindStringSubmatch(roleARN)
	if role == nil {
		return assumeRoleResult{}, errValidation(roleARN + " is invalid")
	}
	if role[1] != in.account.id {
		return assumeRoleResult{}, errAccessDenied(in.who, "sts:"+in.call.Action, roleARN)
	}
	name := in.params.Get("RoleSessionName")
	if !sessionNamePattern.MatchString(name) {
		return assumeRoleResult{}, errValidation(fmt.Sprintf("1 validation error detected: Value '%s' at 'roleSessionName' failed to "+
			"satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", name))
	}
	seconds := defaultSessionSeconds
	if text := in.params.Get("DurationSeconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < shortestSessionSeconds || n > longestSessionSeconds {
			return assumeRoleResult{}, errValidation(fmt.Sprintf("1 validation error detected: Value '%s' at 'durationSeconds' failed "+
				"to satisfy constraint: Member must have value between %d and %d", text, shortestSessionSeconds, longestSessionSeconds))
		}
		seconds = n
	}
	id := newAccessKeyID("ASIA", in.account.id)
	s := &session{
		arn:     fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", in.account.id, role[2], name),
		userID:  in.account.roleID(role[2]) + ":" + name,
		secret:  newSecret(),
		token:   secret.New(base64.StdEncoding.EncodeToString(randomBytes(180))),
		expires: in.opts.Clock.Now().Add(time.Duration(seconds) * time.Second),
	}
	in.account.sessions[id] = s
	in.account.issued = append(in.account.issued, Credentials{AccessKeyID: id, Secret: s.secret})
	return assumeRoleResult{
		Credentials:     credentialsElement{id, s.secret.Reveal(), s.token.Reveal(), isoDate(s.expires)},
		AssumedRoleUser: assumedRoleElement{AssumedRoleID: s.userID, Arn: s.arn},
	}, nil
}

// roleID returns the unique id of a role. A role exists from its first use on.
func (a *account) roleID(name string) string {
	if a.roles[name] == "" {
		a.roles[name] = newEntityID("AROA")
	}
	return a.roles[name]
}
