package age

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

// fileKeySize is the length of an age file key in bytes.
const fileKeySize = 16

// minRSABits is the smallest modulus that age encrypts to.
const minRSABits = 2048

const (
	whatToGive = "Give a public key: age1... or age1pq1..., as age-keygen -y prints it, or the line of an ssh-ed25519 or " +
		"ssh-rsa .pub file; read files with file(), each into a string of its own."
	giveItWhole   = "Copy the whole recipient again: a character is wrong or missing."
	giveOtherSSH  = "Give an ssh-ed25519 key, an ssh-rsa key of at least 2048 bits, or an age1... recipient."
	givePublicKey = "Give its public key, as age-keygen -y or ssh-keygen -y prints it."
)

// otherSSHTypes are the types of SSH keys that can sign, but not decrypt.
var otherSSHTypes = []string{
	"ssh-dss", ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256, ssh.KeyAlgoSKED25519,
	ssh.CertAlgoED25519v01, ssh.CertAlgoRSAv01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoSKECDSA256v01, ssh.CertAlgoSKED25519v01,
}

// parseRecipient reads one recipient. The error shows nothing of a text that is not a public key: it may be private.
func parseRecipient(text string) (recipient, *sealing.RecipientError) {
	if len(text) > sealing.MaxRecipient {
		return recipient{}, &sealing.RecipientError{
			Problem: fmt.Sprintf("has %d bytes, more than any public key", len(text)), Remedy: whatToGive,
		}
	}
	text = strings.TrimSpace(text)
	var sshType string
	if fields := strings.Fields(text); len(fields) > 0 {
		sshType = fields[0]
	}
	r, bad := recipient{}, &sealing.RecipientError{Remedy: whatToGive}
	switch {
	case text == "":
		bad.Problem = "is empty"
	case isPrivate(text):
		bad.Problem, bad.Remedy, bad.Private = "is a private key", givePublicKey, true
	case strings.HasPrefix(text, "-----BEGIN PGP "):
		bad.Problem, bad.Remedy, bad.Method = isOpenPGP, "Encrypt to it with OpenPGP.", sealing.OpenPGP
	case strings.ContainsAny(text, "\r\n"):
		bad.Problem, bad.Remedy = "has several lines", "Give each public key as a string of its own, without comment lines."
	case strings.HasPrefix(text, "age1"):
		r, bad = parseNative(text)
	case sshType == ssh.KeyAlgoED25519 || sshType == ssh.KeyAlgoRSA:
		r, bad = parseSSH(sshType, text)
	case slices.Contains(otherSSHTypes, sshType):
		bad.Name, bad.Problem, bad.Remedy = sshType, "is an SSH key of a type that age can't encrypt to", giveOtherSSH
	default:
		bad.Problem = "is not an age recipient"
	}
	if bad != nil {
		return recipient{}, bad
	}
	// A point of low order parses, but nothing can be encrypted to it.
	if _, err := r.key.Wrap(make([]byte, fileKeySize)); err != nil {
		return recipient{}, &sealing.RecipientError{
			Name: r.fingerprint, Problem: "can't be encrypted to", Remedy: "Create a new key: this one can't be used.", Err: err,
		}
	}
	return r, nil
}

// isPrivate reports whether there is a private key anywhere in the text.
func isPrivate(text string) bool {
	upper := strings.ToUpper(text)
	marks := []string{"AGE-SECRET-KEY-", "AGE-PLUGIN-", "PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "PUTTY-USER-KEY-FILE-"}
	return slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(upper, mark) })
}

// parseNative reads a Bech32 string that begins with age1. The part before its last 1 is its type.
func parseNative(text string) (recipient, *sealing.RecipientError) {
	var r recipient
	var err error
	switch text[:strings.LastIndexByte(text, '1')] {
	case "age":
		var key *age.X25519Recipient
		if key, err = age.ParseX25519Recipient(text); err == nil {
			r = recipient{fingerprint: key.String(), key: key}
		}
	case "age1pq":
		var key *age.HybridRecipient
		if key, err = age.ParseHybridRecipient(text); err == nil {
			r = recipient{fingerprint: hybridFingerprint(key), key: key, postQuantum: true}
		}
	default:
		return recipient{}, &sealing.RecipientError{
			Name: beginning(text), Problem: "needs an age plugin, and plugins are not supported",
			Remedy: "Give an age1... recipient without a plugin's name in it, an age1pq1... recipient, or an SSH key.",
		}
	}
	if err != nil {
		// age repeats the whole recipient; a hybrid one has 2000 characters.
		cause := strings.TrimPrefix(err.Error(), fmt.Sprintf("malformed recipient %q: ", text))
		return recipient{}, &sealing.RecipientError{
			Name: beginning(text), Problem: "is malformed", Remedy: giveItWhole, Err: errors.New(cause),
		}
	}
	return r, nil
}

// parseSSH reads the line of a public key. It has no options, unlike a line of an authorized_keys file.
func parseSSH(sshType, line string) (recipient, *sealing.RecipientError) {
	malformed := func(err error) (recipient, *sealing.RecipientError) {
		return recipient{}, &sealing.RecipientError{Name: sshType, Problem: "is malformed", Remedy: giveItWhole, Err: err}
	}
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return malformed(errors.New("there is no key after its type"))
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return malformed(err)
	}
	public, err := ssh.ParsePublicKey(blob)
	if err != nil {
		// The error of the parser may quote bytes that can't be printed.
		return malformed(errors.New("its base64 is not a whole key"))
	}
	if public.Type() != sshType {
		return malformed(fmt.Errorf("its actual type is %s", public.Type()))
	}
	r := recipient{fingerprint: ssh.FingerprintSHA256(public)}
	if bits := rsaBits(public); bits > 0 && bits < minRSABits {
		return recipient{}, &sealing.RecipientError{
			Name: r.fingerprint, Problem: fmt.Sprintf("is an RSA key of only %d bits", bits), Remedy: giveOtherSSH,
		}
	}
	if sshType == ssh.KeyAlgoRSA {
		r.key, err = agessh.NewRSARecipient(public)
	} else {
		r.key, err = agessh.NewEd25519Recipient(public)
	}
	if err != nil {
		return malformed(err)
	}
	return r, nil
}

// rsaBits returns the size of an RSA key, and 0 for other keys.
func rsaBits(public ssh.PublicKey) int {
	if holder, ok := public.(ssh.CryptoPublicKey); ok {
		if key, ok := holder.CryptoPublicKey().(*rsa.PublicKey); ok {
			return key.N.BitLen()
		}
	}
	return 0
}

// beginning returns enough of the text of a recipient to find it again, and only printable characters.
func beginning(text string) string {
	const maxShown = 16
	for i, c := range text {
		if c <= ' ' || c > '~' || i == maxShown {
			return text[:i] + "..."
		}
	}
	return text
}
