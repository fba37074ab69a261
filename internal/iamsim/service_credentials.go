package iamsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// statusExpired is the status of a service-specific credential past its expiry. AWS documents the value, not from when on a
// list has it.
const statusExpired = "Expired"

// maxCredentialsPerService is the quota of service-specific credentials of a user for one service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxCredentialsPerService = 2

// credentialServices are the services that have service-specific credentials. The value reports whether they can expire, and
// have an alias instead of a user name.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
var credentialServices = map[string]bool{
	"codecommit.amazonaws.com":             false,
	"cassandra.amazonaws.com":              false,
	"bedrock.amazonaws.com":                true,
	"logs.amazonaws.com":                   true,
	"cloudwatch.amazonaws.com":             true,
	"aws-external-anthropic.amazonaws.com": true,
}

// serviceCredentialOperations are IAM's actions on service-specific credentials.
var serviceCredentialOperations = map[string]operation{
	"ListServiceSpecificCredentials": {
		service: serviceIAM, resource: namedOrAllUsers, run: (*invocation).listServiceSpecificCredentials,
	},
}

// ServiceCredential is a service-specific credential, without its password or secret. Times are whole seconds of the server's
// clock.
type ServiceCredential struct {
	ID   string
	User string
	// Service is the name of the service, such as "codecommit.amazonaws.com".
	Service string
	// Status is "Active", "Inactive" or, from ExpiresAt on, "Expired".
	Status    string
	CreatedAt time.Time
	// ExpiresAt is zero for a credential that does not expire.
	ExpiresAt time.Time
}

type serviceCredential struct {
	ServiceCredential
	owner  *user
	serial int
}

// serviceCredentialElement is a credential in an answer. Field names are those of the API.
type serviceCredentialElement struct {
	UserName                    string
	Status                      string
	ServiceUserName             string `xml:",omitempty"`
	ServiceCredentialAlias      string `xml:",omitempty"`
	CreateDate                  string
	ExpirationDate              string `xml:",omitempty"`
	ServiceSpecificCredentialID string `xml:"ServiceSpecificCredentialId"`
	ServiceName                 string
}

type listServiceSpecificCredentialsResult struct {
	ServiceSpecificCredentials members[serviceCredentialElement]
	page
}

// CreateServiceCredential creates a service-specific credential of a user. A zero time means that it does not expire. It panics
// on a service that has no such credentials or whose credentials can't expire, and if the user has two for the service already.
func (s *Server) CreateServiceCredential(userName, service string, expiresAt time.Time) ServiceCredential {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.account.user(userName)
	must(err)
	canExpire, ok := credentialServices[service]
	if !ok || !canExpire && !expiresAt.IsZero() {
		must(errServiceNotSupported(service))
	}
	ofService := func(c *serviceCredential) bool { return c.owner == u && c.Service == service }
	if len(s.account.serviceCredentialsWhere(ofService)) >= maxCredentialsPerService {
		must(errQuota("ServiceSpecificCredentialsPerUser", maxCredentialsPerService))
	}
	s.account.createdServiceCredentials++
	c := &serviceCredential{
		ServiceCredential: ServiceCredential{
			ID: newEntityID("ACCA"), Service: service, Status: statusActive,
			CreatedAt: s.time.now().Truncate(time.Second), ExpiresAt: expiresAt.UTC().Truncate(time.Second),
		},
		owner:  u,
		serial: s.account.createdServiceCredentials,
	}
	s.account.serviceCredentials = append(s.account.serviceCredentials, c)
	return c.export(s.time.now())
}

// SetServiceCredentialStatus sets a service-specific credential's status to "Active" or "Inactive".
func (s *Server) SetServiceCredentialStatus(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(validStatus(status))
	i := slices.IndexFunc(s.account.serviceCredentials, func(c *serviceCredential) bool { return c.ID == id })
	if i < 0 {
		must(errNoSuchServiceCredential(id))
	}
	s.account.serviceCredentials[i].Status = status
}

// serviceCredentialsWhere returns the credentials of the account that include is true for, in the order of their creation.
func (a *account) serviceCredentialsWhere(include func(*serviceCredential) bool) []*serviceCredential {
	var found []*serviceCredential
	for _, c := range a.serviceCredentials {
		if include(c) {
			found = append(found, c)
		}
	}
	return found
}

// export returns the credential as of now, with its owner's present name.
func (c *serviceCredential) export(now time.Time) ServiceCredential {
	out := c.ServiceCredential
	out.User = c.owner.Name
	if !out.ExpiresAt.IsZero() && !now.Before(out.ExpiresAt) {
		out.Status = statusExpired
	}
	return out
}

func (in *invocation) serviceCredentialElement(c *serviceCredential) serviceCredentialElement {
	now := c.export(in.time.now())
	e := serviceCredentialElement{
		UserName: now.User, Status: now.Status, CreateDate: isoDate(now.CreatedAt),
		ServiceSpecificCredentialID: now.ID, ServiceName: now.Service,
	}
	if !now.ExpiresAt.IsZero() {
		e.ExpirationDate = isoDate(now.ExpiresAt)
	}
	login := fmt.Sprintf("%s+%d-at-%s", now.User, c.serial, in.account.id)
	if credentialServices[now.Service] {
		e.ServiceCredentialAlias = login
	} else {
		e.ServiceUserName = login
	}
	return e
}

func namedOrAllUsers(in *invocation) string {
	if in.params.Get("AllUsers") == "true" {
		return allUsers(in)
	}
	return namedUser(in)
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
func (in *invocation) listServiceSpecificCredentials() (any, error) {
	request, err := in.pageRequest()
	if err != nil {
		return nil, err
	}
	service, ofAll := in.params.Get("ServiceName"), in.params.Get("AllUsers") == "true"
	if ofAll && in.params.Has("UserName") {
		return nil, errValidation("AllUsers cannot be specified together with UserName.")
	}
	if _, ok := credentialServices[service]; service != "" && !ok {
		return nil, errServiceNotSupported(service)
	}
	var owner *user
	if !ofAll {
		if owner, err = in.targetUser(); err != nil {
			return nil, err
		}
	}
	found := in.account.serviceCredentialsWhere(func(c *serviceCredential) bool {
		return (ofAll || c.owner == owner) && (service == "" || c.Service == service)
	})
	found, end := cut(request, found, func(c *serviceCredential) string { return fmt.Sprintf("%012d", c.serial) })
	result := listServiceSpecificCredentialsResult{page: end}
	for _, c := range found {
		result.ServiceSpecificCredentials.Member = append(result.ServiceSpecificCredentials.Member, in.serviceCredentialElement(c))
	}
	return result, nil
}

func errServiceNotSupported(service string) error {
	return &apiError{http.StatusNotFound, "NotSupportedService", fmt.Sprintf(
		"The service %s does not support service-specific credentials, or not such ones.", strings.TrimSpace(service))}
}

func errNoSuchServiceCredential(id string) error {
	return &apiError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf("The Service Specific Credential with id %s cannot be found.", id)}
}
