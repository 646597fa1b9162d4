package explain

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mashgate/mashgate/policy"
)

// alteration is one fact of the request as it might have been.
type alteration struct {
	fact, value, text string
	apply             func(*policy.Input)
}

// alterer makes the alterations that a pack allows.
type alterer struct {
	words *policy.Vocabulary
	in    policy.Input
	// category is the record's; empty where gates are explained.
	category string
}

// all are the alterations in the order of the pack. One that would leave the request as it is, is left out.
func (a alterer) all() []alteration {
	var all []alteration
	for _, fact := range a.words.Explain.Facts {
		all = append(all, a.of(fact)...)
	}
	return all
}

// of is a case for each fact that policy.Explaining knows.
func (a alterer) of(f policy.VariedFact) []alteration { //nolint:cyclop // a table: one case for each fact
	switch f.Fact {
	case policy.VaryConsent:
		return a.consents(f)
	case policy.VaryConsentPosition:
		return a.consentPosition(f)
	case policy.VaryOverride:
		return a.overrides(f)
	case policy.VaryBreakGlass:
		return a.breakGlass(f)
	case policy.VaryBasis:
		return a.codes(f, a.in.Episode.Basis, titles(a.words.Bases), func(in *policy.Input, v string) { in.Episode.Basis = v })
	case policy.VaryRating:
		return a.codes(f, a.in.Episode.Rating, ratings(a.words), func(in *policy.Input, v string) { in.Episode.Rating = v })
	case policy.VaryStage:
		return a.codes(f, a.in.Episode.Stage, nil, func(in *policy.Input, v string) { in.Episode.Stage = v })
	case policy.VaryLevelOfNeed:
		return a.codes(f, strconv.Itoa(a.in.Episode.LevelOfNeed), nil, func(in *policy.Input, v string) {
			in.Episode.LevelOfNeed, _ = strconv.Atoi(v)
		})
	case policy.VaryPurpose:
		return a.codes(f, a.in.Episode.Purpose, nil, func(in *policy.Input, v string) { in.Episode.Purpose = v })
	case policy.VaryRole:
		return a.codes(f, a.in.Requester.Role, roles(a.words), func(in *policy.Input, v string) { in.Requester.Role = v })
	case policy.VaryExpiry:
		return a.expiry(f)
	case policy.VaryFinding:
		return a.findings(f)
	case policy.VaryConcern:
		return a.concerns(f)
	case policy.VaryIdentified:
		return a.identified(f)
	case policy.VaryAssigned:
		return a.assigned(f)
	case policy.VaryRelationship:
		return a.relationships(f)
	case policy.VaryCategory:
		return a.askedFor(f)
	}
	return nil
}

// codes alters a fact that has one value of several. titled are the values with their words; without, those of the pack's explain.yaml.
func (a alterer) codes(f policy.VariedFact, now string, titled map[string]string, set func(*policy.Input, string)) []alteration {
	var all []alteration
	for _, value := range valuesOf(f, titled) {
		if value != now {
			all = append(all, alteration{
				fact: f.Fact, value: value, text: say(f.Words, "{value}", title(titled, value)), apply: func(in *policy.Input) { set(in, value) },
			})
		}
	}
	return all
}

// consents: each who could be asked might have answered each question otherwise.
func (a alterer) consents(f policy.VariedFact) []alteration {
	var all []alteration
	for _, subject := range a.in.Subjects {
		for _, kind := range slices.Sorted(maps.Keys(a.words.Consents)) {
			for _, status := range f.Values {
				given := policy.Consent{Kind: kind, By: subject.ID, Status: status, Reason: recorded, Recorded: a.in.At}
				all = append(all, alteration{
					fact: "consent " + kind + " of " + subject.ID, value: status,
					text:  say(f.Words, "{kind}", a.words.Consents[kind].Short, "{person}", person(subject), "{value}", plain(status)),
					apply: func(in *policy.Input) { in.Consents = append(slices.Clone(in.Consents), given) },
				})
			}
		}
	}
	return all
}

// recorded is what stands for a person and for words that somebody wrote: rules ask only whether they are there.
const recorded = "recorded"

func (a alterer) consentPosition(f policy.VariedFact) []alteration {
	if a.in.Episode.ConsentPosition != nil {
		return nil
	}
	return one(f, "settled", func(in *policy.Input) {
		in.Episode.ConsentPosition = &policy.ConsentPosition{By: recorded, Reason: recorded}
	})
}

func (a alterer) overrides(f policy.VariedFact) []alteration {
	now := ""
	if a.in.Episode.Override != nil {
		now = a.in.Episode.Override.Ground
	}
	return a.codes(f, now, titles(a.words.Grounds), func(in *policy.Input, v string) {
		in.Episode.Override = &policy.Override{Ground: v, By: recorded, Reason: recorded}
	})
}

func (a alterer) breakGlass(f policy.VariedFact) []alteration {
	hours := time.Duration(a.words.Hub.BreakGlass.MaxHours) * time.Hour
	return one(f, "in_force", func(in *policy.Input) {
		in.Episode.BreakGlass = &policy.BreakGlass{By: recorded, Reason: recorded, Starts: in.At, Expires: in.At.Add(hours)}
	})
}

func (a alterer) expiry(f policy.VariedFact) []alteration {
	if a.in.Episode.Expires == nil {
		return nil
	}
	return one(f, "none", func(in *policy.Input) { in.Episode.Expires = nil })
}

func (a alterer) findings(f policy.VariedFact) []alteration {
	var all []alteration
	for _, name := range f.Values {
		now := a.in.Episode.Facts
		at := finding(&now, name)
		if at == nil {
			continue
		}
		words, value := f.Words, !*at
		if *at {
			words = f.WordsNot
		}
		all = append(all, alteration{
			fact: "finding " + name, value: strconv.FormatBool(value), text: say(words, "{value}", plain(name)),
			apply: func(in *policy.Input) { *finding(&in.Episode.Facts, name) = value },
		})
	}
	return all
}

func finding(facts *policy.Facts, name string) *bool {
	switch name {
	case "imminent_danger":
		return &facts.ImminentDanger
	case "has_social_worker":
		return &facts.HasSocialWorker
	case "information_only":
		return &facts.InformationOnly
	case "uasc":
		return &facts.UASC
	case "out_of_area":
		return &facts.OutOfArea
	case "family_declined":
		return &facts.FamilyDeclined
	case "s47_cause":
		return &facts.S47Cause
	case "child_in_need":
		return &facts.ChildInNeed
	}
	return nil
}

func (a alterer) concerns(f policy.VariedFact) []alteration {
	titled := map[string]string{}
	for code, concern := range a.words.Concerns {
		if !slices.Contains(a.in.Episode.Concerns, code) {
			titled[code] = concern.Title
		}
	}
	return a.codes(f, "", titled, func(in *policy.Input, v string) {
		in.Episode.Concerns = append(slices.Clone(in.Episode.Concerns), v)
	})
}

func (a alterer) identified(f policy.VariedFact) []alteration {
	var all []alteration
	for i, subject := range a.in.Subjects {
		if subject.Identified == "yes" {
			continue
		}
		all = append(all, alteration{
			fact: "identified " + subject.ID, value: "yes", text: say(f.Words, "{person}", person(subject), "{value}", "yes"),
			apply: func(in *policy.Input) {
				in.Subjects = slices.Clone(in.Subjects)
				in.Subjects[i].Identified = "yes"
			},
		})
	}
	return all
}

func (a alterer) assigned(f policy.VariedFact) []alteration {
	if a.in.Requester.Assigned {
		return nil
	}
	return one(f, "true", func(in *policy.Input) { in.Requester.Assigned = true })
}

func (a alterer) relationships(f policy.VariedFact) []alteration {
	var all []alteration
	for _, subject := range a.in.Subjects {
		related := func(r policy.Relationship) bool { return r.Subject == subject.ID }
		if !slices.ContainsFunc(a.in.Requester.Relationships, related) {
			continue
		}
		all = append(all, alteration{
			fact: "relationship " + subject.ID, value: "none", text: say(f.Words, "{person}", person(subject)),
			apply: func(in *policy.Input) {
				in.Requester.Relationships = slices.DeleteFunc(slices.Clone(in.Requester.Relationships), related)
			},
		})
	}
	return all
}

// askedFor: the record's own category might have been named by the requester, besides what was asked for.
func (a alterer) askedFor(f policy.VariedFact) []alteration {
	named := func(c policy.Category) bool { return c.Code == a.category }
	if a.category == "" || slices.ContainsFunc(a.in.Categories, named) {
		return nil
	}
	return []alteration{{
		fact: f.Fact, value: a.category, text: say(f.Words, "{value}", a.words.Categories[a.category].Title),
		apply: func(in *policy.Input) {
			in.Categories = append(slices.Clone(in.Categories), policy.Category{Code: a.category, Reason: recorded})
		},
	}}
}

func one(f policy.VariedFact, value string, apply func(*policy.Input)) []alteration {
	return []alteration{{fact: f.Fact, value: value, text: f.Words, apply: apply}}
}

func say(words string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(words) }

// person is a subject by the episode's own id for them, which names nobody, and their place in the family.
func person(s policy.Subject) string { return s.ID + " (" + plain(s.Role) + ")" }

func plain(code string) string { return strings.ReplaceAll(code, "_", " ") }

func valuesOf(f policy.VariedFact, titled map[string]string) []string {
	if len(f.Values) > 0 {
		return f.Values
	}
	return slices.Sorted(maps.Keys(titled))
}

func title(titled map[string]string, code string) string {
	if words := titled[code]; words != "" {
		return words
	}
	return plain(code)
}

func titles(of map[string]policy.Titled) map[string]string {
	all := map[string]string{}
	for code, titled := range of {
		all[code] = titled.Title
	}
	return all
}

func ratings(v *policy.Vocabulary) map[string]string {
	all := map[string]string{}
	for code, rating := range v.Hub.Ratings {
		all[code] = rating.Title
	}
	return all
}

func roles(v *policy.Vocabulary) map[string]string {
	all := map[string]string{}
	for code, role := range v.Roles {
		if role.MayRequest {
			all[code] = role.Title
		}
	}
	return all
}
