//go:build unix

package tfcli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeScript writes an executable shell script and returns its path.
func writeScript(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return path
}

// TestFind has CLIs that print their version, in directories of which the test puts some on PATH.
func TestFind(t *testing.T) {
	root := t.TempDir()
	dir := func(name string) string { return filepath.Join(root, name) }
	for _, cli := range []struct{ dir, name, body string }{
		{"both", "terraform", `echo "Terraform v1.11.4"; echo "on linux_amd64"`},
		{"both", "tofu", `echo "OpenTofu v1.9.0"`},
		{"tofu", "tofu", `echo "OpenTofu v1.10.0-rc1"; echo "on linux_amd64"`},
		{"named", "tf", `echo "Terraform v2.0.1"`},
		{"named", "other", `echo "OpenTofu v1.8.3"`},
		{"warns", "terraform", `echo; echo "Warning: something"; echo "Terraform v1.12.0"`},
		{"foreign", "terraform", `echo "Pulumi v3.1.0"`},
		{"broken", "terraform", `exit 3`},
	} {
		writeScript(t, dir(cli.dir), cli.name, cli.body)
	}
	terraform := CLI{Path: filepath.Join(dir("both"), "terraform"), Host: "registry.terraform.io", Major: 1, Minor: 11}
	for _, tc := range []struct {
		name string
		// path is the directory on PATH, and accTest and iamkeys the values of the two variables.
		path, accTest, iamkeys string
		want                   CLI
		err                    string
	}{
		{name: "terraform before tofu", path: "both", want: terraform},
		{
			name: "tofu alone", path: "tofu",
			want: CLI{Path: filepath.Join(dir("tofu"), "tofu"), Host: "registry.opentofu.org", Major: 1, Minor: 10},
		},
		{
			name: "a variable before PATH", path: "both", iamkeys: filepath.Join(dir("named"), "tf"),
			want: CLI{Path: filepath.Join(dir("named"), "tf"), Host: "registry.terraform.io", Major: 2},
		},
		{
			name: "TF_ACC_TERRAFORM_PATH before IAMKEYS_TERRAFORM", path: "both",
			accTest: filepath.Join(dir("named"), "other"), iamkeys: filepath.Join(dir("named"), "tf"),
			want: CLI{Path: filepath.Join(dir("named"), "other"), Host: "registry.opentofu.org", Major: 1, Minor: 8},
		},
		{
			name: "a variable with a name on PATH", path: "both", iamkeys: "tofu",
			want: CLI{Path: filepath.Join(dir("both"), "tofu"), Host: "registry.opentofu.org", Major: 1, Minor: 9},
		},
		{
			name: "the version is not the first line", path: "warns",
			want: CLI{Path: filepath.Join(dir("warns"), "terraform"), Host: "registry.terraform.io", Major: 1, Minor: 12},
		},
		{name: "none", path: "empty", err: "or set IAMKEYS_TERRAFORM to the path of its binary"},
		{name: "a variable with no program", path: "both", accTest: "no-such-cli", err: "TF_ACC_TERRAFORM_PATH names no Terraform CLI: "},
		{name: "the second variable with no program", path: "both", iamkeys: "no-such-cli", err: "IAMKEYS_TERRAFORM names no Terraform CLI: "},
		{name: "another product", path: "foreign", err: "/terraform version: the output is neither Terraform's nor OpenTofu's"},
		{name: "a failing CLI", path: "broken", err: "/terraform version: exit status 3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("PATH", dir(tc.path))
			t.Setenv("TF_ACC_TERRAFORM_PATH", tc.accTest)
			t.Setenv("IAMKEYS_TERRAFORM", tc.iamkeys)
			got, err := Find(t.Context())
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want one with %q", err, tc.err)
				}
				if missing := tc.name == "none"; errors.Is(err, ErrNotFound) != missing {
					t.Errorf("error %v is ErrNotFound: %t, want %t", err, !missing, missing)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Errorf("got %+v, error %v, want %+v", got, err, tc.want)
			}
		})
	}
}

// TestFind_relative checks that the path is absolute, since commands run in another directory.
func TestFind_relative(t *testing.T) {
	dir := t.TempDir()
	want := writeScript(t, dir, "tf", `echo "Terraform v1.8.0"`)
	t.Chdir(dir)
	t.Setenv("TF_ACC_TERRAFORM_PATH", "")
	t.Setenv("IAMKEYS_TERRAFORM", "./tf")
	got, err := Find(t.Context())
	if err != nil || got.Path != want {
		t.Errorf("path %q, error %v, want %q", got.Path, err, want)
	}
}

func TestCLI_AtLeast(t *testing.T) {
	t.Parallel()
	for cli, want := range map[CLI]bool{
		{Major: 0, Minor: 15}: false,
		{Major: 1, Minor: 10}: false,
		{Major: 1, Minor: 11}: true,
		{Major: 1, Minor: 12}: true,
		{Major: 2, Minor: 0}:  true,
	} {
		if got := cli.AtLeast(1, 11); got != want {
			t.Errorf("%d.%d at least 1.11: %t, want %t", cli.Major, cli.Minor, got, want)
		}
	}
}
