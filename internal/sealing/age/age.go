// Package age seals secrets to age recipients and opens them with age identities.
//
// The format is that of c2sp.org/age, ASCII-armored: `age --decrypt` opens what Recipients seals, and Opener opens what
// `age --armor` encrypts. Recipients are X25519 (age1...), hybrid post-quantum (age1pq1...), ssh-ed25519 and ssh-rsa
// public keys. Passphrases and plugins are left out: a secret must open in a run without anybody at the keyboard.
//
// A sealed secret names its recipients: after the stanza of the first recipient stands one of type
// github.com/iamkeys/recipients with the fingerprints as arguments and an empty body. The specification makes every
// implementation ignore stanzas that it does not know. With it, an error can say who is able to open the secret, although
// the stanzas of X25519 and hybrid recipients are anonymous. It ends that anonymity; but wherever Terraform keeps the
// sealed secret, it keeps the recipients beside it.
package age

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"

	"filippo.io/age"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

// namesStanza is the type of the stanza that names the recipients. c2sp.org/age asks for a name qualified by a domain.
const namesStanza = "github.com/iamkeys/recipients"

// fingerprintForm is what Fingerprints returns, and all that is believed of a names stanza: until the header's MAC is
// verified, anybody may have written it.
var fingerprintForm = regexp.MustCompile(`^(age1[02-9a-z]{58}|(age1pq1:)?SHA256:[0-9A-Za-z+/]{43})$`)

// hybridFingerprint shortens a hybrid recipient, which has 2000 characters, in the manner of SSH's fingerprints.
func hybridFingerprint(r *age.HybridRecipient) string {
	sum := sha256.Sum256([]byte(r.String()))
	return "age1pq1:SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// named is a recipient after whose stanzas comes the one that names all recipients of the file.
type named struct {
	age.Recipient

	fingerprints []string
}

// WrapWithLabels keeps the labels of the recipient, by which age refuses recipients that must not be mixed.
func (n named) WrapWithLabels(fileKey []byte) (stanzas []*age.Stanza, labels []string, err error) {
	if r, ok := n.Recipient.(age.RecipientWithLabels); ok {
		stanzas, labels, err = r.WrapWithLabels(fileKey)
	} else {
		stanzas, err = n.Wrap(fileKey)
	}
	if err != nil {
		return nil, nil, err
	}
	return append(stanzas, &age.Stanza{Type: namesStanza, Args: n.fingerprints}), labels, nil
}

// names returns the fingerprints of the recipients of a file as far as its stanzas tell them: all of them in a file that
// Recipients sealed, else the beginning of those of SSH keys, as ssh-keygen -l prints them.
func names(stanzas []*age.Stanza) []string {
	var hints []string
	for _, s := range stanzas {
		switch s.Type {
		case namesStanza:
			return fingerprintsIn(s.Args)
		case "ssh-ed25519", "ssh-rsa":
			// The tag is the unpadded base64 of the first four bytes: five characters and two bits are the fingerprint's own.
			if len(s.Args) > 0 && sshTag.MatchString(s.Args[0]) && len(hints) < sealing.MaxRecipients {
				hints = append(hints, "SHA256:"+s.Args[0][:5]+"... ("+s.Type+")")
			}
		}
	}
	return hints
}

var sshTag = regexp.MustCompile(`^[0-9A-Za-z+/]{6}$`)

func fingerprintsIn(args []string) []string {
	var fingerprints []string
	for _, arg := range args {
		if fingerprintForm.MatchString(arg) && len(fingerprints) < sealing.MaxRecipients {
			fingerprints = append(fingerprints, arg)
		}
	}
	return fingerprints
}
