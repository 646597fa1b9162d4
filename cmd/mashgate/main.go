// Command mashgate is the server: a hub's gateway, one reference agency, or a whole hub on made-up data to look at.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mashgate:", err)
		os.Exit(1) //nolint:gocritic // stop has nothing left to do once the process ends
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "mashgate",
		Short:         "A gateway through which the partners of a safeguarding hub share what they know, and nothing more",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newDemo(), newServe(), newAgency(), newConfig())
	return root
}
