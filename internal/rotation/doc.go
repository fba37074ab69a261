// Package rotation holds the rules by which the access keys of an IAM user are rotated and retired, as pure functions.
//
// The package does not talk to AWS, does not ask for the time, and knows neither Terraform nor any secret. Decide takes the
// configured policy, what the state recorded, what IAM showed and the instant of that look, and returns the steps that an apply
// should take, in order. Confirm takes steps that were planned earlier and a later look, and reports whether each of them is
// still right. After returns the record, or the observation, that follows from a step. All instants are AWS's time.
//
// Values that saved plans and private states hold are marked "Persisted". Data that an earlier version wrote must stay readable.
//
// # Words
//
// Current is the key that users should use now. Previous is the key that current replaced, while IAM still has it. The
// overlap is how long previous stays Active after a rotation. The grace is how long previous stays Inactive before it is
// deleted. To retire a key is to deactivate it, wait for the grace and delete it. An unmanaged key is a key of the user that is
// neither current nor previous. A user has two slots for keys. A request is a step that a changed value asks for; every other
// step is clock-driven. A key is unused for a duration when IAM shows no use within it; a key that was never used counts from its
// creation.
//
// # Rules
//
//  1. What is there. A previous that is gone is removed from the record. A current that is gone or Inactive makes a clock-driven
//     rotation due. An Inactive current is never reactivated, since somebody had a reason to deactivate it. A current younger
//     than five minutes that is not listed is reported and never rotated. When current is gone, previous stays previous, and its
//     overlap starts again at that rotation, or its grace if it is Inactive. When somebody changed the status of previous, a
//     step of its own records that: the time of a deactivation, or a new overlap for a reactivation.
//  2. Proof first. The caller compares account and user before it reports that current is not listed. Recreated reports that the
//     name now belongs to another user, which makes a rotation due.
//  3. Deactivate previous when it is Active, current is listed and Active, the overlap is over, and previous is unused for
//     RequireUnusedFor. If previous was used more recently, wait and report it.
//  4. Delete previous when it is Inactive and the grace has passed since its deactivation and since its last use. There is one
//     exception, for those who apply rarely. When a rotation is due and previous is Active past the overlap and the grace
//     together, it may be deleted without the Inactive step, if it was not used since the end of its overlap and is unused for
//     RequireUnusedFor.
//  5. Rotate when current is as old as RotateAfter; when a value of RotateWhenChanged was added or changed (not when one was
//     removed, and not at the first apply after an import); when Recipients changed while only the ciphertext of current's
//     secret is known; or by rule 1. A change of Recipients is a request. It needs no rotation when the plaintext is known, which
//     is encrypted again, nor when current was imported, since its secret was never known. If a slot is free, nothing is
//     deleted. Otherwise previous is deleted first, if rule 4 allows it. From SealableUntil on no key is created, since its secret
//     could not be encrypted: create and requests are refused, a clock-driven rotation is blocked, and nothing is deleted to make
//     room. Rules 3 and 4 still retire previous, without the exception of rule 4, and a revoked key that is still Active is
//     deactivated.
//  6. No free slot. A clock-driven rotation is blocked, and Decision.Blocked says why and until when. But if current is Inactive
//     or gone and previous is Inactive, previous may be deleted at once. A request deletes previous if it is not adopted and is
//     either Inactive, or past its overlap and unused for RequireUnusedFor. Otherwise Decision.Refused says what to change. If
//     current is Inactive and previous is Active, current makes room instead, once the grace has passed since it was recorded as
//     Inactive. The only Active key of the user is never removed to make room, except for a key that an interrupted revoke left
//     (rule 7).
//  7. Unmanaged keys. RefuseUnmanaged: a rotation that needs the slot is blocked or refused as in rule 6. RetireUnmanaged: the key
//     is adopted as previous at create, or as soon as it is seen while there is no previous; only rules 3 and 4 retire an adopted
//     key. DeleteUnused: the key is deleted when its slot is needed, if nobody ever used it; a use that proves that a new key
//     works does not count. The only Active key of the user stays even then, with one exception: when a revoke is requested,
//     current is listed and Inactive, and the key was created after the recorded current. A revoke that was killed after it
//     deactivated current, and before the state was saved, leaves exactly that. Nobody has the secret of the key, and without
//     the exception the revoke would be refused forever. A key that somebody created by hand after current, and that nobody has
//     used yet, looks the same and is deleted too. No other unmanaged key is ever touched.
//  8. Hold, pause, revoke. HoldPrevious exempts previous from rules 3, 4 and 6. Setting it reactivates previous once, if this
//     resource itself had deactivated it. Paused stops every clock-driven step. A revoke overrides Overlap, RequireUnusedFor,
//     HoldPrevious and Paused: a new key is created first, then every older managed key is deactivated and marked as revoked. A
//     revoked key that is still Active is deactivated by the next apply, whatever it is for.
//  9. An apply does what its plan showed. If the policy differs from the recorded one, only requests are met, and no clock-driven
//     step is taken. Steps are planned to a fixed point: after them Decide, at the same instant, returns none.
//  10. The order inside a rotation is the caller's. One rule applies here: a key is never retired at the instant of the rotation
//     that replaced it, so that one apply never creates a key and removes the one that it replaces.
//  11. The key that signs our own requests is never deactivated or deleted.
//  12. Nothing that blocks a clock-driven step is an error. Only a request can be refused.
package rotation
