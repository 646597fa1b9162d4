package policy_test

import (
	"context"
	"errors"
	"testing"

	"github.com/mashgate/mashgate/policy"
)

func TestAPointSwapsRevisions(t *testing.T) {
	first, err := policy.Compile(context.Background(), tinyPack(t, nil), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := policy.Compile(context.Background(), tinyPack(t, map[string]string{"data/more.yaml": "a: 1"}), policy.CompileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	point := policy.NewPoint()
	if err := point.Activate("coventry", first); err != nil {
		t.Fatal(err)
	}
	pinned := open(t, first, family(first.Vocabulary()))
	if err := point.Activate("coventry", second); err != nil {
		t.Fatal(err)
	}
	if active, err := point.Active("coventry"); err != nil || active != second {
		t.Errorf("active is %v, %v", active, err)
	}
	if pinned.Revision() != first || decideOne(t, pinned, involvement()).Revision != first.ID() {
		t.Error("an open request left its revision")
	}
	if _, err := point.Active("elsewhere"); !errors.Is(err, policy.ErrNoRevision) {
		t.Errorf("another hub: %v", err)
	}
	if err := point.Activate("coventry", nil); err == nil {
		t.Error("no revision was activated")
	}
}
