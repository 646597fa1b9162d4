package explain_test

import (
	"slices"
	"testing"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/explain"
)

// TestWhatIsHeldIsNotRead: the date and labels of a record that is held back are told to no practitioner, and where they are told only
// that there is something, nor is its category.
func TestWhatIsHeldIsNotRead(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	old := involvement()
	old.EventDate = "2001-01-01"
	for _, c := range []struct {
		labels   []string
		effect   policy.Effect
		read     string
		category string
	}{
		{nil, policy.Deny, "record.event_date", "pol.involvement"},
		{[]string{"limited_access", "risk_to_children"}, policy.Review, "record.labels", "pol.involvement"},
	} {
		header := old
		header.Labels = c.labels
		for audience, told := range map[string]bool{"ig_officer": true, "social_worker": false} {
			x, err := explain.Explain(t.Context(), explain.Question{Revision: revision, Input: in, Header: &header, Audience: audience, RulesOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			read := slices.ContainsFunc(x.Inputs, func(i explain.Input) bool { return i.Path == c.read })
			if x.Effect != c.effect || read != told || x.Category != c.category || len(x.Inputs) == 0 {
				t.Errorf("%s: %s of %q: %v", audience, x.Effect, x.Category, x.Inputs)
			}
		}
	}
}

// TestThatThereIsSomething: whoever is told only that the organisation holds something is not told of what kind.
func TestThatThereIsSomething(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Episode.Basis, in.Episode.Facts.S47Cause, in.Episode.Rating = "s47", true, "red"
	header := involvement("limited_access")
	for audience, category := range map[string]string{"ig_officer": "pol.involvement", "social_worker": "", "": ""} {
		x, err := explain.Explain(t.Context(), explain.Question{Revision: revision, Input: in, Header: &header, Audience: audience})
		if err != nil {
			t.Fatal(err)
		}
		if x.Effect != policy.Exist || x.Category != category || len(x.Rules) == 0 || category == "" && len(x.Inputs)+len(x.Changes) != 0 {
			t.Errorf("%s: %+v", audience, x)
		}
	}
}
