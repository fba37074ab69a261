package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// crashSetup is the Story of a row just before the apply that is disturbed. All cells of the row begin there.
type crashSetup struct {
	*acctest.Story
	row    crashRow
	opener sealing.Opener
	begin  crashPoint
	// named are the keys before the disturbed apply, by id, and foreign are those of them that are not ours.
	named   map[string]string
	foreign []iamsim.Key
	// inactive are those of ci that are Inactive.
	inactive map[string]bool
	// stateful reports whether the resource is in the state already.
	stateful bool
	// version is what the CLI calls itself.
	version string
	// calls are those of an apply without a fault.
	calls []iamsim.Call

	mu sync.Mutex
	// held are the keys that consumers hold.
	held map[string]secret.Secret
	// relied reports whether ci must have an Active key, whoever holds it.
	relied bool
	// dead says what a consumer met; empty when nothing was wrong.
	dead string
}

// crashPoint is a working directory and the simulator's world, to come back to.
type crashPoint struct {
	files map[string][]byte
	world iamsim.Snapshot
}

// newCrashSetup sets up a row. The applies that faults disturb use the binary that the CLI configuration leads to. All others have the
// provider inside the test process, which is faster.
func newCrashSetup(t *testing.T, row crashRow, cliConfig string) *crashSetup {
	t.Helper()
	s := &crashSetup{Story: row.setUp(t), row: row, held: map[string]secret.Secret{}, inactive: map[string]bool{}}
	s.CLI.Setenv("TF_CLI_CONFIG_FILE", cliConfig)
	root := s.Sim.Root()
	s.opener = kms.New(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.Secret.Reveal(), ""),
	}, "us-east-1", kms.Options{Endpoint: s.Sim.URL()}).Opener()
	version, _, _ := strings.Cut(s.CLI.Run("version").Stdout, "\n")
	s.version = strings.Replace(version, " v", " ", 1)
	s.configure("")
	if !row.now {
		if got := s.planSaved(); got.ExitCode != 2 {
			t.Fatalf("exit code %d for the plan, want 2: %s", got.ExitCode, s.diagnoses())
		}
	}
	if row.late != nil {
		row.late(s.Story)
	}
	s.named = s.KeyNames()
	for _, user := range []string{"ci", bystander} {
		for _, k := range s.Sim.Keys(user) {
			if user != "ci" || !strings.HasPrefix(s.named[k.ID], "k") {
				s.foreign = append(s.foreign, k)
			}
			if k.Status == "Inactive" {
				s.inactive[k.ID] = true
			}
		}
	}
	before, err := s.instances()
	if err == nil {
		err = s.keep(&s.begin)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.stateful = len(before) > 0
	return s
}

// configure writes the configuration of the row, with another mode of unmanaged_keys unless that is empty.
func (s *crashSetup) configure(mode string) {
	s.T.Helper()
	args := s.row.args
	if mode != "" {
		args = args.With(acctest.Args{"unmanaged_keys": acctest.HCLString(mode)})
	}
	s.Write(args, s.row.more)
}

// planSaved plans what the row asks for.
func (s *crashSetup) planSaved() acctest.Result {
	s.T.Helper()
	if s.row.destroy {
		return s.CLI.PlanOut(acctest.SavedPlan, "-destroy")
	}
	return s.CLI.PlanOut(acctest.SavedPlan)
}

// command is the apply of the row.
func (s *crashSetup) command() []string {
	if s.row.now {
		return []string{"apply", "-json", "-auto-approve"}
	}
	return []string{"apply", "-json", acctest.SavedPlan}
}

// diagnoses are the diagnostics of the last command, for people.
func (s *crashSetup) diagnoses() string {
	s.T.Helper()
	var all []string
	for _, d := range s.CLI.Diagnostics() {
		all = append(all, s.Normalize(d.Severity+": "+d.Summary+": "+d.Detail))
	}
	return strings.Join(all, "\n    ")
}

// keep keeps the working directory and the world.
func (s *crashSetup) keep(at *crashPoint) error {
	at.world, at.files = s.Sim.Snapshot(), map[string][]byte{}
	return s.eachFile(func(name string) error {
		data, err := os.ReadFile(name)
		at.files[name] = data
		return err
	})
}

// back goes back to a point. What consumers were given since is forgotten.
func (s *crashSetup) back(at crashPoint) error {
	if err := s.eachFile(os.Remove); err != nil {
		return err
	}
	for name, data := range at.files {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	s.Sim.Restore(at.world)
	s.Sim.OnCall(func(iamsim.Call) { s.watch() })
	return nil
}

func (s *crashSetup) eachFile(do func(name string) error) error {
	entries, err := os.ReadDir(s.CLI.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := do(filepath.Join(s.CLI.Dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// hold makes consumers hold these keys and no others. Relied is whether ci must have an Active key.
func (s *crashSetup) hold(held map[string]secret.Secret, relied bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.relied, s.dead = held, relied, ""
}

// watch lets all consumers try their keys, as they do at every call.
func (s *crashSetup) watch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, held := range s.held {
		if s.dead == "" && !s.Sim.Authenticates(id, held) {
			s.dead = "a consumer holds " + s.nameOf(id) + ", which does not work"
		}
	}
	if s.dead == "" && s.relied && !s.active() {
		s.dead = "ci has no Active key"
	}
}

// deaths is what a consumer met so far, as an error.
func (s *crashSetup) deaths() error {
	s.watch()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != "" {
		return errors.New(s.dead)
	}
	return nil
}

func (s *crashSetup) active() bool {
	return slices.ContainsFunc(s.Sim.Keys("ci"), func(k iamsim.Key) bool { return k.Status == "Active" })
}

// nameOf returns the name of a key that existed before the disturbed apply, or new.
func (s *crashSetup) nameOf(id string) string {
	if name, ok := s.named[id]; ok {
		return name
	}
	return "new"
}

// instances are those of the resource in the state file, deposed ones included.
func (s *crashSetup) instances() ([]acctest.StateInstance, error) {
	data, err := os.ReadFile(filepath.Join(s.CLI.Dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(data) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var state struct {
		Resources []struct{ Instances []acctest.StateInstance }
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&state); err != nil {
		return nil, fmt.Errorf("the state can't be read: %w", err)
	}
	var all []acctest.StateInstance
	for _, r := range state.Resources {
		all = append(all, r.Instances...)
	}
	return all, nil
}

// truth is what state and IAM say of the keys of ci.
type truth struct {
	// text has the roles of the keys, such as "current k2 Active, previous k1 Inactive, besides theirs Active".
	text string
	// orphans are the ids of keys that an apply has created and that no state knows.
	orphans []string
	// current and its published secret, which is zero where the state has none.
	current string
	secret  secret.Secret
}

func (s *crashSetup) truth() (truth, error) {
	all, err := s.instances()
	if err != nil {
		return truth{}, err
	}
	left := s.Sim.Keys("ci")
	take := func(role string, id any) string {
		i := slices.IndexFunc(left, func(k iamsim.Key) bool { return k.ID == id })
		if i < 0 {
			return fmt.Sprintf("%s %s gone", role, s.nameOf(fmt.Sprint(id)))
		}
		k := left[i]
		left = slices.Delete(left, i, i+1)
		return fmt.Sprintf("%s %s %s", role, s.nameOf(k.ID), k.Status)
	}
	var now truth
	var roles []string
	for _, instance := range all {
		role := "current"
		if instance.Status != "" || instance.Deposed != "" {
			role = "tainted"
		}
		now.current = fmt.Sprint(instance.Attributes["access_key_id"])
		roles = append(roles, take(role, now.current))
		if previous := acctest.Lookup(instance.Attributes, "previous.access_key_id"); previous != nil {
			roles = append(roles, take("previous", previous))
		}
		if now.secret, err = s.published(instance.Attributes); err != nil {
			return truth{}, err
		}
	}
	for _, k := range left {
		if _, known := s.named[k.ID]; known {
			roles = append(roles, fmt.Sprintf("besides %s %s", s.named[k.ID], k.Status))
		} else {
			now.orphans = append(now.orphans, k.ID)
		}
	}
	now.text = strings.Join(roles, ", ")
	return now, nil
}

// published is the secret of the current key as its consumers read it.
func (s *crashSetup) published(attributes map[string]any) (secret.Secret, error) {
	if plain, ok := attributes["secret_access_key"].(string); ok {
		return secret.New(plain), nil
	}
	if ciphertext, ok := attributes["encrypted_secret"].(string); ok {
		return s.opener.Open(s.T.Context(), ciphertext)
	}
	return secret.Secret{}, nil
}
