package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// TestDataSources_descriptions checks that the description of each attribute that can be null says when it is, or that it never is, and
// that those of times, durations and numbers have the unit.
func TestDataSources_descriptions(t *testing.T) {
	t.Parallel()
	server, err := providerserver.NewProtocol6WithError(provider.New("test", provider.Options{})())()
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(schemas.DataSourceSchemas) != 7 {
		t.Errorf("%d data sources", len(schemas.DataSourceSchemas))
	}
	for name, schema := range schemas.DataSourceSchemas {
		describe(t, name, schema.Block.Attributes)
	}
}

// Which attributes are times, durations and numbers, by name.
var (
	timeNames     = regexp.MustCompile(`(_at|_by|_seen)$`)
	durationNames = regexp.MustCompile(`^(max_age|older_than|unused_for|since|report_age)$`)
	unitOfNumber  = regexp.MustCompile(`days|Number of|How many|1 or 2`)
)

func describe(t *testing.T, parent string, attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range attributes {
		name := parent + "." + a.Name
		wants := func(ok bool, what string) {
			if !ok {
				t.Errorf("%s does not say %s: %q", name, what, a.Description)
			}
		}
		wants(a.Required || strings.Contains(strings.ToLower(a.Description), "null"), "when it is null")
		isNumber := a.Type != nil && a.Type.String() == "tftypes.Number"
		wants(!isNumber || unitOfNumber.MatchString(a.Description), "what it counts")
		wants(!timeNames.MatchString(a.Name) || strings.Contains(a.Description, "RFC 3339"), "the form of the time")
		if durationNames.MatchString(a.Name) {
			for _, unit := range []string{"days", "hours", "minutes"} {
				wants(strings.Contains(a.Description, unit), "the unit "+unit)
			}
		}
		if a.NestedType != nil {
			describe(t, name, a.NestedType.Attributes)
		}
	}
}
