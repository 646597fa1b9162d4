package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/cmd/internal/show"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// errDiffers says that a recorded decision was not reproduced; which ones has been printed.
var errDiffers = errors.New("not every recorded decision comes out as it was recorded")

func (a *app) policyReplay() *cobra.Command {
	var day, hub string
	var verify bool
	cmd := &cobra.Command{
		Use: "replay --verify", Short: "Decide what was decided again, under the policy that decided it",
		Long: "Every recorded decision is held to the ledger and made again. Exit code 1 where one does not come out bit for bit the same, is\n" +
			"not what was recorded, or was made by a policy that is altered or gone. What was erased is counted apart.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !verify {
				return usage("give --verify: it is the only thing that replay does")
			}
			req := &policyv1.ReplayRequest{}
			var err error
			if req.Since, err = since(day); err != nil {
				return err
			}
			return a.policies(func(c policyv1.PolicyServiceClient, p dial.Profile) error {
				req.Parent = "hubs/" + hubOr(hub, p)
				return a.replay(cmd, c, req)
			})
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "hold every decision to what was recorded (needed)")
	cmd.Flags().StringVar(&day, "since", "", "only decisions since this `DAY` (2026-01-31)")
	cmd.Flags().StringVar(&hub, "hub", "", "the hub; the profile's when left out")
	return cmd
}

func (a *app) replay(cmd *cobra.Command, c policyv1.PolicyServiceClient, req *policyv1.ReplayRequest) error {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	stream, err := c.Replay(ctx, req)
	if err != nil {
		return err
	}
	bar := newProgress(ctx, cmd.ErrOrStderr(), "replay")
	defer bar.end()
	for {
		event, err := stream.Recv()
		if err != nil {
			return unfinished(err)
		}
		switch {
		case event.GetProgress() != nil:
			bar.at(event.GetProgress())
		case event.GetDifference() != nil:
			d := event.GetDifference()
			err = a.print(cmd.OutOrStdout(), d, func(w io.Writer) error { return show.Difference(w, d) })
		case event.GetResult() != nil:
			bar.end()
			return a.replayed(cmd.OutOrStdout(), event.GetResult())
		}
		if err != nil {
			return err
		}
	}
}

func (a *app) replayed(w io.Writer, r *policyv1.ReplayResult) error {
	if err := a.print(w, r, func(w io.Writer) error { return show.Replayed(w, r) }); err != nil {
		return err
	}
	if r.GetDifferent() > 0 {
		return errDiffers
	}
	return nil
}

// unfinished is a stream that ended before its last message.
func unfinished(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the hub ended the run before its result")
	}
	return err
}

// since is how a request says from when; nil where no day is given.
func since(day string) (*timestamppb.Timestamp, error) {
	at, err := sinceDay(day)
	if err != nil || at.IsZero() {
		return nil, err
	}
	return timestamppb.New(at), nil
}

func hubOr(given string, p dial.Profile) string {
	if given != "" {
		return given
	}
	return p.Hub
}

// progress shows how far a run at the hub has come, by the hub's own account.
type progress struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	left time.Duration
}

func newProgress(ctx context.Context, w io.Writer, name string) *progress {
	p := &progress{bars: mpb.NewWithContext(ctx, mpb.WithOutput(w))}
	p.bar = p.bars.AddBar(0, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersNoUnit("%d of %d")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return fmt.Sprintf("%s left", p.left) })))
	return p
}

func (p *progress) at(now *policyv1.Progress) {
	p.left = time.Duration(now.GetSecondsLeft()) * time.Second
	p.bar.SetTotal(now.GetTotal(), false)
	p.bar.SetCurrent(now.GetDone())
}

// end takes the bar away; the second time does nothing.
func (p *progress) end() {
	p.bar.Abort(true)
	p.bars.Wait()
}
