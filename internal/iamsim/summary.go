package iamsim

// usersQuota is the quota of users that AWS gives an account by default. It is not enforced here.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const usersQuota = 5000

// summaryOperations are IAM's actions on the account as a whole.
var summaryOperations = map[string]operation{
	"GetAccountSummary": {service: serviceIAM, resource: anyResource, run: (*invocation).getAccountSummary},
}

// summaryEntry is one entry of a map in the Query protocol's form.
type summaryEntry struct {
	Key   string `xml:"key"`
	Value int    `xml:"value"`
}

type summaryMap struct {
	Entry []summaryEntry `xml:"entry"`
}

type getAccountSummaryResult struct {
	SummaryMap summaryMap
}

// getAccountSummary returns the entries about users and credentials. The root user is none of the users.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
func (in *invocation) getAccountSummary() (any, error) {
	oneIf := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	entries := []summaryEntry{
		{"Users", len(in.account.users)},
		{"UsersQuota", usersQuota},
		{"AccessKeysPerUserQuota", maxKeysPerUser},
		{"AccountAccessKeysPresent", oneIf(in.reports.RootKeys > 0)},
		{"AccountMFAEnabled", oneIf(!in.reports.RootWithoutMFA)},
		{"AccountSigningCertificatesPresent", 0},
	}
	return getAccountSummaryResult{summaryMap{entries}}, nil
}
