package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/reference"
	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
	"github.com/mashgate/mashgate/policy/simulate"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// What an organisation does on its own side, over its own journal: the same tools, and no server.

// readingKeeps is a journal's retention for somebody who only reads it: reading forgets nothing.
const readingKeeps = time.Hour

// withJournal opens an agency's journal that is there already.
func withJournal(ctx context.Context, path string, do func(*agencies.Journal) error) (err error) {
	if _, err := os.Stat(path); err != nil {
		return usage("--journal: %v", err)
	}
	journal, err := agencies.OpenJournal(ctx, agencies.JournalOptions{Path: path, KeepDecisions: readingKeeps})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	return do(journal)
}

// journalled are an agency's decisions as a simulation takes them.
func journalled(decisions iter.Seq2[agencies.Decided, error]) iter.Seq2[simulate.Own, error] {
	return func(yield func(simulate.Own, error) bool) {
		for d, err := range decisions {
			own := simulate.Own{
				Seq: d.Seq, Request: d.Request, Header: d.AgencyHeader(), Records: int64(d.Records), Warrant: d.Warrant, Was: d.Own,
			}
			if !yield(own, err) {
				return
			}
		}
	}
}

// agencyPack compiles the pack in a folder; without one, the pack that is built in for the organisation's adapter.
func agencyPack(ctx context.Context, folder, organisation string) (*policy.AgencyPolicy, error) {
	var pack fs.FS
	if folder != "" {
		pack = os.DirFS(folder)
	} else {
		definition, err := reference.Definition(organisation)
		if err != nil {
			return nil, usage("%v: name the folder of its pack", err)
		}
		pack = definition.Rules
	}
	compiled, err := policy.CompileAgency(ctx, pack)
	if err != nil {
		return nil, usageError{err}
	}
	return compiled, nil
}

// simulateJournal tries a draft of an organisation's own policy on what it has decided on.
func (a *app) simulateJournal(ctx context.Context, w io.Writer, o simulateOptions) error {
	since, err := sinceDay(o.since)
	if err != nil {
		return err
	}
	draft, err := agencyPack(ctx, o.path, "")
	if err != nil {
		return err
	}
	against, err := agencyPack(ctx, o.against, draft.Manifest().Organisation)
	if err != nil {
		return err
	}
	return withJournal(ctx, o.journal, func(j *agencies.Journal) error {
		report, err := simulate.RunAgency(ctx, simulate.AgencyOptions{
			Against: against, Draft: draft, Records: journalled(j.Decisions(ctx, since)),
		})
		if err != nil {
			return err
		}
		return a.showReport(w, report, o.html)
	})
}

// sinceDay reads a day; none is the beginning.
func sinceDay(day string) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, usage("--since %q is not a day, as in 2026-01-31", day)
	}
	return at, nil
}

// explainJournal says why an organisation's own policy decided as it did about the records of one request.
func (a *app) explainJournal(ctx context.Context, w io.Writer, of journalQuestion) error {
	return withJournal(ctx, of.journal, func(j *agencies.Journal) error {
		var own *policy.AgencyPolicy
		all, about := []explain.Explanation{}, []string{}
		for d, err := range j.Decisions(ctx, time.Time{}) {
			if err == nil && d.Request == of.request && own == nil {
				own, err = agencyPack(ctx, of.pack, d.Header.Organisation)
			}
			if err != nil {
				return err
			}
			if d.Request != of.request || of.category != "" && d.Header.Category != of.category {
				continue
			}
			x, err := explain.ExplainAgency(ctx, explain.AgencyQuestion{Policy: own, Header: d.AgencyHeader()})
			if err != nil {
				return err
			}
			all = append(all, x)
			about = append(about, fmt.Sprintf("%s about %s (records: %d):", d.Header.Category, d.Header.Subject, d.Records))
		}
		if len(all) == 0 {
			return usage("the journal holds no decision about request %s", of.request)
		}
		return a.showOwn(w, all, about)
	})
}

// journalQuestion is which decisions of an organisation are to be explained.
type journalQuestion struct{ journal, pack, request, category string }

// showOwn prints explanations, each under what it is about.
func (a *app) showOwn(w io.Writer, all []explain.Explanation, about []string) error {
	if a.json {
		return printJSON(w, all)
	}
	for i, x := range all {
		if _, err := fmt.Fprintln(w, about[i]); err != nil {
			return err
		}
		for line := range strings.Lines(x.Text()) {
			if _, err := fmt.Fprint(w, "  "+line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) policyAsks() *cobra.Command {
	var out, day string
	req := &policyv1.ListDraftAsksRequest{}
	cmd := &cobra.Command{
		Use: "asks DRAFT", Short: "What an organisation would be asked for under a draft, for it to count over its own records",
		Long: "Writes a file for one organisation: for each recorded request, what a warrant under the draft would allow. It holds random ids,\n" +
			"categories and limits, and no name. The organisation runs `policy count` over its own journal and sends back counts alone.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			var err error
			if req.Since, err = since(day); err != nil {
				return err
			}
			req.Name = given[0]
			return a.connect(func(conn *grpc.ClientConn, _ dial.Profile) error {
				asks, err := asksOf(cmd.Context(), conn, req)
				if err != nil {
					return err
				}
				return writeJSON(cmd.OutOrStdout(), out, asks)
			})
		},
	}
	cmd.Flags().StringVar(&req.Organisation, "organisation", "", "the `ID` of the organisation (required)")
	cmd.Flags().StringVar(&day, "since", "", "only requests since this `DAY` (2026-01-31)")
	cmd.Flags().StringVarP(&out, "out", "o", "", "the `FILE` to write; standard output when left out")
	required(cmd, "organisation")
	return cmd
}

func asksOf(ctx context.Context, conn *grpc.ClientConn, req *policyv1.ListDraftAsksRequest) (simulate.Asks, error) {
	asks := simulate.Asks{Organisation: req.GetOrganisation(), Requests: map[string][]policy.Constraint{}}
	stream, err := policyv1.NewPolicyServiceClient(conn).ListDraftAsks(ctx, req)
	if err != nil {
		return asks, err
	}
	for {
		got, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return asks, nil
		}
		if err != nil {
			return asks, err
		}
		var constraints []policy.Constraint
		if err := json.Unmarshal(got.GetConstraints(), &constraints); err != nil {
			return asks, fmt.Errorf("reading what would be asked in request %s: %w", got.GetRequest(), err)
		}
		asks.Against, asks.Draft, asks.Requests[got.GetRequest()] = got.GetAgainst(), got.GetDraft(), constraints
	}
}

func (a *app) policyCount() *cobra.Command {
	var journal, from, out string
	cmd := &cobra.Command{
		Use: "count", Short: "Count, at an organisation, what a draft of the hub would let out of its records; needs no server",
		Long: "Reads the file that `policy asks` wrote and the organisation's own journal, and writes how many records of which category would\n" +
			"come out otherwise: counts, never a header. The hub gives the file to `policy simulate --counts`.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			asks, err := readAsks(from)
			if err != nil {
				return err
			}
			return withJournal(cmd.Context(), journal, func(j *agencies.Journal) error {
				counts, err := asks.Count(journalled(j.Decisions(cmd.Context(), time.Time{})))
				if err != nil {
					return err
				}
				return writeJSON(cmd.OutOrStdout(), out, counts)
			})
		},
	}
	cmd.Flags().StringVar(&journal, "journal", "", "the `FILE` of the organisation's journal (required)")
	cmd.Flags().StringVar(&from, "asks", "", "the `FILE` that `policy asks` wrote (required)")
	cmd.Flags().StringVarP(&out, "out", "o", "", "the `FILE` to write; standard output when left out")
	required(cmd, "journal", "asks")
	return cmd
}

func readAsks(path string) (asks simulate.Asks, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return asks, usageError{err}
	}
	if err := json.Unmarshal(text, &asks); err != nil || asks.Organisation == "" {
		return asks, usage("%s is not a file that `policy asks` wrote", path)
	}
	return asks, nil
}

// writeJSON writes to a file that only its owner can read, or to standard output.
func writeJSON(w io.Writer, path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	text = append(text, '\n')
	if path == "" {
		_, err = w.Write(text)
		return err
	}
	return writeFile(path, text, 0o600)
}
