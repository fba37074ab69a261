// Package credreport parses the credential report of an AWS account: a CSV file with a row for the root user and for each IAM user.
//
// Columns are found by name, so that their order does not matter and a new column does no harm. A report that is incomplete or
// contradicts itself is an error, never a shorter list of users: an audit must not pass because a row is missing. What this
// package cannot notice is a report cut off exactly between two rows.
//
// The dates of the report are as old as the report, and AWS creates a new one at most every four hours. It has no key ids.
//
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html.
package credreport

import "time"

// RootName is the name of the root user in a report. No IAM user can have it.
const RootName = "<root_account>"

// The limits of Parse.
const (
	// MaxSize is the size in bytes of the largest report.
	MaxSize = 64 << 20
	// MaxUsers is the largest number of rows. AWS allows 5,000 users in an account.
	MaxUsers = 100_000
)

// Report is a parsed credential report.
type Report struct {
	// Users has the root user and all IAM users, in the order of the report: AWS puts the root user first, then the others by name,
	// without regard to case.
	Users []User
	// UnknownColumns are the names of the columns that this package does not know, in the order of the report. It does not read them.
	UnknownColumns []string
	// MissingColumns are the names of the documented columns that the report lacks, in the order of the documentation. What they
	// would say is Unknown or zero for every user. Columns without which keys cannot be judged are never among them: Parse fails.
	MissingColumns []string
}

// Root returns the row of the root user. Every parsed report has one.
func (r Report) Root() User {
	for _, u := range r.Users {
		if u.Root {
			return u
		}
	}
	return User{}
}

// User is a row of the report. All times are in UTC.
type User struct {
	// Name is RootName for the root user.
	Name string
	ARN  string
	Root bool
	// CreatedAt is when the user was created; for the root user, when the account was.
	CreatedAt time.Time
	Password  Password
	// MFAActive reports whether the user has a multi-factor authentication device.
	MFAActive Flag
	// Keys are the access keys in the two slots of the report. The first is not always the older one.
	Keys [2]Key
	// Certificates are the X.509 signing certificates in the two slots of the report.
	Certificates [2]Certificate
	// Additional is AWS's note that the user has more than two keys or certificates, which this report does not show. Empty: no more.
	Additional string
}

// Password is what the report says about the console password of a user.
type Password struct {
	// Enabled is Unknown where AWS does not support the answer (not_supported), as for most root users.
	Enabled Flag
	// LastUsed is zero if the user has no password (N/A), or if AWS knows of no use since October 2014 (no_information): Enabled
	// distinguishes them.
	LastUsed time.Time
	// LastChanged is zero without a password (N/A) and for the root user (not_supported).
	LastChanged time.Time
	// NextRotation is when the password policy of the account demands a new password. It is zero without a password or such a
	// policy (N/A) and for the root user (not_supported).
	NextRotation time.Time
}

// Key is what the report says about an access key. The zero value is a slot without a key.
type Key struct {
	// Active is false for an Inactive key and for a slot without a key: see Exists.
	Active bool
	// LastRotated is when the key was created or last changed, so that a key may be older than that, and never is younger. A change of
	// status is a change. It is zero if there is no key (N/A).
	LastRotated time.Time
	// LastUsed is zero if the key was never used, or not since AWS recorded it (April 2015).
	LastUsed time.Time
	// LastUsedRegion and LastUsedService are empty if LastUsed is zero. LastUsedRegion is also empty for a service without
	// Regions.
	LastUsedRegion  string
	LastUsedService string
}

// Exists reports whether there is a key in the slot. An Inactive key is one with a date of rotation.
func (k Key) Exists() bool { return k.Active || !k.LastRotated.IsZero() }

// Certificate is what the report says about an X.509 signing certificate.
type Certificate struct {
	// Active is False for an inactive certificate and for a slot without a certificate.
	Active Flag
	// LastRotated is when the certificate was created or last changed; zero if there is none (N/A).
	LastRotated time.Time
}

// Flag is a value that the report may leave open.
type Flag uint8

// The values of a Flag.
const (
	// Unknown means that the report does not say: not_supported, no_information, N/A, or a missing column.
	Unknown Flag = iota
	False
	True
)
