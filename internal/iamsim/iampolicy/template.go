package iampolicy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// template is a text of a policy that may have wildcards and, if variables is set, policy variables such as ${aws:username}.
type template struct {
	text      string
	variables bool
}

// newTemplate returns the template of a text. The error is about a variable without an end.
func newTemplate(text string, variables bool) (template, error) {
	t := template{text, variables}
	for rest := text; variables; {
		_, after, found := strings.Cut(rest, "${")
		if !found {
			break
		}
		if _, rest, found = strings.Cut(after, "}"); !found {
			return template{}, fmt.Errorf("a variable in %q has no end", text)
		}
	}
	return t, nil
}

// token is a character of a pattern, or a wildcard.
type token struct {
	character rune
	wildcard  bool
}

// pattern replaces the variables by the values that the request has for them, and reports whether there is one for each. A value
// is taken literally, wildcards included.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (t template) pattern(c Context) (pattern []token, resolved bool) {
	for rest := t.text; rest != ""; {
		if after, found := strings.CutPrefix(rest, "${"); found && t.variables {
			name, end, _ := strings.Cut(after, "}")
			value, known := c.variable(name)
			if !known {
				return nil, false
			}
			for _, r := range value {
				pattern = append(pattern, token{character: r})
			}
			rest = end
			continue
		}
		r, size := utf8.DecodeRuneInString(rest)
		pattern = append(pattern, token{r, r == '*' || r == '?'})
		rest = rest[size:]
	}
	return pattern, true
}

// variable returns the value of a policy variable, such as "aws:username" or "aws:username, 'nobody'" with a default value. The
// names *, ? and $ stand for these characters. A key with several values is no variable.
func (c Context) variable(name string) (string, bool) {
	if name == "*" || name == "?" || name == "$" {
		return name, true
	}
	name, fallback, defaulted := strings.Cut(name, ",")
	if values := c.values(strings.TrimSpace(name)); len(values) == 1 {
		return values[0], true
	}
	fallback = strings.TrimSpace(fallback)
	if !defaulted || len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
		return "", false
	}
	return fallback[1 : len(fallback)-1], true
}

// matches reports whether a text is of a pattern. In an ARN, where colons separate, a wildcard stands for characters of one segment;
// only a * that ends its segment goes beyond.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func matches(pattern []token, text string, arn bool) bool {
	characters := []rune(text)
	// reached has the lengths of the beginnings of the text that the pattern so far matches.
	reached := make([]bool, len(characters)+1)
	reached[0] = true
	for i, t := range pattern {
		ends := i+1 == len(pattern) || pattern[i+1] == token{character: ':'}
		next := make([]bool, len(reached))
		spans := false
		for n, ok := range reached {
			spans = spans || ok
			if t == (token{'*', true}) {
				next[n] = spans
				if arn && !ends && n < len(characters) && characters[n] == ':' {
					spans = false
				}
				continue
			}
			if ok && n < len(characters) && t.matches(characters[n], arn) {
				next[n+1] = true
			}
		}
		reached = next
	}
	return reached[len(characters)]
}

// matches reports whether a token other than * stands for a character.
func (t token) matches(character rune, arn bool) bool {
	if t.wildcard {
		return !arn || character != ':'
	}
	return t.character == character
}
