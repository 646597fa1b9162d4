package exchange_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// heard is one thing that one organisation was told.
type heard struct {
	organisation, method string
	body                 string
}

// hearing is everything that organisations were told, in the order in which they were.
type hearing struct {
	mu  sync.Mutex
	all []heard
}

func (h *hearing) add(one heard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, one)
}

func (h *hearing) list() []heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// spy keeps what an organisation is told.
type spy struct {
	agencyv1.AgencyServiceServer
	organisation string
	heard        *hearing
}

func (s *spy) Locate(ctx context.Context, r *agencyv1.LocateRequest) (*agencyv1.LocateResponse, error) {
	s.heard.add(heard{s.organisation, "Locate", string(r.GetBody())})
	return s.AgencyServiceServer.Locate(ctx, r)
}

func (s *spy) Collect(r *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	s.heard.add(heard{s.organisation, "Collect", string(r.GetBody())})
	return s.AgencyServiceServer.Collect(r, stream)
}

const (
	refuge  = "CV9 9ZZ"
	concern = "bruise"
)

var expected = person.Identity{
	GivenName: "Baby", FamilyName: "Lee", DateOfBirth: person.Unborn, Addresses: []person.Address{{Postcode: refuge, Current: true}},
}

// atRefuge is the family where the referral knows the place and does not know that it must be kept; the mother expects a child.
func atRefuge(form *episode.Referral) {
	for i := range form.Subjects {
		form.Subjects[i].Identity.Addresses = []person.Address{{Postcode: refuge, Current: true}}
	}
	form.Subjects = append(form.Subjects, episode.Subject{ID: "unborn", Role: "sibling", Identity: expected})
	form.Narrative.Summary = "Ann came to school with a bruise. They are at the refuge, " + refuge + "."
}

// told plays the family with a flag about the mother at probation, or without, and gives what everybody was told.
func (w *world) told(flags []string) ([]heard, request.Request) {
	w.Helper()
	w.honest("probation", w.known(beth, flags, "prb.supervision"))
	w.honest("education", w.known(ann, nil, "edu.enrolment"))
	w.honest("community_health", w.known(beth, nil, "hlt.registration"))
	w.honest("children_social_care", w.known(expected, nil, "csc.status"))
	w.start()
	r := w.ask("edu.enrolment", "hlt.registration", "prb.supervision", "csc.status")
	w.watch(r.Ref())
	r, err := w.config.Requests.Get(w.Context(), r.Ref())
	w.must(err)
	return w.heard.list(), r
}

// with counts in how many of the bodies of a method something stands.
func with(all []heard, method, what string) (n int) {
	for _, h := range all {
		if h.method == method && strings.Contains(h.body, what) {
			n++
		}
	}
	return n
}

// TestFlagOfOne: a flag that only one organisation holds keeps the refuge and the narrative from every other, and from that one; and
// the child who could only be looked up by it is said to be not looked up, never "no trace".
func TestFlagOfOne(t *testing.T) {
	w := newWorld(t)
	w.family(atRefuge)
	all, r := w.told([]string{"safe_address"})
	for _, h := range all {
		if strings.Contains(h.body, refuge) || strings.Contains(h.body, concern) {
			t.Errorf("%s is told in %s: postcode %t, narrative %t", h.organisation, h.method, strings.Contains(h.body, refuge), strings.Contains(h.body, concern))
		}
	}
	if with(all, "Locate", "Beth") < 2 || with(all, "Collect", "") < 2 {
		t.Fatalf("%d are asked about the mother, %d for records: nothing was looked at", with(all, "Locate", "Beth"), with(all, "Collect", ""))
	}
	if got := w.answers(r.Ref()); got["children_social_care sibling"] != "error" || got["probation parent"] != "records" {
		t.Errorf("about the unborn child: %s; about the mother: %s", got["children_social_care sibling"], got["probation parent"])
	}
	if r.Told != policy.TellIdentifiers {
		t.Errorf("the request says %s was told", r.Told)
	}
	w.toldOnLedger(policy.TellIdentifiers)
}

// TestNoFlag: without one, whoever is asked for records is told the narrative, after every Locate; and whoever cannot look for the
// unborn child without a postcode is told that one, when all the others have answered.
func TestNoFlag(t *testing.T) {
	w := newWorld(t)
	w.family(atRefuge)
	all, r := w.told(nil)
	collects := with(all, "Collect", "")
	if collects < 3 || with(all, "Collect", concern) != collects || with(all, "Locate", concern) > 0 {
		t.Errorf("of %d asked for records %d are told the narrative; in Locate %d", collects, with(all, "Collect", concern), with(all, "Locate", concern))
	}
	order := func(h heard) int {
		switch {
		case h.method == "Collect":
			return 2
		case strings.Contains(h.body, refuge):
			return 1
		}
		return 0
	}
	if !slices.IsSortedFunc(all, func(a, b heard) int { return order(a) - order(b) }) {
		t.Error("something is told before everybody has said whom they know")
	}
	for _, h := range all {
		if h.method == "Locate" && strings.Count(h.body, refuge) > 1 {
			t.Errorf("%s is told of %d places, and one is needed", h.organisation, strings.Count(h.body, refuge))
		}
	}
	if got := w.answers(r.Ref()); got["children_social_care sibling"] != "records" {
		t.Errorf("about the unborn child: %s", got["children_social_care sibling"])
	}
	if r.Told != policy.TellNarrative {
		t.Errorf("the request says %s was told", r.Told)
	}
	w.toldOnLedger(policy.TellNarrative)
}

// toldOnLedger: the entry of each question for records says what was told in asking it.
func (w *world) toldOnLedger(want string) {
	w.Helper()
	for _, e := range w.entries(ledger.KindAsk) {
		says := policy.TellIdentifiers
		if e.Method == "Collect" {
			says = want
		}
		if !slices.Equal(e.Reasons, []string{says}) {
			w.Errorf("the ledger says of a %s that %v was told, want %s", e.Method, e.Reasons, says)
		}
	}
}

// TestNarrativeGoesOut: only where policy lets it, and never where anybody must be, or may have to be, protected.
func TestNarrativeGoesOut(t *testing.T) {
	tests := map[string]struct {
		set  func(*world)
		want bool
	}{
		"under s47":                        {func(*world) {}, true},
		"with consent to tell agencies":    {func(w *world) { w.consented() }, true},
		"without consent to tell agencies": {func(w *world) { w.consentedTo("agencies_share_with_us") }, false},
		"a safe address on the referral":   {func(w *world) { w.family(func(f *episode.Referral) { f.Subjects[1].SafeAddress = true }) }, false},
		"a neighbour's words":              {func(w *world) { w.family(func(f *episode.Referral) { f.Referrer.Professional = false }) }, false},
		"one that could flag is silent": {func(w *world) {
			w.config.Timeouts.Locate = 500 * time.Millisecond
			w.hostile("education", agencytest.Hang)
		}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.set(w)
			w.honest("police", w.known(beth, nil, "pol.involvement"))
			w.start()
			r := w.ask("pol.involvement", "edu.enrolment")
			w.watch(r.Ref())
			all := w.heard.list()
			if with(all, "Collect", "") == 0 {
				t.Fatal("nobody is asked for records: nothing was looked at")
			}
			if got := with(all, "Collect", concern) > 0; got != test.want || with(all, "Locate", concern) > 0 {
				t.Errorf("the narrative goes out: %t, want %t; in Locate: %d", got, test.want, with(all, "Locate", concern))
			}
			if with(all, "Locate", "CV1 1AA") > 0 {
				t.Error("a postcode is told of somebody with a date of birth")
			}
		})
	}
}
