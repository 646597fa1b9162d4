package episode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

type fixture struct {
	*episode.Store
	t     *testing.T
	db    *store.DB
	vault *seal.Vault
	clock *clock.Fake
	dir   string
}

func setUp(t *testing.T, vault *seal.Vault) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), vault: vault, clock: clock.NewFake(start)}
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(f.dir, "hub.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if vault == nil {
		if f.vault, err = seal.OpenVault(filepath.Join(t.TempDir(), "keys"), make([]byte, seal.KEKSize)); err != nil {
			t.Fatal(err)
		}
	}
	f.db, f.Store = db, episode.New(db, f.vault, f.clock)
	return f
}

func (f *fixture) tx(do func(ctx context.Context, tx store.Tx) error) error {
	return f.db.InTx(context.Background(), do)
}

func (f *fixture) submit(r episode.Referral) (kept episode.Referral, err error) {
	err = f.tx(func(ctx context.Context, tx store.Tx) (err error) { kept, err = f.Submit(ctx, tx, r); return err })
	return kept, err
}

func (f *fixture) open(referral string) (e episode.Episode, err error) {
	err = f.tx(func(ctx context.Context, tx store.Tx) (err error) {
		e, err = f.Open(ctx, tx, episode.Opening{
			Hub: "h", Referral: referral, Stage: episode.StageMASHEpisode, Assignees: []string{"p2", "p1", "p2"},
			Rating: episode.Rating{Code: "amber", LevelOfNeed: 4, Basis: "mash", By: by("p1")},
		})
		return err
	})
	return e, err
}

func (f *fixture) opened() episode.Episode {
	f.t.Helper()
	r, err := f.submit(form())
	if err != nil {
		f.t.Fatal(err)
	}
	e, err := f.open(r.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	return e
}

func (f *fixture) change(id, etag string, do func(*episode.Episode) error) (e episode.Episode, err error) {
	err = f.tx(func(ctx context.Context, tx store.Tx) (err error) {
		e, err = f.Change(ctx, tx, episode.Target{Hub: "h", ID: id, ETag: etag}, do)
		return err
	})
	return e, err
}

func by(person string) episode.By {
	return episode.By{Person: person, Role: "social_worker", At: start}
}

func form() episode.Referral {
	return episode.Referral{
		Hub: "h", Submitter: "p0", Referrer: episode.Referrer{GivenName: "CANARYreferrer", Email: "CANARYmail", Professional: true},
		Subjects: []episode.Subject{
			{ID: "child", Role: "index_child", Identity: person.Identity{GivenName: "CANARYgiven", FamilyName: "CANARYfamily", DateOfBirth: "2018-03-04", Addresses: []person.Address{{Lines: []string{"CANARYstreet"}, Postcode: "CV1 2AB"}}}},
			{ID: "mum", Role: "parent", Identity: person.Identity{GivenName: "CANARYmum", FamilyName: "CANARYfamily"}, Relationship: "CANARYmother"},
		},
		Concerns: []string{"neglect"}, Narrative: episode.Narrative{Summary: "CANARYsummary", Worries: "CANARYworries"},
		Consents: []episode.Consent{{Kind: "agencies_share_with_us", Giver: "mum", Status: "not_sought", Reason: "CANARYreason"}},
		UASC:     true,
	}
}

func reason(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Reason
	}
	return fmt.Sprint(err)
}

func TestAFormIsKeptUnderRandomNames(t *testing.T) {
	f := setUp(t, nil)
	form := form()
	kept, err := f.submit(form)
	if err != nil {
		t.Fatal(err)
	}
	if form.Subjects[0].ID != "child" || form.Consents[0].Giver != "mum" {
		t.Error("the caller's form was changed")
	}
	read, err := f.GetReferral(context.Background(), "h", kept.ID)
	if err != nil || !cmp.Equal(kept, read) {
		t.Errorf("what is read is not what was kept: %v", err)
	}
	if !regexp.MustCompile(`^MARF-2026-[2-9A-HJKMNP-Z]{8}$`).MatchString(kept.Reference) {
		t.Errorf("reference %q", kept.Reference)
	}
	child, mum, consent := kept.Subjects[0], kept.Subjects[1], kept.Consents[0]
	if len(child.ID) < 20 || child.ID == mum.ID || consent.Giver != mum.ID || consent.Recorder != "p0" || !consent.Recorded.Equal(start) {
		t.Errorf("ids %q %q, giver %q, recorder %q", child.ID, mum.ID, consent.Giver, consent.Recorder)
	}
	again, err := f.submit(form)
	if err != nil || again.ID == kept.ID || again.Reference == kept.Reference {
		t.Errorf("a second form: %v", err)
	}
}

func TestAWrongFormIsRefusedByItsField(t *testing.T) {
	f := setUp(t, nil)
	for field, spoil := range map[string]func(*episode.Referral){
		"referral.consents[0].giver":                  func(r *episode.Referral) { r.Consents[0].Giver = "CANARYnobody" },
		"referral.consents[0].reason":                 func(r *episode.Referral) { r.Consents[0].Reason = "" },
		"referral.subjects":                           func(r *episode.Referral) { r.Subjects[1].Role = "index_child" },
		"referral.subjects[0].identity.nhs_number":    func(r *episode.Referral) { r.Subjects[0].Identity.NHSNumber = "9434765918" },
		"referral.subjects[0].identity.upn":           func(r *episode.Referral) { r.Subjects[0].Identity.UPN = "B123456789012" },
		"referral.subjects[1].identity.date_of_birth": func(r *episode.Referral) { r.Subjects[1].Identity.DateOfBirth = "1990-02-30" },
	} {
		r := form()
		spoil(&r)
		_, err := f.submit(r)
		var wrong *fault.Error
		if !errors.As(err, &wrong) || len(wrong.Fields) != 1 || wrong.Fields[0].Name != field || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, spoil := range map[string]func(*episode.Referral){
		"no index child": func(r *episode.Referral) { r.Subjects = r.Subjects[1:] },
		"one id twice":   func(r *episode.Referral) { r.Subjects[1].ID = "child" },
	} {
		r := form()
		spoil(&r)
		if _, err := f.submit(r); reason(err) != "INVALID_FIELD" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoIsIdentified(t *testing.T) {
	f := setUp(t, nil)
	for name, c := range map[string]struct {
		change       func(child, mum *episode.Subject)
		child, adult string
	}{
		"all given":             {func(_, _ *episode.Subject) {}, "yes", "yes"},
		"no date of birth":      {func(c, _ *episode.Subject) { c.Identity.DateOfBirth = "" }, "no", "yes"},
		"half a name":           {func(c, _ *episode.Subject) { c.Identity.GivenName = "" }, "no", "yes"},
		"no parent's name":      {func(_, m *episode.Subject) { m.Identity = person.Identity{} }, "no", "no"},
		"unborn, known mother":  {func(c, _ *episode.Subject) { c.Identity = person.Identity{DateOfBirth: "unborn"} }, "yes", "yes"},
		"said by the referrer":  {func(c, m *episode.Subject) { c.Identified, m.Identified = "ambiguous", "no" }, "ambiguous", "no"},
		"said to be, with less": {func(c, _ *episode.Subject) { c.Identity, c.Identified = person.Identity{}, "yes" }, "yes", "yes"},
	} {
		r := form()
		c.change(&r.Subjects[0], &r.Subjects[1])
		kept, err := f.submit(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if kept.Subjects[0].Identified != c.child || kept.Subjects[1].Identified != c.adult {
			t.Errorf("%s: child %s, adult %s", name, kept.Subjects[0].Identified, kept.Subjects[1].Identified)
		}
	}
}

func TestTriageTellsTheReferrerAndEndsWithTheEpisode(t *testing.T) {
	f := setUp(t, nil)
	r, err := f.submit(form())
	if err != nil {
		t.Fatal(err)
	}
	triage := func(tr episode.Triage, told ...episode.Feedback) (kept episode.Referral, err error) {
		err = f.tx(func(ctx context.Context, tx store.Tx) (err error) {
			kept, err = f.Triage(ctx, tx, episode.Target{Hub: "h", ID: r.ID}, tr, told...)
			return err
		})
		return kept, err
	}
	if _, err := triage(episode.Triage{Outcome: "not_triaged", By: "p1"}); reason(err) != "INVALID_FIELD" {
		t.Errorf("not triaged for no reason: %v", err)
	}
	kept, err := triage(episode.Triage{Outcome: "not_triaged", Exclusions: []string{"unidentified"}, By: "p1"}, episode.Feedback{Code: "unidentified", Text: "text"})
	if err != nil || kept.Triage.Outcome != "not_triaged" || len(kept.Feedback) != 1 || !kept.Feedback[0].Time.Equal(start) {
		t.Fatalf("%d told, %v", len(kept.Feedback), err)
	}
	if _, err := triage(episode.Triage{Outcome: "mash_episode", By: "p1"}); err != nil {
		t.Errorf("decided again: %v", err)
	}
	if _, err := f.open(r.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.open(r.ID); reason(err) != "EPISODE_EXISTS" {
		t.Errorf("a second episode: %v", err)
	}
	if _, err := triage(episode.Triage{Outcome: "no_further_action", By: "p1"}); reason(err) != "EPISODE_OPEN" {
		t.Errorf("triaged after the episode was opened: %v", err)
	}
	page, _, err := f.ListReferrals(context.Background(), episode.ReferralQuery{Hub: "h", Limit: 5, Submitter: "p0"})
	if err != nil || len(page) != 1 || !page[0].Opened || page[0].TriageOutcome != "mash_episode" {
		t.Errorf("%+v, %v", page, err)
	}
	for name, q := range map[string]episode.ReferralQuery{"untriaged": {Hub: "h", Untriaged: true, Limit: 5}, "another's": {Hub: "h", Submitter: "p9", Limit: 5}, "another hub": {Hub: "x", Limit: 5}} {
		if page, _, err := f.ListReferrals(context.Background(), q); err != nil || len(page) != 0 {
			t.Errorf("%s: %d, %v", name, len(page), err)
		}
	}
	if _, err := f.GetReferral(context.Background(), "x", r.ID); reason(err) != "NOT_FOUND" {
		t.Errorf("read from another hub: %v", err)
	}
}

func TestAnEpisodeTakesOverTheForm(t *testing.T) {
	f := setUp(t, nil)
	e := f.opened()
	read, err := f.Get(context.Background(), "h", e.ID)
	if err != nil || !cmp.Equal(e, read) {
		t.Fatalf("what is read is not what was kept: %v", err)
	}
	if e.Stage != "mash_episode" || e.Rating != "amber" || e.Basis != "mash" || !e.Facts.UASC || len(e.Subjects) != 2 || len(e.Consents) != 1 ||
		!cmp.Equal(e.Assignees, []string{"p1", "p2"}) || !cmp.Equal(e.Concerns, []string{"neglect"}) {
		t.Error("something of the form or the opening is missing")
	}
	for assignee, want := range map[string]int{"p1": 1, "p2": 1, "p0": 0, "": 1} {
		page, _, err := f.List(context.Background(), episode.Query{Hub: "h", Assignee: assignee, Limit: 5})
		if err != nil || len(page) != want {
			t.Errorf("episodes of %q: %d, %v", assignee, len(page), err)
		} else if want == 1 && (page[0].ETag() != e.ETag() || !cmp.Equal(page[0].Assignees, e.Assignees)) {
			t.Errorf("the summary is another: %+v", page[0])
		}
	}
	if _, err := f.Get(context.Background(), "x", e.ID); reason(err) != "NOT_FOUND" {
		t.Errorf("read from another hub: %v", err)
	}
}

func TestOfManyChangesOnOneSightOneIsMade(t *testing.T) {
	f := setUp(t, nil)
	e := f.opened()
	var made, stale atomic.Int32
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			_, err := f.change(e.ID, e.ETag(), func(e *episode.Episode) error { return e.Assign([]string{"p3"}) })
			switch {
			case err == nil:
				made.Add(1)
			case reason(err) == "ETAG_MISMATCH":
				stale.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || stale.Load() != 9 {
		t.Errorf("%d made, %d stale", made.Load(), stale.Load())
	}
	// Without an etag each one counts: a withdrawal never fails because the episode moved.
	for range 3 {
		if _, err := f.change(e.ID, "", func(e *episode.Episode) error { return e.WithdrawConsent("referral", e.Subjects[1].ID, by("p1")) }); err != nil {
			t.Error(err)
		}
	}
	now, err := f.Get(context.Background(), "h", e.ID)
	if err != nil || now.Version != e.Version+4 || len(now.Consents) != 4 {
		t.Errorf("version %d, %d answers, %v", now.Version, len(now.Consents), err)
	}
	boom := errors.New("boom")
	if _, err := f.change(e.ID, now.ETag(), func(e *episode.Episode) error { e.Rating = "red"; return boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
	if after, err := f.Get(context.Background(), "h", e.ID); err != nil || !cmp.Equal(now, after) {
		t.Errorf("a change that failed left a trace: %v", err)
	}
}

func TestAnOldBodyPutBackDoesNotOpen(t *testing.T) {
	f := setUp(t, nil)
	one, two := f.opened(), f.opened()
	run := func(sql string, args ...any) {
		t.Helper()
		if err := f.tx(func(ctx context.Context, tx store.Tx) error { _, err := tx.NewRaw(sql, args...).Exec(ctx); return err }); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE TABLE kept AS SELECT body FROM episodes WHERE id = ?", one.ID)
	if _, err := f.change(one.ID, "", func(e *episode.Episode) error { return e.Assign([]string{"p3"}) }); err != nil {
		t.Fatal(err)
	}
	run("UPDATE episodes SET body = (SELECT body FROM kept) WHERE id = ?", one.ID)
	run("UPDATE episodes SET body = (SELECT body FROM kept) WHERE id = ?", two.ID)
	for name, id := range map[string]string{"an older version": one.ID, "another episode": two.ID} {
		if _, err := f.Get(context.Background(), "h", id); !errors.Is(err, seal.ErrUnsealable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	run("UPDATE episodes SET body = (SELECT body FROM referrals WHERE id = ?) WHERE id = ?", two.ID, two.ID)
	if _, err := f.Get(context.Background(), "h", two.ID); !errors.Is(err, seal.ErrUnsealable) {
		t.Errorf("the referral's body: %v", err)
	}
	if err := f.vault.Erase(one.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.GetReferral(context.Background(), "h", one.ID); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("after erasure: %v", err)
	}
}

func TestThePolicyInputHoldsNoPerson(t *testing.T) {
	e := setUp(t, nil).opened()
	if err := errors.Join(
		e.SetOverride(episode.Override{Ground: "delay", Reason: "CANARYground", By: by("p1")}),
		e.Settle(episode.ConsentPosition{Reason: "CANARYposition", By: by("p1")}),
		e.Break(episode.BreakGlass{Reason: "CANARYglass", By: by("p1"), Expires: start.Add(time.Hour)}),
	); err != nil {
		t.Fatal(err)
	}
	in := e.PolicyInput(start)
	text, err := json.Marshal(in)
	if err != nil || bytes.Contains(text, []byte("CANARY")) || bytes.Contains(text, []byte("CV1")) {
		t.Errorf("the input holds person data: %v", err)
	}
	for _, array := range []string{"relationships", "own_facts", "supported_facts", "concerns", "subjects", "consents", "categories", "organisations", "flags"} {
		if bytes.Contains(text, []byte(`"`+array+`":null`)) {
			t.Errorf("%s is null: a rule over it would silently not fire", array)
		}
	}
	want := []policy.Subject{
		{ID: e.Subjects[0].ID, Role: "index_child", Born: "2018-03-04", Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: "unknown", LivesWithIndex: true},
		{ID: e.Subjects[1].ID, Role: "parent", Identified: "yes", GillickCompetent: "unknown", PregnantOrPostnatal: "unknown", ParentalResponsibility: true, LivesWithIndex: true},
	}
	if diff := cmp.Diff(want, in.Subjects); diff != "" {
		t.Error(diff)
	}
	if in.Episode.Override.Reason != "recorded" || in.Consents[0].Reason != "recorded" || in.Consents[0].By != e.Subjects[1].ID || in.Episode.Purpose != "safeguarding_children" {
		t.Error("a fact is missing from the input")
	}
	if empty, err := json.Marshal(episode.Episode{}.PolicyInput(start)); err != nil || !bytes.Contains(empty, []byte(`"subjects":[]`)) || !bytes.Contains(empty, []byte(`"rating":"none"`)) {
		t.Errorf("of nothing: %s, %v", empty, err)
	}
}

func TestParentalResponsibilityAndHome(t *testing.T) {
	for _, c := range []struct {
		role, responsibility, lives string
		wantPR, wantHome            bool
	}{
		{"parent", "", "", true, true}, {"parent", "no", "no", false, false}, {"parent", "unknown", "unknown", true, true},
		{"carer", "", "yes", false, true}, {"carer", "yes", "", true, true}, {"other_adult", "unknown", "no", false, false},
	} {
		e := episode.Episode{Subjects: []episode.Subject{{Role: c.role, ParentalResponsibility: c.responsibility, LivesWithIndex: c.lives}}}
		if s := e.PolicyInput(start).Subjects[0]; s.ParentalResponsibility != c.wantPR || s.LivesWithIndex != c.wantHome || s.Identified != "no" {
			t.Errorf("%+v: %+v", c, s)
		}
	}
}

func TestNoCanaryIsInTheFilesOrPrinted(t *testing.T) {
	found := func(vault *seal.Vault) (n int, e episode.Episode) {
		f := setUp(t, vault)
		e = f.opened()
		for _, name := range []string{"hub.db", "hub.db-wal"} {
			content, err := os.ReadFile(filepath.Join(f.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			n += bytes.Count(content, []byte("CANARY")) + bytes.Count(content, []byte("2018-03-04")) + bytes.Count(content, []byte("CV1 2AB"))
		}
		return n, e
	}
	n, e := found(nil)
	if n != 0 {
		t.Errorf("%d canaries in the files", n)
	}
	if n, _ := found(seal.NewPlainForTest(t)); n < 12 {
		t.Errorf("with encryption off only %d are found: the test would not see them", n)
	}
	r := form()
	for _, v := range []any{r, &r, e, &e, e.Subjects, e.Consents, r.Referrer, r.Narrative, episode.Triage{Reason: "CANARY"}, episode.Rating{Reason: "CANARY"}, episode.Outcome{Reason: "CANARY"}, episode.Feedback{Text: "CANARY"}, episode.Closing{Reason: "CANARY"}, &episode.Override{Reason: "CANARY"}, episode.BreakGlass{Reason: "CANARY"}, episode.ConsentPosition{Reason: "CANARY"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "CANARY") {
				t.Errorf("%s of %T prints it", verb, v)
			}
		}
	}
}

func TestListsPageNewestFirst(t *testing.T) {
	f := setUp(t, nil)
	var want, got []string
	for i := range 5 {
		want = append([]string{f.opened().ID}, want...)
		if i != 2 {
			f.clock.Advance(time.Second) // two share a moment
		}
	}
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := f.List(context.Background(), episode.Query{Hub: "h", Cursor: cursor, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			got = append(got, e.ID)
		}
		cursor = next
	}
	seen := map[string]bool{}
	for _, id := range got {
		seen[id] = true
	}
	if len(got) != 5 || len(seen) != 5 || got[0] != want[0] || got[4] != want[4] {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, _, err := f.List(context.Background(), episode.Query{Hub: "h", Cursor: "1", Limit: 1}); reason(err) != "INVALID_FIELD" {
		t.Errorf("a cursor that nobody gave: %v", err)
	}
}
