package age

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// identity is a private key and the fingerprint of its recipient.
type identity struct {
	age.Identity

	fingerprint string
}

// parseIdentities reads every private key. The errors of the parsers are dropped: some quote characters of the key.
func parseIdentities(texts []secret.Secret, passphrase secret.Secret) ([]identity, error) {
	if len(texts) == 0 {
		return nil, badIdentity("none is given")
	}
	var all []identity
	for i, text := range texts {
		found, problem := parseIdentity(strings.TrimSpace(text.Reveal()), passphrase)
		if problem == "" && len(all)+len(found) > sealing.MaxRecipients {
			problem = fmt.Sprintf("brings the total to more than %d private keys", sealing.MaxRecipients)
		}
		if problem != "" {
			bad := badIdentity(fmt.Sprintf("identity %d %s", i+1, problem))
			if problem == isOpenPGP {
				bad.Method = sealing.OpenPGP
			}
			return nil, bad
		}
		all = append(all, found...)
	}
	return all, nil
}

func badIdentity(detail string) *sealing.OpenError {
	return &sealing.OpenError{Failure: sealing.BadIdentity, Detail: detail}
}

// isOpenPGP is the problem of an OpenPGP key.
const isOpenPGP = "is an OpenPGP key"

// parseIdentity reads a private key in PEM, or lines as in the identity files of age. If it can't, problem is the cause, as
// the end of a sentence.
func parseIdentity(text string, passphrase secret.Secret) (found []identity, problem string) {
	switch {
	case text == "":
		return nil, "is empty"
	case len(text) > sealing.MaxIdentity:
		return nil, "is larger than any private key"
	case strings.HasPrefix(text, Prefix):
		return nil, "is itself encrypted: give the output of age --decrypt"
	case strings.HasPrefix(text, "-----BEGIN PGP "):
		return nil, isOpenPGP
	case strings.HasPrefix(text, "-----BEGIN "):
		one, problem := parsePEM(text, passphrase)
		return []identity{one}, problem
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		one, problem := parseLine(line)
		if problem != "" {
			return nil, fmt.Sprintf("%s (line %d)", problem, i+1)
		}
		found = append(found, one)
	}
	if len(found) == 0 {
		return nil, "has only comments"
	}
	return found, ""
}

func parseLine(line string) (one identity, problem string) {
	const malformed = "is malformed: a character is wrong or missing"
	switch {
	case strings.HasPrefix(line, "AGE-SECRET-KEY-1"):
		key, err := age.ParseX25519Identity(line)
		if err != nil {
			return identity{}, malformed
		}
		return identity{key, key.Recipient().String()}, ""
	case strings.HasPrefix(line, "AGE-SECRET-KEY-PQ-1"):
		key, err := age.ParseHybridIdentity(line)
		if err != nil {
			return identity{}, malformed
		}
		return identity{key, hybridFingerprint(key.Recipient())}, ""
	case strings.HasPrefix(line, "AGE-PLUGIN-"):
		return identity{}, "needs an age plugin, and plugins are not supported"
	case strings.HasPrefix(line, "age1"), strings.HasPrefix(line, "ssh-"):
		return identity{}, "is a public key, which can't open anything: give its private key"
	default:
		return identity{}, "is not a private key that age can use: give AGE-SECRET-KEY-..., or an SSH private key"
	}
}

// parsePEM reads an SSH private key in the format of OpenSSH or in an older one.
func parsePEM(text string, passphrase secret.Secret) (one identity, problem string) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return identity{}, "is not one whole PEM block"
	}
	raw, err := ssh.ParseRawPrivateKey([]byte(text))
	if _, protected := errors.AsType[*ssh.PassphraseMissingError](err); protected {
		if passphrase.Reveal() == "" {
			return identity{}, "is protected by a passphrase, and none is given"
		}
		raw, err = ssh.ParseRawPrivateKeyWithPassphrase([]byte(text), []byte(passphrase.Reveal()))
		if errors.Is(err, x509.IncorrectPasswordError) {
			return identity{}, "is protected by another passphrase than the given one"
		}
	}
	if err != nil {
		return identity{}, fmt.Sprintf("can't be read as an SSH private key (%s)", block.Type)
	}
	var opener age.Identity
	var public any
	switch key := raw.(type) {
	// x/crypto/ssh returns a pointer for one format and a value for another.
	case *ed25519.PrivateKey:
		public = key.Public()
		opener, err = agessh.NewEd25519Identity(*key)
	case ed25519.PrivateKey:
		public = key.Public()
		opener, err = agessh.NewEd25519Identity(key)
	case *rsa.PrivateKey:
		public = key.Public()
		opener, err = agessh.NewRSAIdentity(key)
	default:
		return identity{}, "is an SSH key of a type that age can't decrypt with: give an Ed25519 or RSA key"
	}
	if err != nil {
		return identity{}, "can't be used to decrypt"
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		return identity{}, "can't be used to decrypt"
	}
	return identity{opener, ssh.FingerprintSHA256(sshPublic)}, ""
}
