// Command iamsim serves the IAM, STS and KMS simulator on loopback until it is interrupted.
//
// It prints shell commands that set the endpoint and the credentials for AWS clients. To use it in a shell:
//
//	iamsim -user ci -kms-alias alias/secrets >env & sleep 1; . ./env; aws iam list-users
//
// Older clients do not read AWS_ENDPOINT_URL. They need the endpoint as an argument.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("iamsim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	opts := iamsim.Options{}
	flags.StringVar(&opts.Addr, "addr", "127.0.0.1:0", "loopback address to listen on")
	flags.BoolVar(&opts.Admin, "admin", false, "serve the admin API under /_admin/")
	flags.BoolVar(&opts.Running, "running", false, "let the clock run; otherwise only the admin API moves it")
	flags.StringVar(&opts.AccountID, "account", "123456789012", "account id")
	flags.Func("start", "time at which the clock starts, as in RFC 3339 (default the machine's time)", func(text string) (err error) {
		opts.Start, err = time.Parse(time.RFC3339, text)
		return err
	})
	user := flags.String("user", "", "name of a user to create")
	alias := flags.String("kms-alias", "", "alias of a KMS key to create in us-east-1, such as alias/secrets")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("iamsim: unexpected argument %q", flags.Arg(0))
	}

	if *user != "" {
		opts.Users = []string{*user}
	}
	if *alias != "" {
		opts.KMSAliases = []string{*alias}
	}
	server, err := iamsim.Start(opts)
	if err != nil {
		return err
	}
	root := server.Root()
	_, err = fmt.Fprintf(stdout, `export AWS_ENDPOINT_URL=%s
export AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=%s
export AWS_SECRET_ACCESS_KEY=%s
`, server.URL(), root.AccessKeyID, root.Secret.Reveal())
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, server.Close())
}
