package awsclient

import (
	"os"
	"path/filepath"
	"strings"
)

// expand expands environment variables and a leading ~ as aws-sdk-go-base does.
func expand(name string) string {
	name = os.ExpandEnv(name)
	rest, ok := strings.CutPrefix(name, "~")
	if !ok || (rest != "" && !os.IsPathSeparator(rest[0])) {
		return name
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return name
	}
	return filepath.Join(home, rest)
}

func expandAll(names []string) []string {
	expanded := make([]string, len(names))
	for i, name := range names {
		expanded[i] = expand(name)
	}
	return expanded
}

// firstOf returns names, or if there are none the one name, or if that is empty the defaults.
func firstOf(names []string, name string, defaults []string) []string {
	switch {
	case len(names) > 0:
		return names
	case name != "":
		return []string{name}
	default:
		return defaults
	}
}
