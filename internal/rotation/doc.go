// Package rotation holds the rules by which the access keys of an IAM user are rotated and retired, as pure functions.
//
// The package does not talk to AWS, does not ask for the time, and knows neither Terraform nor any secret. Decide takes the
// configured policy, what the state recorded, what IAM showed and the instant of that look, and returns the steps that an apply
// should take, in order. Judge does the same for a plan that changes the policy, by what an earlier look found. Confirm takes steps
// that were planned earlier and a later look, and reports whether each of them is still right. After returns the record, or the
// observation, that follows from a step. All instants are AWS's time.
//
// Values that saved plans and private states hold are marked "Persisted". Data that an earlier version wrote must stay readable.
//
// # Words
//
// Current is the key that users should use now. Previous is the key that current replaced, while IAM still has it. The
// overlap is how long previous stays Active after a rotation. The grace is how long previous stays Inactive before it is
// deleted. To retire a key is to deactivate it, wait for the grace and delete it. The handover has happened when somebody, and not
// only our own proof that current works, has used current since it replaced previous. An unmanaged key is a key of the user that is
// neither current nor previous. A user has two slots for keys. A key is unused for a duration when IAM shows no use within it; a
// key that was never used counts from its creation.
//
// A request is a step that a changed value asks for. A pending request could not be done yet and is remembered. A recording is a step
// that changes the record alone. Every other step is clock-driven.
//
// # Rules
//
// 0. Unknown is not absent. A last use that IAM does not show is unknown. It stops the clock-driven retirement of that key, with
// CauseUnknownUse, even where RequireUnusedFor is zero. Where the last use of current is unknown, so is the handover. New keys, the
// deletion of an Inactive previous for a request, and revokes do not need a last use. For five minutes after a step of ours, a status
// of previous that contradicts the step may be a stale read. Previous is then neither recorded nor retired, and is no Active key
// beside another one. It makes room under a revoke alone, and a rollback still reactivates it. Where nothing proves what became of the
// user (UserUnknown), nothing is planned but the recording of a request: a request to rotate is pending, a revoke is refused, and a
// rollback is said to wait. What is due as far as an earlier look showed is blocked with CauseUnknownUser. That recording stays right
// at apply, and no other planned step does.
//
// 1. What is there. A previous that is gone is removed from the record. A current that is gone or Inactive makes a clock-driven
// rotation due. An Inactive current is never reactivated, since somebody had a reason to deactivate it. A current younger than five
// minutes that is not listed is reported and never rotated. When current is gone, previous stays previous. Its overlap starts again at
// that rotation, or its grace if it is Inactive. What must last is a recording: that previous is gone, that somebody changed the
// status of previous or of current, that the user was renamed, and what a pending request asks for. Recordings are taken while paused,
// beside an edited policy, and before the first apply after an import. The recorded deactivation of previous begins its grace, and the
// recorded reactivation a new overlap.
//
// 2. Proof first. The caller compares account and user before it reports that current is not listed. Recreated reports that the name
// now belongs to another user, which makes a rotation due.
//
// 3. Deactivate previous when it is Active, current is listed and Active, the overlap is over, and previous is unused for
// RequireUnusedFor. With WaitForHandover previous also waits for the handover. A use of current by STS within 15 minutes of its
// creation, or of SignedAt, is our own proof and no handover. There are two exceptions from the handover, and none from the other
// conditions. First, the next rotation by age is no further off than the grace and two applies, so that keys which nobody uses still
// rotate. Second, previous is within two applies of MaxAge, and was not yet when its overlap began. Decision.RetirementBlocked says
// what a due deactivation waits for.
//
// 4. Delete previous when it is Inactive and the grace has passed since its deactivation and since its last use. There is one
// exception, for those who apply rarely. When a rotation is due and previous is Active past the overlap and the grace together, it may
// be deleted without the Inactive step. It must not have been used since the end of its overlap, nor within RequireUnusedFor or the
// grace. With WaitForHandover the handover must have happened; the exceptions of rule 3 do not count.
//
// 5. Rotate at Record.RotateAt, which counts from the recorded creation of current. The interval is RotateAfter, or, without it, what
// MaxAge leaves for the overlap, RequireUnusedFor and three applies. RotationSpread makes the date earlier by a hash of the user's
// unique id. A key whose date precedes ManagedSince is due after ManagedSince: by the hash within what was left of the interval, or
// within RotationSpread if nothing was left. Rotate also when a value of RotateWhenChanged was added or changed, but not when one was
// removed, and not at the first apply after an import. Rotate when Recipients changed and differ from those that the secret of current
// is encrypted to, while only the ciphertext is known. That is never so for an imported key. Last, rotate by rule 1. If a slot is
// free, nothing is deleted. Otherwise rule 4 or 6 makes room. From SealableUntil on no key is created, since its secret could not be
// encrypted, and nothing is deleted to make room. Create and revokes are refused, requests become pending, and a clock-driven rotation
// is blocked. Rules 3 and 4 still retire previous, without the exception of rule 4.
//
// 6. No free slot. A clock-driven rotation is blocked, and Decision.Blocked says why and until when. But if current is Inactive or
// gone and previous is Inactive, previous may be deleted at once. A request deletes previous if it is Inactive. It deletes an Active
// previous that is past its overlap, unused for RequireUnusedFor and, with WaitForHandover, handed over; the exceptions of rule 3 do
// not count. It never deletes an adopted previous, except as rule 4 does. A request that can't be met becomes pending: a recording
// names it in Record.Request, and from then on a rotation is due, clock-driven like one by age. Any new key answers it. It is
// withdrawn when no entry that asked remains and the recipients are again those of the sealed secret. If current is Inactive and
// previous or an unmanaged key keeps the other slot, current makes room, once the grace has passed since it was recorded as Inactive.
// Under a revoke an Inactive managed key makes room at once. The only Active key of the user is never removed to make room.
//
// 7. Unmanaged keys. RefuseUnmanaged: a rotation that needs the slot is blocked as in rule 6. RetireUnmanaged: the oldest unmanaged
// key is adopted as previous at create, or as soon as it is seen while there is no previous. Only rules 3 and 4 retire an adopted key;
// an Inactive one makes room under a revoke, too. DeleteUnused: the key is deleted when its slot is needed, if nobody ever used it; a
// use that proves that a new key works does not count, except at create, where it may be the proof of another resource. The only Active
// key of the user stays even then. No other unmanaged key is ever
// touched, and a key that another resource manages (Key.Other) is neither adopted nor deleted.
//
// 8. Hold, pause, revoke. HoldPrevious exempts previous from rules 3, 4 and 6; a request that needs its slot is pending. Setting it
// reactivates previous once, if this resource itself had deactivated it. Paused stops every clock-driven step. A revoke overrides the
// overlap, RequireUnusedFor, WaitForHandover, HoldPrevious and Paused: a new key is created first, then every older managed key is
// deactivated and marked as revoked. A revoked key that is still Active is deactivated by the next apply, whatever it is for.
//
// 9. An apply does what its plan showed. If the policy differs from the recorded one, only recordings and requests are done, and no
// clock-driven step is taken. The durations of the edited policy count from the next plan on. A plan is made again at apply, so it
// must not depend on the time. Decide therefore returns, in Decision.Room, what a request to rotate would get now, and whether the
// list may be a stale read. Judge judges an edited policy by that, by the slots, by HoldPrevious and by UnmanagedKeys. Without any
// evidence nothing is deleted, and a request that needs a slot is pending. Steps are planned to a fixed point: after them Decide, at
// the same instant, returns none.
//
// 10. The order inside a rotation is the caller's. One rule applies here: a key is never retired at the instant of the rotation that
// replaced it, so that one apply never creates a key and removes the one that it replaces.
//
// 11. A key that signs our own requests, or that a role which does was assumed with, is never deactivated or deleted.
//
// 12. Nothing that blocks a clock-driven step or a request to rotate is an error. Only a create and a revoke can be refused. Of
// several causes a blocked rotation names the first of: unknown user, signer, expired recipients, young current, hold, paused,
// unmanaged, adopted, overlap, stale read, grace, unknown use, use, handover. A blocked retirement names the first of: unknown user,
// signer, revoked key still Active, hold, paused, handover, unknown use, use. The cause thus stays the same while it lasts.
package rotation
