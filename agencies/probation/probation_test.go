package probation_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/probation"
)

func TestProbation(t *testing.T) {
	d, err := probation.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
