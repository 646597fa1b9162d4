package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/mashgate/mashgate/policy"
)

// What is what changed.
type What string

// What can change about one decision.
const (
	// Released: the effect on a record of an answer, or the classes masked in it; Read the same when it was read again.
	Released What = "release"
	Read     What = "read"
	// AskMade and AskDropped: an organisation would newly be asked for a category about somebody, or no longer.
	AskMade    What = "ask_made"
	AskDropped What = "ask_dropped"
	// AskLimits: asked before and after, for more or for less of it (windows, labels, masks).
	AskLimits What = "ask_limits"
	// AskHeld: not asked before or after, for another kind of hold.
	AskHeld What = "ask_held"
)

// Direction is whether a change lets more through or less.
type Direction string

// The two directions. A change that lets some more and some less through is counted in both.
const (
	Wider   Direction = "wider"
	Tighter Direction = "tighter"
)

// Change is one kind of change.
type Change struct {
	What         What          `json:"what"`
	Organisation string        `json:"organisation"`
	Category     string        `json:"category"`
	Basis        string        `json:"basis"`
	Direction    Direction     `json:"direction"`
	Was          policy.Effect `json:"was"`
	Now          policy.Effect `json:"now"`
	// Masks is "fewer" or "more" where the effect stays and the classes masked change.
	Masks string `json:"masks,omitempty"`
}

// Row is how often one kind of change came.
type Row struct {
	Change
	Count int64 `json:"count"`
}

// key is a Change as a key of a JSON object, so that states alike are alike byte for byte.
type key Change

// MarshalText and UnmarshalText are for JSON.
func (k key) MarshalText() ([]byte, error) {
	return []byte(strings.Join([]string{
		string(k.What), k.Organisation, k.Category, k.Basis, string(k.Direction), string(k.Was), string(k.Now), k.Masks,
	}, "|")), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *key) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), "|")
	if len(parts) != 8 {
		return fmt.Errorf("simulate: %q is no change", text)
	}
	*k = key{
		What: What(parts[0]), Organisation: parts[1], Category: parts[2], Basis: parts[3], Direction: Direction(parts[4]),
		Was: policy.Effect(parts[5]), Now: policy.Effect(parts[6]), Masks: parts[7],
	}
	return nil
}

// compareChanges orders by what matters to a reader: what, direction (wider first), basis, category, organisation.
func compareChanges(a, b Change) int {
	return cmp.Or(
		-cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.What, b.What), cmp.Compare(a.Basis, b.Basis),
		cmp.Compare(a.Category, b.Category), cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Was, b.Was),
		cmp.Compare(a.Now, b.Now), cmp.Compare(a.Masks, b.Masks),
	)
}

// Counts are an agency's own: how many of its records a draft would decide otherwise than the policy in force. They hold no header.
type Counts struct {
	Organisation string `json:"organisation"`
	// Against and Draft are the ids of the revisions that the agency compared.
	Against string       `json:"against"`
	Draft   string       `json:"draft"`
	Changes []CategoryOf `json:"changes"`
}

// CategoryOf is how many records of a category would come out otherwise.
type CategoryOf struct {
	Category string        `json:"category"`
	Was      policy.Effect `json:"was"`
	Now      policy.Effect `json:"now"`
	Records  int64         `json:"records"`
}

// check refuses counts of another draft.
func (c Counts) check(draft string) error {
	switch {
	case c.Organisation == "":
		return errors.New("simulate: an agency's counts name no organisation")
	case c.Draft != draft:
		return fmt.Errorf("simulate: the counts of %s are of the draft %s, not %s", c.Organisation, c.Draft, draft)
	}
	for _, of := range c.Changes {
		if of.Records < 0 {
			return fmt.Errorf("simulate: the counts of %s: %d records of %s", c.Organisation, of.Records, of.Category)
		}
	}
	return nil
}
