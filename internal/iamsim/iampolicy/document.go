// Package iampolicy evaluates identity-based policies of AWS IAM, as far as the simulator needs them: Action and NotAction, Resource
// and NotResource, wildcards, policy variables, explicit denies, and the condition operators for strings, Bool and Null. It knows no
// principals and no other types of policies. What it does not know never allows anything.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
package iampolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Versions of the policy language. Only the newer one has policy variables.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

var (
	sidPattern    = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	actionPattern = regexp.MustCompile(`^(\*|[0-9A-Za-z-]+:[0-9A-Za-z*?]+)$`)
)

// Document is a parsed policy. It is safe for concurrent use.
type Document struct{ statements []statement }

// statement is one statement. The words negated belong to NotAction and NotResource.
type statement struct {
	denies                           bool
	actions, resources               []template
	actionsNegated, resourcesNegated bool
	conditions                       []condition
}

// documentJSON and statementJSON are the elements of a policy, as they are written.
type documentJSON struct {
	Version   string
	ID        string `json:"Id"`
	Statement list[statementJSON]
}

type statementJSON struct {
	Sid                   string
	Effect                string
	Action, NotAction     list[string]
	Resource, NotResource list[string]
	Condition             map[string]map[string]list[scalar]
}

// list is a list that may be written as its only element.
type list[T any] []T

// UnmarshalJSON reads a list or its only element.
func (l *list[T]) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return strictly(text, (*[]T)(l))
	}
	var only T
	if err := strictly(text, &only); err != nil {
		return err
	}
	*l = list[T]{only}
	return nil
}

// scalar is a value of a condition. true and "true" are the same.
type scalar string

// UnmarshalJSON reads a string, a boolean or a number.
func (s *scalar) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '"':
		return json.Unmarshal(text, (*string)(s))
	case '{', '[', 'n':
		return errors.New("the value of a condition is a string, a boolean or a number")
	}
	*s = scalar(text)
	return nil
}

// strictly decodes JSON and refuses elements that the policy language does not have.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text follows the document")
	}
	return nil
}

// Parse reads a policy. The error says what IAM would refuse as a malformed document, or what this package does not know except
// condition operators: those never allow anything.
func Parse(text string) (*Document, error) {
	var in documentJSON
	if err := strictly([]byte(text), &in); err != nil {
		return nil, fmt.Errorf("iampolicy: %w", err)
	}
	if in.Version != "" && in.Version != version2008 && in.Version != version2012 {
		return nil, fmt.Errorf("iampolicy: there is no version %q", in.Version)
	}
	if len(in.Statement) == 0 {
		return nil, errors.New("iampolicy: there is no statement")
	}
	d := &Document{}
	sids := map[string]bool{}
	for i, s := range in.Statement {
		parsed, err := s.parse(in.Version == version2012)
		if err == nil && s.Sid != "" && sids[s.Sid] {
			err = fmt.Errorf("the Sid %s is taken", s.Sid)
		}
		if err != nil {
			return nil, fmt.Errorf("iampolicy: statement %d: %w", i+1, err)
		}
		sids[s.Sid] = true
		d.statements = append(d.statements, parsed)
	}
	return d, nil
}

func (s statementJSON) parse(variables bool) (statement, error) {
	switch {
	case !sidPattern.MatchString(s.Sid):
		return statement{}, fmt.Errorf("a Sid has letters and digits only, unlike %q", s.Sid)
	case s.Effect != "Allow" && s.Effect != "Deny":
		return statement{}, fmt.Errorf("the Effect is Allow or Deny, not %q", s.Effect)
	case (len(s.Action) == 0) == (len(s.NotAction) == 0):
		return statement{}, errors.New("there must be one of Action and NotAction")
	case (len(s.Resource) == 0) == (len(s.NotResource) == 0):
		return statement{}, errors.New("there must be one of Resource and NotResource")
	}
	out := statement{
		denies: s.Effect == "Deny", actionsNegated: len(s.NotAction) > 0, resourcesNegated: len(s.NotResource) > 0,
	}
	for _, action := range append(s.Action, s.NotAction...) {
		if !actionPattern.MatchString(action) {
			return statement{}, fmt.Errorf("%q is no action", action)
		}
		out.actions = append(out.actions, template{text: strings.ToLower(action)})
	}
	for _, resource := range append(s.Resource, s.NotResource...) {
		if resource != "*" && !strings.HasPrefix(resource, "arn:") {
			return statement{}, fmt.Errorf("the resource %q is neither an ARN nor *", resource)
		}
		t, err := newTemplate(resource, variables)
		if err != nil {
			return statement{}, err
		}
		out.resources = append(out.resources, t)
	}
	var err error
	out.conditions, err = parseConditions(s.Condition, variables)
	return out, err
}
