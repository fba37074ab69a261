package iamsim

import (
	"path"
	"slices"
	"strings"
)

// denial denies an action to a principal.
type denial struct{ principal, action string }

// Deny makes an action answer AccessDenied from now on. principal is a user name, an access key id, an ARN, or "*";
// action is such as "iam:CreateAccessKey", "iam:*" or "*". As in AWS, sts:GetCallerIdentity can't be denied.
func (s *Server) Deny(principal, action string) {
	if _, err := path.Match(action, ""); err != nil {
		panic("iamsim: Deny: bad action pattern " + action)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denials = append(s.denials, denial{principal, strings.ToLower(action)})
}

// ClearDenials allows everything again.
func (s *Server) ClearDenials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denials = nil
}

func (s *Server) denied(who caller, action string) bool {
	return slices.ContainsFunc(s.denials, func(d denial) bool {
		matched, err := path.Match(d.action, strings.ToLower(action))
		return err == nil && matched && (d.principal == "*" || d.principal == who.arn || d.principal == who.keyID ||
			(who.user != nil && strings.EqualFold(d.principal, who.user.Name)))
	})
}
