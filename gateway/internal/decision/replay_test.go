package decision_test

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
	"github.com/mashgate/mashgate/policy/rules"
)

// enough is how many recorded decisions are replayed.
const enough = 100_000

// families makes requests up, each a little different, and decides them as the gateway does.
type families struct {
	*rand.Rand
	revision *policy.Revision
}

func pick[T any](f families, from ...T) T { return from[f.IntN(len(from))] }

func (f families) input() policy.Input {
	words := f.revision.Vocabulary()
	in := policy.Input{
		At: start.Add(-time.Duration(f.IntN(300*24)) * time.Hour), Hub: hub,
		Requester: policy.Requester{Role: pick(f, "social_worker", "team_manager"), Agency: "children_services", Hub: hub, Assigned: f.IntN(20) > 0},
		Episode: policy.Episode{
			Stage: pick(f, "mash_episode", "strategy_discussion"), Purpose: "safeguarding_children", Rating: pick(f, "red", "amber"),
			LevelOfNeed: 4, Basis: pick(f, "s47", "mash", "mash"), Concerns: []string{pick(f, "physical_abuse", "sexual_abuse", "neglect")},
			Facts: policy.Facts{S47Cause: true},
		},
		Subjects: []policy.Subject{
			{ID: "s1", Role: "index_child", Born: fmt.Sprintf("20%02d-05-06", 8+f.IntN(16)), Identified: "yes", LivesWithIndex: true, SafeAddress: f.IntN(5) == 0},
			{ID: "s2", Role: "parent", Born: "1988-07-01", Identified: pick(f, "yes", "yes", "ambiguous"), ParentalResponsibility: true, LivesWithIndex: true},
		},
		Consents: []policy.Consent{{Kind: "agencies_share_with_us", By: "s2", Status: pick(f, "yes", "no", "not_safe_to_seek"), Reason: policy.Recorded, Recorded: start.AddDate(-1, 0, 0)}},
	}
	for _, o := range words.Organisations {
		organisation := o.Organisation()
		organisation.Connected = true
		in.Organisations = append(in.Organisations, organisation)
	}
	return in
}

// headers are a chunk of one organisation's answer on one subject.
func (f families) headers(o policy.Organisation, subject string) []record.Header {
	headers := make([]record.Header, 0, record.MaxChunk)
	for range record.MaxChunk {
		h := record.Header{
			Organisation: o.ID, Subject: subject, Category: pick(f, o.Categories...), LabelsKnown: f.IntN(30) > 0, Labels: []string{},
			EventDate: start.AddDate(0, 0, -f.IntN(4000)).Format(time.DateOnly),
		}
		if f.IntN(3) == 0 {
			h.Labels = append(h.Labels, pick(f, f.revision.Catalogue().Labels...))
		}
		headers = append(headers, h)
	}
	return headers
}

// records are those of one request: the ask, a batch of each organisation on each subject, and a reading.
func (f families) records(v vaulted, episode, request string) []history.Record {
	v.Helper()
	ctx := context.Background()
	in := f.input()
	q, err := f.revision.Open(ctx, in)
	v.must(err)
	base := history.Record{Hub: hub, Episode: episode, Request: request, Time: in.At, Input: in}
	allowed, err := history.Decide(ctx, q, in.Organisations)
	v.must(err)
	verdict, err := history.OfAsk(q.Ask(), allowed)
	v.must(err)
	asked := base
	asked.Kind, asked.Verdicts = history.Ask, []history.Verdict{verdict}
	records := []history.Record{asked}
	for _, o := range in.Organisations {
		if len(o.Categories) == 0 {
			continue
		}
		for _, kind := range []history.Kind{history.Release, history.Read} {
			r := base
			r.Kind, r.Organisation, r.Subject = kind, o.ID, pick(f, "s1", "s2")
			r.Headers = f.headers(o, r.Subject)
			decisions, err := q.Release(ctx, r.Headers)
			v.must(err)
			verdict, err := history.OfRelease(f.revision.ID(), decisions)
			if kind == history.Read {
				verdict, err = history.OfRead(q.Ask(), decisions)
			}
			v.must(err)
			r.Verdicts = []history.Verdict{verdict}
			records = append(records, r)
		}
	}
	return records
}

// keepAll records what belongs to one request in one transaction.
func (v vaulted) keepAll(records []history.Record) {
	v.Helper()
	sealed := make([]decision.Sealed, 0, len(records))
	for _, r := range records {
		s, err := v.Seal(context.Background(), r)
		v.must(err)
		sealed = append(sealed, s)
	}
	v.must(v.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
		for i, s := range sealed {
			entry, err := v.ledger.Append(ctx, tx, ledger.Entry{Hub: hub, Kind: ledger.KindDisclosure, Episode: records[i].Episode, Digest: s.Digest})
			if err != nil {
				return err
			}
			if err := v.Keep(ctx, tx, s, entry.Seq); err != nil {
				return err
			}
		}
		return nil
	}))
}

// replay decides everything again. Packs are found by id as they are kept: one that no longer comes to its id is not loaded.
func (v vaulted) replay(packs map[string]*policy.Pack, revisions map[string]*policy.Revision) (history.Result, []history.Difference) {
	v.Helper()
	var found []history.Difference
	result, err := history.Replay{
		Records: v.Each(context.Background(), decision.Query{Hub: hub, Entry: v.entry}),
		Revision: func(_ context.Context, _, id string) (*policy.Revision, error) {
			pack, kept := packs[id]
			switch {
			case !kept:
				return nil, history.ErrRevisionGone
			case pack.ID() != id:
				return nil, history.ErrRevisionAltered
			}
			return revisions[id], nil
		},
		Found: func(d history.Difference) error { found = append(found, d); return nil },
		Done:  func(context.Context, history.Result) error { return nil },
	}.Run(context.Background())
	v.must(err)
	return result, found
}

func seqsAndCodes(found []history.Difference) []string {
	all := make([]string, 0, len(found))
	for _, d := range found {
		all = append(all, fmt.Sprintf("%d %s", d.Seq, d.Code))
	}
	return all
}

// TestReplay: every one of a hundred thousand recorded decisions comes out bit for bit the same; one altered decision, one altered input
// and one altered data value are each found, though the forger can write the database and holds the keys, and nothing else is.
func TestReplay(t *testing.T) {
	v := setUp(t, nil)
	pack, err := policy.ReadPack(rules.FS)
	v.must(err)
	revision, err := pack.Compile(t.Context(), policy.CompileOptions{})
	v.must(err)
	f := families{rand.New(rand.NewPCG(3, 22)), revision}
	packs, revisions := map[string]*policy.Pack{pack.ID(): pack}, map[string]*policy.Revision{pack.ID(): revision}
	decisions, requests := int64(0), 0
	for ; decisions < enough; requests++ {
		id := fmt.Sprintf("f%d", requests)
		v.request(id, id)
		records := f.records(v, id, id)
		v.keepAll(records)
		for _, r := range records {
			decisions += int64(r.Decisions())
		}
	}
	result, found := v.replay(packs, revisions)
	if result.Equal != decisions || result.Different+result.Erased != 0 || found != nil {
		t.Fatalf("of %d decisions: %+v, %v", decisions, result, seqsAndCodes(found))
	}

	other := changed(t, pack, "C", "mash", "deny")
	tightened, err := other.Compile(t.Context(), policy.CompileOptions{})
	v.must(err)
	packs[other.ID()], revisions[other.ID()] = other, tightened
	v.request("g", "g")
	under := families{f.Rand, tightened}.records(v, "g", "g")
	v.keepAll(under)

	forged := v.forge(result.Records/3, func(r *history.Record) { r.Verdicts[0].Outcomes[0].Effect = policy.Permit })
	opened := v.forgeInput("f1", func(in *policy.Input) { in.Requester.Assigned = !in.Requester.Assigned })
	packs[other.ID()] = changed(t, other, "C", "mash", "permit")

	want := map[string]bool{fmt.Sprintf("%d %s", forged, history.RecordAltered): true}
	for _, seq := range opened {
		want[fmt.Sprintf("%d %s", seq, history.RecordAltered)] = true
	}
	for i := range under {
		want[fmt.Sprintf("%d %s", result.Records+int64(i)+1, history.RevisionAltered)] = true
	}
	_, found = v.replay(packs, revisions)
	got := map[string]bool{}
	for _, each := range seqsAndCodes(found) {
		got[each] = true
	}
	if diff := cmp.Diff(want, got); diff != "" || len(opened) < 10 || len(under) < 10 {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	delete(packs, other.ID())
	_, found = v.replay(packs, revisions)
	if gone := slices.DeleteFunc(found, func(d history.Difference) bool { return d.Code != history.RevisionGone }); len(gone) != len(under) {
		t.Errorf("%d records of a revision that is gone, want %d", len(gone), len(under))
	}
}

// TestReplayFindsAForgedLedger: where the ledger was written by the same forger, deciding again still tells.
func TestReplayFindsAForgedLedger(t *testing.T) {
	v := setUp(t, nil)
	pack, err := policy.ReadPack(rules.FS)
	v.must(err)
	revision, err := pack.Compile(t.Context(), policy.CompileOptions{})
	v.must(err)
	records := families{rand.New(rand.NewPCG(4, 22)), revision}.records(v, "e1", "r1")
	var want []string
	for i := range records {
		switch {
		case i == 0:
			records[i].Verdicts[0].Ask.Tell = "everything"
		case records[i].Kind == history.Release && len(want) == 1:
			records[i].Verdicts[0].Outcomes[5].Masks = []string{"location", "third_party", "free_text"}
		case records[i].Kind == history.Read && len(want) == 2:
			for h := range records[i].Headers {
				records[i].Headers[h].LabelsKnown = !records[i].Headers[h].LabelsKnown
			}
		default:
			continue
		}
		want = append(want, fmt.Sprintf("%d %s", i+1, history.DecisionDiffers))
	}
	v.keepAll(records)
	_, found := v.replay(map[string]*policy.Pack{pack.ID(): pack}, map[string]*policy.Revision{pack.ID(): revision})
	if diff := cmp.Diff(want, seqsAndCodes(found)); diff != "" || len(want) != 3 {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

// changed is a pack with one cell of its tiers another.
func changed(t *testing.T, pack *policy.Pack, tier, basis, effect string) *policy.Pack {
	t.Helper()
	parts := pack.Parts()
	parts.Data = maps.Clone(parts.Data)
	path := []string{"tiers", "cells", tier, basis}
	at := parts.Data
	for _, key := range path {
		inner, ok := at[key].(map[string]any)
		if !ok {
			t.Fatalf("data.%s is %T", key, at[key])
		}
		at[key] = maps.Clone(inner)
		at = at[key].(map[string]any) //nolint:forcetypeassert // set in the line above
	}
	at["effect"] = effect
	variant, err := policy.NewPack(parts)
	if err != nil {
		t.Fatal(err)
	}
	if variant.ID() == pack.ID() {
		t.Fatal("the changed pack has the same id")
	}
	return variant
}

// forge alters a record as somebody would who holds the keys and writes the database: sealed anew, in the old one's place.
func (v vaulted) forge(seq int64, alter func(*history.Record)) int64 {
	v.Helper()
	for r, err := range v.Each(context.Background(), decision.Query{Hub: hub, AfterSeq: seq - 1, Kinds: []history.Kind{history.Release}}) {
		v.must(err)
		seq = r.Seq
		alter(&r)
		v.keep(r)
		break
	}
	var last int64
	v.must(v.db.Read().NewRaw("SELECT MAX(seq) FROM decisions").Scan(context.Background(), &last))
	for _, column := range []string{"body", "place"} {
		v.sql(fmt.Sprintf("UPDATE decisions SET %[1]s = (SELECT %[1]s FROM decisions WHERE seq = ?) WHERE seq = ?", column), last, seq)
	}
	v.sql("DELETE FROM decisions WHERE seq = ?", last)
	return seq
}

// forgeInput alters what a request was decided on in the same way, and returns the records that rest on it.
func (v vaulted) forgeInput(request string, alter func(*policy.Input)) (seqs []int64) {
	v.Helper()
	var in policy.Input
	for r, err := range v.Each(context.Background(), decision.Query{Hub: hub, Request: request}) {
		v.must(err)
		in, seqs = r.Input, append(seqs, r.Seq)
	}
	alter(&in)
	text, err := json.Marshal(in)
	v.must(err)
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	v.must(err)
	_, err = w.Write(text)
	v.must(errors.Join(err, w.Close()))
	var mark string
	v.must(v.db.Read().NewRaw("SELECT mark FROM decision_inputs WHERE request = ?", request).Scan(context.Background(), &mark))
	sealed, err := v.vault.Seal(request, seal.Place{Table: "decision_inputs", Column: "body", Row: request + "/" + mark}, packed.Bytes())
	v.must(err)
	v.sql("UPDATE decision_inputs SET body = ? WHERE request = ?", sealed, request)
	return seqs
}
