package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// steps is one episode on its way, told over REST; each step sends the etag of the one before.
type steps struct {
	*world
	*opened
	last episodeJSON
}

// change makes one change of the episode and keeps what it became.
func (s *steps) change(who, verb string, body map[string]any) {
	s.t.Helper()
	got := s.ok(s.rest(who, http.MethodPost, "/v1/"+s.name+":"+verb, body, "If-Match", `"`+s.etag+`"`))
	s.last = episodeJSON{}
	got.json(s.t, &s.last)
	if s.last.Etag == s.etag || got.header.Get("ETag") != `"`+s.last.Etag+`"` {
		s.t.Errorf("%s: etag %q after %q, and %q in the header", verb, s.last.Etag, s.etag, got.header.Get("ETag"))
	}
	s.etag = s.last.Etag
}

// free makes a change that takes no etag.
func (s *steps) free(who, verb string, body map[string]any) {
	s.t.Helper()
	s.last = episodeJSON{}
	s.ok(s.rest(who, http.MethodPost, "/v1/"+s.name+":"+verb, body)).json(s.t, &s.last)
	s.etag = s.last.Etag
}

// TestAnEpisodeOverREST goes the whole way, so that every call of people and integrators is made once and works.
func TestAnEpisodeOverREST(t *testing.T) {
	gate := make(chan struct{})
	close(gate)
	w := newWorld(t, withPolice(gate))
	e := w.open()
	s := &steps{world: w, opened: &e}
	s.change("team_manager", "assign", map[string]any{"assignees": []any{"hubs/coventry/people/social_worker", "hubs/coventry/people/triage_worker"}})
	s.change("social_worker", "rate", map[string]any{
		"rating": "amber", "reason": "as before", "levelOfNeed": 4, "basis": "mash", "concerns": []any{"physical_abuse", "neglect"},
		"facts": map[string]any{"imminentDanger": true},
	})
	if s.last.DecisionDueTime == "" || s.last.Stage != "STAGE_MASH_EPISODE" {
		t.Errorf("rated amber: due %q at %s", s.last.DecisionDueTime, s.last.Stage)
	}
	s.change("social_worker", "addSubject", map[string]any{"subject": subject("new", "SUBJECT_ROLE_SIBLING", "Bela", "2018-01-01")})
	added := s.last.Subjects[len(s.last.Subjects)-1].ID
	s.change("social_worker", "updateSubject", map[string]any{"subject": subject(added, "SUBJECT_ROLE_SIBLING", "Bella", "2018-01-01")})
	giver := s.last.Subjects[1].ID
	s.change("social_worker", "recordConsent", map[string]any{"consent": map[string]any{
		"kind": "CONSENT_KIND_SHARE_WITH_AGENCIES", "giver": giver, "status": "CONSENT_STATUS_YES",
	}})
	s.change("social_worker", "override", map[string]any{"override": map[string]any{"ground": "delay", "reason": "it cannot wait"}})
	s.change("social_worker", "settleConsentPosition", map[string]any{"reason": "talked through"})
	s.free("triage_worker", "breakGlass", map[string]any{"reason": "in danger now"})
	if s.last.Basis != "emergency" || s.last.BreakGlass == nil || s.last.BreakGlass.ExpireTime == "" {
		t.Errorf("glass broken: basis %s, %v", s.last.Basis, s.last.BreakGlass)
	}
	s.free("triage_worker", "endBreakGlass", map[string]any{})
	if s.last.Basis != "mash" {
		t.Errorf("glass mended: basis %s", s.last.Basis)
	}
	s.ask()
	s.free("social_worker", "withdrawConsent", map[string]any{"kind": "CONSENT_KIND_AGENCIES_SHARE_WITH_US", "giver": giver})
	s.finish()
	s.look()
}

// ask makes a request, reads it in every way, and cancels another.
func (s *steps) ask() {
	s.t.Helper()
	key := uuid.NewString()
	var first, again struct{ Name, LedgerEntry, State string }
	path := "/v1/" + s.name + "/informationRequests"
	s.ok(s.rest("social_worker", http.MethodPost, path, map[string]any{}, "Idempotency-Key", key)).json(s.t, &first)
	s.ok(s.rest("social_worker", http.MethodPost, path, map[string]any{}, "Idempotency-Key", key)).json(s.t, &again)
	if first.Name == "" || first.Name != again.Name {
		s.t.Errorf("the same key names %q and %q", first.Name, again.Name)
	}
	other := s.rest("social_worker", http.MethodPost, path, map[string]any{"categories": []any{map[string]any{"category": "csc.status"}}}, "Idempotency-Key", key)
	if other.status != http.StatusConflict {
		s.t.Errorf("the same key with another body: %d, want 409", other.status)
	}
	s.watch("social_worker", first.Name, "text/event-stream", "", func(event) bool { return true }) // until it has ended
	var one struct {
		State   string
		Answers []struct{ Organisation, Kind string }
	}
	s.ok(s.rest("social_worker", http.MethodGet, "/v1/"+first.Name, nil)).json(s.t, &one)
	if one.State != "STATE_COMPLETE" || len(one.Answers) < 8 {
		s.t.Errorf("the request is %s with %d answers", one.State, len(one.Answers))
	}
	var list struct{ InformationRequests []struct{ Name string } }
	s.ok(s.rest("social_worker", http.MethodGet, path, nil)).json(s.t, &list)
	if len(list.InformationRequests) != 1 {
		s.t.Errorf("%d requests, want 1", len(list.InformationRequests))
	}
	var picture struct {
		Complete    bool
		LedgerEntry string
		Chronology  []struct{ Ref string }
		Household   []struct{ Subject string }
	}
	s.ok(s.rest("social_worker", http.MethodGet, "/v1/"+first.Name+"/picture", nil)).json(s.t, &picture)
	if !picture.Complete || picture.LedgerEntry == "" || len(picture.Chronology) != 1 || len(picture.Household) == 0 {
		s.t.Errorf("picture %+v", picture)
	}
	s.ok(s.rest("auditor", http.MethodGet, "/v1/"+picture.LedgerEntry, nil))
	var why struct {
		Revision     string
		Explanations []struct{ RuleLocations []string }
	}
	s.ok(s.rest("ig_officer", http.MethodGet, "/v1/"+first.Name+":explain", nil)).json(s.t, &why)
	if why.Revision == "" || len(why.Explanations) == 0 || len(why.Explanations[0].RuleLocations) == 0 {
		s.t.Errorf("explanation %+v", why)
	}
	var seen struct{ Disclosures []struct{ Kind string } }
	s.ok(s.rest("ig_officer", http.MethodGet, "/v1/"+s.name+"/disclosures?subject="+s.child, nil)).json(s.t, &seen)
	if len(seen.Disclosures) < 2 { // the stream and the picture
		s.t.Errorf("who saw what: %v", seen.Disclosures)
	}
	s.ok(s.rest("social_worker", http.MethodPost, path, map[string]any{})).json(s.t, &again)
	s.watch("social_worker", again.Name, "text/event-stream", "", func(event) bool { return true })
	if got := s.rest("social_worker", http.MethodPost, "/v1/"+again.Name+":cancel", map[string]any{"reason": "not needed"}); got.status != http.StatusConflict {
		s.t.Errorf("cancelling what has ended: %d %s, want 409", got.status, got.body)
	}
}

// finish recommends, tells the referrer and closes.
func (s *steps) finish() {
	s.t.Helper()
	s.change("team_manager", "recordOutcome", map[string]any{"outcome": map[string]any{
		"code": "early_help", "reason": "support will do", "feedbackToReferrer": "Thank you, the family is being helped.",
	}})
	var mine struct{ Feedback []struct{ Code, Text string } }
	s.ok(s.rest("referrer", http.MethodGet, "/v1/"+s.referral, nil)).json(s.t, &mine)
	var codes []string
	for _, each := range mine.Feedback {
		codes = append(codes, each.Code)
	}
	if diff := cmp.Diff([]string{"mash_episode", "early_help"}, codes); diff != "" {
		s.t.Errorf("what the referrer was told (-want +got):\n%s", diff)
	}
	s.change("team_manager", "close", map[string]any{"reason": "done"})
	late := s.rest("social_worker", http.MethodPost, "/v1/"+s.name+":override",
		map[string]any{"override": map[string]any{"ground": "delay", "reason": "x"}}, "If-Match", `"`+s.etag+`"`)
	if p := late.problem(s.t); late.status != http.StatusConflict || p.Reason != "EPISODE_CLOSED" {
		s.t.Errorf("a change after the end: %d %s", late.status, p.Reason)
	}
	if got := s.rest("social_worker", http.MethodPost, "/v1/"+s.name+"/informationRequests", map[string]any{}); got.status == http.StatusOK &&
		!strings.Contains(string(got.body), "STATE_NOT_ASKED") {
		s.t.Errorf("a closed episode was asked about: %s", got.body)
	}
}

// look reads everything there is to list.
func (s *steps) look() {
	s.t.Helper()
	for path, want := range map[string]struct{ who, holds string }{
		"/v1/hubs/coventry":                                 {"social_worker", `"revision"`},
		"/v1/hubs/coventry/organisations":                   {"social_worker", "West Midlands Police"},
		"/v1/hubs/coventry/organisations?pageSize=2":        {"social_worker", `"nextPageToken":"`},
		"/v1/hubs/coventry/organisations/police":            {"social_worker", "HEALTH_SERVING"},
		"/v1/hubs/coventry/organisations/hospital":          {"social_worker", "HEALTH_NOT_CONNECTED"},
		"/v1/hubs/coventry/people":                          {"administrator", "hubs/coventry/people/auditor"},
		"/v1/hubs/coventry/people/auditor":                  {"administrator", `"role":"auditor"`},
		"/v1/hubs/coventry/categories":                      {"referrer", "pol.involvement"},
		"/v1/hubs/coventry/indicators?level=4":              {"referrer", `"level":4`},
		"/v1/whoami":                                        {"referrer", `"kind":"person"`},
		"/v1/hubs/coventry/referrals":                       {"triage_worker", s.referral},
		"/v1/hubs/coventry/referrals?untriaged=true":        {"triage_worker", `"referrals":[]`},
		"/v1/hubs/coventry/episodes?mine=true":              {"social_worker", s.name},
		"/v1/hubs/coventry/episodes?stage=STAGE_CLOSED":     {"social_worker", s.name},
		"/v1/" + s.name:                                     {"partner_representative", `"STAGE_CLOSED"`},
		"/v1/hubs/coventry/policyRevisions/active":          {"auditor", `"active":true`},
		"/v1/hubs/coventry/ledgerEntries?kind=break_glass":  {"auditor", `"break_glass"`},
		"/v1/hubs/coventry/ledgerEntries?episode=" + s.name: {"auditor", `"request_intent"`},
	} {
		got := s.rest(want.who, http.MethodGet, path, nil)
		if got.status != http.StatusOK || !strings.Contains(strings.ReplaceAll(string(got.body), `": `, `":`), want.holds) {
			s.t.Errorf("%s: %d, want it to hold %s: %s", path, got.status, want.holds, fmt.Sprintf("%.300s", got.body))
		}
	}
	if strings.Contains(s.logs.String(), "Canaryton") || strings.Contains(s.logs.String(), "Alba") {
		s.t.Error("the log holds a name")
	}
	for _, path := range []string{"/v1/hubs/coventry/referrals", "/v1/hubs/coventry/episodes", "/v1/hubs/coventry/ledgerEntries"} {
		who := "team_manager"
		if strings.Contains(path, "ledger") {
			who = "auditor"
		}
		if got := s.rest(who, http.MethodGet, path, nil); strings.Contains(string(got.body), "Canaryton") {
			s.t.Errorf("the list %s holds a name", path)
		}
	}
}

// TestARecommendationWaitsForEverybody: "the recommendation comes once all partners have answered …; a manager may recommend with named
// partners outstanding and a reason" (domain.md 1).
func TestARecommendationWaitsForEverybody(t *testing.T) {
	w := newWorld(t) // the police are never reached
	e := w.open()
	s := &steps{world: w, opened: &e}
	var made struct{ State string }
	w.ok(w.rest("social_worker", http.MethodPost, "/v1/"+e.name+"/informationRequests", map[string]any{})).json(t, &made)
	if made.State != "STATE_RUNNING" {
		t.Fatalf("the request is %s", made.State)
	}
	outcome := map[string]any{"code": "early_help", "reason": "enough", "feedbackToReferrer": "Thank you."}
	path := "/v1/" + e.name + ":recordOutcome"
	for _, who := range []string{"social_worker", "team_manager"} {
		got := w.rest(who, http.MethodPost, path, map[string]any{"etag": e.etag, "outcome": outcome})
		p := got.problem(t)
		if got.status != http.StatusConflict || p.Reason != "PARTNERS_OUTSTANDING" || !strings.Contains(p.Fields[0].Description, "police") {
			t.Errorf("%s: %d %s %v", who, got.status, p.Reason, p.Fields)
		}
	}
	outcome["outstandingOrganisations"] = []any{"police"}
	got := w.rest("team_manager", http.MethodPost, path, map[string]any{"etag": e.etag, "outcome": outcome})
	if p := got.problem(t); got.status != http.StatusBadRequest || p.Fields[0].Name != "outcome.outstandingReason" {
		t.Errorf("without a reason: %d %v", got.status, p.Fields)
	}
	outcome["outstandingReason"] = "the line is down"
	got = w.rest("social_worker", http.MethodPost, path, map[string]any{"etag": e.etag, "outcome": outcome})
	if p := got.problem(t); p.Reason != "TEAM_MANAGER_NEEDED" {
		t.Errorf("by a social worker: %d %s", got.status, p.Reason)
	}
	s.change("team_manager", "recordOutcome", map[string]any{"outcome": outcome})
	if s.last.Outcome == nil || s.last.Outcome.By != "hubs/coventry/people/team_manager" {
		t.Errorf("outcome %v", s.last.Outcome)
	}
}

// TestAReferralThatIsNotTriaged: each exclusion tells the referrer why, in the order they were found (S2).
func TestAReferralThatIsNotTriaged(t *testing.T) {
	w := newWorld(t)
	var referral struct{ Name, ReferenceNumber string }
	w.ok(w.rest("referrer", http.MethodPost, "/v1/hubs/coventry/referrals", form())).json(t, &referral)
	if !strings.HasPrefix(referral.ReferenceNumber, "MARF-") {
		t.Errorf("reference number %q", referral.ReferenceNumber)
	}
	exclusions := []any{"consent_not_sought", "information_only", "has_social_worker", "unidentified"}
	w.ok(w.rest("triage_worker", http.MethodPost, "/v1/"+referral.Name+":triage",
		map[string]any{"outcome": "not_triaged", "reason": "see there", "exclusions": exclusions}))
	var told struct{ Feedback []struct{ Code, Text string } }
	w.ok(w.rest("referrer", http.MethodGet, "/v1/"+referral.Name, nil)).json(t, &told)
	if len(told.Feedback) != len(exclusions) {
		t.Fatalf("the referrer was told %v", told.Feedback)
	}
	for i, each := range told.Feedback {
		if each.Code != exclusions[i] || len(each.Text) < 40 {
			t.Errorf("told %d: %q %q, want %s in words", i, each.Code, each.Text, exclusions[i])
		}
	}
	child := form()
	child["uasc"] = true
	w.ok(w.rest("referrer", http.MethodPost, "/v1/hubs/coventry/referrals", child)).json(t, &referral)
	got := w.rest("triage_worker", http.MethodPost, "/v1/"+referral.Name+":triage",
		map[string]any{"outcome": "not_triaged", "reason": "who is it", "exclusions": []any{"unidentified"}})
	if p := got.problem(t); got.status != http.StatusBadRequest || p.Fields[0].Name != "exclusions" {
		t.Errorf("an asylum-seeking child sent back as unidentified: %d %v", got.status, p.Fields)
	}
}
