package iampolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// condition is one key of a condition operator.
type condition struct {
	key      string
	values   []template
	operator operator
	set      string // forAllValues, forAnyValue or empty
	ifExists bool
}

// The prefixes of an operator for keys that may have several values.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
const (
	forAllValues = "ForAllValues:"
	forAnyValue  = "ForAnyValue:"
)

const ifExists = "IfExists"

// operator compares a value of a request with those of a policy. The zero value is one that this package does not know.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type operator struct {
	// matches compares with one value of the policy, unless isNull is set.
	matches func(pattern []token, value string) bool
	negated bool
	isNull  bool
}

var operators = map[string]operator{
	"StringEquals":              {matches: equal},
	"StringNotEquals":           {matches: equal, negated: true},
	"StringEqualsIgnoreCase":    {matches: equalFold},
	"StringNotEqualsIgnoreCase": {matches: equalFold, negated: true},
	"StringLike":                {matches: like},
	"StringNotLike":             {matches: like, negated: true},
	"Bool":                      {matches: equalFold},
	"Null":                      {isNull: true},
}

func equal(pattern []token, value string) bool { return literal(pattern) == value }

func equalFold(pattern []token, value string) bool { return strings.EqualFold(literal(pattern), value) }

func like(pattern []token, value string) bool { return matches(pattern, value, false) }

// literal returns the text of a pattern, with its wildcards as characters.
func literal(pattern []token) string {
	text := make([]rune, len(pattern))
	for i, t := range pattern {
		text[i] = t.character
	}
	return string(text)
}

// parseConditions returns the conditions of a statement in a stable order. All of them must be met.
func parseConditions(in map[string]map[string]list[scalar], variables bool) ([]condition, error) {
	var out []condition
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if len(in[name]) == 0 {
			return nil, fmt.Errorf("the condition %s has no key", name)
		}
		for _, key := range slices.Sorted(maps.Keys(in[name])) {
			c := newCondition(name, key)
			if len(in[name][key]) == 0 {
				return nil, fmt.Errorf("the condition %s of %s has no value", name, key)
			}
			for _, value := range in[name][key] {
				t, err := newTemplate(string(value), variables)
				if err != nil {
					return nil, err
				}
				c.values = append(c.values, t)
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func newCondition(name, key string) condition {
	c := condition{key: key}
	for _, set := range []string{forAllValues, forAnyValue} {
		if rest, found := strings.CutPrefix(name, set); found {
			name, c.set = rest, set
		}
	}
	name, c.ifExists = strings.CutSuffix(name, ifExists)
	c.operator = operators[name]
	if c.operator.isNull && (c.set != "" || c.ifExists) {
		c.operator = operator{}
	}
	return c
}

// met reports whether a request meets the condition. It is not known for an operator that this package does not know, and for a
// variable that the request has no value for.
func (c condition) met(request Context) (met, known bool) {
	values := request.values(c.key)
	patterns := make([][]token, len(c.values))
	for i, t := range c.values {
		if patterns[i], known = t.pattern(request); !known {
			return false, false
		}
	}
	switch {
	case c.operator.isNull:
		return c.metNull(len(values) == 0, patterns)
	case c.operator.matches == nil:
		return false, false
	case len(values) == 0:
		return c.ifExists || c.set == forAllValues || c.operator.negated && c.set == "", true
	}
	meets := func(value string) bool {
		found := slices.ContainsFunc(patterns, func(p []token) bool { return c.operator.matches(p, value) })
		return found != c.operator.negated
	}
	if c.set == forAnyValue {
		return slices.ContainsFunc(values, meets), true
	}
	// Without a prefix a key has one value. If it has more, none may be amiss.
	return !slices.ContainsFunc(values, func(value string) bool { return !meets(value) }), true
}

// metNull is met for Null, whose value says whether the key must be absent.
func (c condition) metNull(absent bool, patterns [][]token) (met, known bool) {
	for _, p := range patterns {
		switch strings.ToLower(literal(p)) {
		case "true":
			met = met || absent
		case "false":
			met = met || !absent
		default:
			return false, false
		}
	}
	return met, true
}
