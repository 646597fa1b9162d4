package exchange_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/policy"
)

// TestTheStory: one request from a RED episode, honest organisations, the real pack; every organisation and person has one answer, what
// may be seen is seen, and the ledger holds each step.
func TestTheStory(t *testing.T) {
	w := newWorld(t)
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse", "pol.intelligence", "pol.live_investigation"))
	w.honest("education", w.known(ann, nil, "edu.enrolment", "edu.attendance", "edu.safeguarding_log:third_party"))
	w.honest("community_health", w.known(ann, nil, "hlt.restricted"))
	w.honest("probation")
	w.start()
	r := w.ask("pol.domestic_abuse", "pol.intelligence", "pol.live_investigation", "edu.enrolment", "edu.attendance", "edu.safeguarding_log",
		"hlt.restricted", "hlt.checks", "prb.supervision")
	events := w.watch(r.Ref())

	got := w.answers(r.Ref())
	for pair, want := range map[string]string{
		"police parent":                "records",
		"police index_child":           "no_trace",
		"education index_child":        "records",
		"education parent":             "not_asked",
		"community_health index_child": "nothing_to_share",
		"community_health parent":      "no_trace",
		"probation parent":             "no_trace",
		"probation index_child":        "not_asked",
		"hospital index_child":         "not_asked",
		"early_help index_child":       "not_asked",
	} {
		if got[pair] != want {
			t.Errorf("%s: %s, want %s", pair, got[pair], want)
		}
	}
	seen := words(chunksOf(events)...)
	for _, want := range []string{"token Beth pol.domestic_abuse risk", "token Ann edu.enrolment school", "token Ann edu.safeguarding_log concern"} {
		if !slices.Contains(seen, want) {
			t.Errorf("%q is not seen", want)
		}
	}
	for _, value := range seen {
		if strings.Contains(value, "others_named") || strings.Contains(value, "intelligence") || strings.Contains(value, "live") || strings.Contains(value, "restricted") {
			t.Errorf("%q is seen", value)
		}
	}
	if last := events[len(events)-1]; last.Ended == nil || last.Ended.State != request.Complete {
		t.Error("the watch did not end with the request")
	}
	w.ledgerHolds(r)
}

// ledgerHolds checks that the intent precedes every question, and every question every disclosure.
func (w *world) ledgerHolds(r request.Request) {
	w.Helper()
	intents, asks, shown := w.entries(ledger.KindRequestIntent), w.entries(ledger.KindAsk), w.entries(ledger.KindDisclosure)
	if len(intents) == 0 || len(asks) == 0 || len(shown) == 0 || r.IntentEntry != intents[0].Seq {
		w.Fatalf("%d intents, %d asks, %d disclosures; the request names entry %d", len(intents), len(asks), len(shown), r.IntentEntry)
	}
	if intents[len(intents)-1].Seq > asks[0].Seq || asks[0].Seq > shown[0].Seq {
		w.Error("the ledger is not in the order of the story")
	}
	for _, e := range slices.Concat(intents, asks, shown) {
		if e.Request != r.ID || e.Revision != w.revision.ID() {
			w.Errorf("entry %d is of another request or revision", e.Seq)
		}
	}
	if ended := w.entries(ledger.KindRequestEnded); len(ended) != 1 {
		w.Errorf("%d ends", len(ended))
	}
}

// TestPicture: what was held back is told as far as it may be, and the reading has an entry of its own.
func TestPicture(t *testing.T) {
	w := newWorld(t)
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse", "pol.intelligence", "pol.live_investigation"))
	w.honest("community_health", w.known(ann, nil, "hlt.restricted", "hlt.checks:legally_restricted"))
	w.start()
	r := w.ask("pol.domestic_abuse", "pol.intelligence", "pol.live_investigation", "hlt.restricted", "hlt.checks")
	w.watch(r.Ref())
	p, err := w.exchange.Picture(t.Context(), w.manager, r.Ref(), exchange.Page{})
	w.must(err)
	effects := map[string]string{}
	for _, h := range p.Held {
		effects[h.Category] += h.Organisation + ":" + string(h.Effect) + " "
		if h.Category == "pol.intelligence" && (h.Reasons[0].Code != "intelligence_held" || !strings.HasPrefix(h.DecidedBy, "holder: ")) {
			t.Errorf("intelligence is held for %s, decided by %q", h.Reasons[0].Code, h.DecidedBy)
		}
		if strings.HasPrefix(h.Category, "hlt.") || h.Desk == "" && h.Effect != policy.Deny {
			t.Errorf("held: %s of %s", h.Category, h.Organisation)
		}
	}
	if effects["pol.intelligence"] != "police:review " || !strings.Contains(effects[""], "police:exist") {
		t.Errorf("held = %v, want intelligence for review and the live enquiry without its category", effects)
	}
	if len(p.Chronology) != 1 || !p.Complete || !slices.Contains(p.Obligations, "not_to_family") {
		t.Errorf("%d records, complete %t, obligations %v", len(p.Chronology), p.Complete, p.Obligations)
	}
	reads := w.entries(ledger.KindPictureRead)
	if len(reads) != 1 || reads[0].Seq != p.LedgerEntry || reads[0].Actor != w.manager.Name() || len(reads[0].Items) != 1 {
		t.Errorf("%d readings on the ledger", len(reads))
	}
}
