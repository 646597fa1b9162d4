package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Explaining is what an explanation may say: data.explain.
type Explaining struct {
	// Limit is how many nearest changes are given.
	Limit int `json:"limit"`
	// ToldEverything are the roles that are told every reason.
	ToldEverything []string `json:"told_everything"`
	// Facts are what an explanation may alter, in the order in which they are tried.
	Facts []VariedFact `json:"facts"`
}

// VariedFact is a fact of a request that an explanation may alter.
type VariedFact struct {
	Fact string `json:"fact"`
	// Words are read after "had"; {value}, {person} and {kind} stand for what is altered. WordsNot are for a finding taken away.
	Words    string `json:"words"`
	WordsNot string `json:"words_not"`
	// Values are tried; without any, every code that the pack knows.
	Values []string `json:"values"`
}

// The facts of a request that can be altered to explain a decision. No protective flag, no age and nothing of a record is among them.
const (
	VaryConsent         = "consent"
	VaryConsentPosition = "consent_position"
	VaryOverride        = "override"
	VaryBreakGlass      = "break_glass"
	VaryBasis           = "basis"
	VaryRating          = "rating"
	VaryStage           = "stage"
	VaryLevelOfNeed     = "level_of_need"
	VaryPurpose         = "purpose"
	VaryExpiry          = "expiry"
	VaryFinding         = "finding"
	VaryConcern         = "concern"
	VaryIdentified      = "identified"
	VaryAssigned        = "assigned"
	VaryRelationship    = "relationship"
	VaryRole            = "role"
	VaryCategory        = "category"
)

func variable() []string {
	return []string{
		VaryConsent, VaryConsentPosition, VaryOverride, VaryBreakGlass, VaryBasis, VaryRating, VaryStage, VaryLevelOfNeed, VaryPurpose,
		VaryExpiry, VaryFinding, VaryConcern, VaryIdentified, VaryAssigned, VaryRelationship, VaryRole, VaryCategory,
	}
}

// check finds facts that may not be altered and roles that nobody has.
func (e Explaining) check(roles map[string]Role) error {
	var problems []error
	if e.Limit < 1 || e.Limit > 20 {
		problems = append(problems, fmt.Errorf("policy: data/explain.yaml: limit is %d, and is to be 1 to 20", e.Limit))
	}
	for _, role := range e.ToldEverything {
		if _, known := roles[role]; !known {
			problems = append(problems, fmt.Errorf("policy: data/explain.yaml: told_everything: no role %q", role))
		}
	}
	for _, fact := range e.Facts {
		if !slices.Contains(variable(), fact.Fact) {
			problems = append(problems, fmt.Errorf("policy: data/explain.yaml: %q is no fact that an explanation may alter", fact.Fact))
		}
		if strings.TrimSpace(fact.Words) == "" {
			problems = append(problems, fmt.Errorf("policy: data/explain.yaml: %s has no words", fact.Fact))
		}
	}
	return errors.Join(problems...)
}
