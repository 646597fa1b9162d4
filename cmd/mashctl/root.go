package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
)

// profileEnv names the profile when --profile does not.
const profileEnv = "MASHGATE_PROFILE"

// app is what every command shares: the flags that stand before them.
type app struct {
	profile string
	json    bool
}

func newRoot() *cobra.Command {
	a := &app{}
	root := &cobra.Command{
		Use:   "mashctl",
		Short: "Ask, look up and record at a Mashgate hub",
		Long: "mashctl talks to a hub's gateway over gRPC. A profile (--profile FILE or " + profileEnv + ") says where the gateway is and\n" +
			"who asks; `mashgate demo` writes one for each of its people.\n\n" + exitHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&a.profile, "profile", os.Getenv(profileEnv), "the `FILE` that says where the gateway is and who asks")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON for programs")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.whoami(), a.referral(), a.episode(), a.request(), a.picture(), a.ledger(), a.policy())
	return root
}

// args wraps a check of positional arguments so that a wrong number is a wrong use.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
		}
		return nil
	}
}

// group is a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) > 0 {
				return usage("%s: there is no command %q; see --help", cmd.CommandPath(), given[0])
			}
			return cmd.Help()
		},
	}
	c.AddCommand(subs...)
	return c
}

// connect opens the profile's gateway and hands the connection to do.
func (a *app) connect(do func(*grpc.ClientConn, dial.Profile) error) error {
	if a.profile == "" {
		return usage("no profile: give --profile FILE or set %s (`mashgate demo` prints some)", profileEnv)
	}
	p, err := dial.Load(a.profile)
	if err != nil {
		return usageError{err}
	}
	conn, err := dial.Open(p)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", p.Address, err)
	}
	defer conn.Close()
	return do(conn, p)
}

// print writes JSON where asked for, else what text writes.
func (a *app) print(w io.Writer, m proto.Message, text func(io.Writer) error) error {
	if !a.json {
		return text(w)
	}
	return show.JSON(w, m)
}

// readMessage reads one message as JSON from a file, or standard input for "-". An unknown field is an error that names it.
func readMessage(path string, into proto.Message) error {
	b, err := readFile(path)
	if err != nil {
		return usageError{err}
	}
	if err := protojson.Unmarshal(b, into); err != nil {
		return usage("%s: %w", path, err)
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}
