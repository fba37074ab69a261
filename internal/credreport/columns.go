package credreport

import (
	"strings"
	"time"
)

// column is a documented column: how its value is stored in a User.
type column struct {
	name string
	// essential: without it keys cannot be judged.
	essential bool
	// rare: AWS documents the column, but its reports lack it.
	rare bool
	// set stores a value, and reports whether it has the form of the column.
	set func(u *User, value string, texts texts) bool
}

// columns are all documented columns, in the order of the documentation.
var columns = []column{
	{name: "user", essential: true, set: func(u *User, value string, _ texts) bool {
		u.Name, u.Root = value, value == RootName
		return value != ""
	}},
	{name: "arn", essential: true, set: func(u *User, value string, _ texts) bool {
		u.ARN = value
		return strings.HasPrefix(value, "arn:")
	}},
	date("user_creation_time", true, func(u *User) *time.Time { return &u.CreatedAt }),
	flag("password_enabled", func(u *User) *Flag { return &u.Password.Enabled }),
	date("password_last_used", false, func(u *User) *time.Time { return &u.Password.LastUsed }),
	date("password_last_changed", false, func(u *User) *time.Time { return &u.Password.LastChanged }),
	date("password_next_rotation", false, func(u *User) *time.Time { return &u.Password.NextRotation }),
	flag("mfa_active", func(u *User) *Flag { return &u.MFAActive }),
	keyActive("access_key_1_active", 0),
	date("access_key_1_last_rotated", true, func(u *User) *time.Time { return &u.Keys[0].LastRotated }),
	date("access_key_1_last_used_date", true, func(u *User) *time.Time { return &u.Keys[0].LastUsed }),
	text("access_key_1_last_used_region", func(u *User) *string { return &u.Keys[0].LastUsedRegion }),
	text("access_key_1_last_used_service", func(u *User) *string { return &u.Keys[0].LastUsedService }),
	keyActive("access_key_2_active", 1),
	date("access_key_2_last_rotated", true, func(u *User) *time.Time { return &u.Keys[1].LastRotated }),
	date("access_key_2_last_used_date", true, func(u *User) *time.Time { return &u.Keys[1].LastUsed }),
	text("access_key_2_last_used_region", func(u *User) *string { return &u.Keys[1].LastUsedRegion }),
	text("access_key_2_last_used_service", func(u *User) *string { return &u.Keys[1].LastUsedService }),
	flag("cert_1_active", func(u *User) *Flag { return &u.Certificates[0].Active }),
	date("cert_1_last_rotated", false, func(u *User) *time.Time { return &u.Certificates[0].LastRotated }),
	flag("cert_2_active", func(u *User) *Flag { return &u.Certificates[1].Active }),
	date("cert_2_last_rotated", false, func(u *User) *time.Time { return &u.Certificates[1].LastRotated }),
	{name: "additional_credentials_info", rare: true, set: func(u *User, value string, texts texts) bool {
		if !isOpen(value) {
			u.Additional = texts.keep(value)
		}
		return true
	}},
}

// isOpen reports whether value is one of those by which a report says that there is nothing to say.
func isOpen(value string) bool {
	return value == "N/A" || value == "no_information" || value == "not_supported"
}

// date is a column of dates in the form of RFC 3339.
func date(name string, essential bool, field func(*User) *time.Time) column {
	return column{name: name, essential: essential, set: func(u *User, value string, _ texts) bool {
		if isOpen(value) {
			return true
		}
		at, err := time.Parse(time.RFC3339, value)
		if err != nil || at.IsZero() {
			return false
		}
		*field(u) = at.UTC()
		return true
	}}
}

// flag is a column of TRUE and FALSE. AWS's own reports have them in lower case.
func flag(name string, field func(*User) *Flag) column {
	return column{name: name, set: func(u *User, value string, _ texts) bool {
		switch {
		case strings.EqualFold(value, "true"):
			*field(u) = True
		case strings.EqualFold(value, "false"):
			*field(u) = False
		default:
			return isOpen(value)
		}
		return true
	}}
}

// keyActive is the column of the status of a key. There the report leaves nothing open: an Active key must not pass for none.
func keyActive(name string, slot int) column {
	return column{name: name, essential: true, set: func(u *User, value string, _ texts) bool {
		u.Keys[slot].Active = strings.EqualFold(value, "true")
		return u.Keys[slot].Active || strings.EqualFold(value, "false")
	}}
}

// text is a column of words that many rows share.
func text(name string, field func(*User) *string) column {
	return column{name: name, set: func(u *User, value string, texts texts) bool {
		if !isOpen(value) {
			*field(u) = texts.keep(value)
		}
		return true
	}}
}

// texts holds one copy of each word that many rows share.
type texts map[string]string

func (t texts) keep(value string) string {
	kept, ok := t[value]
	if !ok {
		kept = strings.Clone(value)
		t[kept] = kept
	}
	return kept
}
