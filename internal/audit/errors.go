package audit

import (
	"fmt"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// UnreadError means that the keys of some users could not be read, so that there is no result.
type UnreadError struct {
	// Users are those whose keys could not be read, by name.
	Users []UserError
	// NotTried is how many more users were left out once it was clear that the audit fails.
	NotTried int
}

// UserError is why the keys of one user could not be read.
type UserError struct {
	User string
	Err  error
}

// Error names all users and the first cause.
func (e *UnreadError) Error() string {
	names := make([]string, len(e.Users))
	for i, u := range e.Users {
		names[i] = u.User
	}
	return fmt.Sprintf("unable to read the access keys of %s (%d more not tried): %v", strings.Join(names, ", "), e.NotTried, e.Users[0].Err)
}

// Unwrap returns the errors of all users.
func (e *UnreadError) Unwrap() []error {
	errs := make([]error, len(e.Users))
	for i, u := range e.Users {
		errs[i] = u.Err
	}
	return errs
}

// mostFailures is how many users may fail before the rest is not tried: one permission may be missing for all of them.
const mostFailures = 100

// isGeneral reports whether err would meet the next user, too.
func isGeneral(err error) bool {
	for _, kind := range []iamgate.Kind{
		iamgate.KindCanceled, iamgate.KindInvalidCredentials, iamgate.KindNoCredentials, iamgate.KindThrottled, iamgate.KindUnreachable,
	} {
		if iamgate.IsKind(err, kind) {
			return true
		}
	}
	return false
}
