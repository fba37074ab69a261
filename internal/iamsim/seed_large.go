package iamsim

import (
	"fmt"
	"time"
)

// LargeAccount returns users as of now for tests of audits at scale. For 10,000 users they have 12,000 keys: 500 users have none, and
// 2,500 have two.
//
// Of all keys, one for each hundred users is older than 90 days and in use; of these, every second one was deactivated and
// reactivated within the last 90 days. Another one for each hundred is unused for 45 days, beside a second key that is in use; every
// second one was never used. All other keys are younger and in use. One user in ten is younger than 90 days, too.
func LargeAccount(users int, now time.Time) []SeedUser {
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	inUse := func(age, i int) SeedKey {
		return SeedKey{CreatedAt: ago(age), LastUsedAt: ago(i % min(age, 30)), Service: "s3", Region: "eu-central-1"}
	}
	account := make([]SeedUser, users)
	for i := range account {
		u := SeedUser{Name: fmt.Sprintf("service-%05d", i), Path: fmt.Sprintf("/team-%02d/", i%50), CreatedAt: ago(400)}
		switch {
		case i%100 == 2:
			old := inUse(91+i%300, i)
			if i%200 == 102 {
				old.DeactivatedAt, old.ReactivatedAt = ago(40), ago(30)
			}
			u.Keys = []SeedKey{old}
		case i%100 == 5:
			unused := SeedKey{CreatedAt: ago(80)}
			if i%200 == 105 {
				unused.LastUsedAt, unused.Service, unused.Region = ago(60), "ec2", "us-east-1"
			}
			u.Keys = []SeedKey{unused, inUse(1+i%30, i)}
		case i%20 == 0:
		case i%4 == 1:
			u.Keys = []SeedKey{inUse(40+i%49, i), inUse(1+i%30, i)}
		default:
			u.Keys = []SeedKey{inUse(1+i%89, i)}
		}
		if i%10 == 7 {
			u.CreatedAt = ago(89)
		}
		account[i] = u
	}
	return account
}
