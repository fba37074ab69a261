package trail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

// event is a call an hour count after the start, such as "10.0.0.1 boto ec2 Run" or, if it failed, "10.0.0.1 boto ec2 Run !".
func event(hour int, text string) trail.Event {
	f := strings.Fields(text)
	return trail.Event{
		At: start.Add(time.Duration(hour) * time.Hour), SourceIP: f[0], UserAgent: f[1], Service: f[2], Action: f[3], Failed: len(f) == 5,
	}
}

func showTally(t trail.Tally) string {
	return fmt.Sprintf("%d-%d x%d !%d", int(t.FirstSeen.Sub(start).Hours()), int(t.LastSeen.Sub(start).Hours()), t.Count, t.ErrorCount)
}

func TestUses(t *testing.T) {
	t.Parallel()
	events := []trail.Event{
		event(1, "10.0.0.2 boto ec2 Run"),
		event(5, "10.0.0.1 boto ec2 Run !"),
		event(3, "10.0.0.1 boto ec2 Run"),
		event(5, "10.0.0.1 cli ec2 Run"),
		event(9, "10.0.0.1 boto ses Run"),
		event(5, "10.0.0.1 boto ec2 Halt"),
		event(4, "10.0.0.1 boto ec2 Run !"),
		event(7, "10.0.0.2 boto ec2 Run"),
	}
	want := []string{
		"10.0.0.1 boto ses Run 9-9 x1 !0",
		"10.0.0.2 boto ec2 Run 1-7 x2 !0",
		"10.0.0.1 boto ec2 Run 3-5 x3 !2",
		"10.0.0.1 boto ec2 Halt 5-5 x1 !0",
		"10.0.0.1 cli ec2 Run 5-5 x1 !0",
	}
	wantCallers := []string{
		"10.0.0.1 boto [ses:Run ec2:Run ec2:Halt] 3-9 x5 !2",
		"10.0.0.2 boto [ec2:Run] 1-7 x2 !0",
		"10.0.0.1 cli [ec2:Run] 5-5 x1 !0",
	}
	for n := range events {
		shuffled := slices.Concat(events[n:], events[:n])
		slices.Reverse(shuffled[:n])
		uses := trail.Uses(shuffled)
		var got, gotCallers []string
		for _, u := range uses {
			got = append(got, fmt.Sprintf("%s %s %s %s %s", u.SourceIP, u.UserAgent, u.Service, u.Action, showTally(u.Tally)))
		}
		for _, c := range trail.Callers(uses) {
			gotCallers = append(gotCallers, fmt.Sprintf("%s %s %v %s", c.SourceIP, c.UserAgent, c.Actions, showTally(c.Tally)))
		}
		if !slices.Equal(got, want) || !slices.Equal(gotCallers, wantCallers) {
			t.Fatalf("uses\n%s\ncallers\n%s", strings.Join(got, "\n"), strings.Join(gotCallers, "\n"))
		}
	}
}

func TestUses_none(t *testing.T) {
	t.Parallel()
	if uses := trail.Uses(nil); len(uses) != 0 || len(trail.Callers(uses)) != 0 {
		t.Errorf("got %v", uses)
	}
}

func TestClient_IsProvider(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]bool{
		"APN/1.0 iamkeys/1.0 terraform-provider-iamkeys/1.2.3 (+https://example.com) aws-sdk-go-v2/1.47": true,
		"[terraform-provider-iamkeys/1.2.3 aws-sdk-go-v2/1.47]":                                          true,
		"terraform-provider-iamkeys":                     false,
		"my-terraform-provider-iamkeys/1.2.3":            false,
		"APN/1.0 HashiCorp/1.0 terraform-provider-aws/6": false,
		"": false,
	} {
		if got := (trail.Client{UserAgent: agent}).IsProvider(); got != want {
			t.Errorf("%q: %t", agent, got)
		}
	}
}
