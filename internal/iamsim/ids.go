package iamsim

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// An access key id contains its account: the 16 characters after the prefix are base32 of ten bytes. In the first 48 bits,
// bits 7 to 46 are the account's number, and bit 47 is set in ids created since 2019.
const (
	accountShift = 7
	accountMask  = 0x7fff_ffff_ff80
	recentBit    = 0x8000_0000_0000
)

func newAccessKeyID(prefix, account string) string {
	number, err := strconv.ParseUint(account, 10, 40)
	if err != nil {
		panic(fmt.Sprintf("iamsim: account id: %v", err)) // Start has checked it
	}
	var head [8]byte
	raw := randomBytes(10)
	copy(head[2:], raw[:6])
	bits := binary.BigEndian.Uint64(head[:])
	bits = bits&^accountMask | number<<accountShift | recentBit
	binary.BigEndian.PutUint64(head[:], bits)
	copy(raw, head[2:])
	return prefix + base32.StdEncoding.EncodeToString(raw)
}

// accountOf decodes the account from an access key id. ok is false if the text is no such id.
func accountOf(accessKeyID string) (account string, ok bool) {
	if len(accessKeyID) != 20 {
		return "", false
	}
	raw, err := base32.StdEncoding.DecodeString(accessKeyID[4:])
	if err != nil {
		return "", false
	}
	var head [8]byte
	copy(head[2:], raw[:6])
	return fmt.Sprintf("%012d", binary.BigEndian.Uint64(head[:])&accountMask>>accountShift), true
}

// newEntityID returns a new unique id, such as a user's: a prefix and 17 characters.
func newEntityID(prefix string) string {
	return prefix + base32.StdEncoding.EncodeToString(randomBytes(15))[:17]
}

// newSecret returns a new secret: 40 characters of base64. Each contains a + and a /, since these two need escaping, so that
// every test covers them.
func newSecret() secret.Secret {
	for {
		text := base64.StdEncoding.EncodeToString(randomBytes(30))
		if strings.Contains(text, "+") && strings.Contains(text, "/") {
			return secret.New(text)
		}
	}
}

// newRequestID returns a new UUID of version 4.
func newRequestID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: it ends the program instead
	return b
}
