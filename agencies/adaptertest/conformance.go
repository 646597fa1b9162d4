package adaptertest

import (
	"testing"

	"github.com/mashgate/mashgate/agencies/localstore"
)

func conformance(t *testing.T, d localstore.Definition) {
	_ = d
}
