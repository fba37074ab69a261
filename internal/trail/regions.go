package trail

import (
	"regexp"
	"strings"
)

var regionForm = regexp.MustCompile(`^[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-[0-9]{1,2}$`)

// IsRegion reports whether text has the form of the name of a Region, such as eu-west-1.
func IsRegion(text string) bool { return regionForm.MatchString(text) }

// globalRegions are where CloudTrail has the events of IAM, by the prefix of the other Regions of the partition.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
var globalRegions = []struct{ prefix, region string }{
	{"cn-", "cn-north-1"},
	{"us-gov-", "us-gov-west-1"},
	{"us-iso-", "us-iso-east-1"},
	{"us-isob-", "us-isob-east-1"},
	{"eusc-", "eusc-de-east-1"},
	{"", "us-east-1"},
}

// globalRegion returns where the events of global services are, for the partition of a Region.
func globalRegion(region string) string {
	for _, global := range globalRegions {
		if strings.HasPrefix(region, global.prefix) {
			return global.region
		}
	}
	return ""
}
