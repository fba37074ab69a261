package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// policyExamples are the arguments of the documents in examples/policies, which the guide and README.md show.
var policyExamples = map[string]acctest.Args{
	"plan.json":    {"features": `["plan"]`, "users": `["ci"]`},
	"apply.json":   {"features": `["rotate", "description"]`, "users": `["ci"]`},
	"own.json":     {"features": `["rotate"]`, "own_user": "true"},
	"renamed.json": {"features": `["renamed_users"]`},
	"audit.json": {
		"features":   `["audit", "credential_report", "key_owner", "service_specific_credentials", "usage"]`,
		"user_paths": `["/"]`,
	},
	"kms.json": {"features": `["kms_encrypt", "kms_decrypt"]`, "kms_key_arns": `["` + policyKeyARN + `"]`},
}

func TestAccPolicyDocument_examples(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	config := s.ProviderHCL
	for file, args := range policyExamples {
		if args["users"]+args["user_paths"]+args["own_user"] != "" {
			args = args.With(acctest.Args{"account_id": `"123456789012"`, "partition": `"aws"`})
		}
		config += policyHCL(strings.TrimSuffix(file, ".json"), args)
	}
	s.CLI.Write("main.tf", config)
	s.Run(0, func() acctest.Result { return s.CLI.Apply() })
	s.WantCalls()
	s.PlanEmpty()

	files, err := filepath.Glob("../../examples/policies/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(policyExamples) {
		t.Errorf("files %q for %d examples", files, len(policyExamples))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if got := fmt.Sprint(s.CLI.State().Values.Outputs[name].Value) + "\n"; got != string(text) {
			t.Errorf("%s is\n%s\nand the data source gives\n%s", file, text, got)
		}
	}
}

// A user whom the same apply creates is known only then.
func TestAccPolicyDocument_unknown(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CLI.Write("main.tf", s.ProviderHCL+acctest.DataHCL("ci", "1")+policyHCL("test", acctest.Args{
		"features": `["plan"]`, "users": `[terraform_data.test.output]`, "account_id": `"123456789012"`,
	}))
	s.Plan(2)
	s.ApplyPlan()
	want := "arn:*:iam::123456789012:user/ci"
	document := parsePolicy(t, fmt.Sprint(s.CLI.State().Values.Outputs["test"].Value))
	if got := document.Statement[0].Resource; !slices.Equal(got, []string{want}) {
		t.Errorf("resources %q, want %q", got, want)
	}
	s.PlanEmpty()

	// What is known only then is checked only then.
	s.CLI.Write("main.tf", s.ProviderHCL+acctest.DataHCL("c*", "2")+policyHCL("test", acctest.Args{
		"features": `["plan"]`, "users": `[terraform_data.test.output]`,
	}))
	s.Plan(2)
	s.ApplyPlan(acctest.Fails(`Invalid value in users: "c*"`))
	s.CLI.Write("main.tf", s.ProviderHCL+acctest.DataHCL("usage", "3")+policyHCL("test", acctest.Args{
		"features": `[terraform_data.test.output]`, "users": `["ci"]`,
	}))
	s.Plan(2)
	s.ApplyPlan(acctest.Fails("users restricts none of the features"))
}

func TestAccPolicyDocument_badInput(t *testing.T) {
	t.Parallel()
	const (
		plan   = `features = ["plan"]`
		usage  = `features = ["usage"]`
		noUser = "users restricts none of the features"
	)
	for name, tc := range map[string]struct {
		arguments, summary string
		details            []string
	}{
		"no features": {`users = ["ci"]`, "Missing required argument", []string{`"features" is required`}},
		"empty features": {
			`features = []`, "Invalid Attribute Value", []string{"must contain at least 1 elements"},
		},
		"unknown feature": {
			`features = ["rotat"]`, "Invalid Attribute Value Match", []string{`"plan" "rotate" "description"`, `"kms_decrypt"`},
		},
		"no users": {
			`features = ["plan", "usage", "audit"]`, "No users for the features audit, plan",
			[]string{"users or user_paths", "own_user = true", `user_paths = ["/"]`},
		},
		"empty users": {plan + "\nusers = []\nown_user = false", "No users for the features plan", nil},
		"users for nothing": {
			usage + "\nusers = [\"ci\"]", noUser, []string{"plan, rotate, description, audit, key_owner", "Remove users"},
		},
		"paths for nothing":    {usage + "\nuser_paths = [\"/\"]", "user_paths restricts none of the features", nil},
		"own user for nothing": {usage + "\nown_user = true", "own_user restricts none of the features", nil},
		"wildcard in a user":   {plan + "\nusers = [\"c*\"]", `Invalid value in users: "c*"`, []string{"service/ci", "the ARN of a user"}},
		"path as a user":       {plan + "\nusers = [\"/service/\"]", `Invalid value in users: "/service/"`, nil},
		"role as a user": {
			plan + "\nusers = [\"arn:aws:iam::123456789012:role/ci\"]", `Invalid value in users: "arn:aws:iam::123456789012:role/ci"`, nil,
		},
		"path without its end": {plan + "\nuser_paths = [\"/service\"]", `Invalid value in user_paths: "/service"`, []string{"/service/"}},
		"account": {
			plan + "\nusers = [\"ci\"]\naccount_id = \"12345\"", `Invalid value in account_id: "12345"`, []string{"12 digits"},
		},
		"partition": {plan + "\nusers = [\"ci\"]\npartition = \"*\"", `Invalid value in partition: "*"`, []string{"aws-us-gov"}},
		"user of another account": {
			plan + "\nusers = [\"arn:aws:iam::210987654321:user/ci\"]\naccount_id = \"123456789012\"",
			`User arn:aws:iam::210987654321:user/ci does not belong to account_id "123456789012"`,
			[]string{"Remove account_id"},
		},
		"user of another partition": {
			plan + "\nusers = [\"arn:aws-cn:iam::210987654321:user/ci\"]\npartition = \"aws\"",
			`User arn:aws-cn:iam::210987654321:user/ci does not belong to partition "aws"`,
			[]string{"Remove partition"},
		},
		"no KMS key": {
			`features = ["kms_encrypt", "kms_decrypt"]`, "No KMS keys for the features kms_decrypt, kms_encrypt", []string{"Set kms_key_arns"},
		},
		"context without a KMS key": {
			`features = ["kms_encrypt"]` + "\nkms_encryption_context = { user = \"ci\" }", "No KMS keys for the features kms_encrypt", nil,
		},
		"alias": {
			`features = ["kms_encrypt"]` + "\nkms_key_arns = [\"alias/secrets\"]", `Invalid value in kms_key_arns: "alias/secrets"`,
			[]string{"arn:aws:kms:us-east-1:123456789012:key/"},
		},
		"KMS key for nothing": {
			usage + "\nkms_key_arns = [\"" + policyKeyARN + "\"]", "kms_key_arns restricts none of the features",
			[]string{"kms_encrypt, kms_decrypt"},
		},
		"context for nothing": {
			usage + "\nkms_encryption_context = { user = \"ci\" }", "kms_encryption_context restricts none of the features", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.CLI.Write("main.tf", s.ProviderHCL+"data \"iamkeys_policy_document\" \"test\" {\n"+tc.arguments+"\n}\n")
			s.Plan(1, acctest.Fails(tc.summary))
			s.WantDetail(tc.details...)
			s.WantCalls()
		})
	}
}
