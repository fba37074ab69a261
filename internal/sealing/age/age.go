// Package age seals secrets to age recipients and opens them with age identities.
//
// The format is that of c2sp.org/age, ASCII-armored: `age --decrypt` opens what Recipients seals, and Opener opens what
// `age --armor` encrypts. Recipients are X25519 (age1...), hybrid post-quantum (age1pq1...), ssh-ed25519 and ssh-rsa
// public keys. Passphrases and plugins are not supported: a secret must open in a run that nobody watches.
//
// A sealed secret names its recipients: the stanza after that of the first recipient has the type
// github.com/iamkeys/recipients, the fingerprints as arguments, and an empty body. By the specification, implementations
// ignore stanzas that they do not know. So an error can name the recipients, although the stanzas of X25519 and hybrid
// recipients are anonymous. This gives up that anonymity, but Terraform stores the recipients beside the sealed secret
// anyway.
package age

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

const (
	// Name is what people call this method.
	Name = "age"
	// Prefix is how every text that Recipients seals, and that an Opener opens, begins.
	Prefix = armor.Header
)

// namesStanza is the type of the stanza that names the recipients. c2sp.org/age asks for a name qualified by a domain.
const namesStanza = "github.com/iamkeys/recipients"

// fingerprintForm matches what Fingerprints returns. Only such arguments of a names stanza are shown: until the MAC of the
// header is verified, anybody may have written them.
var fingerprintForm = regexp.MustCompile(`^(age1[02-9a-z]{58}|(age1pq1:)?SHA256:[0-9A-Za-z+/]{43})$`)

// hybridFingerprint shortens a hybrid recipient, which has 2000 characters, in the form of an SSH fingerprint.
func hybridFingerprint(r *age.HybridRecipient) string {
	sum := sha256.Sum256([]byte(r.String()))
	return "age1pq1:SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// named is a recipient that adds the stanza with the names of all recipients of the file after its own stanzas.
type named struct {
	age.Recipient

	fingerprints []string
}

// WrapWithLabels passes on the labels of the recipient: by them age refuses recipients that must not be mixed.
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

// names returns the fingerprints of the recipients of a file as far as its stanzas contain them: all of them in a file that
// Recipients sealed, otherwise the beginning of those of SSH keys, as ssh-keygen -l prints them.
func names(stanzas []*age.Stanza) []string {
	var hints []string
	for _, s := range stanzas {
		switch s.Type {
		case namesStanza:
			return fingerprintsIn(s.Args)
		case "ssh-ed25519", "ssh-rsa":
			// The tag is the unpadded base64 of the first four bytes of the fingerprint, so five of its six characters are also in
			// the fingerprint.
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
