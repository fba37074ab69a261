package provider_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
)

// foreignKey is what a client that is not ours says of a key. Used is empty for a key that was never used.
type foreignKey struct {
	ID      string    `json:"id"`
	User    string    `json:"user"`
	Status  string    `json:"status"`
	Created time.Time `json:"created"`
	Used    string    `json:"used"`
	Service string    `json:"service"`
	Region  string    `json:"region"`
	Account string    `json:"account"`
	ARN     string    `json:"arn"`
	Path    string    `json:"path"`
	// Description is the value of the user's tag that is named by the key; empty if there is none.
	Description string `json:"description"`
}

// foreignCredential is what a client that is not ours says of a service-specific credential. The clients that Debian has know no expiry.
type foreignCredential struct {
	ID      string    `json:"id"`
	User    string    `json:"user"`
	Service string    `json:"service"`
	Status  string    `json:"status"`
	Created time.Time `json:"created"`
}

// foreignUser has the keys of a user in the order that IAM lists them, and the service-specific credentials in no order.
type foreignUser struct {
	Keys        []foreignKey        `json:"keys"`
	Credentials []foreignCredential `json:"credentials"`
}

// foreignClients return what they say of users.
var foreignClients = map[string]func(t *testing.T, w *acctest.World, users []string) map[string]foreignUser{
	"boto3":   boto3Users,
	"AWS CLI": awsUsers,
}

// TestAccAudit_foreign compares the data sources, field by field, with what boto3 and the AWS CLI say of the same account.
func TestAccAudit_foreign(t *testing.T) {
	t.Parallel()
	for name, usersOf := range foreignClients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			users := []string{"ann", "bob", "eve"}
			for _, user := range users {
				w.Sim.CreateUser(user)
			}
			w.Sim.MoveUser("bob", "/service/")
			w.Sim.CreateServiceCredential("eve", "codecommit.amazonaws.com", time.Time{})
			first, second := w.Sim.CreateAccessKey("ann"), w.Sim.CreateAccessKey("bob")
			w.Advance("40d")
			w.Sim.CreateAccessKey("ann") // never used
			w.Sim.TagUser("ann", map[string]string{first.AccessKeyID: "deploys from CI", "team": "x"})
			inactive := w.Sim.CreateServiceCredential("ann", "bedrock.amazonaws.com", time.Time{})
			w.Sim.SetServiceCredentialStatus(inactive.ID, "Inactive")
			w.Sim.SetLastUsed(first.AccessKeyID, w.Sim.Now(), "s3", "N/A")
			w.Advance("12h")
			w.Sim.SetLastUsed(second.AccessKeyID, w.Sim.Now(), "ses-smtp", "eu-west-1")
			w.Sim.SetStatus(second.AccessKeyID, "Inactive")
			w.Advance("10d13h")

			found := usersOf(t, w, users)
			ann, bob, eve := found["ann"], found["bob"], found["eve"]
			if len(ann.Keys) != 2 || len(bob.Keys) != 1 || len(eve.Keys) != 0 || len(ann.Credentials) != 1 || len(eve.Credentials) != 1 {
				t.Fatalf("users %+v", found)
			}
			c := w.CLI(t)
			c.Write("main.tf", w.ProviderConfig()+auditConfig(found))
			c.Apply()
			c.Want(0)
			for user, of := range found {
				wantAudited(t, w, c, user, of.Keys)
			}
			wantListed(t, w, c, slices.Concat(ann.Keys, bob.Keys))
			wantListedCredentials(t, w, c, slices.Concat(ann.Credentials, bob.Credentials, eve.Credentials))
		})
	}
}

// auditConfig has each data source for each user and each key.
func auditConfig(found map[string]foreignUser) string {
	var users, ids []string
	for user, of := range found {
		users = append(users, user)
		for _, key := range of.Keys {
			ids = append(ids, key.ID)
		}
	}
	block := func(dataSource, name, argument string, values []string) string {
		return fmt.Sprintf("data \"iamkeys_access_key_%s\" %q {\n  for_each = toset(%s)\n  %s = each.key\n}\n",
			dataSource, name, hclList(values), argument)
	}
	return block("age", "user", "user", users) + block("last_used", "user", "user", users) +
		block("age", "key", "access_key_id", ids) + block("last_used", "key", "access_key_id", ids) +
		block("owner", "key", "access_key_id", ids) + "data \"iamkeys_access_keys\" \"all\" {\n  users = " + hclList(users) +
		"\n  include = [\"descriptions\", \"service_specific_credentials\"]\n}\n"
}

// hclList is a list of strings in HCL.
func hclList(values []string) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// wantAudited compares each data source about a user, and about each key of the user, with a foreign client.
func wantAudited(t *testing.T, w *acctest.World, c *acctest.CLI, user string, keys []foreignKey) {
	t.Helper()
	ages, uses := []any{}, []any{}
	var oldestAge, oldestUse map[string]any
	for _, key := range keys {
		age, use := key.age(w.Sim.Now()), key.use(w.Sim.Now())
		ages = append(ages, age)
		uses = append(uses, with(use, map[string]any{"status": key.Status}))
		if key.Status == "Active" && oldestAge == nil {
			oldestAge, oldestUse = age, use
		}
		at := func(dataSource string) string {
			return fmt.Sprintf("data.iamkeys_access_key_%s.key[%q]", dataSource, key.ID)
		}
		wantData(t, c, at("age"), with(age, map[string]any{"user": key.User, "max_age": nil, "keys": nil}))
		wantData(t, c, at("last_used"), with(use, map[string]any{"user": key.User, "keys": nil}))
		wantData(t, c, at("owner"), map[string]any{
			"access_key_id": key.ID, "user": key.User, "account_id": key.Account, "same_account": true, "type": "long_term",
		})
	}
	if oldestAge == nil {
		oldestAge = map[string]any{
			"access_key_id": nil, "age_days": nil, "created_at": nil, "status": nil, "overdue": nil, "rotate_by": nil,
		}
		oldestUse = map[string]any{
			"access_key_id": nil, "never_used": nil, "last_used_at": nil, "days_since_last_used": nil, "service_name": nil, "region": nil,
		}
	}
	of := func(dataSource string) string {
		return fmt.Sprintf("data.iamkeys_access_key_%s.user[%q]", dataSource, user)
	}
	wantData(t, c, of("age"), with(oldestAge, map[string]any{"user": user, "max_age": nil, "keys": ages}))
	wantData(t, c, of("last_used"), with(oldestUse, map[string]any{"user": user, "keys": uses}))
}

// wantListed compares iamkeys_access_keys with the keys of all users: Active ones first, then the oldest.
func wantListed(t *testing.T, w *acctest.World, c *acctest.CLI, keys []foreignKey) {
	t.Helper()
	listed, ok := dataAttributes(t, c, "data.iamkeys_access_keys.all")["keys"].([]any)
	if !ok || len(listed) != len(keys) {
		t.Fatalf("keys %v", listed)
	}
	slices.SortStableFunc(keys, func(a, b foreignKey) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), a.Created.Compare(b.Created))
	})
	for i, key := range keys {
		got, ok := listed[i].(map[string]any)
		if !ok {
			t.Fatalf("key %v", listed[i])
		}
		want := with(key.use(w.Sim.Now()), map[string]any{
			"user": key.User, "status": key.Status, "created_at": key.Created.UTC().Format(time.RFC3339),
			"age_days": int(w.Sim.Now().Sub(key.Created).Hours()) / 24, "user_arn": key.ARN, "user_path": key.Path, "description": nil,
		})
		if key.Description != "" {
			want["description"] = key.Description
		}
		if toJSON(t, got) != toJSON(t, want) {
			t.Errorf("got  %s\nwant %s", toJSON(t, got), toJSON(t, want))
		}
	}
}

// wantListedCredentials compares the service-specific credentials of iamkeys_access_keys with those of all users, which do not expire.
func wantListedCredentials(t *testing.T, w *acctest.World, c *acctest.CLI, credentials []foreignCredential) {
	t.Helper()
	slices.SortFunc(credentials, func(a, b foreignCredential) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), a.Created.Compare(b.Created))
	})
	want := make([]any, len(credentials))
	for i, credential := range credentials {
		want[i] = map[string]any{
			"id": credential.ID, "user": credential.User, "service_name": credential.Service, "status": credential.Status,
			"created_at": credential.Created.UTC().Format(time.RFC3339), "expires_at": nil,
			"age_days": int(w.Sim.Now().Sub(credential.Created).Hours()) / 24,
		}
	}
	got := toJSON(t, dataAttributes(t, c, "data.iamkeys_access_keys.all")["service_specific_credentials"])
	if got != toJSON(t, want) {
		t.Errorf("got  %s\nwant %s", got, toJSON(t, want))
	}
}

// age is the key as iamkeys_access_key_age has it.
func (k foreignKey) age(now time.Time) map[string]any {
	return map[string]any{
		"access_key_id": k.ID, "age_days": int(now.Sub(k.Created).Hours()) / 24, "created_at": k.Created.UTC().Format(time.RFC3339),
		"status": k.Status, "overdue": nil, "rotate_by": nil,
	}
}

// use is the key as iamkeys_access_key_last_used has it.
func (k foreignKey) use(now time.Time) map[string]any {
	at, err := time.Parse(time.RFC3339, k.Used)
	if err != nil {
		return map[string]any{
			"access_key_id": k.ID, "never_used": true, "last_used_at": nil, "days_since_last_used": nil, "service_name": nil, "region": nil,
		}
	}
	return map[string]any{
		"access_key_id": k.ID, "never_used": false, "last_used_at": at.UTC().Format(time.RFC3339),
		"days_since_last_used": int(now.Sub(at).Hours()) / 24, "service_name": k.Service, "region": k.Region,
	}
}

func boto3Users(t *testing.T, w *acctest.World, users []string) (found map[string]foreignUser) {
	t.Helper()
	foreign.RequireBoto3(t)
	runForeign(t, w, &found, foreign.Python, append([]string{filepath.Join("testdata", "boto3_audit.py")}, users...)...)
	return found
}

func awsUsers(t *testing.T, w *acctest.World, users []string) map[string]foreignUser {
	t.Helper()
	foreign.RequireAWS(t)
	found := map[string]foreignUser{}
	for _, user := range users {
		found[user] = awsUser(t, w, user)
	}
	return found
}

//nolint:tagliatelle // the names of the API
func awsUser(t *testing.T, w *acctest.World, name string) (found foreignUser) {
	t.Helper()
	run := func(out any, args ...string) {
		t.Helper()
		runForeign(t, w, out, foreign.AWS, append([]string{"--endpoint-url", w.Sim.URL(), "--output", "json"}, args...)...)
	}
	var user struct {
		User struct {
			Arn, Path string
			Tags      []struct{ Key, Value string }
		}
	}
	run(&user, "iam", "get-user", "--user-name", name)
	var listed struct {
		AccessKeyMetadata []struct {
			ID         string `json:"AccessKeyId"`
			Status     string
			CreateDate time.Time
		}
	}
	run(&listed, "iam", "list-access-keys", "--user-name", name)
	for _, key := range listed.AccessKeyMetadata {
		var used struct {
			UserName          string
			AccessKeyLastUsed struct{ LastUsedDate, ServiceName, Region string }
		}
		run(&used, "iam", "get-access-key-last-used", "--access-key-id", key.ID)
		var info struct{ Account string }
		run(&info, "sts", "get-access-key-info", "--access-key-id", key.ID)
		k := foreignKey{
			ID: key.ID, User: used.UserName, Status: key.Status, Created: key.CreateDate, Used: used.AccessKeyLastUsed.LastUsedDate,
			Service: used.AccessKeyLastUsed.ServiceName, Region: used.AccessKeyLastUsed.Region, Account: info.Account,
			ARN: user.User.Arn, Path: user.User.Path,
		}
		for _, tag := range user.User.Tags {
			if tag.Key == key.ID {
				k.Description = tag.Value
			}
		}
		found.Keys = append(found.Keys, k)
	}
	run(&found, "iam", "list-service-specific-credentials", "--user-name", name, "--query", "{credentials: ServiceSpecificCredentials[].{"+
		"id: ServiceSpecificCredentialId, user: UserName, service: ServiceName, status: Status, created: CreateDate}}")
	return found
}

// runForeign runs a client with the credentials of the simulator's administrator, and decodes its output.
func runForeign(t *testing.T, w *acctest.World, out any, path string, args ...string) {
	t.Helper()
	root := w.Sim.Root()
	foreign.JSON(t, out, foreign.Env(t, root.AccessKeyID, root.Secret.Reveal(), "AWS_DEFAULT_REGION=us-east-1", "SIM_URL="+w.Sim.URL()),
		path, args...)
}
