package e2e_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// fleetPageFile names the environment variable with the file that TestExamples_fleetPage writes the page to: see make fleet-page.
const fleetPageFile = "IAMKEYS_FLEET_PAGE"

// fleetStart is when the keys of the page are taken over, and fleetDays later the page is written.
var fleetStart = time.Date(2026, time.November, 1, 6, 0, 0, 0, time.UTC)

const fleetDays = 20

// fleetResource takes the place of the resource of the example: some users need settings of their own.
const fleetResource = `
variable "keys" {
  type = map(object({
    id     = string
    paused = optional(bool)
    hold   = optional(bool)
    rotate = optional(map(string))
  }))
}

import {
  for_each = var.keys
  to       = iamkeys_rotating_access_key.fleet[each.key]
  id       = each.value.id
}

resource "iamkeys_rotating_access_key" "fleet" {
  for_each = var.keys

  user                = each.key
  max_age             = "90d"
  paused              = each.value.paused
  hold_previous       = each.value.hold
  rotate_when_changed = each.value.rotate
}
`

// fleetUser is a user of the page. Ages are days, at the time of the page.
type fleetUser struct {
	name, path, description string
	// keys are the older one first.
	keys []fleetKey
	// managed are the settings of the resource that manages the last of the keys; empty for a user without one.
	managed string
	// stays: somebody uses the managed key until the day before the page, whatever replaced it.
	stays bool
}

type fleetKey struct {
	age int
	// unused is how long ago it was used; negative for a key that never was.
	unused          int
	service, region string
	inactive        bool
}

func fleetUsers() []fleetUser {
	const us, eu = "us-east-1", "eu-west-1"
	one := func(age, unused int, service, region string) []fleetKey {
		return []fleetKey{{age, unused, service, region, false}}
	}
	const settings = "{}"
	return []fleetUser{
		{name: "backup", path: "/service/", description: "nightly backup to s3", keys: one(85, 13, "s3", us), managed: settings},
		{name: "billing", path: "/service/", description: "invoices", managed: settings, keys: []fleetKey{
			{age: 412, unused: 2, service: "s3", region: eu}, {age: 80, service: "dynamodb", region: eu},
		}},
		{name: "ci", path: "/service/", description: "ci deployer", keys: one(40, 0, "ecr", eu), managed: settings},
		{name: "deploy", path: "/service/", description: "release pipeline", keys: one(77, 1, "ecs", eu), managed: settings, stays: true},
		{name: "etl", path: "/service/", keys: one(95, 0, "glue", eu), managed: "{ paused = true }"},
		{name: "mailer", path: "/service/", description: "ses-smtp", keys: one(31, 0, "ses-smtp", eu), managed: settings},
		{name: "report", path: "/service/", description: "monthly report", keys: one(87, 1, "athena", eu), managed: settings, stays: true},
		{name: "web", path: "/service/", keys: one(82, 0, "s3", us), managed: "{ hold = true }"},
		{name: "alice", path: "/people/", keys: one(203, 0, "ec2", "eu-central-1")},
		{name: "bob", path: "/people/", keys: []fleetKey{{age: 61, unused: -1}}},
		{name: "carol", path: "/people/", keys: one(82, 4, "cloudformation", eu)},
		{name: "dave", path: "/people/", keys: []fleetKey{
			{age: 78, unused: 52, service: "iam", region: us}, {age: 25, service: "sts", region: us},
		}},
		{name: "erin", path: "/people/", keys: []fleetKey{{age: 501, unused: 480, service: "s3", region: "N/A", inactive: true}}},
		{name: "grace", path: "/people/", keys: one(1, 0, "ec2", eu)},
		{name: "sftp-legacy", path: "/vendors/", description: "sftp gateway of the old shop", keys: one(1240, 310, "s3", us)},
	}
}

// seed creates the user with its keys, even those that are younger than the fleet.
func (u fleetUser) seed(w *acctest.World) (keyIDs []string) {
	end := fleetStart.AddDate(0, 0, fleetDays)
	user := iamsim.SeedUser{Name: u.name, Path: u.path, CreatedAt: end.AddDate(-4, 0, 0)}
	for _, k := range u.keys {
		key := iamsim.SeedKey{CreatedAt: end.AddDate(0, 0, -k.age), Service: k.service, Region: k.region}
		if k.unused >= 0 {
			key.LastUsedAt = end.AddDate(0, 0, -k.unused)
		}
		if k.inactive {
			key.DeactivatedAt = end.AddDate(0, 0, 1-k.unused)
		}
		user.Keys = append(user.Keys, key)
	}
	keyIDs = w.Sim.AddUsers(user)
	if u.description != "" {
		w.Sim.TagUser(u.name, map[string]string{keyIDs[len(keyIDs)-1]: u.description})
	}
	return keyIDs
}

// useFleet uses the newest keys of managed users, and the first ones of those whose consumers stay.
func useFleet(w *acctest.World, users []fleetUser, last bool) {
	for _, u := range users {
		if u.managed == "" {
			continue
		}
		keys, use, at := w.Sim.Keys(u.name), u.keys[len(u.keys)-1], w.Sim.Now().Add(-time.Hour)
		w.Sim.SetLastUsed(keys[len(keys)-1].ID, at, use.service, use.region)
		if u.stays && !last {
			w.Sim.SetLastUsed(keys[0].ID, at, use.service, use.region)
		}
	}
}

// TestExamples_fleetPage runs a fleet for three weeks and checks what the page says of it.
func TestExamples_fleetPage(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, iamsim.Options{Start: fleetStart})
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/fleet-page", "")
	main, err := os.ReadFile(filepath.Join(c.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	settings, _, found := strings.Cut(string(main), "variable ")
	if !found {
		t.Fatal("the example has no variable")
	}
	c.Write("main.tf", settings+fleetResource)
	users := fleetUsers()
	keys := map[string]string{}
	for _, u := range users {
		ids := u.seed(w)
		if u.managed != "" {
			keys[u.name] = strings.Replace(u.managed, "{", fmt.Sprintf(`{ id = "%s/%s",`, u.name, ids[len(ids)-1]), 1)
		}
	}
	apply := func() {
		var values []string
		for user, value := range keys {
			values = append(values, fmt.Sprintf("%s = %s", user, value))
		}
		c.Apply("-var=keys={"+strings.Join(values, ", ")+"}", "-var=as_of=2026-11-21 06:00 UTC")
		c.Want(0)
	}
	day := 0
	for _, next := range []int{0, 5, 7, 10, 16, 17, fleetDays} {
		w.Sim.Advance(time.Duration(next-day) * 24 * time.Hour)
		day = next
		useFleet(w, users, day == fleetDays)
		if day == fleetDays {
			keys["web"] = strings.Replace(keys["web"], "hold = true", `hold = true, rotate = { quarter = "2026-Q4" }`, 1)
		}
		apply()
		// The page shows what the apply did.
		page := pageOutput(t, c)
		for user := range keys {
			ids := w.Sim.Keys(user)
			if want := "<code>" + ids[len(ids)-1].ID + "</code><small>● Active, current</small>"; !strings.Contains(page, want) {
				t.Errorf("day %d: the page does not have the new key of %s as current", day, user)
			}
		}
	}
	page := pageOutput(t, c)
	if file := os.Getenv(fleetPageFile); file != "" {
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil { //nolint:gosec // a developer chooses the file
			t.Fatal(err)
		}
	}
	wantInert(t, page)
	for _, want := range []string{
		`<p>Account <b>123456789012</b> · <b>22</b> keys of <b>16</b> users · as of <b>2026-11-21 06:00 UTC</b></p>`,
		`<li class="overdue"><strong>4</strong><span>overdue</span><small>Active for 90 days or longer</small></li>`,
		`<li class="due"><strong>6</strong><span>due within 14 days</span><small>5 of them unmanaged or blocked</small></li>`,
		`<li class="unused"><strong>3</strong><span>unused for 45 days</span><small>Active, and nobody used it</small></li>`,
		`<li class="blocked"><strong>5</strong><span>blocked</span><small>rotations and retirements that wait</small></li>`,
		// The bars of an unmanaged key of 82 days, and of one that was imported at the age of 75 days, 20 days ago.
		`<i style="width:68.3%"></i></div>82 days <small class="rest">8 left</small>`,
		`<i style="width:75.0%"></i><u style="width:4.2%"></u><s style="left:62.5%"></s></div>95 days <small class="rest">5 over the`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	want, err := os.ReadFile("testdata/fleet_page_rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(pageRows(t, page, keyNames(w, users)), "\n") + "\n"; got != string(want) {
		t.Errorf("rows\n%s\nwant\n%s", got, want)
	}
}

// keyNames replaces the ids of keys by the name of the user and a number, which is 1 for the older key.
func keyNames(w *acctest.World, users []fleetUser) *strings.Replacer {
	var pairs []string
	for _, u := range append(users, fleetUser{name: "admin"}) {
		for i, k := range w.Sim.Keys(u.name) {
			pairs = append(pairs, k.ID, fmt.Sprintf("%s-%d", u.name, i+1))
		}
	}
	return strings.NewReplacer(pairs...)
}

// pageOutput is the page that the last apply wrote.
func pageOutput(t *testing.T, c *acctest.CLI) string {
	t.Helper()
	page, ok := c.State().Values.Outputs["page"].Value.(string)
	if !ok {
		t.Fatal("the output page is no string")
	}
	return page
}

// wantInert fails the test if the page has something that runs or is loaded.
func wantInert(t *testing.T, page string) {
	t.Helper()
	for _, forbidden := range []string{"<script", "javascript:", "onerror", "http:", "https:", "src=", "href=", "url(", "@import"} {
		if strings.Contains(strings.ToLower(page), forbidden) {
			t.Errorf("the page contains %q", forbidden)
		}
	}
}

// pageRows returns the texts of the cells of each row but the heads, and fails the test if elements are not closed in order.
func pageRows(t *testing.T, page string, names *strings.Replacer) (rows []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	var cells, texts []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "tr":
				cells = nil
			case "td", "th":
				texts = nil
			}
		case xml.CharData:
			if text := strings.TrimSpace(string(token)); text != "" {
				texts = append(texts, text)
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "td", "th":
				cells = append(cells, names.Replace(strings.Join(texts, " ")))
			case "tr":
				if cells[0] != "Owner" {
					rows = append(rows, strings.TrimRight(strings.Join(cells, " | "), " "))
				}
			}
		}
	}
}

// staticPage renders the page of keys and resources that are written in HCL, without the provider.
func staticPage(t *testing.T, keys, resources, asOf string) string {
	t.Helper()
	c := acctest.New(t).CLI(t)
	copyExample(t, c, "scenarios/fleet-page", "")
	example, err := os.ReadFile(filepath.Join(c.Dir, "page.tf"))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(example), "data \"iamkeys_access_keys\"")
	_, after, ended := strings.Cut(rest, "\n}\n")
	if !found || !ended {
		t.Fatal("the example has no data source")
	}
	text := strings.NewReplacer(
		"data.iamkeys_access_keys.all.keys", "local.test_keys", "iamkeys_rotating_access_key.fleet", "local.test_resources",
	).Replace(before + after)
	c.Write("page.tf", text)
	c.Write("main.tf", fmt.Sprintf("locals {\n  test_keys = %s\n  test_resources = %s\n}\n", keys, resources))
	c.Apply("-var=as_of=" + asOf)
	c.Want(0)
	return pageOutput(t, c)
}

// TestExamples_fleetPageHostile has a tag in every text that comes from outside.
func TestExamples_fleetPageHostile(t *testing.T) {
	t.Parallel()
	const (
		hostile = `<script>alert('1')</script>&"`
		escaped = `&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;`
	)
	key := func(id, status string) string {
		return fmt.Sprintf(`{
    access_key_id = %q, status = %q, age_days = 100, created_at = "2026-01-01T00:00:00Z", never_used = false, days_since_last_used = 2
    user = %[3]q, user_path = %[3]q, user_arn = "a:b:c:d:%[4]s:f", service_name = %[3]q, region = %[3]q, description = %[3]q
  }`, id, status, hostile, strings.ReplaceAll(hostile, `"`, `\"`))
	}
	resource := func(id string) string {
		return fmt.Sprintf(`{
    user = %[2]q, access_key_id = %[1]q, created_at = "2026-01-01T00:00:00Z", rotate_at = "2026-03-14T00:00:00Z"
    compliant_until = "2026-04-01T00:00:00Z"
    previous_access_key_id = "previous %[3]s", previous = { status = "Active", deactivate_at = %[2]q, delete_at = null }
    rotation_requested = %[2]q, rotation_blocked = %[2]q, retirement_blocked = %[2]q
  }`, id, hostile, strings.ReplaceAll(id, `"`, `\"`))
	}
	page := staticPage(t, "["+key(hostile, "Active")+","+key("inactive", "Inactive")+"]", "["+resource(hostile)+"]", hostile)
	wantInert(t, page)
	if strings.Contains(page, "alert('") || strings.Contains(page, `&"`) {
		t.Errorf("the page has a text that is not escaped:\n%s", page)
	}
	// The account, and the time twice; eight texts of the first key with its resource, five of the second; three of the key that is
	// not listed.
	if got := strings.Count(page, escaped); got != 1+2+8+5+3 {
		t.Errorf("%d escaped texts:\n%s", got, page)
	}
	want := strings.Repeat(hostile+" ", 3) + "| " + hostile + " ● Active, current | "
	if rows := pageRows(t, page, strings.NewReplacer()); len(rows) != 2 || !strings.HasPrefix(rows[0], want) {
		t.Errorf("rows %q", rows)
	}
}

// TestExamples_fleetPageBounds is about the ages at which a key is due, overdue and unused, and about an account without keys.
func TestExamples_fleetPageBounds(t *testing.T) {
	t.Parallel()
	key := func(age int, unused string) string {
		return fmt.Sprintf(`{
    access_key_id = "AKIA", status = "Active", age_days = %d, created_at = "2026-01-01T00:00:00Z"
    never_used = %t, days_since_last_used = %s, service_name = "s3", region = "us-east-1"
    user = "ci", user_path = "/", user_arn = "arn:aws:iam::123456789012:user/ci", description = null
  }`, age, unused == "null", unused)
	}
	for name, test := range map[string]struct {
		keys, counts string
		rows         []string
	}{
		"no keys": {"", "0 0 0", []string{"None."}},
		"one day to go": {key(75, "44"), "0 0 0", []string{
			"ci | AKIA ● Active, unmanaged | 75 days 15 left | 44 days ago s3, us-east-1 |",
		}},
		"reached": {key(90, "1") + "," + key(76, "45"), "1 1 1", []string{
			"ci | AKIA ● Active, unmanaged | 90 days 0 over the limit | 1 day ago s3, us-east-1 | Overdue",
			"ci | AKIA ● Active, unmanaged | 76 days 14 left | 45 days ago s3, us-east-1 | Due Unused",
		}},
		"the last day": {key(89, "0") + "," + key(45, "null") + "," + key(44, "null"), "0 1 1", []string{
			"ci | AKIA ● Active, unmanaged | 89 days 1 left | within a day s3, us-east-1 | Due",
			"ci | AKIA ● Active, unmanaged | 45 days 45 left | never created 2026-01-01 | Unused",
			"ci | AKIA ● Active, unmanaged | 44 days 46 left | never created 2026-01-01 |",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := staticPage(t, "["+test.keys+"]", "[]", "2026-11-21")
			if got := pageRows(t, page, strings.NewReplacer()); !slices.Equal(got, test.rows) {
				t.Errorf("rows %q, want %q", got, test.rows)
			}
			var counts []string
			for _, of := range []string{"overdue", "due", "unused"} {
				_, after, _ := strings.Cut(page, `<li class="`+of)
				_, after, _ = strings.Cut(after, "<strong>")
				count, _, _ := strings.Cut(after, "<")
				counts = append(counts, count)
			}
			if got := strings.Join(counts, " "); got != test.counts {
				t.Errorf("counts %s, want %s", got, test.counts)
			}
		})
	}
}
