// Package cityhistory makes requests about the families of the made-up city, as a live request would put them, over everything that is
// held on them: what a simulation over the city is run on. It stands outside the path of a request and trusts the city's truth file,
// which nothing that answers a request may read.
package cityhistory

import (
	"cmp"
	"hash/fnv"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/simulate"
)

// Cases are one request about each family. The same options and codes always give the same.
func Cases(v *policy.Vocabulary, o city.Options) iter.Seq2[simulate.Case, error] {
	return func(yield func(simulate.Case, error) bool) {
		for f, err := range city.Families(o) {
			if err != nil {
				yield(simulate.Case{}, err)
				return
			}
			t := teller{family: f, words: v, Rand: draw(o.Seed, f.Family)}
			if !yield(simulate.Case{Name: f.Family, Input: t.input(o.Now), Headers: headers(f)}, nil) {
				return
			}
		}
	}
}

// draw depends on the seed and the family alone.
func draw(seed uint64, family string) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(family))                // a hash takes everything
	return rand.New(rand.NewPCG(seed, sum.Sum64())) //nolint:gosec // made-up cases that are the same each time
}

func headers(f city.TruthFamily) []record.Header {
	all := make([]record.Header, 0, len(f.Records))
	for _, r := range f.Records {
		h := r.Header
		h.Subject = r.Person
		all = append(all, h)
	}
	slices.SortStableFunc(all, func(a, b record.Header) int {
		return cmp.Or(cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Subject, b.Subject))
	})
	return all
}

// teller tells what was recorded about a family before the request.
type teller struct {
	*rand.Rand
	family city.TruthFamily
	words  *policy.Vocabulary
}

func (t teller) chance(p float64) bool { return t.Float64() < p }

func (t teller) input(now time.Time) policy.Input {
	in := policy.Input{
		At: now.UTC(), Hub: t.words.Hub.Code,
		Requester: policy.Requester{
			Role: "social_worker", Agency: "children_services", Hub: t.words.Hub.Code, Assigned: true,
			SupportedFacts: []string{"referral", "rating"},
		},
		Episode:  policy.Episode{Stage: "mash_episode", Purpose: "safeguarding_children"},
		Subjects: t.subjects(),
	}
	concerns := slices.Sorted(maps.Keys(t.words.Concerns))
	in.Episode.Concerns = []string{concerns[t.IntN(len(concerns))]}
	t.basis(&in)
	for _, entry := range t.words.Organisations {
		in.Organisations = append(in.Organisations, entry.Organisation())
	}
	for _, p := range t.family.People {
		for _, held := range p.Held {
			for _, flag := range held.Flags {
				in.Flags = append(in.Flags, policy.Flag{Subject: p.ID, Flag: flag, Organisation: held.Organisation})
			}
		}
	}
	return in
}

func (t teller) subjects() []policy.Subject {
	var all []policy.Subject
	for _, p := range t.family.People {
		all = append(all, policy.Subject{
			ID: p.ID, Role: p.Role, Born: p.Identity.DateOfBirth, Identified: "yes", GillickCompetent: "unknown",
			PregnantOrPostnatal: "unknown", ParentalResponsibility: p.Role == "parent", LivesWithIndex: p.LivesWithIndex,
			AllegedSourceOfHarm: p.AllegedSourceOfHarm, SafeAddress: p.SafeAddress,
		})
	}
	return all
}

// basis is the route that somebody took, with what people recorded on it: about as a MASH sees them.
func (t teller) basis(in *policy.Input) {
	e := &in.Episode
	switch n := t.Float64(); {
	case n < 0.20:
		e.Basis, e.Rating, e.LevelOfNeed, e.Facts.S47Cause = "s47", "red", 4, true
	case n < 0.65:
		e.Basis, e.Rating, e.LevelOfNeed = "mash", "amber", 3
		t.answers(in)
	case n < 0.80:
		e.Basis, e.Rating, e.LevelOfNeed, e.Facts.ChildInNeed = "s17", "green", 4, true
		t.answers(in)
	case n < 0.95:
		e.Basis, e.Rating, e.LevelOfNeed = "early_help", "none", 2
		t.answers(in)
	default:
		e.Basis, e.Rating, e.LevelOfNeed, e.Facts.ImminentDanger = "emergency", "red", 4, true
		e.BreakGlass = &policy.BreakGlass{By: policy.Recorded, Reason: policy.Recorded, Starts: in.At.Add(-time.Hour), Expires: in.At.Add(time.Hour)}
	}
}

// answers: most families agree; some refuse, some have not been asked, and with some there is a ground not to ask.
func (t teller) answers(in *policy.Input) {
	n := t.Float64()
	if n > 0.90 {
		in.Episode.Override = &policy.Override{Ground: "delay", Reason: policy.Recorded, By: policy.Recorded}
		return
	}
	if n > 0.75 {
		return
	}
	for _, p := range t.family.People {
		if p.Role != "parent" && p.Role != "carer" || p.AllegedSourceOfHarm && t.chance(0.5) {
			continue
		}
		status := "yes"
		if n > 0.60 {
			status = "no"
		}
		for _, kind := range slices.Sorted(maps.Keys(t.words.Consents)) {
			in.Consents = append(in.Consents, policy.Consent{Kind: kind, By: p.ID, Status: status, Recorded: in.At.AddDate(0, 0, -1)})
		}
	}
}
