package iamsim_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestLog(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	var seen []iamsim.Call
	s.OnCall(func(c iamsim.Call) {
		seen = append(seen, c)
		if c.Action == "CreateAccessKey" {
			s.Advance(time.Hour) // between arrival and execution
		}
	})
	c := newClient(s, s.Root())
	noError(t, create(t.Context(), c, "ann"))
	wantError(t, create(t.Context(), c, "nobody"), 404, "NoSuchEntity")

	key := s.Keys("ann")[0]
	if !key.CreatedAt.Equal(start.Add(time.Hour)) {
		t.Errorf("created %v", key.CreatedAt)
	}
	log := s.Log()
	if len(log) != 2 || len(seen) != 2 {
		t.Fatalf("%d calls logged, %d seen", len(log), len(seen))
	}
	first := log[0]
	if first.N != 1 || first.Action != "CreateAccessKey" || first.Service != "iam" || first.User != "ann" || first.KeyID != key.ID ||
		first.SigningKeyID != s.Root().AccessKeyID || first.Status != 200 || !first.At.Equal(start) ||
		len(first.Params) != 1 || first.Params["UserName"] != "ann" {
		t.Errorf("first call %+v", first)
	}
	if log[1].N != 2 || log[1].Status != 404 || log[1].Code != "NoSuchEntity" || log[1].KeyID != "" {
		t.Errorf("second call %+v", log[1])
	}
	if seen[0].Status != 0 || seen[0].KeyID != "" || seen[0].N != 1 {
		t.Errorf("seen before: %+v", seen[0])
	}
	s.ResetLog()
	noError(t, whoAmI(t.Context(), c))
	if log := s.Log(); len(log) != 1 || log[0].N != 1 {
		t.Errorf("after a reset: %+v", log)
	}
}
