package awsclient

import (
	"path/filepath"
	"testing"
)

func TestExpand(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("WHERE", "there")
	for in, want := range map[string]string{
		"~/.aws/config": filepath.Join(home, ".aws", "config"),
		"~":             home,
		"~other/config": "~other/config",
		"/a/~/b":        "/a/~/b",
		"$WHERE/config": "there/config",
		"${WHERE}":      "there",
		"plain":         "plain",
	} {
		if got := expand(in); got != want {
			t.Errorf("expand(%q) = %q, want %q", in, got, want)
		}
	}
}
