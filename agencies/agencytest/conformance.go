package agencytest

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Adapter is an adapter under test.
type Adapter struct {
	// Config is the adapter's part of the configuration: everything but Verifier, Journal, Clock and Log, which the suite brings.
	Config agencies.Config
	// Now is a moment at which the index is fresh.
	Now time.Time
	// Known are people the system holds; Stranger is somebody it does not.
	Known    []Known
	Stranger person.Identity
}

// Known is one person that the system holds.
type Known struct {
	Identity person.Identity
	Flags    []string
	// Records is how many records there are in each category; those not named have none.
	Records map[string]int
}

// Run holds an adapter to the contract. Open gives a fresh one each time it is called.
func Run(t *testing.T, open func(t *testing.T) Adapter) {
	for _, check := range []struct {
		name string
		run  func(s *suite, t *testing.T)
	}{
		{"describes itself", (*suite).describes},
		{"finds whom it knows", (*suite).finds},
		{"finds no stranger", (*suite).findsNoStranger},
		{"says error in a stale index", (*suite).stale},
		{"gives every record it holds", (*suite).gives},
		{"answers the same when told why", (*suite).told},
		{"gives records in form", (*suite).inForm},
		{"gives nothing of nobody", (*suite).nobody},
		{"stops when it is told to", (*suite).stops},
		{"answers many at once", (*suite).many},
	} {
		t.Run(check.name, func(t *testing.T) { check.run(newSuite(t, open(t)), t) })
	}
}

type suite struct {
	Adapter

	gateway   *Gateway
	client    agencyv1.AgencyServiceClient
	catalogue *record.Catalogue
}

func newSuite(t *testing.T, a Adapter) *suite {
	t.Helper()
	if len(a.Known) == 0 {
		t.Fatal("the suite needs somebody whom the system knows")
	}
	catalogue, err := record.LoadCatalogue()
	must(t, err)
	g := NewGateway(t, a.Now)
	config := a.Config
	config.Verifier, config.Journal = g.Verifier(t, config.Organisation), Journal(t)
	config.Clock, config.Log = g.Clock, slog.New(slog.DiscardHandler)
	agency, err := agencies.New(config)
	must(t, err)
	return &suite{
		Adapter: a, gateway: g, catalogue: catalogue,
		client: g.Dial(t, config.Organisation, g.Serve(t, config.Organisation, agency)),
	}
}

func (s *suite) describes(t *testing.T) {
	got, err := s.client.Describe(t.Context(), &agencyv1.DescribeRequest{})
	must(t, err)
	want := &agencyv1.DescribeResponse{
		Organisation: s.Config.Organisation, Title: s.Config.Title, Categories: s.Config.Categories, Flags: s.Config.Flags,
		PolicyRevision: s.Config.Policy.ID(),
	}
	if !proto.Equal(got, want) {
		t.Errorf("describes itself as %v, want %v", got, want)
	}
}

func (s *suite) claims(method string) warrant.Claims {
	return Claims(s.Config.Organisation, method, "s1")
}

func (s *suite) locate(t testing.TB, who person.Identity) *agencyv1.Match {
	t.Helper()
	response, err := s.gateway.Locate(context.Background(), s.client, s.claims(warrant.Locate), Body("s1", who))
	must(t, err)
	if len(response.GetMatches()) != 1 {
		t.Fatalf("%d matches for one subject", len(response.GetMatches()))
	}
	return response.GetMatches()[0]
}

func (s *suite) finds(t *testing.T) {
	for i, known := range s.Known {
		match := s.locate(t, known.Identity)
		flags := slices.Sorted(slices.Values(known.Flags))
		if match.GetOutcome() != agencyv1.Match_OUTCOME_MATCHED {
			t.Errorf("known person %d: %v (%s), want matched", i, match.GetOutcome(), match.GetError())
		}
		if diff := cmp.Diff(flags, match.GetFlags(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("known person %d: flags (-want +got):\n%s", i, diff)
		}
		if match.GetLookedIn() == "" || len(match.GetLookedWith()) == 0 || match.GetIndexAsOf() == nil {
			t.Errorf("known person %d: does not say where, with what, as of when", i)
		}
	}
}

func (s *suite) findsNoStranger(t *testing.T) {
	if match := s.locate(t, s.Stranger); match.GetOutcome() != agencyv1.Match_OUTCOME_NO_TRACE {
		t.Errorf("a stranger: %v (%s), want no trace", match.GetOutcome(), match.GetError())
	}
}

func (s *suite) stale(t *testing.T) {
	s.gateway.Clock.Advance(s.Config.MaxIndexAge + 48*time.Hour)
	for _, who := range []person.Identity{s.Stranger, s.Known[0].Identity} {
		if match := s.locate(t, who); match.GetOutcome() != agencyv1.Match_OUTCOME_ERROR || match.GetError() != "stale_index" {
			t.Errorf("in a stale index: %v (%s), want an error stale_index", match.GetOutcome(), match.GetError())
		}
	}
}

// gives: with a warrant for everything, what leaves and what the organisation's own policy keeps back are all there is.
func (s *suite) gives(t *testing.T) {
	for i, known := range s.Known {
		s.locate(t, known.Identity)
		var constraints []policy.Constraint
		for _, category := range s.Config.Categories {
			constraints = append(constraints, Permit(s.catalogue, "s1", category))
		}
		all, err := s.gateway.Collect(t.Context(), s.client, Constrain(t, s.claims(warrant.Collect), constraints...))
		must(t, err)
		if len(all.Completions) != 1 || all.Completions[0].GetStatus() == agencyv1.Completion_STATUS_ERROR {
			t.Errorf("known person %d: completions %v", i, all.Completions)
			continue
		}
		got := map[string]int{}
		for _, r := range all.Records() {
			got[r.GetHeader().GetCategory()]++
		}
		for category, n := range got {
			if n > known.Records[category] {
				t.Errorf("known person %d: %d records of %s left, and there are %d", i, n, category, known.Records[category])
			}
		}
		held := all.Completions[0].GetStatus() == agencyv1.Completion_STATUS_REFUSED || len(all.Completions[0].GetHeldBack()) > 0
		if !held {
			if diff := cmp.Diff(known.Records, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("known person %d: records by category (-want +got):\n%s", i, diff)
			}
		}
	}
}

// told: the narrative of concern changes nothing in what is given.
func (s *suite) told(t *testing.T) {
	s.locate(t, s.Known[0].Identity)
	claims := Constrain(t, s.claims(warrant.Collect), Permit(s.catalogue, "s1", s.Config.Categories[0]))
	without, err := s.gateway.Collect(t.Context(), s.client, claims)
	must(t, err)
	with, err := s.gateway.CollectTold(t.Context(), s.client, claims, "Something happened.")
	must(t, err)
	if diff := cmp.Diff(without, with, protocmp.Transform()); diff != "" {
		t.Errorf("told why, it answers otherwise (-without +with):\n%s", diff)
	}
}

var refPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// inForm reads the source itself, before any policy.
func (s *suite) inForm(t *testing.T) {
	seen := map[string]bool{}
	for i, ref := range s.refs(t) {
		for _, category := range s.Config.Categories {
			n := 0
			for r, err := range s.Config.Source.Records(t.Context(), ref, category) {
				must(t, err)
				n++
				if err := s.catalogue.Check(r); err != nil {
					t.Errorf("person %d, %s: %v", i, category, err)
				}
				h := r.Header
				if h.Category != category || h.Organisation != "" || h.Subject != "" {
					t.Errorf("person %d: asked for %s, got a record of %q with organisation %q and subject %q", i, category, h.Category, h.Organisation, h.Subject)
				}
				if !refPattern.MatchString(h.Ref) || seen[h.Ref] {
					t.Errorf("person %d, %s: reference %q is malformed or not unique", i, category, h.Ref)
				}
				seen[h.Ref] = true
				s.saysNothing(t, h.Ref, s.Known[i].Identity)
			}
			if n != s.Known[i].Records[category] {
				t.Errorf("person %d: %d records of %s, want %d", i, n, category, s.Known[i].Records[category])
			}
		}
	}
}

// saysNothing: a reference goes out even where nothing else of a record does.
func (s *suite) saysNothing(t *testing.T, ref string, who person.Identity) {
	t.Helper()
	lower := strings.ToLower(ref)
	for _, secret := range []string{who.FamilyName, who.NHSNumber, who.UPN, strings.ReplaceAll(who.DateOfBirth, "-", "")} {
		if len(secret) > 3 && strings.Contains(lower, strings.ToLower(secret)) {
			t.Errorf("the reference %q says who it is about", ref)
		}
	}
}

// refs finds each known person's own reference in the source.
func (s *suite) refs(t *testing.T) []string {
	t.Helper()
	var refs []string
	for i, known := range s.Known {
		candidates, err := s.Config.Source.Candidates(t.Context(), known.Identity)
		must(t, err)
		result := matching.Match(known.Identity, candidates)
		if result.Outcome != matching.Matched {
			t.Fatalf("known person %d: %s among the source's own candidates", i, result.Outcome)
		}
		refs = append(refs, result.Ref)
	}
	return refs
}

func (s *suite) nobody(t *testing.T) {
	for _, category := range s.Config.Categories {
		for _, err := range s.Config.Source.Records(t.Context(), "no-such-person", category) {
			t.Errorf("there is a record of %s about nobody, or an error where there should be nothing: %v", category, err)
		}
	}
}

func (s *suite) stops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Config.Source.Candidates(ctx, s.Known[0].Identity); err == nil {
		t.Error("a look-up that nobody waits for goes on as if nothing had happened")
	}
	for _, ref := range s.refs(t) {
		for _, category := range s.Config.Categories {
			for _, err := range s.Config.Source.Records(t.Context(), ref, category) {
				must(t, err)
				break // must not panic, and must not hold on to anything: the next reader would wait for ever
			}
		}
	}
}

func (s *suite) many(t *testing.T) {
	var wait sync.WaitGroup
	for _, known := range s.Known {
		for i := range 4 {
			wait.Go(func() {
				claims := s.claims(warrant.Locate)
				claims.Leg += "-" + strconv.Itoa(i)
				response, err := s.gateway.Locate(context.Background(), s.client, claims, Body("s1", known.Identity))
				if err != nil || len(response.GetMatches()) != 1 || response.GetMatches()[0].GetOutcome() != agencyv1.Match_OUTCOME_MATCHED {
					t.Errorf("one of many look-ups at once: %v, %v", response, err)
				}
			})
		}
	}
	wait.Wait()
}
