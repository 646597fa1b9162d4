package mentalhealth_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/mentalhealth"
)

func TestMentalHealth(t *testing.T) {
	d, err := mentalhealth.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
