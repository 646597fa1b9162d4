package education_test

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/adaptertest"
	"github.com/mashgate/mashgate/agencies/education"
)

func TestEducation(t *testing.T) {
	d, err := education.Definition()
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, d)
}
