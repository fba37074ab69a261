package iamsim

import "testing"

func TestAccountOf(t *testing.T) {
	t.Parallel()
	for _, account := range []string{"000000000000", "000000000001", "123456789012", "999999999999"} {
		for range 100 {
			id := newAccessKeyID("AKIA", account)
			if got, ok := accountOf(id); !ok || got != account {
				t.Fatalf("%s: account %s, want %s", id, got, account)
			}
		}
	}
	for _, id := range []string{"", "AKIA", "AKIA0000000000000000", "AKIAAAAAAAAAAAAAAAAAA"} {
		if got, ok := accountOf(id); ok {
			t.Errorf("%q: account %s", id, got)
		}
	}
}

// The id is one of AWS, published with its account in descriptions of the format.
func TestAccountOf_published(t *testing.T) {
	t.Parallel()
	if got, ok := accountOf("ASIAQNZGKIQY56JQ7WML"); !ok || got != "029608264753" {
		t.Errorf("account %s", got)
	}
}
