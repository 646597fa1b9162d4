package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// TestAPackIsLargerThanAnyOtherCall: what brings a pack in has room for one, over gRPC and over REST, and no other call has.
func TestAPackIsLargerThanAnyOtherCall(t *testing.T) {
	w := newWorld(t)
	conn := w.dial()
	const more = 3 << 20
	_, err := policyv1.NewPolicyServiceClient(conn).CreateDraft(w.as("ig_officer"), &policyv1.CreateDraftRequest{
		Parent: "hubs/coventry", Pack: make([]byte, more),
	})
	if code := status.Code(err); code == codes.ResourceExhausted || code == codes.OK {
		t.Errorf("a large archive that is no pack: %v", err)
	}
	_, err = mashgatev1.NewEpisodeServiceClient(conn).SubmitReferral(w.as("referrer"), &mashgatev1.SubmitReferralRequest{
		Parent: "hubs/coventry", Referral: &mashgatev1.Referral{Summary: strings.Repeat("a", more)},
	})
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a referral of the same size: %v", err)
	}
	body := map[string]any{"pack": make([]byte, more)}
	for path, want := range map[string]bool{
		"/v1/hubs/coventry/policyDrafts": true, "/v1/hubs/coventry/policyDrafts/none:sign": true, "/v1/hubs/coventry/policyDrafts/none:approve": false,
	} {
		got := w.rest("ig_officer", http.MethodPost, path, body)
		if tooLong := got.status == http.StatusRequestEntityTooLarge; tooLong == want {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
