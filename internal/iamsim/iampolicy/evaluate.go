package iampolicy

import "strings"

// Request is a call that asks for permission.
type Request struct {
	// Action is such as "iam:CreateAccessKey".
	Action string
	// Resource is the ARN that the action is authorised on, or "*" for an action without a type of resource.
	Resource string
	// Context has the values of condition keys.
	Context Context
}

// Context has the values of condition keys by their names, which are compared without case. A key without a value is absent.
type Context map[string][]string

// values returns the values of a key.
func (c Context) values(key string) []string {
	for name, values := range c {
		if strings.EqualFold(name, key) {
			return values
		}
	}
	return nil
}

// Decision is the outcome of an evaluation.
type Decision int

// The decisions.
const (
	// NotAllowed means that no statement allows the request.
	NotAllowed Decision = iota
	// Allowed means that a statement allows the request, and that none denies it.
	Allowed
	// Denied means that a statement denies the request explicitly.
	Denied
)

// Evaluate decides on a request by all policies of a principal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Evaluate(documents []*Document, r Request) Decision {
	decision := NotAllowed
	for _, d := range documents {
		for _, s := range d.statements {
			switch {
			case !s.applies(r):
			case s.denies:
				return Denied
			default:
				decision = Allowed
			}
		}
	}
	return decision
}

// applies reports whether a statement is about a request. What is not known counts against the request.
func (s statement) applies(r Request) bool {
	action, _ := anyMatches(s.actions, r.Context, strings.ToLower(r.Action), false)
	resource, resolved := anyMatches(s.resources, r.Context, r.Resource, true)
	if action == s.actionsNegated || resource == s.resourcesNegated {
		return false
	}
	if s.resourcesNegated && !resolved && !s.denies {
		return false
	}
	for _, c := range s.conditions {
		if met, known := c.met(r.Context); known && !met || !known && !s.denies {
			return false
		}
	}
	return true
}

// anyMatches reports whether a text is of one of the templates, and whether all their variables have values. A template with a
// variable without one matches nothing. The template * matches every ARN.
func anyMatches(templates []template, c Context, text string, arn bool) (matched, resolved bool) {
	resolved = true
	for _, t := range templates {
		pattern, ok := t.pattern(c)
		resolved = resolved && ok
		matched = matched || ok && matches(pattern, text, arn)
	}
	return matched, resolved
}
