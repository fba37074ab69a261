package iamsim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	codecommit = "codecommit.amazonaws.com"
	bedrock    = "bedrock.amazonaws.com"
)

// TestServiceCredentials_wire asserts a whole document: the first page of two.
func TestServiceCredentials_wire(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	git := s.CreateServiceCredential("ann", codecommit, time.Time{})
	model := s.CreateServiceCredential("ann", bedrock, start.AddDate(0, 0, 30))
	s.CreateServiceCredential("admin", codecommit, time.Time{})
	got := newRequest(t, s, iamParams("ListServiceSpecificCredentials", "AllUsers=true", "MaxItems=2")).sign(t, s.Root(), "iam").send(t)
	_, rest, _ := strings.Cut(got.body, "<Marker>")
	marker, _, _ := strings.Cut(rest, "</Marker>")
	want := `<ListServiceSpecificCredentialsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` +
		`<ListServiceSpecificCredentialsResult><ServiceSpecificCredentials>` +
		`<member><UserName>ann</UserName><Status>Active</Status><ServiceUserName>ann+1-at-123456789012</ServiceUserName>` +
		`<CreateDate>2026-01-01T00:00:00Z</CreateDate><ServiceSpecificCredentialId>` + git.ID + `</ServiceSpecificCredentialId>` +
		`<ServiceName>codecommit.amazonaws.com</ServiceName></member>` +
		`<member><UserName>ann</UserName><Status>Active</Status><ServiceCredentialAlias>ann+2-at-123456789012</ServiceCredentialAlias>` +
		`<CreateDate>2026-01-01T00:00:00Z</CreateDate><ExpirationDate>2026-01-31T00:00:00Z</ExpirationDate>` +
		`<ServiceSpecificCredentialId>` + model.ID + `</ServiceSpecificCredentialId><ServiceName>bedrock.amazonaws.com</ServiceName></member>` +
		`</ServiceSpecificCredentials><IsTruncated>true</IsTruncated><Marker>` + marker + `</Marker>` +
		`</ListServiceSpecificCredentialsResult><ResponseMetadata><RequestId>` + got.header.Get("X-Amzn-Requestid") +
		`</RequestId></ResponseMetadata></ListServiceSpecificCredentialsResponse>`
	if got.status != 200 || marker == "" || got.body != want {
		t.Errorf("%d %s\nwant %s", got.status, got.body, want)
	}
}

// listCredentials requests all pages, and returns each credential as user, service and status.
func listCredentials(t *testing.T, c client, in iam.ListServiceSpecificCredentialsInput) (got []string, pages int) {
	t.Helper()
	for {
		out, err := c.iam.ListServiceSpecificCredentials(t.Context(), &in)
		noError(t, err)
		pages++
		for _, m := range out.ServiceSpecificCredentials {
			got = append(got, fmt.Sprintf("%s %s %s", aws.ToString(m.UserName), aws.ToString(m.ServiceName), m.Status))
		}
		if in.Marker = out.Marker; !out.IsTruncated {
			return got, pages
		}
	}
}

func TestListServiceSpecificCredentials(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann", "bob", "eve"}})
	first := s.CreateServiceCredential("ann", codecommit, time.Time{})
	s.CreateServiceCredential("bob", bedrock, start.Add(time.Hour))
	s.CreateServiceCredential("ann", bedrock, start.Add(time.Hour+time.Second))
	s.CreateServiceCredential("admin", bedrock, time.Time{})
	s.SetServiceCredentialStatus(first.ID, "Inactive")
	s.RenameUser("bob", "bert")
	s.Advance(time.Hour)
	const (
		annGit, annModel = "ann codecommit.amazonaws.com Inactive", "ann bedrock.amazonaws.com Active"
		bert, admin      = "bert bedrock.amazonaws.com Expired", "admin bedrock.amazonaws.com Active"
	)
	all, everything := aws.Bool(true), []string{annGit, bert, annModel, admin}
	for name, tt := range map[string]struct {
		in    iam.ListServiceSpecificCredentialsInput
		want  []string
		pages int
	}{
		"all users":   {iam.ListServiceSpecificCredentialsInput{AllUsers: all}, everything, 1},
		"pages":       {iam.ListServiceSpecificCredentialsInput{AllUsers: all, MaxItems: aws.Int32(3)}, everything, 2},
		"one user":    {iam.ListServiceSpecificCredentialsInput{UserName: aws.String("Ann")}, []string{annGit, annModel}, 1},
		"caller":      {iam.ListServiceSpecificCredentialsInput{}, []string{admin}, 1},
		"not all":     {iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(false)}, []string{admin}, 1},
		"none":        {iam.ListServiceSpecificCredentialsInput{UserName: aws.String("eve")}, nil, 1},
		"one service": {iam.ListServiceSpecificCredentialsInput{AllUsers: all, ServiceName: aws.String(codecommit)}, []string{annGit}, 1},
		"of a user": {
			iam.ListServiceSpecificCredentialsInput{UserName: aws.String("ann"), ServiceName: aws.String(bedrock)}, []string{annModel}, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, pages := listCredentials(t, newClient(s, s.Root()), tt.in)
			if !slices.Equal(got, tt.want) || pages != tt.pages {
				t.Errorf("%q in %d pages, want %q in %d", got, pages, tt.want, tt.pages)
			}
		})
	}
}

func TestListServiceSpecificCredentials_refused(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	s.CreateServiceCredential("ann", codecommit, time.Time{})
	c := newClient(s, s.Root()).iam
	list := func(in iam.ListServiceSpecificCredentialsInput) error {
		_, err := c.ListServiceSpecificCredentials(t.Context(), &in)
		return err
	}
	all, ann := aws.Bool(true), aws.String("ann")
	wantError(t, list(iam.ListServiceSpecificCredentialsInput{AllUsers: all, UserName: ann}), 400, "ValidationError")
	wantError(t, list(iam.ListServiceSpecificCredentialsInput{AllUsers: all, MaxItems: aws.Int32(1001)}), 400, "ValidationError")
	wantError(t, list(iam.ListServiceSpecificCredentialsInput{UserName: aws.String("nobody")}), 404, "NoSuchEntity")
	wantError(t, list(iam.ListServiceSpecificCredentialsInput{ServiceName: aws.String("s3.amazonaws.com")}), 404, "NotSupportedService")

	_, err := c.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: ann})
	wantError(t, err, 409, "DeleteConflict")
	s.DeleteUser("ann")
	if got, _ := listCredentials(t, newClient(s, s.Root()), iam.ListServiceSpecificCredentialsInput{AllUsers: all}); len(got) != 0 {
		t.Errorf("left after the user: %q", got)
	}

	s.Deny("*", "iam:ListServiceSpecificCredentials")
	err = list(iam.ListServiceSpecificCredentialsInput{AllUsers: all})
	wantError(t, err, 403, "AccessDenied")
	if !strings.Contains(err.Error(), "iam:ListServiceSpecificCredentials on resource: arn:aws:iam::123456789012:user/ ") {
		t.Errorf("error %v", err)
	}
}

// Restore forgets credentials and statuses that came after the snapshot.
func TestSnapshot_serviceCredentials(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	git := s.CreateServiceCredential("ann", codecommit, time.Time{})
	snapshot := s.Snapshot()
	for range 2 {
		s.SetServiceCredentialStatus(git.ID, "Inactive")
		s.CreateServiceCredential("ann", codecommit, time.Time{})
		s.RenameUser("ann", "anna")
		s.Restore(snapshot)
		got, _ := listCredentials(t, newClient(s, s.Root()), iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true)})
		if !slices.Equal(got, []string{"ann codecommit.amazonaws.com Active"}) {
			t.Errorf("got %q", got)
		}
	}
}

// The Debian package's CLI knows no AllUsers, and asks for one user.
func TestForeign_awsCLIServiceCredentials(t *testing.T) {
	t.Parallel()
	foreign.RequireAWS(t)
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	git := s.CreateServiceCredential("ann", codecommit, time.Time{})
	s.CreateServiceCredential("admin", codecommit, time.Time{})
	newCLI(t, s, s.Root()).want([]any{map[string]any{
		"UserName": "ann", "Status": "Active", "ServiceUserName": "ann+1-at-123456789012", "CreateDate": "2026-01-01T00:00:00+00:00",
		"ServiceSpecificCredentialId": git.ID, "ServiceName": codecommit,
	}}, "ServiceSpecificCredentials", "iam", "list-service-specific-credentials", "--user-name", "ann")
}
