package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/policydoc"
)

// policyKeyARN stands in documents for the KMS key of the simulator that a story runs on.
const policyKeyARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// policyCase is a document, and the stories that need all of it.
type policyCase struct {
	arguments acctest.Args
	stories   []policyStory
}

// policyCases are documents for every feature.
var policyCases = map[string]policyCase{
	"plan": {
		acctest.Args{"features": `["plan"]`, "users": `["ci"]`, "account_id": `"123456789012"`, "partition": `"aws"`},
		[]policyStory{planOnly},
	},
	"rotate": {
		acctest.Args{"features": `["rotate", "description"]`, "users": `["ci"]`},
		[]policyStory{lifeOf(acctest.Args{"description": `"deployer"`})},
	},
	"renamed": {
		acctest.Args{"features": `["rotate", "renamed_users"]`, "user_paths": `["/"]`},
		[]policyStory{renamedWithoutKey, lifeOf(nil)},
	},
	"self": {acctest.Args{"features": `["rotate"]`, "own_user": "true"}, []policyStory{selfRotation}},
	"audit": {
		acctest.Args{"features": `["audit"]`, "users": `["arn:aws:iam::123456789012:user/ci"]`, "user_paths": `["/service/"]`},
		[]policyStory{auditOfKeys},
	},
	"audit of named users": {acctest.Args{"features": `["audit"]`, "users": `["ci"]`}, []policyStory{auditOfNamedUsers}},
	"audit by report": {
		acctest.Args{"features": `["audit", "credential_report"]`, "user_paths": `["/"]`}, []policyStory{auditByReport, auditOfAllKeys},
	},
	"usage":   {acctest.Args{"features": `["plan", "usage"]`, "users": `["ci"]`}, []policyStory{callersOfKey, planOnly}},
	"account": {acctest.Args{"features": `["credential_report", "service_specific_credentials"]`}, []policyStory{auditOfAccount}},
	"owner":   {acctest.Args{"features": `["key_owner"]`, "users": `["ci"]`}, []policyStory{ownerOfKey}},
	"sealed": {
		acctest.Args{
			"features": `["rotate", "kms_encrypt", "kms_decrypt"]`, "users": `["ci"]`, "kms_key_arns": `["` + policyKeyARN + `"]`,
			"kms_encryption_context": `{ user = "ci" }`,
		},
		[]policyStory{sealedByKMS, lifeOf(nil)},
	},
}

// TestAccPolicyDocument_leastPrivilege runs stories under exactly the policies that the data source gives for them, and once more
// without each of the actions: then a story must not go as it should, and say which action is missing.
func TestAccPolicyDocument_leastPrivilege(t *testing.T) {
	t.Parallel()
	documents := policyDocuments(t)
	for name, document := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, story := range policyCases[name].stories {
				t.Run(fmt.Sprint("whole ", i), func(t *testing.T) {
					t.Parallel()
					if deviation := story.run(t, document.JSON()); deviation != "" {
						t.Error(deviation)
					}
				})
			}
			for _, s := range document.Statement {
				for _, action := range s.Action {
					t.Run("without "+action, func(t *testing.T) {
						t.Parallel()
						deviation := ""
						for _, story := range policyCases[name].stories {
							if deviation == "" {
								deviation = story.run(t, without(document, s.Sid, action).JSON())
							}
						}
						if !strings.Contains(deviation, action) {
							t.Errorf("the stories show %q, want something about %s", deviation, action)
						}
					})
				}
			}
		})
	}
}

func (c policyCase) features(t *testing.T) (features []policydoc.Feature) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.arguments["features"]), &features); err != nil {
		t.Fatal(err)
	}
	return features
}

// policyDocuments are the documents of policyCases as the data source gives them.
func policyDocuments(t *testing.T) map[string]policydoc.Document {
	t.Helper()
	s := acctest.NewStory(t)
	config := s.ProviderHCL
	var covered []policydoc.Feature
	for _, name := range slices.Sorted(maps.Keys(policyCases)) {
		config += policyHCL(policyLabel(name), policyCases[name].arguments)
		covered = append(covered, policyCases[name].features(t)...)
	}
	for _, f := range policydoc.Features() {
		if !slices.Contains(covered, f) {
			t.Errorf("no story has the feature %s", f)
		}
	}
	s.CLI.Write("main.tf", config)
	s.Run(0, func() acctest.Result { return s.CLI.Apply() })
	documents := map[string]policydoc.Document{}
	for name := range policyCases {
		documents[name] = parsePolicy(t, fmt.Sprint(s.CLI.State().Values.Outputs[policyLabel(name)].Value))
	}
	return documents
}

// policyLabel is the name of a policyCase as a label in HCL.
func policyLabel(name string) string { return strings.ReplaceAll(name, " ", "_") }

// policyHCL is an iamkeys_policy_document with an output of its JSON.
func policyHCL(name string, arguments acctest.Args) string {
	return fmt.Sprintf(`
data "iamkeys_policy_document" %[1]q %[2]s
output %[1]q {
  value = data.iamkeys_policy_document.%[1]s.json
}
`, name, acctest.HCLObject(arguments))
}

// parsePolicy reads a document that the data source gave.
func parsePolicy(t *testing.T, text string) policydoc.Document {
	t.Helper()
	var in struct {
		Version   string
		Statement []struct {
			Sid, Effect string
			Action      []string
			Resource    any
			Condition   map[string]map[string]string
		}
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	d := policydoc.Document{Version: in.Version}
	for _, s := range in.Statement {
		out := policydoc.Statement{Sid: s.Sid, Effect: s.Effect, Action: s.Action, Condition: s.Condition}
		if resources, ok := s.Resource.([]any); ok {
			for _, r := range resources {
				out.Resource = append(out.Resource, fmt.Sprint(r))
			}
		} else {
			out.Resource = []string{fmt.Sprint(s.Resource)}
		}
		d.Statement = append(d.Statement, out)
	}
	if again := d.JSON(); again != text {
		t.Fatalf("the document\n%s\nis read as\n%s", text, again)
	}
	return d
}

// without is a document without one action of a statement.
func without(d policydoc.Document, sid, action string) policydoc.Document {
	out := policydoc.Document{Version: d.Version}
	for _, s := range d.Statement {
		if s.Sid == sid {
			s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == action })
		}
		if len(s.Action) > 0 {
			out.Statement = append(out.Statement, s)
		}
	}
	return out
}

// TestAccPolicyDocument_denies checks what the documents of policyCases do not allow.
func TestAccPolicyDocument_denies(t *testing.T) {
	t.Parallel()
	documents := policyDocuments(t)
	for name, tc := range map[string]struct {
		policy string
		story  policyStory
		want   string
	}{
		"keys of another user":            {"rotate", keysOfAnother, "iam:ListAccessKeys"},
		"keys of another than the caller": {"self", keysOfAnother, "iam:ListAccessKeys"},
		"a rotation of a role that plans": {"plan", lifeOf(nil), "iam:CreateAccessKey"},
		"another encryption context": {
			"sealed", func(r *policyRun) { sealedWith(r, `{ user = "web", app = "test" }`) }, "kms:Encrypt",
		},
		"no encryption context": {"sealed", func(r *policyRun) { sealedWith(r, "{}") }, "kms:Encrypt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if deviation := tc.story.run(t, documents[tc.policy].JSON()); !strings.Contains(deviation, tc.want) {
				t.Errorf("the story shows %q, want something about %s", deviation, tc.want)
			}
		})
	}
}
