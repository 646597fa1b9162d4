package childrensocialcare_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/childrensocialcare"
)

func TestChildrenSocialCare(t *testing.T) {
	d, err := childrensocialcare.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
