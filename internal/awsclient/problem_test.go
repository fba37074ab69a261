package awsclient

import "testing"

func TestPath_String(t *testing.T) {
	t.Parallel()
	for want, path := range map[string]Path{
		"":                            nil,
		"access_key":                  {"access_key"},
		"endpoints.iam":               {"endpoints", "iam"},
		"shared_config_files[1]":      {"shared_config_files", 1},
		"assume_role[0].session_name": {"assume_role", 0, "session_name"},
	} {
		if got := path.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestProblems_HasError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		problems Problems
		want     bool
	}{
		"none":              {nil, false},
		"warnings":          {Problems{{Severity: Warning}, {Severity: Warning}}, false},
		"warning and error": {Problems{{Severity: Warning}, {Severity: Error}}, true},
	} {
		if got := tc.problems.HasError(); got != tc.want {
			t.Errorf("%s: got %t, want %t", name, got, tc.want)
		}
	}
}
