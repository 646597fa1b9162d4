package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/cmd/internal/show"
)

type demoFlags struct {
	dir      string
	families int
	seed     uint64
	history  int64
	once     bool
	json     bool
}

func newDemo() *cobra.Command {
	f := demoFlags{}
	cmd := &cobra.Command{
		Use: "demo", Short: "A whole hub on this machine, on made-up data: run one episode, show the picture, keep serving", Args: cobra.NoArgs,
		Long: "Demo makes keys (marked DEMO) and a synthetic city in a data folder, starts the gateway and eight agencies on loopback, and\n" +
			"runs one episode from referral to picture. Nobody in it exists. The data folder is made anew each time.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&f.dir, "data", "mashgate-demo", "the data `FOLDER`; one that a demo did not make is refused")
	cmd.Flags().IntVar(&f.families, "families", 60, "generated families beside the hand-made ones")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "draws the generated families")
	cmd.Flags().Int64Var(&f.history, "history", 0, "play cases until `N` decisions are on record, before saying that it runs")
	cmd.Flags().BoolVar(&f.once, "once", false, "end after the picture")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the picture as JSON on standard output and nothing else; ends after it")
	return cmd
}

func (f demoFlags) run(ctx context.Context, out, errOut io.Writer) (err error) {
	talk := out
	if f.json {
		talk = io.Discard
	}
	fmt.Fprintf(talk, "DEMO. Everybody in it is made up; its keys are made now and are not secret.\n\n")
	fmt.Fprintf(talk, "Making keys and a city of %d families in %s, starting the gateway and eight agencies …\n", f.families, f.dir)
	hub, err := demo.Start(ctx, demo.Options{Dir: f.dir, Families: f.families, Seed: f.seed, History: f.history > 0})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hub.Close()) }()
	told, err := demo.Showcase(ctx, hub, talk)
	if err != nil {
		return err
	}
	if f.json {
		return show.JSON(out, told.Picture)
	}
	if err := show.Picture(out, told.Picture, show.SubjectNames(told.Episode)); err != nil {
		return err
	}
	if f.history > 0 {
		if err := f.play(ctx, hub, out, errOut); err != nil {
			return err
		}
	}
	if f.once {
		return nil
	}
	next(out, hub, told)
	return f.wait(ctx, hub, errOut)
}

// tellEvery is how often a person is told how far the history has come.
const tellEvery = 2 * time.Second

// play makes a history and says how far it has come.
func (f demoFlags) play(ctx context.Context, hub *demo.Hub, out, errOut io.Writer) error {
	fmt.Fprintf(errOut, "\nplaying cases until %d decisions are on record …\n", f.history)
	began := time.Now()
	var told time.Time
	recorded, err := demo.History(ctx, hub, f.history, func(p demo.Played) {
		if time.Since(told) >= tellEvery {
			told = time.Now()
			fmt.Fprintf(errOut, "  %s\n", p)
		}
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nA history of %d decisions is on record; each was decided again and came out the same (%s).\n",
		recorded, time.Since(began).Round(time.Second))
	return err
}

// wait keeps serving until the person stops the demo or a part of it fails.
func (demoFlags) wait(ctx context.Context, hub *demo.Hub, errOut io.Writer) error {
	failed := make(chan error, 1)
	go func() { failed <- hub.Wait() }()
	select {
	case <-ctx.Done():
		fmt.Fprintln(errOut, "\nstopping …")
		return nil
	case err := <-failed:
		return err
	}
}

// short is a path as the person who started the demo would type it.
func short(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		return path
	}
	return rel
}

// next says what a person can do with the hub that is now running.
func next(w io.Writer, hub *demo.Hub, told demo.Told) {
	rest := "https://" + hub.Addresses.REST
	fmt.Fprintf(w, "\nTHE HUB IS RUNNING (stop it with Ctrl-C)\n\n")
	fmt.Fprintf(w, "  gRPC    %s   (reflection is on: grpcurl, Postman)\n", hub.Addresses.GRPC)
	fmt.Fprintf(w, "  REST    %s   (try it: %s/docs)\n", rest, rest)
	fmt.Fprintf(w, "  admin   http://%s/metrics\n", hub.Addresses.Admin)
	fmt.Fprintf(w, "  log     %s\n\n", short(hub.LogFile()))
	fmt.Fprintln(w, "People you can be, each with a token that lives one hour:")
	for _, p := range demo.People() {
		fmt.Fprintf(w, "  %-5s %-23s %s\n", p.ID, p.Role, short(hub.ProfileFile(p.ID)))
	}
	fmt.Fprintf(w, "\nTry next:\n")
	fmt.Fprintf(w, "  go run ./cmd/mashctl --profile %s policy explain %s\n", short(hub.ProfileFile("iris")), told.Request.GetName())
	fmt.Fprintf(w, "  go run ./cmd/mashctl --profile %s policy status\n", short(hub.ProfileFile("iris")))
	fmt.Fprintf(w, "  go run ./cmd/mashctl --profile %s policy replay --verify\n", short(hub.ProfileFile("iris")))
	fmt.Fprintf(w, "  go run ./cmd/mashctl --profile %s ledger list\n", short(hub.ProfileFile("ada")))
	fmt.Fprintf(w, "  curl --cacert %s -H \"Authorization: Bearer $(cat %s)\" %s/v1/%s/picture\n",
		short(hub.AuthorityFile()), short(hub.Profile("sara").TokenFile), rest, told.Request.GetName())
	key, id := hub.SigningKey()
	fmt.Fprintf(w, "\nTo change a policy (policy/README.md): iris makes a draft, ivy and mo or max approve it, and it is signed with\n")
	fmt.Fprintf(w, "  --key %s --key-id %s\n", short(key), id)
	fmt.Fprintf(w, "bash policy/journey.sh goes the whole way by itself, on a demo of its own.\n")
}
