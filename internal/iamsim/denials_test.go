package iamsim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestDeny(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		principal, action string
		denied            [3]bool // ann by her first key, ann by her second, bob
	}{
		"user, whatever the case": {"Ann", "IAM:getuser", [3]bool{true, true, false}},
		"key":                     {"first", "iam:GetUser", [3]bool{true, false, false}},
		"arn":                     {"arn:aws:iam::123456789012:user/bob", "iam:Get*", [3]bool{false, false, true}},
		"everybody":               {"*", "*", [3]bool{true, true, true}},
		"another action":          {"*", "iam:ListUsers", [3]bool{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, iamsim.Options{Users: []string{"ann", "bob"}})
			keys := [3]iamsim.Credentials{s.CreateAccessKey("ann"), s.CreateAccessKey("ann"), s.CreateAccessKey("bob")}
			if tt.principal == "first" {
				tt.principal = keys[0].AccessKeyID
			}
			s.Deny(tt.principal, tt.action)
			for i, key := range keys {
				_, err := newClient(s, key).iam.GetUser(t.Context(), &iam.GetUserInput{})
				if tt.denied[i] {
					wantError(t, err, 403, "AccessDenied")
				} else {
					noError(t, err)
				}
			}
			s.ClearDenials()
			_, err := newClient(s, keys[0]).iam.GetUser(t.Context(), &iam.GetUserInput{})
			noError(t, err)
		})
	}
}
