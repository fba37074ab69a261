package trail

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Tally counts events.
type Tally struct {
	// Count is the number of calls, and ErrorCount that of those which AWS answered with an error.
	Count, ErrorCount   int
	FirstSeen, LastSeen time.Time
}

func (t *Tally) add(other Tally) {
	if t.Count == 0 || other.FirstSeen.Before(t.FirstSeen) {
		t.FirstSeen = other.FirstSeen
	}
	if other.LastSeen.After(t.LastSeen) {
		t.LastSeen = other.LastSeen
	}
	t.Count += other.Count
	t.ErrorCount += other.ErrorCount
}

// compare orders by the last use, then by the number of calls, the largest first.
func (t *Tally) compare(other *Tally) int {
	return cmp.Or(other.LastSeen.Compare(t.LastSeen), cmp.Compare(other.Count, t.Count))
}

// Client is who has called, as far as an event tells.
type Client struct{ SourceIP, UserAgent string }

func (c Client) compare(other Client) int {
	return cmp.Or(strings.Compare(c.SourceIP, other.SourceIP), strings.Compare(c.UserAgent, other.UserAgent))
}

// Product is the product in the User-Agent of this provider.
const Product = "terraform-provider-iamkeys"

// IsProvider reports whether the user agent is that of this provider. A client may choose any user agent, so it proves nothing.
func (c Client) IsProvider() bool {
	return slices.ContainsFunc(strings.Fields(c.UserAgent), func(field string) bool {
		return strings.HasPrefix(strings.TrimPrefix(field, "["), Product+"/")
	})
}

// Use is what one client has called one action for.
type Use struct {
	Client
	Tally

	Service, Action string
}

// Uses groups events by client, service and action. They are ordered by the last use, then by the number of calls. User agents
// are compared as they are: an operator searches logs for them.
func Uses(events []Event) []Use {
	index := map[Use]int{}
	var uses []Use
	for _, e := range events {
		use := Use{Client: Client{e.SourceIP, e.UserAgent}, Service: e.Service, Action: e.Action}
		i, ok := index[use]
		if !ok {
			i = len(uses)
			index[use], uses = i, append(uses, use)
		}
		once := Tally{Count: 1, FirstSeen: e.At, LastSeen: e.At}
		if e.Failed {
			once.ErrorCount = 1
		}
		uses[i].add(once)
	}
	slices.SortFunc(uses, func(a, b Use) int {
		return cmp.Or(a.Tally.compare(&b.Tally), a.Client.compare(b.Client), strings.Compare(a.name(), b.name()))
	})
	return uses
}

func (u *Use) name() string { return u.Service + ":" + u.Action }

// Caller is a client with all that it has called.
type Caller struct {
	Client
	Tally

	// Actions are such as "ec2:DescribeInstances", the last used first.
	Actions []string
}

// Callers groups the uses by client, in the order of Uses.
func Callers(uses []Use) []Caller {
	index := map[Client]int{}
	var callers []Caller
	for _, use := range uses {
		i, ok := index[use.Client]
		if !ok {
			i = len(callers)
			index[use.Client], callers = i, append(callers, Caller{Client: use.Client})
		}
		callers[i].add(use.Tally)
		callers[i].Actions = append(callers[i].Actions, use.name())
	}
	slices.SortFunc(callers, func(a, b Caller) int {
		return cmp.Or(a.Tally.compare(&b.Tally), a.Client.compare(b.Client))
	})
	return callers
}
