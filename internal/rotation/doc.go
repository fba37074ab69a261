// Package rotation holds the rules by which an IAM user's access keys are rotated and retired, as pure functions.
//
// Nothing here talks to AWS or asks for the time. Decide takes the configured policy, what the state recorded, what IAM
// showed and the instant of that look, and returns the steps that an apply should take, in order. Confirm takes steps
// that were planned earlier and a fresh look, and tells whether each of them is still right. After moves a record over
// a step that was taken. All instants are AWS's time.
//
// # Words
//
// Current is the key that users should use now. Previous is the key that current replaced, while IAM still has it. The
// overlap is how long previous stays Active after a rotation. The grace is how long it stays Inactive before it is
// deleted. An unmanaged key is a key of the user that is neither. A request is a step that a changed value asks for;
// every other step is clock-driven. A key is unused for w when IAM shows no use within w; a key that was never used
// counts from its creation.
//
// # Rules
//
//  1. What is there. A previous that is gone is forgotten. A current that is gone or Inactive makes a rotation due,
//     clock-driven; an Inactive current is never reactivated, since somebody had a reason. A current younger than five
//     minutes that is not listed is reported and never rotated. When current is gone, previous stays previous, and its
//     overlap, or its grace if it is Inactive, starts again at that rotation. A status of previous that somebody
//     changed is recorded in a step of its own: the time of the deactivation, or a new overlap for a reactivation.
//  2. Proof first. The caller compares account and user before it says that current is not listed; Recreated tells that
//     the name now belongs to another user, which makes a rotation due.
//  3. Deactivate previous when it is Active, current is listed and Active, the overlap is over and previous is unused for
//     RequireUnusedFor. If it was used more recently, wait and say so.
//  4. Delete previous when it is Inactive and the grace has passed since the later of its deactivation and its last use.
//     One exception: when a rotation is due and previous is Active past overlap and grace together, it may be deleted
//     without the Inactive step if it was not used since the end of its overlap and is unused for RequireUnusedFor.
//  5. Rotate when current is as old as RotateAfter, when RotateWhenChanged gained or changed a value (not when it lost
//     one, and not at the first apply after an import), when Recipients changed while only the ciphertext of current's
//     secret is at hand (a request; plaintext is sealed anew without a rotation, and the secret of an imported key was
//     never at hand), or by rule 1. With a free slot nothing is deleted; otherwise previous goes first if rule 4 allows.
//     From SealableUntil on no key is made, since its secret could not be sealed: create and requests are refused, a
//     clock-driven rotation is blocked, and nothing is deleted to make room. Previous retires as ever by rules 3 and 4,
//     the exception of rule 4 aside, and a revoked key that is still Active is deactivated.
//  6. No free slot. Clock-driven: the rotation is blocked, and Decision.Blocked says why and until when; with current
//     Inactive or gone and previous Inactive, previous may go at once. A request deletes previous if it is Inactive, or
//     past its overlap and unused for RequireUnusedFor, and not adopted; otherwise Decision.Refused says what to change.
//     With current Inactive and previous Active it is current that makes room, once it has been Inactive for the grace
//     since that was recorded. The only Active key of the user is never removed to make room, what an interrupted revoke
//     left aside (rule 7).
//  7. Unmanaged keys. RefuseUnmanaged: if the slot is needed, blocked as in rule 6. RetireUnmanaged: adopted as previous
//     at create, or as soon as it is seen with no previous; an adopted key leaves only by rules 3 and 4. DeleteUnused:
//     deleted when its slot is needed, if it was never used, or only by the proof that a new key works. The only Active
//     key of the user stays even then, with one exception: when a revoke is asked for, current is listed and Inactive,
//     and the key was created after the recorded current. A revoke that was killed after it deactivated current, and
//     before the state was saved, leaves just that: nobody has the secret of the key, and the revoke would be refused for
//     ever. A key that somebody made by hand after current, and that nobody has used yet, looks the same and goes too. No
//     other unmanaged key is ever touched.
//  8. Hold, pause, revoke. HoldPrevious keeps previous out of rules 3, 4 and 6; setting it reactivates previous once, if
//     this resource itself had deactivated it. Paused stops every clock-driven step. A revoke beats overlap, guard, hold
//     and pause: a new key first, then every older managed key is deactivated and marked revoked. A revoked key that is
//     still Active is deactivated by whatever apply comes next.
//  9. An apply does what its plan showed. A policy that differs from the recorded one takes requests only, no
//     clock-driven step. Steps are planned to a fixed point: after them Decide, at the same instant, returns nothing.
//  10. The order inside a rotation is the caller's, with one rule here: a key is never retired at the very instant of the
//     rotation that replaced it, so that one apply never makes a key and removes the one it replaces.
//  11. The key that signs our own requests is never deactivated or deleted.
//  12. What blocks a clock-driven step is never an error. Only a request can be refused.
package rotation
