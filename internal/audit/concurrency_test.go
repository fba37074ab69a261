package audit_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// heldAccount answers ListAccessKeys only when it is released.
type heldAccount struct {
	*account

	held    atomic.Int32
	release chan struct{}
}

func (a *heldAccount) ListAccessKeys(ctx context.Context, name string) ([]iamgate.AccessKey, error) {
	a.held.Add(1)
	<-a.release
	a.held.Add(-1)
	return a.account.ListAccessKeys(ctx, name)
}

// TestRun_concurrent has eight users looked at concurrently, and never more.
func TestRun_concurrent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &heldAccount{account: present(), release: make(chan struct{})}
		const count = 20
		for i := range count {
			a.old(fmt.Sprintf("u%02d", i), ago(day))
		}
		var result audit.Result
		var err error
		go func() { result, err = audit.Run(t.Context(), a, audit.Query{}) }()
		for answered := range count {
			synctest.Wait()
			if got, want := int(a.held.Load()), min(8, count-answered); got != want {
				t.Errorf("%d users looked at concurrently after %d, want %d", got, answered, want)
			}
			a.release <- struct{}{}
		}
		synctest.Wait()
		if err != nil || len(result.Keys) != count {
			t.Errorf("%d keys, %v, want %d", len(result.Keys), err, count)
		}
	})
}
