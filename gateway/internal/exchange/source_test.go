package exchange_test

import (
	"context"
	"testing"

	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// between does something when its organisation has been asked whom it knows, and before it is asked for anything.
type between struct {
	agencyv1.AgencyServiceServer

	do func()
}

func (b *between) Locate(ctx context.Context, r *agencyv1.LocateRequest) (*agencyv1.LocateResponse, error) {
	defer b.do()
	return b.AgencyServiceServer.Locate(ctx, r)
}

// TestTightenedBeforeCollecting: what leaves an organisation is what both revisions allow, and not only what is shown: an emergency that
// holds back or masks is carried out at the source for requests that are open.
func TestTightenedBeforeCollecting(t *testing.T) {
	pack, err := policy.ReadPack(packWith(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []policy.TighteningRule{
		{Effect: policy.Review}, {Effect: policy.Exist}, {Effect: policy.Redact, Masks: []string{"risk"}}, {Effect: policy.Deny, Labels: []string{"opinion"}},
	} {
		tightened, err := pack.Compile(t.Context(), policy.CompileOptions{Tightening: []policy.TighteningRule{rule}, Number: 1})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		memory := &agencytest.Memory{People: []agencytest.Person{w.known(beth, nil, "pol.domestic_abuse:opinion")}, AsOf: now}
		w.connect("police", &between{w.agency("police", "", memory), func() { w.policies.activate(tightened) }})
		w.start()
		r := w.ask("pol.domestic_abuse")
		w.watch(r.Ref())
		if arrived := w.metrics.excess["police"]; arrived != 0 {
			t.Errorf("%s %v: %d records left the police with more than may be shown", rule.Effect, rule.Labels, arrived)
		}
	}
}
