package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/agencies/reference"
	"github.com/mashgate/mashgate/cmd/internal/agencyhost"
	"github.com/mashgate/mashgate/gateway"
)

func newServe() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "serve --config FILE", Short: "Serve a hub's gateway", Args: cobra.NoArgs,
		Long: "Serve reads one file, strictly, and reports everything that is wrong with it at once. It refuses keys marked DEMO, plain\n" +
			"HTTP and loopback issuers. `mashgate config sample` prints a file to start from.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := gateway.LoadConfig(file)
			if err != nil {
				return err
			}
			return ignoreCancel(gateway.Run(cmd.Context(), config))
		},
	}
	configFlag(cmd, &file)
	return cmd
}

func newAgency() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "agency NAME --config FILE", Short: "Serve one agency as a process of its own", Args: cobra.ExactArgs(1),
		Long: "NAME is the organisation that the file and its certificate must name. `mashgate demo` writes a file for each of its\n" +
			"agencies: <data>/agencies/<name>/agency.yaml.",
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := agencyhost.Load(file)
			if err != nil {
				return err
			}
			if config.Organisation != args[0] {
				return fmt.Errorf("%s is about %s, not %s", file, config.Organisation, args[0])
			}
			return serveAgency(cmd.Context(), config)
		},
		ValidArgs: reference.Organisations(),
	}
	configFlag(cmd, &file)
	return cmd
}

func serveAgency(ctx context.Context, config agencyhost.Config) (err error) {
	host, err := agencyhost.Open(ctx, config, slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	return host.Serve(ctx, listener)
}

func newConfig() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check or print a gateway's configuration"}
	var file string
	check := &cobra.Command{
		Use: "check --config FILE", Short: "Say everything that is wrong with a configuration, or that a gateway can start with it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := gateway.LoadConfig(file)
			if err != nil {
				return err
			}
			if err := gateway.Check(cmd.Context(), config); err != nil {
				return err
			}
			for _, hub := range config.Hubs {
				names := make([]string, 0, len(hub.Organisations))
				for _, o := range hub.Organisations {
					names = append(names, o.ID)
				}
				slices.Sort(names)
				fmt.Fprintf(cmd.OutOrStdout(), "%s: fine; hub %s, %d organisations: %v; policy: %s\n", file, hub.ID, len(names), names, source(hub.Policy))
			}
			return nil
		},
	}
	configFlag(check, &file)
	sample := &cobra.Command{
		Use: "sample", Short: "Print a configuration to start from, each line explained", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s", gateway.SampleConfig())
			return err
		},
	}
	cmd.AddCommand(check, sample)
	return cmd
}

// source says in words where a hub's policy comes from.
func source(p gateway.Policy) string {
	words := "what is activated"
	if p.Pack != "" {
		words = p.Pack + ", then what is activated"
	}
	if p.Follow != "" {
		words += " or published at " + p.Follow
	}
	return words
}

func configFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "config", "", "the configuration `FILE`")
	if err := cmd.MarkFlagRequired("config"); err != nil {
		panic(err) // the flag was defined on the line above
	}
}

// ignoreCancel takes being told to stop for what it is.
func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
