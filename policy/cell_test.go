package policy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/policy"
)

// merger compares records with a day that does not move: windows pass over it.
const merger = `package mashgate.release

contributions contains {"effect": "deny", "reason": "not_applicable", "masks": [], "rule": "release.merger"} if {
	input.record.category == "pol.involvement"
	input.record.event_date != ""
	input.record.event_date < "2021-06-01"
}
`

// TestFoundIsDerived: what a revision that has decided for many families on many days finds again is what one that has decided nothing yet
// derives.
func TestFoundIsDerived(t *testing.T) {
	pack, err := policy.ReadPack(overlay(map[string]string{"merger.rego": merger}))
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() *policy.Revision {
		revision, err := pack.Compile(t.Context(), policy.CompileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return revision
	}
	used, limited := fresh(), 0
	for i, day := range []string{"2026-11-23", "2026-11-24", "2028-02-29", "2028-03-01", "2026-02-04", "2029-12-31"} {
		for j, basis := range []string{"s47", "s17", "mash", "early_help", "emergency"} {
			in := family(used.Vocabulary())
			in.At, in.Episode.Basis = moment(t, day), basis
			in.Episode.Facts.ImminentDanger = basis == "emergency"
			in.Subjects[1].Born = []string{"unborn", "2010-02-28", ""}[(i+j)%3]
			in.Subjects[3].ID = fmt.Sprintf("another%d", i)
			in.Subjects[3].PregnantOrPostnatal = []string{"yes", "no"}[i%2]
			for _, s := range in.Subjects {
				in.Consents = append(in.Consents, policy.Consent{Kind: "agencies_share_with_us", By: s.ID, Status: []string{"yes", "no"}[j%2], Recorded: in.At})
			}
			in.Flags = []policy.Flag{{Subject: in.Subjects[i%4].ID, Flag: "safe_address", Organisation: "police"}}
			was, now := allowed(t, used, in), allowed(t, fresh(), in)
			if diff := cmp.Diff(now, was); diff != "" {
				t.Errorf("%s on %s (-derived +found):\n%s", basis, day, diff)
			}
			for _, c := range was["police"].Constraints {
				if c.From != "" {
					limited++
				}
			}
		}
	}
	if limited == 0 {
		t.Error("no constraint has a window")
	}
}

func moment(t *testing.T, day string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return at.Add(10 * time.Hour)
}

type allowedOf struct {
	Constraints []policy.Constraint
	NotAsked    []policy.NotAsked
}

func allowed(t *testing.T, revision *policy.Revision, in policy.Input) map[string]allowedOf {
	t.Helper()
	request, err := revision.Open(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]allowedOf{}
	for _, o := range in.Organisations {
		constraints, err := request.Constraints(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		left, err := request.NotAsked(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		all[o.ID] = allowedOf{constraints, left}
	}
	return all
}
