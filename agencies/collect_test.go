package agencies_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

func verdict(effect policy.Effect, masks []string, tell ...string) policy.Verdict {
	return policy.Verdict{Effect: effect, Masks: masks, Tell: tell}
}

// left is what left about one subject, short enough to write down in a table.
type left struct {
	// Records are "ref:field,field" for content and "ref:review(reason)" for a stub.
	Records []string
	Status  string
	Reason  string
	Held    []string
}

func leftOf(all agencytest.Collected) map[string]left {
	by := map[string]left{}
	for _, chunk := range all.Chunks {
		l := by[chunk.GetSubject()]
		for _, r := range chunk.GetRecords() {
			words := []string{}
			for _, f := range r.GetFields() {
				word := f.GetName()
				if f.GetValue() == "" {
					word += "(kept back)"
				}
				words = append(words, word)
			}
			text := strings.Join(words, ",")
			if r.GetStub() != "" {
				text += r.GetStub() + "(" + strings.Join(r.GetStubReasons(), ",") + ")"
			}
			l.Records = append(l.Records, r.GetHeader().GetRef()+":"+text)
		}
		by[chunk.GetSubject()] = l
	}
	for _, c := range all.Completions {
		l := by[c.GetSubject()]
		l.Status, l.Reason, l.Held = strings.TrimPrefix(c.GetStatus().String(), "STATUS_")+l.Status, c.GetReason(), c.GetHeldBack()
		by[c.GetSubject()] = l
	}
	return by
}

// TestWhatLeaves is the enforcement, by the warrant and by the organisation's own policy: pol.missing has the fields outcome, risk,
// return_interview, found_at (location) and found_with (third_party).
func TestWhatLeaves(t *testing.T) {
	const all = "outcome,risk,return_interview,found_at,found_with"
	own := func(effect, reason, masks string) string {
		return fmt.Sprintf(`contributions contains {"effect": %q, "reason": %q, "masks": [%s], "rule": "own"} if input.record.category == "pol.missing"`, effect, reason, masks)
	}
	tests := map[string]struct {
		constraint func(*policy.Constraint)
		record     func(*record.Record)
		rules      string
		want       left
	}{
		"permit": {want: left{Records: []string{"x:" + all}, Status: "DONE"}},
		"redact": {
			constraint: func(c *policy.Constraint) {
				c.Base = verdict(policy.Redact, []string{"location", "third_party"}, "safe_address")
			},
			want: left{Records: []string{"x:outcome,risk,return_interview"}, Status: "DONE"},
		},
		"review is a stub": {
			constraint: func(c *policy.Constraint) { c.Base = verdict(policy.Review, nil, "tier") },
			want:       left{Records: []string{"x:review(tier)"}, Status: "DONE"},
		},
		"exist is a stub": {
			constraint: func(c *policy.Constraint) { c.Base = verdict(policy.Exist, nil, "limited_access") },
			want:       left{Records: []string{"x:exist(limited_access)"}, Status: "DONE"},
		},
		"deny says why": {
			constraint: func(c *policy.Constraint) { c.Base = verdict(policy.Deny, nil, "outside_window") },
			want:       left{Status: "DONE", Held: []string{"outside_window"}},
		},
		"deny that is not to be told": {
			constraint: func(c *policy.Constraint) {
				c.Base = verdict(policy.Permit, nil)
				c.Labels["legally_restricted"] = policy.Verdict{Effect: policy.Deny, Silent: true}
			},
			record: labelled("legally_restricted"),
			want:   left{Status: "DONE"},
		},
		"an effect there is not is a deny": {
			constraint: func(c *policy.Constraint) { c.Base = policy.Verdict{Effect: "allow"} },
			want:       left{Status: "DONE"},
		},
		"a label adds its mask": {
			constraint: func(c *policy.Constraint) { c.Labels["third_party"] = verdict(policy.Redact, []string{"third_party"}) },
			record:     labelled("third_party"),
			want:       left{Records: []string{"x:outcome,risk,return_interview,found_at"}, Status: "DONE"},
		},
		"a field's own label": {
			constraint: func(c *policy.Constraint) { c.Hidden = []string{"informant"} },
			record: func(r *record.Record) {
				r.Fields[0].Labels, r.Fields[1].Labels = []string{"informant"}, []string{"opinion"}
			},
			want: left{Records: []string{"x:risk,return_interview,found_at,found_with,outcome(kept back)"}, Status: "DONE"},
		},
		"a label the warrant does not know": {
			constraint: func(c *policy.Constraint) { delete(c.Labels, "spent") },
			record:     labelled("spent"),
			want:       left{Status: "DONE", Held: []string{"policy_error"}},
		},
		"labels unknown": {
			constraint: func(c *policy.Constraint) { c.NoLabels = verdict(policy.Review, nil, "labels_unknown") },
			record:     func(r *record.Record) { r.Header.LabelsKnown = false },
			want:       left{Records: []string{"x:review(labels_unknown)"}, Status: "DONE"},
		},
		"before the window": {
			constraint: func(c *policy.Constraint) {
				c.From, c.Before = "2026-01-04", verdict(policy.Deny, nil, "outside_window")
			},
			want: left{Status: "DONE", Held: []string{"outside_window"}},
		},
		"at the window's edge": {
			constraint: func(c *policy.Constraint) {
				c.From, c.Before = "2026-01-03", verdict(policy.Deny, nil, "outside_window")
			},
			want: left{Records: []string{"x:" + all}, Status: "DONE"},
		},
		"own policy masks more": {
			constraint: func(c *policy.Constraint) { c.Base = verdict(policy.Redact, []string{"location"}) },
			rules:      own("redact", "held_for_review", `"third_party"`),
			want:       left{Records: []string{"x:outcome,risk,return_interview"}, Status: "DONE"},
		},
		"own policy holds": {
			rules: own("review", "held_for_review", ""),
			want:  left{Records: []string{"x:review(held_for_review)"}, Status: "DONE"},
		},
		"own policy refuses": {
			rules: own("deny", "more_detrimental", ""),
			want:  left{Status: "REFUSED", Reason: "more_detrimental", Held: []string{"more_detrimental"}},
		},
		"own policy refuses and does not say": {
			rules: own("deny", "never_told", ""),
			want:  left{Status: "DONE"},
		},
		"own permit does not loosen": {
			constraint: func(c *policy.Constraint) { c.Base = verdict(policy.Review, nil, "tier") },
			rules:      own("permit", "held_for_review", ""),
			want:       left{Records: []string{"x:review(tier)"}, Status: "DONE"},
		},
		"what the warrant denies the own policy need not": {
			constraint: func(c *policy.Constraint) { c.Base = verdict(policy.Deny, nil, "tier") },
			rules:      own("deny", "more_detrimental", ""),
			want:       left{Status: "DONE", Held: []string{"tier"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, test.rules)
			held := r.record("x", "pol.missing", "2026-01-03")
			if test.record != nil {
				test.record(&held)
			}
			r.source.People[0].Records = []record.Record{held}
			r.locate(t, mira)
			constraint := r.permit("s1", "pol.missing")
			if test.constraint != nil {
				test.constraint(&constraint)
			}
			got, err := r.collect(t, constraint)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]left{"s1": test.want}, leftOf(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestStubSaysNothing: no date, no label, no field.
func TestStubSaysNothing(t *testing.T) {
	r := newRig(t, "")
	r.source.People[0].Records = []record.Record{r.record("x", "pol.missing", "2026-01-03", labelled("opinion", "third_party"))}
	r.locate(t, mira)
	all, err := r.collect(t, r.permit("s1", "pol.missing", func(c *policy.Constraint) { c.Base = verdict(policy.Exist, []string{"risk"}, "tier") }))
	if err != nil {
		t.Fatal(err)
	}
	want := []*agencyv1.Record{{Header: &agencyv1.Header{Ref: "x", Category: "pol.missing"}, Stub: "exist", StubReasons: []string{"tier"}}}
	if diff := cmp.Diff(want, all.Records(), protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOnlyWhatIsAsked: a warrant for one category and one subject brings nothing of another, and the account says how much left.
func TestOnlyWhatIsAsked(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira, tara)
	all, err := r.collect(t, r.permit("s1", "pol.involvement"))
	if err != nil || len(all.Records()) != 1 || all.Records()[0].GetHeader().GetRef() != "mi1" || len(all.Completions) != 1 {
		t.Errorf("gives %v, %v", all, err)
	}
	if strings.Contains(fmt.Sprint(all), "mm1") || strings.Contains(fmt.Sprint(all), "ti1") {
		t.Error("something nobody asked for left")
	}
	releases, err := r.journal.Releases(t.Context())
	if err != nil || len(releases) != 1 {
		t.Fatalf("the account has %v, %v", releases, err)
	}
	if got := releases[0]; got.Subject != "s1" || got.Records != 1 || got.Stubs != 0 || got.Outcome != "done" || got.Revision == "" || got.Leg == "" {
		t.Errorf("the account says %+v", got)
	}
}

// TestHalfAnAnswerIsNone: whatever goes wrong in reading one subject's records ends that subject in error with nothing of it sent, and
// leaves the others alone.
func TestHalfAnAnswerIsNone(t *testing.T) {
	two := func(r *rig, change func(*record.Record)) {
		r.source.People[0].Records = append(r.source.People[0].Records, r.record("mi2", "pol.involvement", "2026-01-05", change))
	}
	plain := func(*record.Record) {}
	tests := map[string]struct {
		spoil func(*rig)
		code  string
	}{
		"the source fails half-way": {spoil: func(r *rig) {
			two(r, plain)
			reads := 0
			r.source.Before = func(_ context.Context, doing string) error {
				if doing == agencytest.ReadRecord {
					if reads++; reads == 2 {
						return errors.New("SECRET")
					}
				}
				return nil
			}
		}, code: "source_down"},
		"the source names its failure": {spoil: func(r *rig) {
			reads := 0
			r.source.Before = func(_ context.Context, doing string) error {
				if doing == agencytest.ReadRecord {
					if reads++; reads == 1 {
						return fmt.Errorf("reading: %w", &agencies.Failure{Code: "labels_unknown", Cause: errors.New("SECRET")})
					}
				}
				return nil
			}
		}, code: "labels_unknown"},
		"a field that is not in the catalogue": {spoil: func(r *rig) {
			two(r, func(x *record.Record) { x.Fields = append(x.Fields, record.Field{Name: "SECRET", Value: "SECRET"}) })
		}, code: "malformed_record"},
		"a label that is not in the catalogue": {spoil: func(r *rig) { two(r, labelled("SECRET")) }, code: "malformed_record"},
		"a date that is none":                  {spoil: func(r *rig) { two(r, func(x *record.Record) { x.Header.EventDate = "SECRET" }) }, code: "malformed_record"},
		"dated twice":                          {spoil: func(r *rig) { two(r, func(x *record.Record) { x.Header.Current = true }) }, code: "malformed_record"},
		"the same reference twice":             {spoil: func(r *rig) { two(r, func(x *record.Record) { x.Header.Ref = "mi1" }) }, code: "malformed_record"},
		"a reference that is none":             {spoil: func(r *rig) { two(r, func(x *record.Record) { x.Header.Ref = "Mira Quill" }) }, code: "malformed_record"},
		"a subject of its own":                 {spoil: func(r *rig) { two(r, func(x *record.Record) { x.Header.Subject = "s2" }) }, code: "malformed_record"},
		"an organisation of its own":           {spoil: func(r *rig) { two(r, func(x *record.Record) { x.Header.Organisation = "education" }) }, code: "malformed_record"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			test.spoil(r)
			r.locate(t, mira, tara)
			all, err := r.collect(t, r.permit("s1", "pol.involvement"), r.permit("s2", "pol.involvement"))
			if err != nil {
				t.Fatal(err)
			}
			got := leftOf(all)
			want := left{Status: "ERROR", Reason: test.code}
			if diff := cmp.Diff(want, got["s1"], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got["s2"].Status != "DONE" || len(got["s2"].Records) != 1 {
				t.Errorf("the other subject: %v", got["s2"])
			}
			if strings.Contains(r.logs.String(), "SECRET") || strings.Contains(r.logs.String(), "Mira") {
				t.Error("what the source wrote is in the log")
			}
		})
	}
}

// foreignSource answers a question for one category with records of another.
type foreignSource struct{ *agencytest.Memory }

func (f foreignSource) Records(ctx context.Context, ref, _ string) iter.Seq2[record.Record, error] {
	return f.Memory.Records(ctx, ref, "pol.missing")
}

// TestCategoryOutsideTheWarrant, this time because the source itself sends it.
func TestCategoryOutsideTheWarrant(t *testing.T) {
	r := newRig(t, "")
	config := r.config(t, "")
	config.Source = foreignSource{r.source}
	agency, err := agencies.New(config)
	if err != nil {
		t.Fatal(err)
	}
	client := r.Dial(t, organisation, r.Serve(t, organisation, agency))
	r.locate(t, mira)
	all, err := r.Collect(t.Context(), client, r.collectClaims(t, r.permit("s1", "pol.involvement")))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]left{"s1": {Status: "ERROR", Reason: "malformed_record"}}, leftOf(all), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// many gives a person n records of pol.involvement.
func (r *rig) many(person, n int) {
	records := make([]record.Record, 0, n)
	for i := range n {
		records = append(records, record.Record{
			Header: record.Header{Ref: fmt.Sprintf("p%d-%d", person, i), Category: "pol.involvement", EventDate: "2026-01-02", LabelsKnown: true},
			Fields: []record.Field{{Name: "contact_type", Value: "visit"}},
		})
	}
	r.source.People[person].Records = records
}

// TestTooLargeIsNeverCut: 5,000 records of a leg leave, in chunks of at most 64; one more and nothing does.
func TestTooLargeIsNeverCut(t *testing.T) {
	r := newRig(t, "")
	r.many(0, 4000)
	r.many(1, 1000)
	r.locate(t, mira, tara)
	both := []policy.Constraint{r.permit("s1", "pol.involvement"), r.permit("s2", "pol.involvement")}
	all, err := r.collect(t, both...)
	if err != nil || len(all.Records()) != 5000 {
		t.Fatalf("gives %d records, %v", len(all.Records()), err)
	}
	if big := slices.IndexFunc(all.Chunks, func(c *agencyv1.Chunk) bool { return len(c.GetRecords()) > record.MaxChunk }); big >= 0 {
		t.Errorf("chunk %d has %d records", big, len(all.Chunks[big].GetRecords()))
	}
	r.many(1, 1001)
	all, err = r.collect(t, both...)
	if err != nil {
		t.Fatal(err)
	}
	tooLarge := left{Status: "ERROR", Reason: "too_large"}
	if diff := cmp.Diff(map[string]left{"s1": tooLarge, "s2": tooLarge}, leftOf(all), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLongRecordsGoInSmallChunks, so that a chunk stays within what gRPC carries.
func TestLongRecordsGoInSmallChunks(t *testing.T) {
	r := newRig(t, "")
	r.many(0, 100)
	for i := range r.source.People[0].Records {
		r.source.People[0].Records[i].Fields[0].Value = strings.Repeat("x", 50_000)
	}
	r.locate(t, mira)
	all, err := r.collect(t, r.permit("s1", "pol.involvement"))
	if err != nil || len(all.Records()) != 100 || len(all.Chunks) < 5 {
		t.Errorf("gives %d records in %d chunks, %v", len(all.Records()), len(all.Chunks), err)
	}
}

// endlessSource has no last record.
type endlessSource struct{ *agencytest.Memory }

func (endlessSource) Records(context.Context, string, string) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		for i := 0; ; i++ {
			header := record.Header{Ref: fmt.Sprintf("e%d", i), Category: "pol.involvement", EventDate: "2026-01-02", LabelsKnown: true}
			if !yield(record.Record{Header: header}, nil) {
				return
			}
		}
	}
}

// TestEndlessSource is stopped by the limit.
func TestEndlessSource(t *testing.T) {
	r := newRig(t, "")
	config := r.config(t, "")
	config.Source = endlessSource{r.source}
	agency, err := agencies.New(config)
	if err != nil {
		t.Fatal(err)
	}
	r.locate(t, mira)
	client := r.Dial(t, organisation, r.Serve(t, organisation, agency))
	all, err := r.Collect(t.Context(), client, r.collectClaims(t, r.permit("s1", "pol.involvement")))
	if diff := cmp.Diff(map[string]left{"s1": {Status: "ERROR", Reason: "too_large"}}, leftOf(all), cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestFailingPolicy: what the organisation's own policy cannot decide does not leave, and is not told as "nothing there".
func TestFailingPolicy(t *testing.T) {
	r := newRig(t, `
contributions contains {"effect": "review", "reason": "held_for_review", "masks": [], "rule": "own"} if torn == "s1"
torn := input.record.subject if input.record.subject == "s1"
torn := input.record.category if input.record.subject == "s1"`)
	r.locate(t, mira, tara)
	all, err := r.collect(t, r.permit("s1", "pol.involvement"), r.permit("s2", "pol.involvement"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]left{"s1": {Status: "ERROR", Reason: "policy_error"}, "s2": {Status: "DONE"}}
	got := leftOf(all)
	if len(got["s2"].Records) != 1 {
		t.Errorf("the other subject: %v", got["s2"])
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(left{}, "Records")); diff != "" || len(got["s1"].Records) > 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHangingSource is given up when the caller is gone, even if it then goes on as if nothing had happened.
func TestHangingSource(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	ctx, cancel := context.WithCancel(t.Context())
	r.source.Before = func(ctx context.Context, _ string) error {
		cancel()
		<-ctx.Done()
		return nil // as a source does that does not notice
	}
	all, err := r.Collect(ctx, r.client, r.collectClaims(t, r.permit("s1", "pol.involvement")))
	if status.Code(err) != codes.Canceled || len(all.Chunks) > 0 {
		t.Errorf("gives %v and %d chunks", err, len(all.Chunks))
	}
}

// TestPanickingSource: the agency lives on, and says nothing of what happened.
func TestPanickingSource(t *testing.T) {
	r := newRig(t, "")
	r.source.Before = func(context.Context, string) error { panic("SECRET") }
	if _, err := r.locateAs(1, mira); status.Code(err) != codes.Internal || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("gives %v", err)
	}
	r.source.Before = nil
	r.locate(t, mira)
}

// TestManyLegsAtOnce: each leg gets its own people and nobody else's.
func TestManyLegsAtOnce(t *testing.T) {
	r := newRig(t, "")
	var wait sync.WaitGroup
	for i := range 12 {
		wait.Go(func() {
			who, ref := mira, "mi1"
			if i%2 == 1 {
				who, ref = tara, "ti1"
			}
			claims := agencytest.Claims(organisation, "Locate", "s1")
			claims.Leg = fmt.Sprintf("leg-%d", i)
			if _, err := r.Locate(context.Background(), r.client, claims, agencytest.Body("s1", who)); err != nil {
				t.Errorf("leg %d: %v", i, err)
				return
			}
			claims = r.collectClaims(t, r.permit("s1", "pol.involvement"))
			claims.Leg = fmt.Sprintf("leg-%d", i)
			all, err := r.Collect(context.Background(), r.client, claims)
			if err != nil || len(all.Records()) != 1 || all.Records()[0].GetHeader().GetRef() != ref {
				t.Errorf("leg %d: %v, %v; want %s", i, all.Records(), err, ref)
			}
		})
	}
	wait.Wait()
}

// TestForgetting: a used warrant is remembered past its expiry, and who was located for thirty days.
func TestForgetting(t *testing.T) {
	r := newRig(t, "")
	r.locate(t, mira)
	r.Clock.Advance(29 * 24 * time.Hour)
	if _, err := r.collect(t, r.permit("s1", "pol.involvement")); err != nil {
		t.Errorf("after 29 days: %v", err)
	}
	r.Clock.Advance(2 * 24 * time.Hour)
	if _, err := r.collect(t, r.permit("s1", "pol.involvement")); reason(err) != "WARRANT_NOT_LOCATED" {
		t.Errorf("after 31 days: %v", err)
	}
}
