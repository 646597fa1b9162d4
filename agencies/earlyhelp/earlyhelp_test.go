package earlyhelp_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/earlyhelp"
)

func TestEarlyHelp(t *testing.T) {
	d, err := earlyhelp.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
