// Command mashctl is the hub's command line: practitioners and scripts use it over gRPC, information-governance teams run policy
// scenarios with it without a server.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := newRoot()
	err := cmd.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, describe(err))
	}
	os.Exit(exitCode(err)) //nolint:gocritic // stop has nothing left to do once the process ends
}
