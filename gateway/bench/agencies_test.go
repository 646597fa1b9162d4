package bench_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/agencies/reference"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/internal/record"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// holdings are the eight agencies, each with what it holds about the child: something that a section 47 enquiry may see.
var holdings = []struct{ organisation, category string }{
	{"children_social_care", "csc.chronology"},
	{"early_help", "eh.plan"},
	{"education", "edu.safeguarding_log"},
	{"police", "pol.involvement"},
	{"community_health", "hlt.attendance"},
	{"mental_health", "hlt.mental_health_status"},
	{"probation", "prb.supervision"},
	{"youth_justice", "yj.involvement"},
}

// recordBytes is about how much a record says.
const recordBytes = 500

// heldBy makes an agency's records about the child: on different days of the last year, every fourth with a label that masks.
func heldBy(catalogue *record.Catalogue, category string, n int) []record.Record {
	fields := catalogue.Categories[category].Fields
	words := strings.Repeat("word ", recordBytes)[:recordBytes/len(fields)]
	records := make([]record.Record, 0, n)
	for i := range n {
		day := now.AddDate(0, 0, -(i % 365)).Format(time.DateOnly)
		r := agencytest.Record(catalogue, fmt.Sprintf("r-%d", i), category, day, func(string) string { return words })
		if i%4 == 0 {
			r.Header.Labels = []string{"third_party"}
		}
		records = append(records, r)
	}
	return records
}

// agencyOf serves one agency behind mutual TLS with the Rego of the reference adapter, and its records in memory, so that no
// agency's own storage stands in the comparison.
func agencyOf(tb testing.TB, gateway *agencytest.Gateway, organisation string, records []record.Record) agencyv1.AgencyServiceClient {
	tb.Helper()
	own, err := reference.Open(tb.Context(), organisation, tb.TempDir())
	must(tb, err)
	tb.Cleanup(func() { must(tb, own.Close()) })
	config, err := own.Config(tb.Context())
	must(tb, err)
	config.Source = &agencytest.Memory{AsOf: now.Add(-time.Hour), People: []agencytest.Person{{Ref: "p-1", Identity: child, Records: records}}}
	config.Verifier, config.Journal = gateway.Verifier(tb, organisation), agencytest.Journal(tb)
	config.Clock, config.Log = gateway.Clock, slog.New(slog.DiscardHandler)
	agency, err := agencies.New(config)
	must(tb, err)
	return gateway.Dial(tb, organisation, gateway.Serve(tb, organisation, agency))
}

// raw is the same agency without warrants, matching, policy or journal: whoever reaches it is sent everything, in the same chunks.
type raw struct {
	agencyv1.UnimplementedAgencyServiceServer
	records []record.Record
}

// Collect sends everything.
func (r raw) Collect(_ *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	for records := range slices.Chunk(r.records, record.MaxChunk) {
		chunk := &agencyv1.Chunk{Subject: "child"}
		for _, held := range records {
			chunk.Records = append(chunk.Records, messageOf(held))
		}
		if err := stream.Send(&agencyv1.CollectResponse{Part: &agencyv1.CollectResponse_Chunk{Chunk: chunk}}); err != nil {
			return err
		}
	}
	return nil
}

func messageOf(r record.Record) *agencyv1.Record {
	out := &agencyv1.Record{Header: &agencyv1.Header{
		Ref: r.Header.Ref, Category: r.Header.Category, EventDate: r.Header.EventDate, Labels: r.Header.Labels, LabelsKnown: r.Header.LabelsKnown,
	}}
	for _, field := range r.Fields {
		out.Fields = append(out.Fields, &agencyv1.Field{Name: field.Name, Value: field.Value})
	}
	return out
}

// fanOut asks every raw agency at once and keeps what comes in memory.
func fanOut(ctx context.Context, clients []agencyv1.AgencyServiceClient) (int, error) {
	answers := make([][]*agencyv1.Record, len(clients))
	group, ctx := errgroup.WithContext(ctx)
	for i, client := range clients {
		group.Go(func() (err error) {
			answers[i], err = drain(ctx, client)
			return err
		})
	}
	err := group.Wait()
	return len(slices.Concat(answers...)), err
}

func drain(ctx context.Context, client agencyv1.AgencyServiceClient) (records []*agencyv1.Record, err error) {
	stream, err := client.Collect(ctx, &agencyv1.CollectRequest{Warrant: "none"})
	if err != nil {
		return nil, err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, err
		}
		records = append(records, part.GetChunk().GetRecords()...)
	}
}

// pair is the two things to compare over the same records: the hub's path, and the raw fan-out.
type pair struct {
	hub *hub
	raw []agencyv1.AgencyServiceClient
}

// newPair serves eight agencies with n records each, twice.
func newPair(tb testing.TB, n int) pair {
	tb.Helper()
	catalogue, err := record.LoadCatalogue()
	must(tb, err)
	gateway := agencytest.NewGateway(tb, now)
	lines := map[string]fanout.Agency{}
	var p pair
	for _, holding := range holdings {
		records := heldBy(catalogue, holding.category, n)
		lines[holding.organisation] = fanout.Agency{Client: agencyOf(tb, gateway, holding.organisation, records)}
		p.raw = append(p.raw, gateway.Dial(tb, holding.organisation, gateway.Serve(tb, holding.organisation, raw{records: records})))
	}
	p.hub = newHub(tb, gateway, lines)
	return p
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
