package agencies

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/warrant"
)

// call is one call under a warrant.
type call struct {
	method string
	token  string
	// body is what the organisation is told, as it came; empty for a Collect that tells nothing more.
	body []byte
}

// admit verifies a call's warrant and takes it. Whatever is refused stands in the journal before the caller hears of it.
func (a *Agency) admit(ctx context.Context, c call) (warrant.Claims, error) {
	who, err := caller(ctx)
	if err != nil {
		return warrant.Claims{}, err
	}
	claims, err := a.config.Verifier.Verify(c.token, warrant.Want{Method: c.method, PeerSAN: who.SAN(), Body: c.body})
	if err == nil {
		err = a.config.Journal.use(ctx, claims, a.config.Clock.Now())
	}
	if err != nil {
		return warrant.Claims{}, a.refuse(ctx, who, c.method, claims, err)
	}
	return claims, nil
}

// refuse records why a warrant is refused and puts it into words for the gateway. An error that is no refusal means that the journal
// does not work: nothing is answered then either.
func (a *Agency) refuse(ctx context.Context, who peer.Identity, method string, claims warrant.Claims, cause error) error {
	var refusal *warrant.Refusal
	if !errors.As(cause, &refusal) {
		a.config.Log.ErrorContext(ctx, "the journal does not work", "organisation", a.config.Organisation, "error", fmt.Sprintf("%T", cause))
		return fault.Unavailable("JOURNAL_DOWN", "the agency cannot record what it does, so it does nothing", cause)
	}
	err := a.config.Journal.refuse(ctx, Refused{
		At: a.config.Clock.Now(), Method: method, Caller: who.SAN(), Warrant: claims.ID, Hub: claims.Hub, Request: claims.Request,
		Leg: claims.Leg, Attempt: claims.Attempt, Code: refusal.Code,
	})
	if err != nil {
		return fault.Unavailable("JOURNAL_DOWN", "the agency cannot record what it does, so it does nothing", err)
	}
	a.config.Log.WarnContext(ctx, "warrant refused",
		"organisation", a.config.Organisation, "method", method, "code", string(refusal.Code), "request", claims.Request, "leg", claims.Leg)
	return denied("WARRANT_"+strings.ToUpper(string(refusal.Code)), "the warrant is refused: "+string(refusal.Code), refusal)
}

func denied(reason, public string, cause error) *fault.Error {
	return &fault.Error{Code: codes.PermissionDenied, Reason: reason, Public: public, Private: cause}
}
