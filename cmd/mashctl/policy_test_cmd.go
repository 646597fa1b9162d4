package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/cmd/internal/watch"
	"github.com/mashgate/mashgate/policy/packtest"
)

// errPackTest says that a pack's tests do not all hold; which ones has been printed.
var errPackTest = errors.New("not all of the pack's tests hold")

func (a *app) policyTest() *cobra.Command {
	watched := false
	cmd := &cobra.Command{
		Use: "test [PATH]", Short: "Run a policy pack's Rego tests and scenarios; needs no server",
		Long: "PATH is the folder of a pack, of a hub or of an agency; the built-in default pack when left out. Of an overlay, the base's\n" +
			"Rego tests run with the overlay's rules over the base's data, and the overlay's own over the data as merged.\n" +
			"Prints each expectation that does not hold with the decision, the rules that fired and the strictest that won, then the lines\n" +
			"of rules that nothing runs. Exit code 1 when something does not hold. With --watch it runs again when a file is saved.",
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			path := strings.Join(given, "")
			if err := isFolder(path); err != nil {
				return err
			}
			switch {
			case watched && path == "":
				return usage("policy test --watch: the built-in pack does not change; give the PATH of a pack")
			case watched:
				return a.watchPack(cmd.Context(), cmd.OutOrStdout(), path)
			}
			return a.testPack(cmd.Context(), cmd.OutOrStdout(), path)
		},
	}
	cmd.Flags().BoolVar(&watched, "watch", false, "run again whenever a file of the pack is saved, until interrupted")
	return cmd
}

// isFolder lets "" stand for the built-in pack.
func isFolder(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return usage("policy test: %s is not a folder", path)
	}
	return nil
}

func (a *app) testPack(ctx context.Context, w io.Writer, path string) error {
	result, err := packtest.Run(ctx, packFS(path))
	if err != nil {
		return err
	}
	if a.json {
		err = json.NewEncoder(w).Encode(result)
	} else {
		err = result.WriteText(w)
	}
	if err == nil && !result.OK() {
		return errPackTest
	}
	return err
}

// watchPack ends when it is interrupted, which is no failure: nobody knows what the last run was to show.
func (a *app) watchPack(ctx context.Context, w io.Writer, path string) error {
	folder, err := watch.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	for {
		if err := a.testPack(ctx, w, path); err != nil && !errors.Is(err, errPackTest) {
			return untilInterrupted(ctx, err)
		}
		changed, err := folder.Wait(ctx)
		if err != nil {
			return untilInterrupted(ctx, err)
		}
		if !a.json {
			if _, err := fmt.Fprintf(w, "\nsaved: %s\n\n", strings.Join(changed, ", ")); err != nil {
				return err
			}
		}
	}
}

func untilInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // being interrupted is how watching ends
	}
	return err
}
