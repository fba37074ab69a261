package audit_test

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMain hides the settings of the machine from the clients of the tests.
func TestMain(m *testing.M) {
	os.Clearenv()
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             filepath.Join(os.DevNull, "config"),
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(os.DevNull, "credentials"),
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
