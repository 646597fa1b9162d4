package communityhealth_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/communityhealth"
)

func TestCommunityHealth(t *testing.T) {
	d, err := communityhealth.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
