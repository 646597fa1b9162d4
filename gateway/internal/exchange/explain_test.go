package exchange_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/exchange"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
)

func (w *world) explained(who directory.Person, ref request.Ref, filter exchange.Filter) exchange.Explained {
	w.Helper()
	explained, err := w.exchange.Explain(w.Context(), who, ref, filter)
	w.must(err)
	return explained
}

// officer is somebody of the information-governance team.
func (w *world) officer() directory.Person {
	w.Helper()
	p := directory.Person{ID: "officer", Hub: hub, Role: "ig_officer", Agency: "children_services", Active: true, DisplayName: "officer"}
	w.tx(func(ctx context.Context, tx store.Tx) error {
		return w.config.Directory.Put(ctx, tx, directory.Registration{Person: p, Issuer: issuer, Subject: "sub-officer", Particulars: directory.Particulars{
			GivenName: "officer", FamilyName: "Officer", DateOfBirth: "1980-01-01", Postcode: "CV2 2BB",
		}})
	})
	return p
}

// TestExplain: every decision with its rules and where they stand, what they read, and to a practitioner
// nothing that may not be told.
func TestExplain(t *testing.T) {
	w := newWorld(t)
	w.consented()
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse", "pol.convictions"))
	w.honest("community_health", w.known(ann, nil, "hlt.restricted", "hlt.checks:legally_restricted"))
	w.start()
	r := w.ask("pol.domestic_abuse", "pol.convictions", "hlt.restricted", "hlt.checks")
	w.watch(r.Ref())
	lines := map[string]exchange.Explanation{}
	for _, line := range w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "police", Subject: w.mother}).Lines {
		lines[line.Category] = line
		if len(line.Reasons) == 0 || len(line.Locations) == 0 || len(line.Inputs) == 0 {
			t.Errorf("%s: %d reasons, %d locations, %d inputs", line.Category, len(line.Reasons), len(line.Locations), len(line.Inputs))
		}
	}
	if lines["pol.convictions"].Effect != policy.Review || !lines["pol.domestic_abuse"].Effect.Content() {
		t.Errorf("convictions %s, domestic abuse %s", lines["pol.convictions"].Effect, lines["pol.domestic_abuse"].Effect)
	}
	if told := w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "community_health"}); len(told.Lines) > 0 {
		t.Errorf("a practitioner is told %+v", told.Lines)
	}

	officer := w.explained(w.officer(), r.Ref(), exchange.Filter{Organisation: "community_health"})
	codes := ""
	for _, line := range officer.Lines {
		for _, reason := range line.Reasons {
			codes += line.Category + " " + reason.Code + "; "
		}
	}
	if !officer.Everything || !strings.Contains(codes, "hlt.restricted ") {
		t.Errorf("the officer is told %q", codes)
	}
}

// TestExplainNearestChange: what one fact more would have opened, found by deciding what was decided again.
func TestExplainNearestChange(t *testing.T) {
	w := newWorld(t)
	w.consentedTo("referral")
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse"))
	w.start()
	r := w.ask("pol.domestic_abuse")
	w.watch(r.Ref())
	found := false
	for _, line := range w.explained(w.worker, r.Ref(), exchange.Filter{Category: "pol.domestic_abuse"}).Lines {
		for _, c := range line.Changes {
			found = found || line.Effect == policy.Review && c.Effect == policy.Permit && strings.Contains(c.Fact, "consent")
		}
	}
	if !found {
		t.Error("consent would have changed nothing")
	}
}

// TestExplainUnderTheRevisionThatDecided: what is in force by now decides nothing of the past.
func TestExplainUnderTheRevisionThatDecided(t *testing.T) {
	w := newWorld(t)
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse"))
	w.start()
	r := w.ask("pol.domestic_abuse")
	w.watch(r.Ref())
	before := w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "police", Subject: w.mother})
	stricter, err := policy.Compile(t.Context(), stricterPack(t), policy.CompileOptions{})
	w.must(err)
	w.policies.activate(stricter)
	after := w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "police", Subject: w.mother})
	if len(before.Lines) != 1 || len(after.Lines) != 1 {
		t.Fatalf("%d lines before, %d after", len(before.Lines), len(after.Lines))
	}
	if was, is := before.Lines[0], after.Lines[0]; is.Revision != w.revision.ID() || !is.Effect.Content() || !slices.Equal(was.Locations, is.Locations) ||
		len(was.Inputs) != len(is.Inputs) {
		t.Errorf("before %+v, after %+v", was, is)
	}
}

// TestExplainGates: whoever was stopped is told what stood in the way, and what would have opened it.
func TestExplainGates(t *testing.T) {
	w := newWorld(t)
	w.start()
	r, err := w.exchange.Request(t.Context(), w.stranger, exchange.Need{Hub: hub, Episode: w.episode.ID})
	w.must(err)
	told := w.explained(w.stranger, r.Ref(), exchange.Filter{})
	if len(told.Gates) != 1 || told.Gates[0].Code != "requester" {
		t.Fatalf("gates %+v", told.Gates)
	}
	if !slices.ContainsFunc(told.GateChanges, func(c explain.Change) bool { return strings.Contains(c.Text, "assigned") }) {
		t.Errorf("changes %+v", told.GateChanges)
	}
}

// TestExplainWithoutTheRecord: when a decision's time is over its lines still stand, without what it was made on.
func TestExplainWithoutTheRecord(t *testing.T) {
	w := newWorld(t)
	w.honest("police", w.known(beth, nil, "pol.domestic_abuse"))
	w.start()
	r := w.ask("pol.domestic_abuse")
	w.watch(r.Ref())
	w.tx(func(ctx context.Context, tx store.Tx) error {
		n, err := w.config.Decisions.Sweep(ctx, tx, hub, now.Add(time.Hour))
		if n == 0 {
			t.Error("nothing was swept")
		}
		return err
	})
	for _, line := range w.explained(w.worker, r.Ref(), exchange.Filter{Organisation: "police", Subject: w.mother}).Lines {
		if len(line.Reasons) == 0 || len(line.Inputs)+len(line.Changes) != 0 {
			t.Errorf("%+v", line)
		}
	}
}
