package e2e_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// terraformBlocks returns the blocks of HCL in a guide.
func terraformBlocks(t *testing.T, guide string) []string {
	t.Helper()
	text, err := os.ReadFile("../../templates/guides/" + guide)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(text), "```terraform\n") {
		if block, _, ended := strings.Cut(part, "```"); i > 0 && ended {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// TestGuides_leakedKeyID follows the guide for a key that nothing manages: find its user, deactivate it, import it, replace it.
func TestGuides_leakedKeyID(t *testing.T) {
	t.Parallel()
	blocks := terraformBlocks(t, "leaked-key-id.md.tmpl")
	if len(blocks) != 2 {
		t.Fatalf("the guide has %d blocks of HCL: %q", len(blocks), blocks)
	}
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	leaked := w.Sim.CreateAccessKey("ci").AccessKeyID
	w.Advance("10d")
	w.Sim.SetLastUsed(leaked, w.Sim.Now(), "s3", "eu-west-1")
	w.Advance("1d")

	look := exampleCLI(t, w)
	copyExample(t, look, "scenarios/leaked-key-id", leaked)
	look.Apply()
	look.Want(0)
	for output, want := range map[string]map[string]any{
		"owner":    {"user": "ci", "account_id": "123456789012", "same_account": true, "type": "long_term"},
		"key":      {"status": "Active", "age_days": 11.0},
		"last_use": {"last_used_at": "2026-01-11T00:00:00Z", "service_name": "s3", "region": "eu-west-1"},
	} {
		got, ok := look.State().Values.Outputs[output].Value.(map[string]any)
		for attribute, value := range want {
			if !ok || got[attribute] != value {
				t.Errorf("output %s: %s is %v, want %v", output, attribute, got[attribute], value)
			}
		}
	}

	w.Sim.SetStatus(leaked, "Inactive")
	c := exampleCLI(t, w)
	c.Write("main.tf", blocks[0])
	c.Apply()
	c.Want(0)
	copyExample(t, c, "scenarios/leaked-key", "")
	c.Apply(`-var=incidents={ "2026-11-03" = "key in a log" }`)
	c.Want(0)
	keys := w.Sim.Keys("ci")
	if len(keys) != 2 || keys[0].ID != leaked || keys[0].Status != "Inactive" || keys[1].Status != "Active" {
		t.Fatalf("keys %+v, want %s Inactive and a new one", keys, leaked)
	}

	look.Write("main.tf", blocks[1])
	look.Apply()
	look.Want(0)
	want := map[string]any{
		leaked:     "Inactive, created 2026-01-01T00:00:00Z",
		keys[1].ID: fmt.Sprintf("Active, created %s", keys[1].CreatedAt.Format("2006-01-02T15:04:05Z")),
	}
	if got := look.State().Values.Outputs["keys"].Value; !reflect.DeepEqual(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
}
