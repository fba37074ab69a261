package tfcli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestModuleDir(t *testing.T) {
	t.Parallel()
	dir, err := ModuleDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "terraform-registry-manifest.json")); err != nil {
		t.Errorf("%s is not the root of the module: %v", dir, err)
	}
}

// TestBuildProvider_error checks that the error has the text of go build. The tests of acctest cover the build itself.
func TestBuildProvider_error(t *testing.T) {
	t.Parallel()
	err := BuildProvider(t.Context(), t.TempDir(), ".", "-no-such-flag")
	if err == nil || !strings.Contains(err.Error(), "flag provided but not defined: -no-such-flag") {
		t.Errorf("error %v, want that of go build", err)
	}
}
