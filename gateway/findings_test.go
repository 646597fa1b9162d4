package gateway_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"
)

// TestWhatWasSeenIsListed: when the ground to go on without consent is taken back, the re-check, which nobody called, lists for the IG
// team what was seen before. Others do not see the list.
func TestWhatWasSeenIsListed(t *testing.T) {
	gate := make(chan struct{})
	close(gate)
	w := newWorld(t, withPolice(gate))
	e := w.open()
	s := &steps{world: w, opened: &e}
	s.change("social_worker", "rate", map[string]any{
		"rating": "amber", "reason": "less than it seemed", "levelOfNeed": 4, "basis": "mash", "concerns": []any{"neglect"}, "facts": map[string]any{},
	})
	s.change("social_worker", "override", map[string]any{"override": map[string]any{"ground": "delay", "reason": "it cannot wait"}})
	s.free("social_worker", "withdrawConsent", map[string]any{"kind": "CONSENT_KIND_AGENCIES_SHARE_WITH_US", "giver": s.last.Subjects[1].ID})
	var asked struct{ Name string }
	s.ok(s.rest("social_worker", http.MethodPost, "/v1/"+s.name+"/informationRequests", map[string]any{})).json(t, &asked)
	s.watch("social_worker", asked.Name, "text/event-stream", "", func(event) bool { return true })
	s.free("social_worker", "endOverride", map[string]any{"reason": "the danger has passed"})
	if s.last.Override != nil {
		t.Error("the override still stands")
	}
	var list struct {
		Findings []struct {
			Cause, InformationRequest, Organisation, Now string
			SeenBy                                       []string
		}
	}
	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(list.Findings) == 0 {
		check(t, patience.Err())
		s.ok(s.rest("ig_officer", http.MethodGet, "/v1/hubs/coventry/recheckFindings", nil)).json(t, &list)
	}
	found := list.Findings[0]
	if found.Cause != "override_ended" || found.InformationRequest != asked.Name || found.Now != "review" ||
		!slices.Equal(found.SeenBy, []string{"hubs/coventry/people/social_worker"}) {
		t.Errorf("found %+v", found)
	}
	if got := s.rest("social_worker", http.MethodGet, "/v1/hubs/coventry/recheckFindings", nil); got.status != http.StatusForbidden {
		t.Errorf("a social worker's list: %d, want 403", got.status)
	}
}
