package agencies

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/agencies/matching"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/warrant"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Codes of "could not look" (domain.md 4.5). A source adds its own by Failure.
const (
	sourceDown        = "source_down"
	staleIndex        = "stale_index"
	tooFewIdentifiers = "too_few_identifiers"
	unknownFlag       = "unknown_flag"
)

// maxPossible is the greatest number of possible people that is told; beyond it "very many" is all that matters.
const maxPossible = 1000

// Locate says who was matched and which protective flags are held. Whom it found is in the journal before the answer leaves, because
// Collect serves nobody else.
func (a *Agency) Locate(ctx context.Context, req *agencyv1.LocateRequest) (*agencyv1.LocateResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, warrant.Lifetime)
	defer cancel()
	if err := a.validator.Validate(req); err != nil {
		return nil, badRequest(err)
	}
	claims, err := a.admit(ctx, call{method: warrant.Locate, token: req.GetWarrant(), body: req.GetBody()})
	if err != nil {
		return nil, err
	}
	body, err := a.readBody(req.GetBody())
	if err != nil {
		return nil, err
	}
	if refusal := within(claims, body); refusal != nil {
		return nil, a.refuseAdmitted(ctx, claims, refusal)
	}
	response, refs := a.locate(ctx, body)
	if ctx.Err() != nil {
		return nil, fault.Unavailable("INTERRUPTED", "the look-up was interrupted", ctx.Err())
	}
	if err := a.config.Journal.saveLocated(ctx, claims, a.config.Clock.Now(), refs); err != nil {
		return nil, a.refuseAdmitted(ctx, claims, err)
	}
	return response, nil
}

// refuseAdmitted refuses a call whose warrant was valid but not for this.
func (a *Agency) refuseAdmitted(ctx context.Context, claims warrant.Claims, cause error) error {
	who, err := caller(ctx)
	if err != nil {
		return err
	}
	return a.refuse(ctx, who, claims.Method, claims, cause)
}

func (a *Agency) readBody(raw []byte) (*agencyv1.LocateBody, error) {
	body := &agencyv1.LocateBody{}
	return body, a.read(raw, body, func() bool { return hasUnknown(body) })
}

// read reads what the organisation is told. The warrant covers its bytes, so nothing in it may go unread.
func (a *Agency) read(raw []byte, into proto.Message, unknown func() bool) error {
	if err := proto.Unmarshal(raw, into); err != nil {
		return badRequest(err)
	}
	if err := a.validator.Validate(into); err != nil {
		return badRequest(err)
	}
	if unknown() {
		return badRequest(errors.New("the body has unknown fields"))
	}
	return nil
}

func hasUnknown(body *agencyv1.LocateBody) bool {
	unknown := len(body.ProtoReflect().GetUnknown()) > 0
	for _, subject := range body.GetSubjects() {
		unknown = unknown || len(subject.ProtoReflect().GetUnknown()) > 0 || len(subject.GetIdentity().ProtoReflect().GetUnknown()) > 0
	}
	return unknown
}

// badRequest names no value: what was sent may be person data.
func badRequest(cause error) error {
	bad := fault.Invalid("request", "does not keep to the contract of mashgate.agency.v1")
	bad.Private = cause
	return bad
}

// within refuses a body that says anything else than its warrant.
func within(claims warrant.Claims, body *agencyv1.LocateBody) error {
	if body.GetPurpose() != claims.Purpose || body.GetBasis() != claims.Basis {
		return warrant.Refuse(warrant.BeyondWarrant, "the body gives another purpose or basis than the warrant")
	}
	asked := make(map[string]bool, len(body.GetSubjects()))
	for _, subject := range body.GetSubjects() {
		if asked[subject.GetId()] || !claims.Names(subject.GetId()) {
			return warrant.Refuse(warrant.BeyondWarrant, "the body asks about somebody whom the warrant does not name, or twice")
		}
		asked[subject.GetId()] = true
	}
	return nil
}

// locate looks up each subject and returns, with the answer, the organisation's own references for those who were matched.
func (a *Agency) locate(ctx context.Context, body *agencyv1.LocateBody) (*agencyv1.LocateResponse, map[string]string) {
	asOf, failure := a.index(ctx)
	response := &agencyv1.LocateResponse{}
	refs := map[string]string{}
	for _, subject := range body.GetSubjects() {
		match := &agencyv1.Match{Outcome: agencyv1.Match_OUTCOME_ERROR, Error: failure}
		if failure == "" {
			var ref string
			if match, ref = a.lookUp(ctx, subject); ref != "" {
				refs[subject.GetId()] = ref
			}
		}
		match.Subject, match.LookedIn, match.IndexMaxAgeSeconds = subject.GetId(), a.config.LookedIn, int64(a.config.MaxIndexAge/time.Second)
		if !asOf.IsZero() {
			match.IndexAsOf = timestamppb.New(asOf)
		}
		response.Matches = append(response.Matches, match)
	}
	return response, refs
}

// index says how fresh the index is. In a stale one nobody is looked up: "no trace" could be false, and so could the absence of a
// protective flag.
func (a *Agency) index(ctx context.Context) (asOf time.Time, failure string) {
	asOf, err := a.config.Source.IndexAsOf(ctx)
	if err != nil {
		return time.Time{}, a.failed(ctx, "reading the age of the index", err)
	}
	if asOf.IsZero() || a.config.Clock.Now().Sub(asOf) > a.config.MaxIndexAge {
		return asOf, staleIndex
	}
	return asOf, ""
}

func (a *Agency) lookUp(ctx context.Context, subject *agencyv1.Subject) (match *agencyv1.Match, ref string) {
	couldNot := func(code string) (*agencyv1.Match, string) {
		return &agencyv1.Match{Outcome: agencyv1.Match_OUTCOME_ERROR, Error: code}, ""
	}
	who := identityOf(subject.GetIdentity())
	if !matching.Enough(who) {
		return couldNot(tooFewIdentifiers)
	}
	candidates, err := a.config.Source.Candidates(ctx, who)
	if err != nil {
		return couldNot(a.failed(ctx, "looking for people", err))
	}
	result := matching.Match(who, candidates)
	// A flag that is not one this organisation declared would be dropped on the way, and with it somebody's protection.
	if slices.ContainsFunc(result.Flags, func(flag string) bool { return !slices.Contains(a.config.Flags, flag) }) {
		return couldNot(unknownFlag)
	}
	possible := int32(min(result.Possible, maxPossible)) //nolint:gosec // at most maxPossible
	match = &agencyv1.Match{Flags: result.Flags, LookedWith: result.With, Candidates: possible}
	switch result.Outcome {
	case matching.Matched:
		match.Outcome = agencyv1.Match_OUTCOME_MATCHED
	case matching.Ambiguous:
		match.Outcome = agencyv1.Match_OUTCOME_AMBIGUOUS
	case matching.NoTrace:
		match.Outcome = agencyv1.Match_OUTCOME_NO_TRACE
	case matching.TooFewIdentifiers:
		return couldNot(tooFewIdentifiers)
	}
	return match, result.Ref
}

var tellableCode = regexp.MustCompile(`^[a-z_]{2,60}$`)

// failed logs that the source failed, without its words, which may hold anything, and gives the code that may be told.
func (a *Agency) failed(ctx context.Context, doing string, err error) string {
	code := sourceDown
	var failure *Failure
	if errors.As(err, &failure) && tellableCode.MatchString(failure.Code) {
		code = failure.Code
	}
	a.config.Log.ErrorContext(ctx, "the source failed",
		"organisation", a.config.Organisation, "doing", doing, "code", code, "error", fmt.Sprintf("%T", err))
	return code
}
