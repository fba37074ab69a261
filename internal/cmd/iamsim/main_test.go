package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestRun(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		args := []string{"-user", "ann", "-kms-alias", "alias/secrets", "-admin", "-start", "2026-01-01T00:00:00Z", "-account", "000000000001"}
		done <- run(ctx, args, writer, io.Discard)
	}()

	env := map[string]string{}
	lines := bufio.NewScanner(reader)
	for len(env) < 4 && lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
		if !ok {
			t.Fatal("a line that sets no variable")
		}
		env[name] = value
	}
	if env["AWS_REGION"] != "us-east-1" || !strings.HasPrefix(env["AWS_ACCESS_KEY_ID"], "AKIA") || len(env["AWS_SECRET_ACCESS_KEY"]) != 40 {
		t.Error("the variables are not those of an AWS client")
	}

	r, err := http.NewRequestWithContext(ctx, http.MethodGet, env["AWS_ENDPOINT_URL"]+"/_admin/keys?user=admin", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":"` + env["AWS_ACCESS_KEY_ID"] + `"`, `"created_at":"2026-01-01T00:00:00Z"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("keys of admin: %s, want %s", body, want)
		}
	}

	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRun_badArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"extra"}, {"-nope"}, {"-start", "yesterday"}, {"-account", "1"}, {"-user", "a b"}, {"-kms-alias", "secrets"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	if err := run(t.Context(), []string{"-addr", "0.0.0.0:0"}, io.Discard, io.Discard); !errors.Is(err, iamsim.ErrNotLoopback) {
		t.Errorf("all interfaces: %v", err)
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("help: %v", err)
	}
}
