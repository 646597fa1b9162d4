package exchange_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/decision"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// recorded are the recorded decisions of a request, held to the ledger; "" takes all.
func (w *world) recorded(id string) []history.Record {
	w.Helper()
	var records []history.Record
	for r, err := range w.config.Decisions.Each(w.Context(), decision.Query{Hub: hub, Request: id, Entry: w.config.Ledger.Digest}) {
		w.must(err)
		records = append(records, r)
	}
	return records
}

// reproduced replays every recorded decision and holds it to what was recorded.
func (w *world) reproduced(revisions ...*policy.Revision) history.Result {
	w.Helper()
	result, err := history.Replay{
		Records: w.config.Decisions.Each(w.Context(), decision.Query{Hub: hub, Entry: w.config.Ledger.Digest}),
		Revision: func(_ context.Context, _, id string) (*policy.Revision, error) {
			for _, r := range revisions {
				if r.ID() == id {
					return r, nil
				}
			}
			return nil, history.ErrRevisionGone
		},
		Found: func(d history.Difference) error { w.Errorf("record %d: %s: %s", d.Seq, d.Code, d.Detail); return nil },
		Done:  func(context.Context, history.Result) error { return nil },
	}.Run(w.Context())
	w.must(err)
	return result
}

// TestEveryDecisionIsRecorded: the ask, each batch, each reading and each refused reader is recorded with its entry, and comes out the
// same when it is decided again.
func TestEveryDecisionIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.household()
	w.start()
	r, err := w.askHousehold()
	w.must(err)
	w.watch(r.Ref())
	_, err = w.exchange.Picture(t.Context(), w.manager, r.Ref(), exchange.Page{})
	w.must(err)
	w.must(w.exchange.Watch(t.Context(), w.manager, r.Ref(), 0, func(exchange.Event) error { return nil }))
	if _, err := w.exchange.Picture(t.Context(), w.stranger, r.Ref(), exchange.Page{}); reasonOf(err) != "REQUESTER" {
		t.Errorf("the stranger's reading: %v", err)
	}
	refused, err := w.exchange.Request(t.Context(), w.stranger, exchange.Need{Hub: hub, Episode: w.episode.ID})
	w.must(err)

	kinds, gated := map[history.Kind]int{}, 0
	for _, record := range w.recorded("") {
		kinds[record.Kind]++
		if ask := record.Verdicts[0].Ask; ask != nil && cmp.Equal(ask.Gates, []string{"requester"}) {
			gated++
		}
		for _, h := range record.Headers {
			if h.Ref != "" {
				t.Errorf("record %d holds the reference %q", record.Seq, h.Ref)
			}
		}
	}
	// Three organisations are asked whom they know, two of them what they hold: police answer about the mother, education about the child,
	// in two batches. The manager sees both again, and a picture.
	want := map[history.Kind]int{history.Ask: 2, history.Attempt: 5, history.Release: 2, history.Read: 4}
	if diff := cmp.Diff(want, kinds); diff != "" || gated != 2 {
		t.Errorf("%d gated; recorded (-want +got):\n%s", gated, diff)
	}
	if asks := w.recorded(refused.ID); len(asks) != 1 || asks[0].Kind != history.Ask || asks[0].Request != refused.ID {
		t.Errorf("of the refused request: %d records", len(asks))
	}
	if got := w.reproduced(w.revision); got.Different != 0 || got.Erased != 0 || got.Records != 13 || got.Equal < 50 {
		t.Errorf("replay: %+v", got)
	}
	w.digested()
	w.must(w.exchange.Close(t.Context()))
	w.must(w.vault.Erase(w.episode.ID))
	if got := w.reproduced(w.revision); got.Erased == 0 || got.Equal+got.Different != 0 {
		t.Errorf("replay of an erased case: %+v", got)
	}
}

// digested holds every entry that a decision stands behind to having its digest, and each record to having such an entry.
func (w *world) digested() {
	w.Helper()
	entries, records := w.ledgerAndRecords()
	digests := map[string]bool{}
	for _, e := range entries {
		decided := e.Kind == ledger.KindAsk || e.Kind == ledger.KindDisclosure || e.Kind == ledger.KindPictureRead || e.Kind == ledger.KindRequestRefused ||
			e.Kind == ledger.KindRequestIntent && e.Organisation == "" || e.Kind == ledger.KindAnswer && len(e.Items) > 0
		if decided != (e.Digest != "") {
			w.Errorf("entry %d, %s, organisation %q: digest %q", e.Seq, e.Kind, e.Organisation, e.Digest)
		}
		if e.Digest != "" {
			digests[e.Digest] = true
		}
	}
	if records != len(digests) {
		w.Errorf("%d records, %d digests on the ledger", records, len(digests))
	}
}

// ledgerAndRecords reads the ledger and counts the records as they stand together, also while a story still goes on.
func (w *world) ledgerAndRecords() (entries []ledger.Entry, records int) {
	w.Helper()
	for {
		before := len(w.recorded(""))
		entries, err := w.config.Ledger.List(w.Context(), ledger.Query{Hub: hub, Limit: 10_000})
		w.must(err)
		if after := len(w.recorded("")); after == before {
			return entries, after
		}
	}
}

// TestUnderTwoRevisions: a batch that arrives when another revision is in force is recorded with what both decided.
func TestUnderTwoRevisions(t *testing.T) {
	w := newWorld(t)
	slow := w.hostile("police", agencytest.Slow)
	gate := make(chan struct{})
	slow.Go = gate
	w.start()
	r := w.ask("pol.domestic_abuse")
	other, err := policy.Compile(t.Context(), packWith(t, `
contributions contains {"effect": "redact", "reason": "third_party", "masks": ["third_party"], "rule": "release.test"} if {
	asked
}
`), policy.CompileOptions{})
	w.must(err)
	w.policies.activate(other)
	close(gate)
	w.watch(r.Ref())
	batches := 0
	for _, record := range w.recorded(r.ID) {
		if record.Kind != history.Release {
			continue
		}
		batches++
		if v := record.Verdicts; len(v) != 2 || v[0].Revision != w.revision.ID() || v[1].Revision != other.ID() || v[0].Digest == v[1].Digest {
			t.Errorf("record %d: %d verdicts", record.Seq, len(v))
		}
	}
	if got := w.reproduced(w.revision, other); batches == 0 || got.Different != 0 {
		t.Errorf("%d batches, replay %+v", batches, got)
	}
}

// TestNoRecordHoldsWhoItIsAbout: of everything that is known about a family and written by workers, a recorded decision holds dates of
// birth and codes: no name, address, number, reference or reason.
func TestNoRecordHoldsWhoItIsAbout(t *testing.T) {
	w := newWorld(t)
	words := []string{
		"Annabella", "Quillfeather", "Bethan", "Ysolde", "9434765919", "H801200001001", "07700900123", "CV9 9ZZ", "9 Larkspur Mews",
		"hit her at the party", "mother fears him", "child said so in class", "nobody could be reached", "he was seen with a knife", "a lead on the flat",
	}
	form := episode.Referral{
		Hub: hub, Submitter: w.manager.ID, Concerns: []string{"neglect"}, Referrer: episode.Referrer{GivenName: "Ysolde", Professional: true},
		Subjects: []episode.Subject{
			{ID: "child", Role: "index_child", Identity: person.Identity{
				GivenName: "Annabella", FamilyName: "Quillfeather", DateOfBirth: "2015-03-04", NHSNumber: "9434765919", UPN: "H801200001001",
				Addresses: []person.Address{{Lines: []string{"9 Larkspur Mews"}, Postcode: "CV9 9ZZ", Current: true}}, Phones: []string{"07700900123"},
			}},
			{ID: "mother", Role: "parent", Identity: person.Identity{GivenName: "Bethan", FamilyName: "Quillfeather", DateOfBirth: "1988-07-01"}},
		},
		Consents:  []episode.Consent{{Kind: "agencies_share_with_us", Giver: "mother", Status: "not_safe_to_seek", Reason: "mother fears him"}},
		Narrative: episode.Narrative{Summary: "hit her at the party", Worries: "child said so in class"},
	}
	by := episode.By{Person: w.manager.ID, Role: "team_manager", At: now}
	w.open(form, episode.Rating{Code: "amber", Basis: "mash", LevelOfNeed: 3, Reason: "child said so in class", Facts: policy.Facts{ImminentDanger: true}, By: by})
	w.tx(func(ctx context.Context, tx store.Tx) error {
		_, err := w.config.Episodes.Change(ctx, tx, episode.Target{Hub: hub, ID: w.episode.ID}, func(e *episode.Episode) error {
			return errors.Join(
				e.SetOverride(episode.Override{Ground: "delay", Reason: "nobody could be reached", By: by}),
				e.Break(episode.BreakGlass{Reason: "he was seen with a knife", By: by, Expires: now.Add(time.Hour)}),
			)
		})
		return err
	})
	known := w.known(form.Subjects[0].Identity, []string{"safe_address"}, "edu.enrolment", "edu.attendance")
	w.honest("education", known)
	w.start()
	r, err := w.exchange.Request(t.Context(), w.worker, exchange.Need{
		Hub: hub, Episode: w.episode.ID, Categories: []policy.Category{{Code: "edu.attendance", Reason: "a lead on the flat"}, {Code: "edu.enrolment", Reason: "a lead on the flat"}},
	})
	w.must(err)
	w.watch(r.Ref())
	_, err = w.exchange.Picture(t.Context(), w.worker, r.Ref(), exchange.Page{})
	w.must(err)
	for _, record := range known.Records {
		words = append(words, record.Header.Ref)
		for _, f := range record.Fields {
			words = append(words, f.Value)
		}
	}
	words = append(words, w.worker.ID, w.manager.ID)
	records := w.recorded(r.ID)
	if len(records) < 3 {
		t.Fatalf("%d records, answers %v", len(records), w.answers(r.Ref()))
	}
	text, err := json.Marshal(records)
	w.must(err)
	for _, word := range words {
		if strings.Contains(strings.ToLower(string(text)), strings.ToLower(`"`+word)) || len(word) > 8 && strings.Contains(string(text), word) {
			t.Errorf("a recorded decision holds %q", word)
		}
	}
	for _, fact := range []string{`"born":"2015-03-04"`, `"reason":"recorded"`, `"by":"recorded"`, `"flag":"safe_address"`} {
		if !strings.Contains(string(text), fact) {
			t.Errorf("the search would have found nothing: %s is missing", fact)
		}
	}
	if seen := fmt.Sprint(words); !strings.Contains(seen, "token Annabella") {
		t.Error("the record's own words were not looked for")
	}
	if stored := w.stored(r.Ref()); len(stored) == 0 {
		t.Error("nothing was released, so nothing could have leaked")
	}
}

// TestGiveWay: what can wait goes on at once while nothing is told, and waits while a request is.
func TestGiveWay(t *testing.T) {
	w := newWorld(t)
	slow := w.hostile("police", agencytest.Slow)
	gate := make(chan struct{})
	slow.Go = gate
	w.start()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.exchange.GiveWay(gone); err != nil {
		t.Errorf("with nothing to give way to: %v", err)
	}
	r := w.ask("pol.domestic_abuse")
	if err := w.exchange.GiveWay(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("while a request is told: %v", err)
	}
	w.must(w.exchange.GiveWay(t.Context()))
	close(gate)
	w.watch(r.Ref())
}
