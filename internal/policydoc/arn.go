package policydoc

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// The forms that ParseUser, ParsePath and IsKMSKeyARN accept, for messages.
const (
	UserForm = "the name of a user such as ci, with the path if there is one as in service/ci, or the ARN of a user"
	PathForm = "a path that begins and ends with /, such as /service/, or / for all users"
	KeyForm  = "the ARN of a KMS key, such as arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// AWS allows more characters in paths, among them those that a policy takes for wildcards and variables: these are left out.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
var (
	userPattern    = regexp.MustCompile(`^(?:[\x21-\x7E]+/)?[\w+=,.@-]{1,64}$`)
	userARNPattern = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::(\d{12}):user/(.*)$`)
	pathPattern    = regexp.MustCompile(`^/(?:[\x21-\x7E]{1,510}/)?$`)
	keyARNPattern  = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9A-Za-z-]+$`)
)

// Account is an AWS account. An empty field means any.
type Account struct{ Partition, ID string }

// User is a user, or all users below a path.
type User struct {
	// Account is that of the user's ARN. It is empty if the user was not given by an ARN.
	Account Account
	// resources are the parts of ARNs that follow user/.
	resources []string
	isPath    bool
}

// OwnUser is the user that a policy is attached to, whatever the path: names are unique in an account.
func OwnUser() User { return User{resources: []string{"${aws:username}", "*/${aws:username}"}} }

// ParseUser reads a user in the form of UserForm.
func ParseUser(text string) (User, bool) {
	var u User
	if parts := userARNPattern.FindStringSubmatch(text); parts != nil {
		u.Account, text = Account{parts[1], parts[2]}, parts[3]
	}
	text = strings.TrimPrefix(text, "/")
	u.resources = []string{text}
	return u, userPattern.MatchString(text) && isLiteral(text)
}

// ParsePath reads the path of all users below it, in the form of PathForm.
func ParsePath(text string) (User, bool) {
	return User{resources: []string{strings.TrimPrefix(text, "/") + "*"}, isPath: true}, pathPattern.MatchString(text) && isLiteral(text)
}

// isLiteral reports whether a policy takes a text for itself, and not for a pattern.
func isLiteral(text string) bool { return !strings.ContainsAny(text, "*?$:") }

// IsKMSKeyARN reports whether a policy can name a KMS key so. It can't name a key by an alias.
func IsKMSKeyARN(text string) bool { return keyARNPattern.MatchString(text) }

// arns returns the ARNs for a policy, with a for what the user does not say.
func (u User) arns(a Account) []string {
	arns := make([]string, len(u.resources))
	for i, resource := range u.resources {
		arns[i] = fmt.Sprintf("arn:%s:iam::%s:user/%s",
			cmp.Or(u.Account.Partition, a.Partition, "*"), cmp.Or(u.Account.ID, a.ID, "*"), resource)
	}
	return arns
}
