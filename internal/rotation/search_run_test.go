package rotation_test

import "github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"

// run takes the steps of an apply, in the order in which the provider takes them: a key is created before the deletions that are to
// make room for it, as far as IAM allows.
type run struct {
	*explorer
	*apply
	start *apply
	// follow reports whether each way to fail is followed.
	follow bool
	// freed is the key that somebody deletes before the creation; -1 for none.
	freed int
	done  int
}

func deletes(s rotation.Step) bool {
	return s.Kind == rotation.DeletePrevious || s.Kind == rotation.DeleteCurrent || s.Kind == rotation.DeleteUnmanaged
}

// makesRoom reports whether the first of the steps is a deletion for which a rotation follows, at once or after others like it.
func makesRoom(steps []rotation.Step) bool {
	for i, s := range steps {
		if !deletes(s) {
			return i > 0 && s.Kind == rotation.Rotate
		}
	}
	return false
}

func (r *run) steps(left []rotation.Step) violation {
	for i, step := range left {
		if makesRoom(left[i:]) {
			r.room = append(r.room, step)
			continue
		}
		r.stop()
		take := r.take
		if step.Kind == rotation.Rotate {
			take = r.rotate
		}
		if v := take(step); v != (violation{}) {
			return v
		}
	}
	return violation{}
}

// stop follows what happens if the next step fails, a creation that is denied, for example.
func (r *run) stop() {
	if r.follow && r.done > 0 {
		r.emit(r.fail(), move{kind: stops, steps: r.done})
	}
}

func (r *run) take(step rotation.Step) violation {
	last := r.clone()
	return r.perform(step).and(r.died(last))
}

// died follows what happens if the process is killed now, and judges it.
func (r *run) died(last *apply) violation {
	r.done++
	if !r.follow {
		return violation{}
	}
	crashed, whole := r.crash(last), r.crash(r.start)
	if v := r.judgeCrash(crashed).and(r.judgeCrash(whole)); v != (violation{}) {
		return v
	}
	r.emit(crashed, move{kind: crashes, steps: r.done})
	if r.done > 1 {
		r.emit(whole, move{kind: crashesWhole, steps: r.done})
	}
	return violation{}
}

// rotate creates a key. If IAM has no room for it, the planned deletions come first; otherwise they come after the proof.
func (r *run) rotate(step rotation.Step) violation {
	planned := r.sim
	if r.freed >= 0 {
		r.sim.remove(r.freed)
	}
	r.answered = true
	if r.sim.free() >= 0 && len(r.room) > 0 {
		return r.rotateBeside(step, planned)
	}
	for _, room := range r.room {
		if v := r.take(room); v != (violation{}) {
			return v
		}
		r.stop()
	}
	r.room = nil
	return r.take(step)
}

// rotateBeside creates a key and then deletes those that were to make room. The state gets the new key at once, and is as after the
// planned order at the end.
func (r *run) rotateBeside(step rotation.Step, planned simulation) violation {
	out := r.outcome()
	rec, seen := r.rec, r.seen
	for _, room := range r.room {
		rec, seen = rec.After(room, seen, out), seen.After(room, out)
	}
	rec = rec.After(step, seen, out)
	r.forget()
	if v := r.take(step); v != (violation{}) {
		return v
	}
	for _, room := range r.room {
		if !r.holds(room.Key) {
			continue
		}
		r.stop()
		last := r.clone()
		if v := r.call(room).and(last.judgeDeletedBeside(room, planned)).and(r.died(last)); v != (violation{}) {
			return v
		}
	}
	r.room, r.rec = nil, rec
	r.readBack()
	return violation{}
}

// forget drops the published key if it is to be deleted: somebody had deactivated it, and the state that is saved with the new key has
// it no more.
func (r *run) forget() {
	for i, id := range r.ids {
		if k := &r.sim.keys[i]; k.published && r.makesRoomWith(id) {
			k.published, r.sim.brokenByOthers = false, true
		}
	}
}

// judgeDeletedBeside judges a deletion that follows the new key by what was true before.
func (a *apply) judgeDeletedBeside(step rotation.Step, planned simulation) violation {
	for i, id := range a.ids {
		if id == step.Key {
			return a.judgeRetired(planned.keys[i], gone, planned)
		}
	}
	return violation{}
}
