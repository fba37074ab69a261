package iampolicy

import (
	"regexp"
	"strings"
	"testing"
)

func TestParse_errors(t *testing.T) {
	t.Parallel()
	const valid = `"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"`
	for name, tc := range map[string]struct{ text, want string }{
		"no JSON":             {`Version`, "iampolicy: invalid character"},
		"more text":           {`{"Statement": {` + valid + `}} {}`, "iampolicy: text follows the document"},
		"version":             {`{"Version": "2012-10-18", "Statement": {` + valid + `}}`, `iampolicy: there is no version "2012-10-18"`},
		"no statement":        {`{"Version": "2012-10-17"}`, "iampolicy: there is no statement"},
		"empty statements":    {`{"Statement": []}`, "iampolicy: there is no statement"},
		"unknown element":     {`{"Statements": {` + valid + `}}`, `iampolicy: json: unknown field "Statements"`},
		"principal":           {`{"Statement": {` + valid + `, "Principal": "*"}}`, `iampolicy: json: unknown field "Principal"`},
		"principal in a list": {`{"Statement": [{` + valid + `, "Principal": "*"}]}`, `iampolicy: json: unknown field "Principal"`},
		"Sid":                 {`{"Statement": {` + valid + `, "Sid": "a b"}}`, `statement 1: a Sid has letters and digits only, unlike "a b"`},
		"Sid twice":           {`{"Statement": [{` + valid + `, "Sid": "a"}, {` + valid + `, "Sid": "a"}]}`, "statement 2: the Sid a is taken"},
		"effect": {
			`{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}`, `the Effect is Allow or Deny, not "allow"`,
		},
		"no action": {`{"Statement": {"Effect": "Allow", "Resource": "*"}}`, "there must be one of Action and NotAction"},
		"no actions": {
			`{"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}`, "there must be one of Action and NotAction",
		},
		"two kinds of actions": {`{"Statement": {` + valid + `, "NotAction": "*"}}`, "there must be one of Action and NotAction"},
		"no service":           {`{"Statement": {"Effect": "Allow", "Action": "GetUser", "Resource": "*"}}`, `"GetUser" is no action`},
		"variable in an action": {
			`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:${aws:username}", "Resource": "*"}}`,
			`"iam:${aws:username}" is no action`,
		},
		"null action": {`{"Statement": {"Effect": "Allow", "Action": null, "Resource": "*"}}`, `"" is no action`},
		"no resource": {`{"Statement": {"Effect": "Allow", "Action": "*"}}`, "there must be one of Resource and NotResource"},
		"two kinds of resources": {
			`{"Statement": {` + valid + `, "NotResource": "*"}}`, "there must be one of Resource and NotResource",
		},
		"no ARN": {`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "user/ci"}}`, `the resource "user/ci" is neither an ARN nor *`},
		"open variable": {
			`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:${a}${aws"}}`,
			`a variable in "arn:${a}${aws" has no end`,
		},
		"open variable in a condition": {
			`{"Version": "2012-10-17", "Statement": {` + valid + `, "Condition": {"StringEquals": {"a": "${"}}}}`, `a variable in "${" has no end`,
		},
		"condition without a key":   {`{"Statement": {` + valid + `, "Condition": {"Null": {}}}}`, "the condition Null has no key"},
		"condition without a value": {`{"Statement": {` + valid + `, "Condition": {"Null": {"a": []}}}}`, "the condition Null of a has no value"},
		"condition of null": {
			`{"Statement": {` + valid + `, "Condition": {"Null": {"a": [null]}}}}`, "the value of a condition is a string",
		},
		"condition of an object": {`{"Statement": {` + valid + `, "Condition": {"Null": {"a": {}}}}}`, "the value of a condition is a string"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse(tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// FuzzParse checks that what can be parsed can be evaluated, that a further deny never allows anything, and that a further allow
// never takes anything away except by a deny.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`,
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": ["iam:Get*"],
			"NotResource": "arn:aws:iam::*:user/${aws:username}", "Condition": {
			"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["AKIA*", "${?}${aws:x, 'y'}"]}, "Null": {"b": false}}}]}`,
	} {
		f.Add(seed, "iam:GetUser", "arn:aws:iam::123456789012:user/ci", "ci")
	}
	all, err := Parse(`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, action, resource, value string) {
		d, err := Parse(text)
		if err != nil || len(text)+len(resource)+len(value) > 4096 {
			return
		}
		r := Request{Action: action, Resource: resource, Context: Context{"aws:username": {value}, "aws:TagKeys": {value, "x"}}}
		alone := Evaluate([]*Document{d}, r)
		if with := Evaluate([]*Document{all, d}, r); with == NotAllowed || alone == Denied != (with == Denied) {
			t.Errorf("decision %d alone and %d beside an allow of everything", alone, with)
		}
	})
}

// FuzzMatches compares wildcards with regular expressions.
func FuzzMatches(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""},
		{"*", "a:b"},
		{"a*b", "a:b"},
		{"a*:b", "ax:y:b"},
		{"?", ":"},
		{"a**?b", "axxb"},
		{"é?", "éé"},
		{"arn:*:iam::*:user/*", "arn:aws:iam::1:user/ci"},
	} {
		f.Add(seed[0], seed[1], true)
		f.Add(seed[0], seed[1], false)
	}
	f.Fuzz(func(t *testing.T, text, of string, arn bool) {
		if len(text) > 30 || len(of) > 60 {
			return
		}
		pattern, _ := template{text: text}.pattern(nil)
		segment := `[\s\S]`
		if arn {
			segment = `[^:]`
		}
		var expression strings.Builder
		for i, p := range pattern {
			switch ends := i+1 == len(pattern) || pattern[i+1].character == ':'; {
			case p.wildcard && p.character == '*' && ends:
				expression.WriteString(`[\s\S]*`)
			case p.wildcard && p.character == '*':
				expression.WriteString(segment + "*")
			case p.wildcard:
				expression.WriteString(segment)
			default:
				expression.WriteString(regexp.QuoteMeta(string(p.character)))
			}
		}
		want := regexp.MustCompile("^(?:" + expression.String() + ")$").MatchString(string([]rune(of)))
		if got := matches(pattern, of, arn); got != want {
			t.Errorf("%q matches %q: %t, want %t", of, text, got, want)
		}
	})
}
