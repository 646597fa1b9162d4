package youthjustice_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/youthjustice"
)

func TestYouthJustice(t *testing.T) {
	d, err := youthjustice.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
