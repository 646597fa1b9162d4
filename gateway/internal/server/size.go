package server

import (
	"context"
	"net/http"
	"regexp"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/internal/fault"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

const (
	// packBytes is the largest message that brings a pack in: 4 MiB of archive or bundle (policy_service.proto) and what stands around it.
	packBytes = 4<<20 + 64<<10
	// answerBytes is the largest answer that REST passes on: a draft with its three reports.
	answerBytes = 64 << 20
)

// bringsPack tells the calls that a whole pack comes in with. Any other is held to the configured limit.
func bringsPack(method string) bool {
	return method == policyv1.PolicyService_CreateDraft_FullMethodName || method == policyv1.PolicyService_SignDraft_FullMethodName
}

// bringsPackOverREST are the same calls over REST, where a pack is a third longer in base64.
var bringsPackOverREST = regexp.MustCompile(`^/v1/hubs/[^/]+/policyDrafts(/[^/]+:sign)?$`)

func (l Limits) ofREST(r *http.Request) int64 {
	if r.Method == http.MethodPost && bringsPackOverREST.MatchString(r.URL.Path) {
		return max(l.BodyBytes, packBytes/3*4+packBytes/10)
	}
	return l.BodyBytes
}

// bound holds messages to the configured limit. gRPC itself has one limit for all calls, and it must let a pack in.
func (d *door) bound(_ context.Context, method string, message proto.Message) error {
	if bringsPack(method) || int64(proto.Size(message)) <= d.config.Limits.BodyBytes {
		return nil
	}
	return &fault.Error{Code: codes.ResourceExhausted, Reason: "BODY_TOO_LARGE", Public: "the message is too long"}
}
