package decision_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

const hub = "coventry"

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// vaulted is a store with a ledger beside it and one request in each of two episodes.
type vaulted struct {
	testing.TB
	*decision.Store
	db     *store.DB
	vault  *seal.Vault
	ledger *ledger.Ledger
}

func setUp(t testing.TB, faults func(store.Point) error) vaulted {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "hub.db"), Fault: faults})
	v := vaulted{TB: t, db: db}
	v.must(err)
	t.Cleanup(func() { v.must(db.Close()) })
	v.vault, err = seal.OpenVault(filepath.Join(dir, "keys"), make([]byte, seal.KEKSize))
	v.must(err)
	v.Store, v.ledger = decision.New(db, v.vault), ledger.New(db, v.vault, clock.NewFake(start))
	v.request("e1", "r1")
	v.request("e2", "r2")
	return v
}

func (v vaulted) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

// sql runs statements as somebody would who can write the database.
func (v vaulted) sql(statement string, args ...any) {
	v.Helper()
	v.must(v.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
		_, err := tx.NewRaw(statement, args...).Exec(ctx)
		return err
	}))
}

// request puts an episode with its key, and one request of it, in the rows that records hang on.
func (v vaulted) request(episode, request string) {
	v.Helper()
	v.must(v.vault.Create(episode))
	v.sql("INSERT INTO referrals VALUES (?, ?, 1, ?, 'p', 0, '', 1, x'')", hub, episode, episode)
	v.sql("INSERT INTO episodes VALUES (?, ?, 1, '', '', '', 0, 0, 0, 0, x'')", hub, episode)
	v.sql("INSERT INTO requests VALUES (?, ?, ?, 'running', 'p', 'rev', '', 0, 0, 0, 0, NULL, NULL, x'')", hub, episode, request) //nolint:dupword // SQL
}

// keep records one decision with its ledger entry, and returns the entry's number.
func (v vaulted) keep(r history.Record) int64 {
	v.Helper()
	sealed, err := v.Seal(context.Background(), r)
	v.must(err)
	var seq int64
	v.must(v.db.InTx(context.Background(), func(ctx context.Context, tx store.Tx) error {
		entry, err := v.ledger.Append(ctx, tx, ledger.Entry{Hub: hub, Kind: ledger.KindDisclosure, Episode: r.Episode, Digest: sealed.Digest})
		if err != nil {
			return err
		}
		seq = entry.Seq
		return v.Keep(ctx, tx, sealed, entry.Seq)
	}))
	return seq
}

// entry holds records to the ledger.
func (v vaulted) entry(ctx context.Context, hub string, seq int64) (string, error) {
	digest, err := v.ledger.Digest(ctx, hub, seq)
	if errors.Is(err, ledger.ErrAltered) {
		return "", nil
	}
	return digest, err
}

// all reads what there is: the records, and the numbers of those that are altered.
func (v vaulted) all(q decision.Query) (records []history.Record, altered []int64) {
	v.Helper()
	q.Hub, q.Entry = hub, v.entry
	for r, err := range v.Each(context.Background(), q) {
		switch {
		case errors.Is(err, history.ErrAltered):
			altered = append(altered, r.Seq)
		case err != nil:
			v.Fatal(err)
		default:
			records = append(records, r)
		}
	}
	return records, altered
}

func header(day string, labels ...string) record.Header {
	return record.Header{
		Organisation: "police", Category: "pol.involvement", Subject: "s1", EventDate: day, Labels: append([]string{}, labels...), LabelsKnown: true,
	}
}

// release is a recorded batch of two like headers and one other.
func release(episode, request string, at time.Time) history.Record {
	permit := history.Outcome{Effect: policy.Permit, Masks: []string{}, Rules: []history.Rule{{Rule: "release.tier", Code: "tier_b", Effect: policy.Permit}}}
	redact := history.Outcome{Effect: policy.Redact, Masks: []string{"third_party"}, Rules: []history.Rule{{Rule: "release.label", Code: "third_party", Effect: policy.Redact}}}
	return history.Record{
		Hub: hub, Episode: episode, Request: request, Time: at, Kind: history.Release, Organisation: "police", Subject: "s1",
		Input:   policy.Input{At: start, Hub: hub, Subjects: []policy.Subject{{ID: "s1", Role: "parent", Born: "1988-07-01"}}},
		Headers: []record.Header{header("2026-01-02"), header("2026-01-03", "third_party"), header("2026-01-02")},
		Verdicts: []history.Verdict{
			{Revision: "rev", Digest: strings.Repeat("a", 64), Outcomes: []history.Outcome{permit, redact, permit}},
			{Revision: "rev+1", Digest: strings.Repeat("b", 64), Outcomes: []history.Outcome{redact, redact, redact}},
		},
	}
}

func ask(episode, request string, at time.Time) history.Record {
	r := release(episode, request, at)
	r.Kind, r.Organisation, r.Subject, r.Headers = history.Ask, "", "", nil
	r.Verdicts = []history.Verdict{{Revision: "rev", Digest: strings.Repeat("c", 64), Ask: &history.Asked{
		Gates: []string{"purpose"}, Tell: policy.TellIdentifiers, Obligations: []string{},
		Asks: []history.Asks{{Organisation: "police", Category: "pol.missing", Subject: "s1", Effect: policy.Deny, Reasons: []string{"purpose"}}},
	}}}
	return r
}

func TestARecordReadsBackAsItWasMade(t *testing.T) {
	v := setUp(t, nil)
	want := []history.Record{ask("e1", "r1", start), release("e1", "r1", start.Add(time.Second)), release("e2", "r2", start.Add(2*time.Second))}
	for i := range want {
		v.keep(want[i])
		want[i].Seq = int64(i + 1)
	}
	got, altered := v.all(decision.Query{})
	if diff := cmp.Diff(want, got); diff != "" || altered != nil {
		t.Errorf("altered %v; records (-want +got):\n%s", altered, diff)
	}
	if n, decisions, err := v.Count(t.Context(), decision.Query{Hub: hub}); n != 3 || decisions != 2+3+3 || err != nil {
		t.Errorf("Count = %d records, %d decisions, %v", n, decisions, err)
	}
}

func TestAQueryNarrows(t *testing.T) {
	v := setUp(t, nil)
	for i := range 100 { // more than a page
		r := release("e1", "r1", start.Add(time.Duration(i)*time.Minute))
		if i%2 == 1 {
			r = ask("e2", "r2", r.Time)
		}
		v.keep(r)
	}
	for name, c := range map[string]struct {
		query decision.Query
		want  int
	}{
		"all":          {decision.Query{}, 100},
		"one request":  {decision.Query{Request: "r1"}, 50},
		"since":        {decision.Query{Since: start.Add(90 * time.Minute)}, 10},
		"after":        {decision.Query{AfterSeq: 95}, 5},
		"a kind":       {decision.Query{Kinds: []history.Kind{history.Ask, history.Read}}, 50},
		"all together": {decision.Query{Request: "r2", Since: start.Add(90 * time.Minute), Kinds: []history.Kind{history.Ask}, AfterSeq: 95}, 3},
	} {
		if got, altered := v.all(c.query); len(got) != c.want || altered != nil {
			t.Errorf("%s: %d records, altered %v; want %d", name, len(got), altered, c.want)
		}
		c.query.Hub = hub
		if n, _, err := v.Count(t.Context(), c.query); n != int64(c.want) || err != nil {
			t.Errorf("%s: Count = %d, %v", name, n, err)
		}
	}
	if records, _, err := v.Count(t.Context(), decision.Query{Hub: "elsewhere"}); records != 0 || err != nil {
		t.Errorf("another hub: %d, %v", records, err)
	}
}

func TestAnInputIsKeptOnceForItsRequest(t *testing.T) {
	v := setUp(t, nil)
	other := release("e1", "r1", start)
	other.Input.LocationUnknown = true
	for _, r := range []history.Record{release("e1", "r1", start), ask("e1", "r1", start), other, release("e2", "r2", start)} {
		v.keep(r)
	}
	var inputs int
	v.must(v.db.Read().NewRaw("SELECT COUNT(*) FROM decision_inputs").Scan(t.Context(), &inputs))
	if inputs != 3 {
		t.Errorf("%d inputs are kept, want 2 of one request and 1 of the other", inputs)
	}
}

// A record that loses its race for a new input still finds it.
func TestTwoRecordsBringTheSameInputAtOnce(t *testing.T) {
	v := setUp(t, nil)
	first, err := v.Seal(t.Context(), release("e1", "r1", start))
	v.must(err)
	v.keep(ask("e1", "r1", start))
	v.must(v.db.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error {
		entry, err := v.ledger.Append(ctx, tx, ledger.Entry{Hub: hub, Kind: ledger.KindDisclosure, Episode: "e1", Digest: first.Digest})
		if err != nil {
			return err
		}
		return v.Keep(ctx, tx, first, entry.Seq)
	}))
	if got, altered := v.all(decision.Query{}); len(got) != 2 || altered != nil {
		t.Errorf("%d records, altered %v", len(got), altered)
	}
}

// Whoever can write the database cannot change a record, move one, or put another in its place, unseen; the others still read.
func TestAnAlteredRecordIsFound(t *testing.T) {
	for name, alter := range map[string]func(v vaulted){
		"a bit of the record": func(v vaulted) {
			v.sql("UPDATE decisions SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE seq = 2")
		},
		"a bit of the input": func(v vaulted) {
			v.sql("UPDATE decision_inputs SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE request = 'r2'")
		},
		"another record's body": func(v vaulted) {
			v.sql("UPDATE decisions SET body = (SELECT body FROM decisions WHERE seq = 1), place = (SELECT place FROM decisions WHERE seq = 1) WHERE seq = 2")
		},
		"another ledger entry": func(v vaulted) { v.sql("UPDATE decisions SET ledger_entry = 1 WHERE seq = 2") },
		"the time":             func(v vaulted) { v.sql("UPDATE decisions SET time = time + 1 WHERE seq = 2") },
		"how many decisions":   func(v vaulted) { v.sql("UPDATE decisions SET decisions = 1 WHERE seq = 2") },
		"no input":             func(v vaulted) { v.sql("UPDATE decisions SET input = NULL WHERE seq = 2") },
	} {
		t.Run(name, func(t *testing.T) {
			v := setUp(t, nil)
			v.keep(release("e1", "r1", start))
			v.keep(release("e2", "r2", start))
			v.keep(ask("e1", "r1", start))
			alter(v)
			records, altered := v.all(decision.Query{})
			if diff := cmp.Diff([]int64{2}, altered); diff != "" || len(records) != 2 {
				t.Errorf("%d records read; altered (-want +got):\n%s", len(records), diff)
			}
		})
	}
}

func TestAnErasedCaseLeavesErasedRecords(t *testing.T) {
	v := setUp(t, nil)
	v.keep(release("e1", "r1", start))
	v.keep(release("e2", "r2", start))
	v.must(v.vault.Erase("e1"))
	got, altered := v.all(decision.Query{})
	want := history.Record{Seq: 1, Hub: hub, Episode: "e1", Request: "r1", Time: start, Kind: history.Release, Erased: true, Gone: 3}
	if len(got) != 2 || altered != nil || got[1].Erased {
		t.Fatalf("%d records, altered %v", len(got), altered)
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	if _, err := v.Seal(t.Context(), release("e1", "r1", start)); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("sealing for an erased case: %v", err)
	}
}

func TestASweepErasesWhatIsDueAndNothingElse(t *testing.T) {
	v := setUp(t, nil)
	const due = 1100 // more than two transactions
	for i := range due {
		r := release("e1", "r1", start.Add(-time.Hour-time.Duration(i)*time.Second))
		if i%2 == 1 {
			r = ask("e2", "r2", r.Time)
		}
		v.keep(r)
	}
	late := release("e2", "r2", start)
	late.Input.LocationUnknown = true
	v.keep(late)
	var swept []int
	for again := true; again; {
		v.must(v.db.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error {
			n, err := v.Sweep(ctx, tx, hub, start.Add(-time.Minute))
			again = n > 0
			swept = append(swept, n)
			return err
		}))
	}
	if diff := cmp.Diff([]int{500, 500, 100, 0}, swept); diff != "" {
		t.Errorf("swept (-want +got):\n%s", diff)
	}
	got, altered := v.all(decision.Query{})
	erased := 0
	for _, r := range got {
		if r.Erased {
			erased++
		}
	}
	if len(got) != due+1 || erased != due || got[due].Erased || altered != nil {
		t.Errorf("%d records, %d erased, altered %v", len(got), erased, altered)
	}
	var inputs int
	v.must(v.db.Read().NewRaw("SELECT COUNT(*) FROM decision_inputs").Scan(t.Context(), &inputs))
	if inputs != 1 {
		t.Errorf("%d inputs are left, want the one still needed", inputs)
	}
}

func TestWhatIsNotARecordIsRefused(t *testing.T) {
	v := setUp(t, nil)
	for name, change := range map[string]func(*history.Record){
		"no hub":     func(r *history.Record) { r.Hub = "" },
		"no request": func(r *history.Record) { r.Request = "" },
		"no verdict": func(r *history.Record) { r.Verdicts = nil },
		"erased":     func(r *history.Record) { r.Erased = true },
		"a header without its outcome": func(r *history.Record) {
			r.Headers = append(r.Headers, r.Headers[0])
		},
		"a reading without its gates": func(r *history.Record) { r.Kind = history.Read },
	} {
		r := release("e1", "r1", start)
		change(&r)
		if _, err := v.Seal(t.Context(), r); err == nil {
			t.Errorf("%s: it was sealed", name)
		}
	}
	sealed, err := v.Seal(t.Context(), release("e1", "r1", start))
	v.must(err)
	err = v.db.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error { return v.Keep(ctx, tx, sealed, 0) })
	if err == nil {
		t.Error("a record was kept without a ledger entry")
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		t.Errorf("the caller was told of the store instead: %v", f)
	}
}

// What is printed or logged of a sealed record is its digest at most.
func TestNothingOfARecordIsPrinted(t *testing.T) {
	v := setUp(t, nil)
	r := release("e1", "r1", start)
	r.Input.Subjects[0].Born = "1911-11-11"
	sealed, err := v.Seal(t.Context(), r)
	v.must(err)
	for _, text := range []string{fmt.Sprintf("%v %+v", sealed, sealed), sealed.LogValue().String()} {
		if strings.Contains(text, "1911") || strings.Contains(text, "pol.involvement") {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestACheckpointIsTheHubsLastAndOfOneDraft(t *testing.T) {
	v := setUp(t, nil)
	first, second := decision.Run{Hub: hub, Draft: "d1"}, decision.Run{Hub: hub, Draft: "d2"}
	save := func(of decision.Run, state string) {
		t.Helper()
		v.must(v.db.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error { return v.SaveCheckpoint(ctx, tx, of, []byte(state)) }))
	}
	is := func(of decision.Run, want string) {
		t.Helper()
		if got, err := v.Checkpoint(t.Context(), of); string(got) != want || err != nil {
			t.Errorf("checkpoint of %s = %q, %v; want %q", of.Draft, got, err, want)
		}
	}
	is(first, "")
	save(first, "one")
	save(first, "two")
	is(first, "two")
	is(second, "")
	save(second, "three")
	is(first, "")
	is(second, "three")
	v.sql("UPDATE simulation_checkpoints SET draft = 'd1'")
	is(first, "") // of another draft, whatever the row says
	v.sql("UPDATE simulation_checkpoints SET draft = 'd2'")
	is(second, "three")
	v.must(v.db.InTx(t.Context(), func(ctx context.Context, tx store.Tx) error { return v.DropCheckpoint(ctx, tx, hub) }))
	is(second, "")
}
