package awsclient

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// The example of AWS's own documentation.
const (
	testKeyID  = "AKIAIOSFODNN7EXAMPLE"                     //nolint:gosec // An example.
	testSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" //nolint:gosec // An example.
)

// TestMain hides the settings of the machine, and turns off the look-up in the EC2 metadata service.
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

// startSim starts a simulator with the user "signer", one of whose keys signs the requests of the test.
func startSim(t *testing.T) (*iamsim.Server, iamsim.Credentials) {
	t.Helper()
	sim, err := iamsim.Start(iamsim.Options{Users: []string{"signer"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	key := sim.CreateAccessKey("signer")
	return sim, key
}

// settingsFor are settings that lead to the simulator.
func settingsFor(sim *iamsim.Server, key iamsim.Credentials) Settings {
	return Settings{
		AccessKey: key.AccessKeyID, SecretKey: key.Secret,
		Endpoints: Endpoints{CloudTrail: sim.URL(), IAM: sim.URL(), KMS: sim.URL(), STS: sim.URL()},
	}
}

// exampleSettings are settings that lead nowhere.
func exampleSettings() Settings {
	const nowhere = "http://127.0.0.1:1"
	return Settings{
		AccessKey: testKeyID, SecretKey: secret.New(testSecret),
		Endpoints: Endpoints{CloudTrail: nowhere, IAM: nowhere, KMS: nowhere, STS: nowhere}, MaxRetries: aws.Int64(0),
	}
}

// mustNew fails the test on any problem.
func mustNew(t *testing.T, s Settings, o Options) *Clients {
	t.Helper()
	clients, problems := New(t.Context(), s, o)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return clients
}

// actions lists the actions of the simulator's call log.
func actions(sim *iamsim.Server) []string {
	var names []string
	for _, call := range sim.Log() {
		names = append(names, call.Action)
	}
	return names
}
