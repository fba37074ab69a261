package provider_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// TestBinaryIsSilent starts the provider as Terraform does, and asks it something: without a TF_LOG variable it writes no
// line to its standard error, where Terraform would read and parse it.
func TestBinaryIsSilent(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "terraform-provider-iamkeys.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, tc := range map[string]struct {
		env      []string
		wantLogs bool
	}{
		"no TF_LOG variable": {},
		"an empty TF_LOG":    {env: []string{"TF_LOG="}},
		"a path alone":       {env: []string{"TF_LOG_PATH=" + filepath.Join(t.TempDir(), "log")}},
		"TF_LOG":             {env: []string{"TF_LOG=TRACE"}, wantLogs: true},
		"TF_LOG_SDK":         {env: []string{"TF_LOG_SDK=TRACE"}, wantLogs: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logs := askMetadata(t, binary, tc.env)
			if got := strings.Contains(logs, "GetMetadata"); got != tc.wantLogs {
				t.Errorf("the request is in the log: %t, want %t", got, tc.wantLogs)
			}
			if !tc.wantLogs && logs != "" {
				t.Errorf("the provider wrote %q", logs)
			}
		})
	}
}

// askMetadata starts the binary, calls GetMetadata and returns what it wrote to its standard error.
func askMetadata(t *testing.T, binary string, env []string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "TF_") }), env...)
	var stderr lines
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]plugin.PluginSet{6: {"provider": connection{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		Cmd:              cmd,
		SkipHostEnv:      true,
		Stderr:           &stderr,
		Logger:           hclog.NewNullLogger(),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	provider, err := protocol.Dispense("provider")
	if err != nil {
		t.Fatal(err)
	}
	conn, ok := provider.(*grpc.ClientConn)
	if !ok {
		t.Fatalf("dispensed %T", provider)
	}
	// The message types are not public. The request has no fields, and those of the answer do not matter.
	if err := conn.Invoke(t.Context(), "/tfplugin6.Provider/GetMetadata", &emptypb.Empty{}, &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	client.Kill()
	return stderr.String()
}

// connection is a plugin whose client is the connection itself.
type connection struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer implements plugin.GRPCPlugin.
func (connection) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a client only")
}

// GRPCClient implements plugin.GRPCPlugin.
func (connection) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// lines collects what a process writes, while a test may read it.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all that was written so far.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
