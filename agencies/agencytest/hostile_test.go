package agencytest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
)

func collectFrom(t *testing.T, trick agencytest.Trick) (agencytest.Collected, error) {
	t.Helper()
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	g := agencytest.NewGateway(t, now)
	agency := &agencytest.Hostile{Organisation: "police", Categories: []string{"pol.involvement", "pol.missing"}, Trick: trick, Catalogue: catalogue}
	client := g.Dial(t, "police", g.Serve(t, "police", agency))
	masked := agencytest.Permit(catalogue, "s1", "pol.involvement")
	masked.Base = policy.Verdict{Effect: policy.Redact, Masks: []string{"location"}}
	masked.From = "2020-01-01"
	held := agencytest.Permit(catalogue, "s1", "pol.missing")
	held.Base = policy.Verdict{Effect: policy.Review, Masks: []string{}}
	claims := agencytest.Constrain(t, agencytest.Claims("police", warrant.Collect, "s1"), masked, held)
	ctx, cancel := context.WithCancel(t.Context())
	if trick == agencytest.Hang {
		cancel()
	}
	defer cancel()
	return g.Collect(ctx, client, claims)
}

// TestHonestEnforces holds the fake to what it is a fake of, or the tests that use it prove nothing.
func TestHonestEnforces(t *testing.T) {
	all, err := collectFrom(t, agencytest.Honest)
	if err != nil {
		t.Fatal(err)
	}
	stubs := 0
	for _, r := range all.Records() {
		if r.GetStub() != "" {
			stubs++
		}
		for _, f := range r.GetFields() {
			if f.GetName() == "place" || r.GetHeader().GetCategory() != "pol.involvement" {
				t.Errorf("field %s of %s left", f.GetName(), r.GetHeader().GetCategory())
			}
		}
	}
	if len(all.Records()) != 4 || stubs != 2 || len(all.Completions) != 1 {
		t.Errorf("%d records, %d stubs, %d completions; want 4, 2, 1", len(all.Records()), stubs, len(all.Completions))
	}
}

// TestTricksAreTricks shows that each trick that spoils a Collect differs from the honest answer.
func TestTricksAreTricks(t *testing.T) {
	count := func(all agencytest.Collected, what func(string) bool) (n int) {
		for _, chunk := range all.Chunks {
			if what(chunk.String()) {
				n++
			}
		}
		return n
	}
	tests := map[agencytest.Trick]func(agencytest.Collected, error) bool{
		agencytest.Overshare: func(a agencytest.Collected, _ error) bool {
			return len(a.Records()) == 4 && len(a.Records()[3].GetFields()) > 0
		},
		agencytest.WrongSubject: func(a agencytest.Collected, _ error) bool {
			return a.Chunks[0].GetSubject() == agencytest.Stranger
		},
		agencytest.ExtraPerson: func(a agencytest.Collected, _ error) bool {
			return a.Chunks[1].GetSubject() == agencytest.Stranger
		},
		agencytest.ForeignCategory: func(a agencytest.Collected, _ error) bool { return len(a.Records()) == 5 },
		agencytest.MissingHeader:   func(a agencytest.Collected, _ error) bool { return a.Records()[0].GetHeader() == nil },
		agencytest.UnknownField: func(a agencytest.Collected, _ error) bool {
			return count(a, func(s string) bool { return strings.Contains(s, "no_such_field") }) == 1
		},
		agencytest.UnknownWire: func(a agencytest.Collected, _ error) bool {
			return len(a.Records()[0].ProtoReflect().GetUnknown()) > 0
		},
		agencytest.UnknownLabel: func(a agencytest.Collected, _ error) bool { return len(a.Records()[0].GetHeader().GetLabels()) == 1 },
		agencytest.BadDate: func(a agencytest.Collected, _ error) bool {
			return a.Records()[0].GetHeader().GetEventDate() == "2026-13-45"
		},
		agencytest.FullStub: func(a agencytest.Collected, _ error) bool {
			return a.Records()[0].GetStub() == "review" && len(a.Records()[0].GetFields()) > 0
		},
		agencytest.TenThousand: func(a agencytest.Collected, _ error) bool { return len(a.Records()) == 10_000 },
		agencytest.Oversize:    func(a agencytest.Collected, _ error) bool { return len(a.Chunks[1].GetRecords()) == 65 },
		agencytest.DuplicateRef: func(a agencytest.Collected, _ error) bool {
			return a.Records()[0].GetHeader().GetRef() == a.Records()[4].GetHeader().GetRef()
		},
		agencytest.Hang:         func(_ agencytest.Collected, err error) bool { return err != nil },
		agencytest.CrashHalfWay: func(a agencytest.Collected, err error) bool { return err != nil && len(a.Chunks) == 1 },
		agencytest.NoCompletion: func(a agencytest.Collected, err error) bool {
			return err == nil && len(a.Completions) == 0
		},
		agencytest.TwoCompletions: func(a agencytest.Collected, _ error) bool { return len(a.Completions) == 2 },
		agencytest.AfterTheEnd:    func(a agencytest.Collected, _ error) bool { return len(a.Chunks) == 2 },
	}
	for trick, holds := range tests {
		t.Run(string(trick), func(t *testing.T) {
			if all, err := collectFrom(t, trick); !holds(all, err) {
				t.Errorf("the trick does not show: %d chunks, %d completions, %v", len(all.Chunks), len(all.Completions), err)
			}
		})
	}
}
