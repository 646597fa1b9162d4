package exchange_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/policy"
)

// policeLines are what a practitioner is told of why the police's records came out as they did.
func policeLines(t *testing.T, records ...string) []exchange.Explanation {
	t.Helper()
	w := newWorld(t)
	w.consented()
	w.honest("police", w.known(beth, nil, records...))
	w.start()
	r := w.ask("pol.involvement", "pol.domestic_abuse")
	w.watch(r.Ref())
	lines := w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "police"}).Lines
	for i := range lines {
		lines[i].Subject = "" // each family has ids of its own
	}
	return lines
}

// TestExplainNamesNoHiddenMask: a label that may not be named masks what it masks, and the explanation reads as if it were not there:
// neither another effect nor another line.
func TestExplainNamesNoHiddenMask(t *testing.T) {
	plain := policeLines(t, "pol.involvement", "pol.involvement")
	for _, records := range [][]string{
		{"pol.involvement", "pol.involvement:informant"}, {"pol.involvement:informant", "pol.involvement"},
		{"pol.involvement:adoption", "pol.involvement:informant"}, {"pol.involvement", "pol.domestic_abuse:legally_restricted"},
	} {
		if diff := cmp.Diff(plain, policeLines(t, records...)); diff != "" {
			t.Errorf("%v (-without +with):\n%s", records, diff)
		}
	}
}

// TestExplainOfWhatIsHeldTellsNoDate: content that arrived and was held back here has a header, and what that says is held back too.
func TestExplainOfWhatIsHeldTellsNoDate(t *testing.T) {
	w := newWorld(t)
	w.consented()
	w.connect("police", &blind{
		organisation: "police", categories: w.categories("police"), known: map[string]agencytest.Person{},
		people: []agencytest.Person{w.known(ann, nil), w.known(beth, nil, "pol.involvement:spent")},
	})
	w.start()
	r := w.ask("pol.involvement")
	w.watch(r.Ref())
	lines := w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "police"}).Lines
	if len(lines) != 1 || lines[0].Effect != policy.Review || len(lines[0].Inputs) == 0 {
		t.Fatalf("explained %+v", lines)
	}
	for _, in := range lines[0].Inputs {
		if strings.Contains(in.JSON(), "2026-06-01") || in.Path == "record.labels" {
			t.Errorf("%s = %s", in.Path, in.JSON())
		}
	}
}
