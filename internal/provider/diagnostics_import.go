package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

const importForms = "user, user/AKIA-CURRENT or user/AKIA-CURRENT/AKIA-PREVIOUS"

// badImportID refuses an import id of another form.
func badImportID(id string) diag.Diagnostic {
	return problem{
		summary: fmt.Sprintf("Import id %q is not of the form user, user/AKIA1 or user/AKIA1/AKIA2", id),
		next:    "The import id is " + importForms + ": a user name, then the id of the current key, then that of the previous one.",
	}.asError()
}

// importFailure says why an import id does not name keys of the user.
func importFailure(user string, err error) diag.Diagnostic {
	e, ok := errors.AsType[*rotator.ImportError](err)
	if !ok {
		return locateFailure(user, err)
	}
	p := problem{
		truth: "Nothing was imported. User " + user + " has: " + describeKeysBriefly(e.Seen.Keys) + ".",
		next: "The import id is " + importForms + "; a key that it does not name stays unmanaged. For example:" +
			commands("terraform import ADDRESS "+rotator.ExampleImportID(user, e.Seen).String()),
	}
	switch e.Problem {
	case rotator.ImportNoKey:
		p.summary = fmt.Sprintf("User %q has no access key to import", user)
	case rotator.ImportAmbiguous:
		p.summary = fmt.Sprintf("User %q has %d access keys: name the current one", user, len(e.Seen.Keys))
	case rotator.ImportUnknownKey:
		p.summary = fmt.Sprintf("User %q has no access key %s", user, e.Key)
	case rotator.ImportSameKey:
		p.summary = fmt.Sprintf("Key %s can't be both current and previous", e.Key)
	}
	return p.asError()
}
