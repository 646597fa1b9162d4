package police_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/police"
)

func TestPolice(t *testing.T) {
	d, err := police.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
