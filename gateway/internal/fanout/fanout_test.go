package fanout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

var now = time.Now().UTC()

// desk is the gateway side of one test.
type desk struct {
	gateway   *agencytest.Gateway
	catalogue *record.Catalogue
	timeouts  fanout.Timeouts
	attempts  atomic.Int32
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return &desk{
		gateway: agencytest.NewGateway(t, now), catalogue: catalogue,
		timeouts: fanout.Timeouts{Locate: 5 * time.Second, Collect: 20 * time.Second, Shave: 100 * time.Millisecond},
	}
}

func (d *desk) fanout(t *testing.T, lines map[string]agencyv1.AgencyServiceClient) *fanout.Fanout {
	t.Helper()
	agencies := map[string]fanout.Agency{}
	for organisation, client := range lines {
		agencies[organisation] = fanout.Agency{Client: client}
	}
	f, err := fanout.New(fanout.Config{
		Agencies: agencies, Timeouts: d.timeouts, Limits: fanout.DefaultLimits(), Catalogue: d.catalogue, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// permit mints as the exchange does, a warrant for each attempt.
func (d *desk) permit(_ context.Context, leg fanout.Leg, method fanout.Method) (permit fanout.Permit, err error) {
	claims := agencytest.Claims(leg.Organisation, string(method), leg.Subjects...)
	claims.Attempt = int(d.attempts.Add(1))
	if method == fanout.Locate {
		permit.Body, err = locateBody(leg.Subjects)
	} else {
		claims.Constraints, err = json.Marshal(leg.Constraints)
	}
	if err != nil {
		return fanout.Permit{}, err
	}
	claims.BodyDigest = warrant.Digest(permit.Body)
	permit.Warrant, err = d.gateway.Minter.Mint(claims)
	return permit, err
}

func locateBody(subjects []string) ([]byte, error) {
	body := &agencyv1.LocateBody{Purpose: "safeguarding_children", Basis: "s47"}
	for _, subject := range subjects {
		body.Subjects = append(body.Subjects, &agencyv1.Subject{Id: subject, Role: "index_child", Identity: &agencyv1.Identity{GivenName: "Ann"}})
	}
	return proto.Marshal(body)
}

func (d *desk) leg(t *testing.T, organisation string, subjects ...string) fanout.Leg {
	t.Helper()
	leg := fanout.Leg{ID: "leg-" + organisation, Organisation: organisation, Subjects: subjects, Permits: d.permit}
	for _, subject := range subjects {
		for _, category := range []string{"pol.involvement", "pol.missing"} {
			leg.Constraints = append(leg.Constraints, agencytest.Permit(d.catalogue, subject, category))
		}
	}
	return leg
}

// hostile serves an agency that plays a trick.
func (d *desk) hostile(t *testing.T, trick agencytest.Trick) *fanout.Fanout {
	t.Helper()
	agency := &agencytest.Hostile{
		Organisation: "police", Categories: []string{"pol.involvement", "pol.missing"}, Trick: trick, Catalogue: d.catalogue, Go: make(chan struct{}),
	}
	client := d.gateway.Dial(t, "police", d.gateway.Serve(t, "police", agency))
	return d.fanout(t, map[string]agencyv1.AgencyServiceClient{"police": client})
}

// TestLocateTricks: a reply to Locate is about those who were asked about, or it is not believed at all.
func TestLocateTricks(t *testing.T) {
	tests := map[agencytest.Trick]struct {
		kind        fanout.Kind
		code        string
		disbelieved bool
	}{
		agencytest.Honest:           {},
		agencytest.MatchNobodyAsked: {fanout.Error, fanout.CodeMalformed, true},
		agencytest.MissingMatch:     {fanout.Error, fanout.CodeMalformed, true},
		agencytest.TwoMatches:       {fanout.Error, fanout.CodeMalformed, true},
		agencytest.UnknownFlag:      {fanout.Error, fanout.CodeMalformed, true},
		agencytest.LocateCrash:      {fanout.Error, fanout.CodeFailed, false},
		agencytest.Hang:             {fanout.NotAnswered, fanout.CodeLate, false},
		agencytest.Slow:             {fanout.NotAnswered, fanout.CodeLate, false},
	}
	for trick, want := range tests {
		t.Run(string(trick), func(t *testing.T) {
			d := newDesk(t)
			if want.code == fanout.CodeLate {
				d.timeouts.Locate = 300 * time.Millisecond
			}
			located := d.hostile(t, trick).Locate(t.Context(), d.leg(t, "police", "s1", "s2"))
			if want.code == "" {
				if located.Failure != nil || len(located.Matches) != 2 || located.Matches["s2"].Outcome != fanout.Matched {
					t.Fatalf("an honest agency: %v, %d matches", located.Failure, len(located.Matches))
				}
				return
			}
			if located.Failure == nil || len(located.Matches) != 0 {
				t.Fatalf("believed: failure %v, %d matches", located.Failure, len(located.Matches))
			}
			if f := located.Failure; f.Kind != want.kind || f.Code != want.code || f.Disbelieved != want.disbelieved {
				t.Errorf("failure = %s %s, disbelieved %v; want %+v", f.Kind, f.Code, f.Disbelieved, want)
			}
		})
	}
}

// TestCollectTricks: whatever an agency sends, the leg ends in one reply, nothing outside the contract is handed on, and one that
// breaks the contract is not believed about anybody.
func TestCollectTricks(t *testing.T) {
	tests := map[agencytest.Trick]struct {
		kind        fanout.Kind
		code        string
		disbelieved bool
		completed   int
	}{
		agencytest.Honest:          {completed: 2},
		agencytest.Overshare:       {completed: 2}, // within the contract; policy decides on what came
		agencytest.LyingIdentity:   {completed: 2}, // it lies in Describe, which nobody asks
		agencytest.WrongSubject:    {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.ExtraPerson:     {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.ForeignCategory: {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.MissingHeader:   {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.UnknownField:    {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.UnknownWire:     {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.UnknownLabel:    {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.BadDate:         {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.FullStub:        {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.Oversize:        {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.DuplicateRef:    {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.TwoCompletions:  {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.AfterTheEnd:     {fanout.Error, fanout.CodeMalformed, true, 0},
		agencytest.TenThousand:     {fanout.Error, fanout.CodeTooLarge, true, 0},
		agencytest.Endless:         {fanout.Error, fanout.CodeTooLarge, true, 0},
		agencytest.CrashHalfWay:    {fanout.Error, fanout.CodeFailed, false, 0},
		agencytest.NoCompletion:    {fanout.Error, fanout.CodeIncomplete, false, 0},
		agencytest.Hang:            {fanout.NotAnswered, fanout.CodeLate, false, 0},
		agencytest.Slow:            {fanout.NotAnswered, fanout.CodeLate, false, 0},
	}
	for _, trick := range append(agencytest.Tricks(), agencytest.Honest) {
		want, listed := tests[trick]
		if !listed {
			continue // a trick of Locate
		}
		t.Run(string(trick), func(t *testing.T) {
			d := newDesk(t)
			if want.code == fanout.CodeLate {
				d.timeouts.Collect = 300 * time.Millisecond
			}
			leg := d.leg(t, "police", "s1", "s2")
			sunk := &sink{t: t, catalogue: d.catalogue, leg: leg}
			collected := d.hostile(t, trick).Collect(t.Context(), leg, sunk.take)
			if len(collected.Completions) != want.completed {
				t.Errorf("%d completions, want %d", len(collected.Completions), want.completed)
			}
			if want.kind == "" {
				if collected.Failure != nil || sunk.items == 0 {
					t.Fatalf("failure %v, %d items", collected.Failure, sunk.items)
				}
				return
			}
			f := collected.Failure
			if f == nil || f.Kind != want.kind || f.Code != want.code || f.Disbelieved != want.disbelieved {
				t.Errorf("failure = %v, want %+v", f, want)
			}
			if sunk.items > fanout.DefaultLimits().Records {
				t.Errorf("%d items were handed on", sunk.items)
			}
		})
	}
}

// sink holds every item that is handed on to what was asked for.
type sink struct {
	t         *testing.T
	catalogue *record.Catalogue
	leg       fanout.Leg
	items     int
}

func (s *sink) take(_ context.Context, subject string, items []fanout.Item) error {
	if len(items) == 0 || len(items) > record.MaxChunk {
		s.t.Errorf("a chunk of %d items", len(items))
	}
	for _, item := range items {
		h := item.Record.Header
		if h.Subject != subject || h.Organisation != s.leg.Organisation || s.catalogue.Check(item.Record) != nil {
			s.t.Errorf("an item of %s about %s that is not of the contract", h.Organisation, h.Subject)
		}
		if item.Stub != "" && len(item.Record.Fields) > 0 {
			s.t.Error("a stub with content")
		}
	}
	s.items += len(items)
	return nil
}

// TestSinkThatFails: what cannot be kept here is nobody else's fault, and no answer.
func TestSinkThatFails(t *testing.T) {
	d := newDesk(t)
	full := func(context.Context, string, []fanout.Item) error { return errors.New("the store is full") }
	collected := d.hostile(t, agencytest.Honest).Collect(t.Context(), d.leg(t, "police", "s1"), full)
	if collected.Failure == nil || collected.Failure.Kind != fanout.Interrupted {
		t.Errorf("failure = %v, want interrupted", collected.Failure)
	}
}

// TestSinkThatIsLate: what was answered in full and not kept in time is late, and never a complete answer of nothing.
func TestSinkThatIsLate(t *testing.T) {
	d := newDesk(t)
	late := func(context.Context, string, []fanout.Item) error { return context.DeadlineExceeded }
	collected := d.hostile(t, agencytest.Honest).Collect(t.Context(), d.leg(t, "police", "s1"), late)
	if f := collected.Failure; f == nil || f.Kind != fanout.NotAnswered || f.Code != fanout.CodeLate || len(collected.Completions) > 0 {
		t.Errorf("failure = %v with %d completions, want late with none", f, len(collected.Completions))
	}
}

// TestAnotherAnswers: who is asked is who must answer, by certificate.
func TestAnotherAnswers(t *testing.T) {
	d := newDesk(t)
	agency := &agencytest.Hostile{Organisation: "education", Categories: []string{"pol.involvement"}, Trick: agencytest.Honest, Catalogue: d.catalogue}
	address := d.gateway.Serve(t, "education", agency)
	t.Run("on a line that takes any of them", func(t *testing.T) {
		f := d.fanout(t, map[string]agencyv1.AgencyServiceClient{"police": d.gateway.Dial(t, "education", address)})
		located := f.Locate(t.Context(), d.leg(t, "police", "s1"))
		if located.Failure == nil || located.Failure.Code != fanout.CodeIdentity || located.Matches != nil {
			t.Errorf("Locate: failure %v, %d matches", located.Failure, len(located.Matches))
		}
		leg := d.leg(t, "police", "s1")
		sunk := &sink{t: t, catalogue: d.catalogue, leg: leg}
		if collected := f.Collect(t.Context(), leg, sunk.take); collected.Failure == nil || collected.Failure.Code != fanout.CodeIdentity || sunk.items > 0 {
			t.Errorf("Collect: failure %v, %d items", collected.Failure, sunk.items)
		}
	})
	t.Run("on a line that takes only the right one", func(t *testing.T) {
		f := d.fanout(t, map[string]agencyv1.AgencyServiceClient{"police": d.gateway.Dial(t, "police", address)})
		if located := f.Locate(t.Context(), d.leg(t, "police", "s1")); located.Failure == nil || located.Failure.Kind != fanout.NotAnswered {
			t.Errorf("failure %v, want not answered", located.Failure)
		}
	})
}

// flaky is out of reach for some calls.
type flaky struct {
	agencyv1.UnimplementedAgencyServiceServer
	honest   *agencytest.Hostile
	failures int

	mu       sync.Mutex
	warrants []string
}

func (a *flaky) Locate(ctx context.Context, req *agencyv1.LocateRequest) (*agencyv1.LocateResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.warrants = append(a.warrants, req.GetWarrant())
	if len(a.warrants) <= a.failures {
		return nil, status.Error(codes.Unavailable, "not now")
	}
	return a.honest.Locate(ctx, req)
}

func (d *desk) flaky(t *testing.T, failures int) (*flaky, *fanout.Fanout) {
	t.Helper()
	agency := &flaky{failures: failures, honest: &agencytest.Hostile{Organisation: "police", Trick: agencytest.Honest, Catalogue: d.catalogue}}
	client := d.gateway.Dial(t, "police", d.gateway.Serve(t, "police", agency))
	return agency, d.fanout(t, map[string]agencyv1.AgencyServiceClient{"police": client})
}

// TestRetry: an organisation out of reach is tried again, each time with a warrant of its own.
func TestRetry(t *testing.T) {
	d := newDesk(t)
	agency, f := d.flaky(t, 2)
	if located := f.Locate(t.Context(), d.leg(t, "police", "s1")); located.Failure != nil {
		t.Fatal(located.Failure)
	}
	distinct := map[string]bool{}
	for _, w := range agency.warrants {
		distinct[w] = true
	}
	if len(agency.warrants) != 3 || len(distinct) != 3 {
		t.Errorf("%d calls with %d warrants, want 3 and 3", len(agency.warrants), len(distinct))
	}
}

// TestBreaker: a line that keeps failing rests, and an organisation on it is out of reach, not in error.
func TestBreaker(t *testing.T) {
	d := newDesk(t)
	agency, f := d.flaky(t, 1000)
	var last fanout.Located
	for range 4 {
		last = f.Locate(t.Context(), d.leg(t, "police", "s1"))
	}
	if last.Failure == nil || last.Failure.Kind != fanout.NotAnswered || last.Failure.Code != fanout.CodeUnreachable {
		t.Errorf("failure = %v, want not answered, unreachable", last.Failure)
	}
	if len(agency.warrants) != 5 {
		t.Errorf("%d calls went out, want the 5 after which the line rests", len(agency.warrants))
	}
}

// TestPermitThatFails: what cannot be written down is not attempted, and is no answer either.
func TestPermitThatFails(t *testing.T) {
	d := newDesk(t)
	agency, f := d.flaky(t, 0)
	leg := d.leg(t, "police", "s1")
	leg.Permits = func(context.Context, fanout.Leg, fanout.Method) (fanout.Permit, error) {
		return fanout.Permit{}, errors.New("the ledger is full")
	}
	if located := f.Locate(t.Context(), leg); located.Failure == nil || located.Failure.Kind != fanout.Interrupted || len(agency.warrants) > 0 {
		t.Errorf("failure = %v after %d calls, want interrupted after none", located.Failure, len(agency.warrants))
	}
}

// TestGather: exactly one reply per leg, and the late one is named while the others have answered.
func TestGather(t *testing.T) {
	d := newDesk(t)
	d.timeouts.Locate = 400 * time.Millisecond
	lines := map[string]agencyv1.AgencyServiceClient{}
	var legs []fanout.Leg
	for i, trick := range []agencytest.Trick{agencytest.Honest, agencytest.Hang, agencytest.Honest, agencytest.LocateCrash} {
		organisation := fmt.Sprintf("org_%c", 'a'+i)
		agency := &agencytest.Hostile{Organisation: organisation, Trick: trick, Catalogue: d.catalogue}
		lines[organisation] = d.gateway.Dial(t, organisation, d.gateway.Serve(t, organisation, agency))
		legs = append(legs, d.leg(t, organisation, "s1"))
	}
	legs = append(legs, d.leg(t, "nobody_there", "s1"))
	f := d.fanout(t, lines)
	got := map[string]string{}
	for located := range fanout.Gather(t.Context(), legs, f.Locate) {
		if _, twice := got[located.Leg.Organisation]; twice {
			t.Errorf("%s replied twice", located.Leg.Organisation)
		}
		got[located.Leg.Organisation] = "matched"
		if located.Failure != nil {
			got[located.Leg.Organisation] = located.Failure.Code
		}
	}
	want := map[string]string{
		"org_a": "matched", "org_b": fanout.CodeLate, "org_c": "matched", "org_d": fanout.CodeFailed, "nobody_there": fanout.CodeUnreachable,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestNew refuses what would fan out without an end.
func TestNew(t *testing.T) {
	d := newDesk(t)
	good := fanout.Config{Timeouts: d.timeouts, Limits: fanout.DefaultLimits(), Catalogue: d.catalogue, Now: time.Now}
	tests := map[string]func(*fanout.Config){
		"no catalogue":       func(c *fanout.Config) { c.Catalogue = nil },
		"no clock":           func(c *fanout.Config) { c.Now = nil },
		"no limit":           func(c *fanout.Config) { c.Limits.Records = 0 },
		"no byte limit":      func(c *fanout.Config) { c.Limits.Bytes = 0 },
		"nothing shaved off": func(c *fanout.Config) { c.Timeouts.Shave = 0 },
		"all shaved off":     func(c *fanout.Config) { c.Timeouts.Locate = c.Timeouts.Shave },
		"no line":            func(c *fanout.Config) { c.Agencies = map[string]fanout.Agency{"police": {}} },
	}
	if _, err := fanout.New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range tests {
		c := good
		spoil(&c)
		if _, err := fanout.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
