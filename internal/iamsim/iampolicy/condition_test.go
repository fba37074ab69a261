package iampolicy_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
)

// The names say what the request has: for aws:TagKeys several values, one or none.
func TestEvaluate_conditions(t *testing.T) {
	t.Parallel()
	var (
		several = []string{"AKIA1", "AKIA2"}
		mixed   = []string{"AKIA1", "owner"}
		one     = []string{"AKIA1"}
		other   = []string{"owner"}
	)
	for _, tc := range []struct {
		condition string
		keys      []string
		want      bool
	}{
		{`{"StringEquals": {"aws:TagKeys": "AKIA1"}}`, one, true},
		{`{"StringEquals": {"AWS:tagkeys": "AKIA1"}}`, one, true},
		{`{"StringEquals": {"aws:TagKeys": "akia1"}}`, one, false},
		{`{"StringEquals": {"aws:TagKeys": "AKIA*"}}`, one, false},
		{`{"StringEquals": {"aws:TagKeys": ["owner", "AKIA1"]}}`, one, true},
		{`{"StringEquals": {"aws:TagKeys": "AKIA1"}}`, nil, false},
		{`{"StringEquals": {"aws:TagKeys": "AKIA1"}}`, mixed, false},
		{`{"StringEquals": {"aws:username": "${aws:username}"}}`, nil, true},
		{`{"StringEquals": {"aws:username": "${aws:unknown}"}}`, nil, false},
		{`{"StringNotEquals": {"aws:username": "${aws:unknown}"}}`, nil, false},
		{`{"StringEqualsIfExists": {"aws:TagKeys": "AKIA1"}}`, nil, true},
		{`{"StringEqualsIfExists": {"aws:TagKeys": "AKIA1"}}`, other, false},
		{`{"StringNotEquals": {"aws:TagKeys": "owner"}}`, one, true},
		{`{"StringNotEquals": {"aws:TagKeys": "owner"}}`, other, false},
		{`{"StringNotEquals": {"aws:TagKeys": ["owner", "AKIA1"]}}`, one, false},
		{`{"StringNotEquals": {"aws:TagKeys": "owner"}}`, nil, true},
		{`{"StringNotEquals": {"aws:TagKeys": "owner"}}`, mixed, false},
		{`{"StringEqualsIgnoreCase": {"aws:TagKeys": "akia1"}}`, one, true},
		{`{"StringNotEqualsIgnoreCase": {"aws:TagKeys": "akia1"}}`, one, false},
		{`{"StringLike": {"aws:TagKeys": "AKIA*"}}`, one, true},
		{`{"StringLike": {"aws:TagKeys": "AKIA?"}}`, one, true},
		{`{"StringLike": {"aws:TagKeys": "AKIA${?}"}}`, one, false},
		{`{"StringLike": {"aws:TagKeys": "AKIA*"}}`, mixed, false},
		{`{"StringNotLike": {"aws:TagKeys": "AKIA*"}}`, one, false},
		{`{"StringNotLike": {"aws:TagKeys": "AKIA*"}}`, nil, true},

		{`{"ForAllValues:StringLike": {"aws:TagKeys": "AKIA*"}}`, several, true},
		{`{"ForAllValues:StringLike": {"aws:TagKeys": "AKIA*"}}`, mixed, false},
		{`{"ForAllValues:StringLike": {"aws:TagKeys": "AKIA*"}}`, nil, true},
		{`{"ForAllValues:StringEquals": {"aws:TagKeys": ["AKIA2", "AKIA1"]}}`, several, true},
		{`{"ForAllValues:StringNotEquals": {"aws:TagKeys": "owner"}}`, several, true},
		{`{"ForAllValues:StringNotEquals": {"aws:TagKeys": "owner"}}`, mixed, false},
		{`{"ForAnyValue:StringLike": {"aws:TagKeys": "AKIA*"}}`, mixed, true},
		{`{"ForAnyValue:StringLike": {"aws:TagKeys": "AKIA*"}}`, other, false},
		{`{"ForAnyValue:StringLike": {"aws:TagKeys": "AKIA*"}}`, nil, false},
		{`{"ForAnyValue:StringNotLike": {"aws:TagKeys": "AKIA*"}}`, mixed, true},
		{`{"ForAnyValue:StringNotLike": {"aws:TagKeys": "AKIA*"}}`, several, false},
		{`{"ForAnyValue:StringNotLike": {"aws:TagKeys": "AKIA*"}}`, nil, false},
		{`{"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": "AKIA*"}}`, nil, true},

		{`{"Null": {"aws:TagKeys": "true"}}`, nil, true},
		{`{"Null": {"aws:TagKeys": "true"}}`, one, false},
		{`{"Null": {"aws:TagKeys": "false"}}`, nil, false},
		{`{"Null": {"aws:TagKeys": false}}`, several, true},
		{`{"Null": {"aws:TagKeys": "maybe"}}`, one, false},
		{`{"NullIfExists": {"aws:TagKeys": "true"}}`, nil, false},
		{`{"ForAllValues:Null": {"aws:TagKeys": "true"}}`, nil, false},

		{`{"Bool": {"aws:SecureTransport": "true"}}`, nil, true},
		{`{"Bool": {"aws:SecureTransport": true}}`, nil, true},
		{`{"Bool": {"aws:SecureTransport": "False"}}`, nil, false},
		{`{"Bool": {"aws:MultiFactorAuthPresent": "false"}}`, nil, false},
		{`{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`, nil, true},

		{`{"StringEquals": {"kms:EncryptionContext:user": "ci"}}`, nil, true},
		{`{"StringEquals": {"kms:EncryptionContext:user": "web"}}`, nil, false},
		{`{"StringEquals": {"kms:EncryptionContext:app": "ci"}}`, nil, false},

		// Every operator and every key of it must be met.
		{`{"StringEquals": {"aws:username": "ci", "aws:TagKeys": "AKIA1"}}`, one, true},
		{`{"StringEquals": {"aws:username": "ci", "aws:TagKeys": "AKIA1"}}`, other, false},
		{`{"StringEquals": {"aws:username": "ci"}, "Null": {"aws:TagKeys": "false"}}`, one, true},
		{`{"StringEquals": {"aws:username": "ci"}, "Null": {"aws:TagKeys": "false"}}`, nil, false},

		{`{"NumericEquals": {"aws:MultiFactorAuthAge": 1}}`, one, false},
		{`{"stringequals": {"aws:TagKeys": "AKIA1"}}`, one, false},
		{`{"ForSomeValues:StringEquals": {"aws:TagKeys": "AKIA1"}}`, one, false},
	} {
		t.Run(tc.condition, func(t *testing.T) {
			t.Parallel()
			r := iampolicy.Request{Action: "iam:TagUser", Resource: "*", Context: iampolicy.Context{
				"aws:username": {"ci"}, "aws:TagKeys": tc.keys, "aws:SecureTransport": {"true"}, "kms:EncryptionContext:user": {"ci"},
			}}
			got := decide(t, r, "2012-10-17", `{"Effect": "Allow", "Action": "iam:TagUser", "Resource": "*", "Condition": `+tc.condition+`}`)
			if got == iampolicy.Allowed != tc.want {
				t.Errorf("with the keys %q allowed is %t, want %t", tc.keys, got == iampolicy.Allowed, tc.want)
			}
		})
	}
}
