package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/record"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// TestHostile: one organisation plays a trick beside an honest one. The trick's leg ends in the right answer, nothing of it is seen
// that policy did not permit, and the honest organisation's answer is not touched.
func TestHostile(t *testing.T) {
	want := map[agencytest.Trick]string{
		agencytest.Overshare: "records", agencytest.LyingIdentity: "records",
		agencytest.Hang: "not_answered", agencytest.Slow: "not_answered",
	}
	for _, trick := range append(agencytest.Tricks(), agencytest.Honest) {
		t.Run(string(trick), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			kind, listed := want[trick]
			switch {
			case !listed && trick == agencytest.Honest:
				kind = "records"
			case !listed:
				kind = "error"
			case kind == "not_answered":
				w.config.Timeouts.Locate, w.config.Timeouts.Collect = 500*time.Millisecond, 500*time.Millisecond
			}
			w.hostile("police", trick)
			w.honest("education", w.known(ann, nil, "edu.attendance"))
			w.start()
			r := w.ask("pol.involvement", "pol.domestic_abuse", "pol.intelligence", "edu.attendance")
			events := w.watch(r.Ref())
			got := w.answers(r.Ref())
			if got["police parent"] != kind || got["police index_child"] != kind {
				t.Errorf("police: %s, %s; want %s", got["police parent"], got["police index_child"], kind)
			}
			if got["education index_child"] != "records" {
				t.Errorf("education: %s", got["education index_child"])
			}
			w.onlyPermitted(chunksOf(events), kind == "records")
			if trick == agencytest.Overshare && w.metrics.excess["police"] == 0 {
				t.Error("more came than was allowed, and it was not measured")
			}
		})
	}
}

// onlyPermitted holds every value that was seen to what the pack permits of its record, asked directly.
func (w *world) onlyPermitted(chunks []*request.Chunk, some bool) {
	w.Helper()
	if _, police := bySource(chunks); (police > 0) != some {
		w.Errorf("%d values of the police are seen", police)
	}
	for _, c := range chunks {
		for _, r := range c.Records {
			for _, f := range r.Record.Fields {
				spec, ok := w.catalogue.Categories[r.Record.Header.Category].Field(f.Name)
				if !ok || strings.HasSuffix(r.Record.Header.Category, "intelligence") || spec.Class == "informant" && len(r.Decision.Masks) > 0 {
					w.Errorf("%s of %s is seen", f.Name, r.Record.Header.Category)
				}
			}
		}
	}
}

func bySource(chunks []*request.Chunk) (education, police int) {
	for _, c := range chunks {
		if c.Organisation == "police" {
			police += len(words(c))
		} else {
			education += len(words(c))
		}
	}
	return education, police
}

// TestAnotherCertificate: an organisation's answer counts only under its own certificate.
func TestAnotherCertificate(t *testing.T) {
	w := newWorld(t)
	w.hostile("education", agencytest.Honest)
	w.config.Hubs[hub].Agencies["police"] = w.config.Hubs[hub].Agencies["education"] // the line to education, taken for the police's
	w.start()
	r := w.ask("pol.involvement", "edu.attendance")
	events := w.watch(r.Ref())
	if got := w.answers(r.Ref()); got["police parent"] != "error" || got["education index_child"] != "records" {
		t.Errorf("police %s, education %s", got["police parent"], got["education index_child"])
	}
	if _, police := bySource(chunksOf(events)); police > 0 {
		t.Error("another's records are seen as the police's")
	}
}

// TestSafeAddress: a flag that one organisation holds protects the person, and the child living with them, in everybody's records.
func TestSafeAddress(t *testing.T) {
	for _, flagged := range []bool{false, true} {
		w := newWorld(t)
		var flags []string
		if flagged {
			flags = []string{"safe_address"}
		}
		w.honest("probation", w.known(beth, flags, "prb.supervision"))
		w.honest("education", w.known(ann, nil, "edu.enrolment"))
		w.honest("community_health", w.known(beth, nil, "hlt.registration"))
		w.start()
		r := w.ask("edu.enrolment", "hlt.registration", "prb.supervision")
		w.watch(r.Ref())
		places := 0
		for _, value := range words(w.stored(r.Ref())...) {
			if w.places(value) {
				places++
			}
		}
		p, err := w.exchange.Picture(t.Context(), w.worker, r.Ref(), exchange.Page{})
		w.must(err)
		attributes := 0
		for _, m := range p.Household {
			attributes += len(m.Attributes)
			if m.Protected != flagged {
				t.Errorf("flagged %t: %s is protected %t", flagged, m.Role, m.Protected)
			}
		}
		if (places == 0) != flagged || (attributes == 0) != flagged {
			t.Errorf("flagged %t: %d places, %d attributes", flagged, places, attributes)
		}
	}
}

// places tells whether a token stands in a field of class location or free text.
func (w *world) places(token string) bool {
	parts := strings.Fields(token)
	spec, _ := w.catalogue.Categories[parts[2]].Field(parts[3])
	return spec.Class == "location" || spec.Class == "free_text"
}

// TestLocationUnknown: while one that could know of a safe address has not answered, nobody's whereabouts are shown.
func TestLocationUnknown(t *testing.T) {
	w := newWorld(t)
	w.config.Timeouts.Locate = 500 * time.Millisecond
	w.hostile("probation", agencytest.Hang)
	w.honest("education", w.known(ann, nil, "edu.enrolment"))
	w.start()
	r := w.ask("edu.enrolment", "prb.supervision")
	w.watch(r.Ref())
	seen := words(w.stored(r.Ref())...)
	if len(seen) == 0 {
		t.Fatal("nothing is seen: help was held up")
	}
	for _, value := range seen {
		if w.places(value) {
			t.Errorf("%q is seen", value)
		}
	}
	if w.metrics.excess["education"] > 0 {
		t.Error("what the unknown masks was fetched all the same")
	}
}

// TestSourceFails: a source that fails half-way is an error, and what came before is not shown as if it were the whole.
func TestSourceFails(t *testing.T) {
	w := newWorld(t)
	reads := 0
	memory := w.honest("police", w.known(beth, nil, "pol.domestic_abuse", "pol.involvement", "pol.missing"))
	memory.Before = func(_ context.Context, doing string) error {
		if doing == agencytest.ReadRecord {
			reads++
		}
		if reads > 1 {
			return errors.New("the disk of the police is broken")
		}
		return nil
	}
	w.start()
	r := w.ask("pol.domestic_abuse", "pol.involvement", "pol.missing")
	w.watch(r.Ref())
	if got := w.answers(r.Ref())["police parent"]; got != "error" || len(w.stored(r.Ref())) > 0 {
		t.Errorf("police %s, %d chunks", got, len(w.stored(r.Ref())))
	}
}

// TestPartFails: an agency that ends one person's answer in an error after sending records about them.
func TestPartFails(t *testing.T) {
	w := newWorld(t)
	w.connect("police", &halfway{Hostile: &agencytest.Hostile{
		Organisation: "police", Categories: w.categories("police"), Trick: agencytest.Honest, Catalogue: w.catalogue,
	}})
	w.start()
	r := w.ask("pol.involvement")
	w.watch(r.Ref())
	if got := w.answers(r.Ref()); got["police parent"] != "error" || got["police index_child"] != "error" || len(w.stored(r.Ref())) > 0 {
		t.Errorf("police %s, %s; %d chunks", got["police parent"], got["police index_child"], len(w.stored(r.Ref())))
	}
}

// halfway turns every completion into an error.
type halfway struct{ *agencytest.Hostile }

func (h *halfway) Collect(r *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	return h.Hostile.Collect(r, failing{stream})
}

type failing struct {
	grpc.ServerStreamingServer[agencyv1.CollectResponse]
}

func (f failing) Send(part *agencyv1.CollectResponse) error {
	if done := part.GetCompletion(); done != nil {
		done.Status, done.Reason = agencyv1.Completion_STATUS_ERROR, "source_down"
	}
	return f.ServerStreamingServer.Send(part)
}

// TestOwnPolicy: an organisation's own policy only tightens, and the requester is told no more than that it does.
func TestOwnPolicy(t *testing.T) {
	tests := []struct{ effect, reason, want string }{
		{"review", "held_for_review", "withheld"},
		{"deny", "more_detrimental", "refused"},
		{"deny", "never_told", "nothing_to_share"},
	}
	for _, test := range tests {
		w := newWorld(t)
		w.withRules("police", fmt.Sprintf(`contributions contains {"effect": %q, "reason": %q, "masks": [], "rule": "own"} if input.record.category == "pol.involvement"`,
			test.effect, test.reason), w.known(beth, nil, "pol.involvement"))
		w.start()
		r := w.ask("pol.involvement")
		w.watch(r.Ref())
		if got := w.answers(r.Ref())["police parent"]; got != test.want {
			t.Errorf("%s for %s: %s, want %s", test.effect, test.reason, got, test.want)
		}
		answers, err := w.config.Requests.Answers(t.Context(), r.Ref())
		w.must(err)
		for _, a := range answers {
			for _, reason := range a.Reasons {
				if reason.Code == "never_told" || reason.Code == "more_detrimental" || !reason.Tellable {
					t.Errorf("the organisation's own code %s is told", reason.Code)
				}
			}
		}
	}
}

// TestMany: an answer of many chunks is released chunk by chunk, each with its entry, and paged in the picture.
func TestMany(t *testing.T) {
	w := newWorld(t)
	p := w.known(beth, nil)
	for i := range 300 {
		r := agencytest.Record(w.catalogue, "r"+strings.Repeat("x", i/26)+string(rune('a'+i%26)), "pol.involvement", "2026-06-01", func(f string) string { return f })
		p.Records = append(p.Records, r)
	}
	w.honest("police", p)
	w.start()
	r := w.ask("pol.involvement")
	chunks := chunksOf(w.watch(r.Ref()))
	released := 0
	for _, c := range chunks {
		released += len(c.Records)
		if len(c.Records) > record.MaxChunk || c.LedgerEntry == 0 {
			t.Errorf("a chunk of %d with entry %d", len(c.Records), c.LedgerEntry)
		}
	}
	if released != 300 || len(chunks) < 5 {
		t.Errorf("%d records in %d chunks", released, len(chunks))
	}
	w.pages(r.Ref(), 300)
}

// pages reads the picture page by page.
func (w *world) pages(ref request.Ref, want int) {
	w.Helper()
	seen, token := map[string]bool{}, ""
	for {
		p, err := w.exchange.Picture(w.Context(), w.worker, ref, exchange.Page{Size: 70, Token: token})
		w.must(err)
		for _, e := range p.Chronology {
			if seen[e.Record.Header.Ref] {
				w.Errorf("%s stands on two pages", e.Record.Header.Ref)
			}
			seen[e.Record.Header.Ref] = true
		}
		if token = p.NextToken; token == "" {
			break
		}
	}
	if len(seen) != want {
		w.Errorf("%d records on all pages, want %d", len(seen), want)
	}
	for _, bad := range []string{"1", "0-0", "999999-0", "1-0x", "01-0", "-1-0"} {
		if _, err := w.exchange.Picture(w.Context(), w.worker, ref, exchange.Page{Token: bad}); err == nil {
			w.Errorf("page token %q is taken", bad)
		}
	}
}
