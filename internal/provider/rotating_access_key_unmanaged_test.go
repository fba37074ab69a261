package provider_test

import (
	"strings"
	"testing"
	"time"
)

// TestAccRotatingAccessKey_unmanagedRefuse leaves somebody else's key alone, and says what it is in the way of.
func TestAccRotatingAccessKey_unmanagedRefuse(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.foreign("theirs")
	s.write(byAge(nil), consumerHCL)
	s.applyNow(leftover("theirs", "Active, created 2026-01-01 00:00:00 UTC, never used"))
	s.says("neither another resource nor somebody else made it", deletion("theirs"), `unmanaged_keys = "delete_unused"`)
	s.did("create k1")
	s.steady()
	s.keys("theirs Active", "k1 Active")
	s.state(map[string]any{"previous": nil, "rotation_blocked": nil})
	s.Advance("90d-1s")
	s.steady()
	s.Advance("1s")
	s.steady(blockedBy(takenByTheirs))
	s.says(update("theirs", "Inactive"), deletion("theirs"), `unmanaged_keys to "retire"`, `"delete_unused"`)
	s.refresh(blockedBy(takenByTheirs))
	s.state(map[string]any{"rotation_blocked": takenByTheirs, "access_key_id": "k1", "previous": nil})
	s.use("theirs")
	s.setStatus("theirs", "Inactive")
	s.steady(blockedBy(taken("theirs", "Inactive, created 2026-01-01 00:00:00 UTC, last used at 2026-04-01 00:00:00 UTC by s3 in eu-west-1")))
	s.remove("theirs")
	s.step("create k2")
	s.state(map[string]any{"rotation_blocked": nil, "access_key_id": "k2"})
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_unmanagedTwo meets a user whose two slots are taken: a warning at plan, an error at apply.
func TestAccRotatingAccessKey_unmanagedTwo(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"refuse", "retire", "delete_unused"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.foreign("theirs")
			s.Advance("1d")
			s.foreign("others")
			s.use("theirs")
			s.use("others")
			s.write(unmanaged(mode), consumerHCL)
			const summary = `User "ci" already has 2 access keys, and no slot is free: ` +
				"theirs (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1); " +
				"others (Active, created 2026-01-02 00:00:00 UTC, last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1)"
			s.plan(2, "warning: "+summary)
			s.apply("warning: "+summary, "error: "+summary)
			s.says("No key is made and none is touched", "terraform import ADDRESS ci/others/theirs", update("theirs", "Inactive"), deletion("theirs"))
			s.did()
			s.keys("theirs Active", "others Active")
			s.handovers()
		})
	}
}

// TestAccRotatingAccessKey_unmanagedRetire adopts a key at create, and sees it out.
func TestAccRotatingAccessKey_unmanagedRetire(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.foreign("theirs")
	s.Advance("1h")
	s.write(unmanaged("retire"), consumerHCL)
	s.step("create k1")
	s.state(map[string]any{
		"access_key_id": "k1", "rotation_reason": "created", "previous.access_key_id": "theirs", "previous.secret_access_key": nil, "previous.status": "Active",
		"previous.adopted": true, "previous.revoked": false, "previous.created_at": "2026-01-01T00:00:00Z",
		"previous.replaced_at": "2026-01-01T01:00:00Z", "previous.deactivate_at": "2026-01-08T01:00:00Z", "previous.deactivated_at": nil,
	})
	s.Advance("1d")
	s.use("theirs")
	s.use("k1")
	s.Advance("7d")
	s.steady(waits("theirs", kept("theirs", "2026-01-02 01:00:00 UTC by s3 in eu-west-1", "2026-01-10 01:00:00 UTC")))
	s.Advance("1d")
	s.step("deactivate theirs")
	s.keys("theirs Inactive", "k1 Active")

	// Not even a request takes its place before its time.
	asked := unmanaged("retire").with(keyArgs{"rotate_when_changed": `{ a = "1" }`})
	s.write(asked, consumerHCL)
	s.plan(1, refusal("adopted key theirs leaves only when its overlap, guard and grace have passed"))
	s.says("Wait until it has left", deletion("theirs"))
	s.write(unmanaged("retire"), consumerHCL)
	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.step("delete theirs")
	s.write(asked, consumerHCL)
	s.step("create k2")
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_unmanagedRetireLater adopts a key that appears, and leaves it when the resource is destroyed.
func TestAccRotatingAccessKey_unmanagedRetireLater(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, unmanaged("retire"))
	s.Advance("1d")
	s.foreign("theirs")
	s.Advance("1d")
	s.plan(2)
	s.planned(map[string]any{
		"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Active",
		"previous.created_at": "2026-01-02T00:00:00Z", "previous.replaced_at": unknown, "previous.secret_access_key": nil,
	})
	s.apply()
	s.did()
	s.steady()
	s.state(map[string]any{
		"access_key_id": "k1", "version": 1767225600, "previous.access_key_id": "theirs", "previous.replaced_at": "2026-01-03T00:00:00Z",
		"previous.deactivate_at": "2026-01-10T00:00:00Z", "previous.adopted": true,
	})
	s.destroy(`warning: Adopted key theirs of user "ci" was left in IAM`)
	s.did("delete k1")
	s.keys("theirs Active")
}

// TestAccRotatingAccessKey_unmanagedRetireAfterRotation sees a key only when previous has gone: until then it waits.
func TestAccRotatingAccessKey_unmanagedRetireAfterRotation(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, unmanaged("retire"))
	s.remove("k1")
	s.foreign("theirs")
	s.step()
	s.state(map[string]any{"previous.access_key_id": "theirs", "previous.adopted": true, "previous.secret_access_key": nil})
	s.write(unmanaged("refuse"), consumerHCL)
	s.step()
	s.use("k2")
	s.Advance("8d")
	s.step("deactivate theirs")
}

// TestAccRotatingAccessKey_unmanagedDeleteUnused is about which keys delete_unused deletes, at create and at rotation.
func TestAccRotatingAccessKey_unmanagedDeleteUnused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// used is how long after its creation the key was used, by which service; zero is never.
		used    time.Duration
		service string
		status  string
		// state is what the plan says of the key that it deletes, and fact why one stays.
		state, fact string
	}{
		"never used":           {state: "Active, created 2026-01-01 00:00:00 UTC, never used"},
		"never used, Inactive": {status: "Inactive", state: "Inactive, created 2026-01-01 00:00:00 UTC, never used"},
		"proof only": {
			used: 15 * time.Minute, service: "sts",
			state: "Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:15:00 UTC by sts in us-east-1",
		},
		"sts a second after the proof": {
			used: 15*time.Minute + time.Second, service: "sts",
			fact: taken("theirs", "Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:15:01 UTC by sts in us-east-1"),
		},
		"another service at once": {
			used: time.Second, service: "s3",
			fact: taken("theirs", "Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in us-east-1"),
		},
		"another service at once, Inactive": {
			used: time.Second, service: "s3", status: "Inactive",
			fact: taken("theirs", "Inactive, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in us-east-1"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSteadyStory(t, unmanaged("delete_unused"))
			s.foreign("theirs")
			if test.service != "" {
				s.Sim.SetLastUsed(s.id("theirs"), s.Sim.Now().Add(test.used), test.service, "us-east-1")
			}
			status := "Active"
			if test.status != "" {
				status = test.status
				s.setStatus("theirs", status)
			}
			s.Advance("90d-1s")
			s.steady()
			s.Advance("1s")
			if test.state != "" {
				s.applyNow(displaced("theirs", test.state))
				s.did("delete theirs", "create k2")
				s.steady()
				s.keys("k1 Active", "k2 Active")
				s.handovers("k1", "k1 to k2")
				return
			}
			s.refresh(blockedBy(test.fact))
			s.state(map[string]any{"rotation_blocked": test.fact})
			s.keys("k1 Active", "theirs "+status)
		})
	}
	t.Run("at create", func(t *testing.T) {
		t.Parallel()
		s := newStory(t)
		s.foreign("theirs")
		s.Advance("1d")
		s.foreign("others")
		s.use("theirs")
		s.write(unmanaged("delete_unused"), consumerHCL)
		s.applyNow(displaced("others", "Active, created 2026-01-02 00:00:00 UTC, never used"))
		s.did("delete others", "create k1")
		s.steady()
		s.keys("theirs Active", "k1 Active")
		s.state(map[string]any{"previous": nil, "access_key_id": "k1"})
	})
	t.Run("with a free slot", func(t *testing.T) {
		t.Parallel()
		s := newStory(t)
		s.foreign("theirs")
		s.write(unmanaged("delete_unused"), consumerHCL)
		s.step("create k1")
		s.keys("theirs Active", "k1 Active")
	})
}

// TestAccRotatingAccessKey_planText looks for secrets in what people read, above all where a plan makes previous.
func TestAccRotatingAccessKey_planText(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, asking(`{ a = "1" }`))
	read := func(code int, args ...string) string {
		t.Helper()
		result := s.cli.Run(append(args, "-no-color")...)
		s.hides(result)
		if result.ExitCode != code {
			t.Fatalf("%q: exit code %d, want %d\n%s", args, result.ExitCode, code, result.Stderr)
		}
		return result.Stdout
	}
	s.Advance("90d")
	for _, text := range []string{read(2, "plan", "-detailed-exitcode", "-out="+savedPlan), read(0, "show", savedPlan)} {
		_, previous, found := strings.Cut(text, "+ previous ")
		if !found || !strings.Contains(spaces.ReplaceAllString(previous, " "), "+ secret_access_key = (sensitive value)") {
			t.Errorf("the plan does not show a sensitive secret of previous:\n%s", text)
		}
	}
	read(0, "apply", savedPlan)
	read(0, "show")
	s.did("create k2")
	s.unused("k1")
	s.Advance("8d")
	// Why the key is made is not known, so that previous as a whole is not.
	s.write(asking(`{ a = terraform_data.test.output }`), consumerHCL, dataHCL("2", "a"))
	read(2, "plan", "-detailed-exitcode", "-out="+savedPlan)
	read(0, "show", savedPlan)
	read(0, "apply", savedPlan)
	read(0, "show")
	s.did("delete k1", "create k3")
	read(0, "destroy", "-auto-approve")
	s.keys()
}
