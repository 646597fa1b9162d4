package demo

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/mashgate/mashgate/cmd/internal/cityhistory"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

// betweenMade is how many generated families are played after each hand-made one.
const betweenMade = 3

// inTurn yields the hand-made families over and over, with generated ones between them where the city has any. It never ends by itself:
// a family that is referred again has another episode.
func inTurn(ctx context.Context, made []city.Family, o city.Options) iter.Seq2[city.Family, error] {
	return func(yield func(city.Family, error) bool) {
		next, stop := iter.Pull2(overAndOver(ctx, o))
		defer stop()
		for i := 0; ; i++ {
			if !yield(made[i%len(made)], nil) {
				return
			}
			for range betweenMade {
				family, err, ok := next()
				if !ok {
					break
				}
				if !yield(family, err) || err != nil {
					return
				}
			}
		}
	}
}

// overAndOver yields the city's generated families again and again, each with the request that a simulation over the city makes.
func overAndOver(ctx context.Context, o city.Options) iter.Seq2[city.Family, error] {
	return func(yield func(city.Family, error) bool) {
		if o.Families == 0 {
			return
		}
		revision, err := policy.Compile(ctx, rules.FS, policy.CompileOptions{})
		if err != nil {
			yield(city.Family{}, err)
			return
		}
		for {
			for family, err := range generated(revision.Vocabulary(), o) {
				if !yield(family, err) || err != nil {
					return
				}
			}
		}
	}
}

// generated yields each generated family once.
func generated(v *policy.Vocabulary, o city.Options) iter.Seq2[city.Family, error] {
	return func(yield func(city.Family, error) bool) {
		next, stop := iter.Pull2(cityhistory.Cases(v, o))
		defer stop()
		for truth, err := range city.Families(o) {
			if err != nil {
				yield(city.Family{}, err)
				return
			}
			c, err, _ := next()
			if !yield(referred(truth, c.Input), err) || err != nil {
				return
			}
		}
	}
}

// referred is a generated family as a school refers it, with what people then recorded.
func referred(f city.TruthFamily, in policy.Input) city.Family {
	family := city.Family{
		Name: f.Family, Title: f.Family,
		Referral: city.Referral{
			Referrer: city.Referrer{
				GivenName: "Wren", FamilyName: "Demo-School", Organisation: "Larkspell Primary School",
				JobTitle: "Designated safeguarding lead", Professional: true,
			},
			Subjects: subjects(f), Concerns: in.Episode.Concerns, Summary: "A family of the made-up city.",
		},
		Triage:    city.Triage{Outcome: route(in.Episode.Basis), Reason: "Played for the demo's history."},
		Requester: city.Requester{Role: in.Requester.Role, Agency: in.Requester.Agency},
		Episode: city.Episode{
			Stage: in.Episode.Stage, Rating: in.Episode.Rating, RatingReason: "Played for the demo's history.",
			LevelOfNeed: in.Episode.LevelOfNeed, Basis: in.Episode.Basis,
			Facts: city.Facts{ImminentDanger: in.Episode.Facts.ImminentDanger, S47Cause: in.Episode.Facts.S47Cause, ChildInNeed: in.Episode.Facts.ChildInNeed},
		},
	}
	for _, c := range in.Consents {
		family.Referral.Consents = append(family.Referral.Consents, city.Consent{Kind: c.Kind, Giver: c.By, Status: c.Status})
	}
	if o := in.Episode.Override; o != nil {
		family.Episode.Override = &city.Override{Ground: o.Ground, Reason: "Played for the demo's history."}
	}
	if in.Episode.BreakGlass != nil {
		family.Episode.BreakGlass = &city.BreakGlass{Reason: "Played for the demo's history.", Hours: 1}
	}
	return family
}

func route(basis string) string {
	switch basis {
	case "early_help":
		return "early_help"
	case "s17":
		return "statutory"
	default:
		return "mash_episode"
	}
}

// subjects are the family's people, as the school knows them: the index child first.
func subjects(f city.TruthFamily) []city.Subject {
	all := make([]city.Subject, 0, len(f.People))
	for _, p := range f.People {
		all = append(all, city.Subject{
			ID: p.ID, Role: p.Role, Identity: p.Identity, Relationship: p.Relationship, AllegedSourceOfHarm: p.AllegedSourceOfHarm,
			SafeAddress: p.SafeAddress, ParentalResponsibility: yesOrNo(p.Role == "parent"), LivesWithIndex: yesOrNo(p.LivesWithIndex),
		})
	}
	index := slices.IndexFunc(all, func(s city.Subject) bool { return s.Role == "index_child" })
	all[0], all[index] = all[index], all[0]
	return all
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// String says how far a history has come.
func (p Played) String() string {
	return fmt.Sprintf("%d of %d cases played, %d decisions counted", p.Cases, p.Planned, p.Decisions)
}
