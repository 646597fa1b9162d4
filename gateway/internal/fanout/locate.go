package fanout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcpeer "google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/mashgate/mashgate/internal/peer"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Outcome is what looking one subject up came to.
type Outcome string

// The outcomes. The zero value is none and counts as failed.
const (
	Matched   Outcome = "matched"
	NoTrace   Outcome = "no_trace"
	Ambiguous Outcome = "ambiguous"
	Failed    Outcome = "failed"
)

// Match is one organisation's outcome for one subject.
type Match struct {
	Outcome    Outcome   `json:"outcome"`
	Flags      []string  `json:"flags"`
	LookedIn   string    `json:"looked_in"`
	LookedWith []string  `json:"looked_with"`
	IndexAsOf  time.Time `json:"index_as_of"`
	// Code says why it failed.
	Code string `json:"code"`
}

// Located is the one reply to a Locate leg: a match for every subject, or a failure.
type Located struct {
	Leg     Leg
	Matches map[string]Match
	Failure *Failure
}

// How often, and how fast, an organisation that is out of reach is tried again; and when it is left in peace.
const (
	locateAttempts   = 3
	firstRetry       = 50 * time.Millisecond
	lastRetry        = 500 * time.Millisecond
	breakerFailures  = 5
	breakerRest      = 10 * time.Second
	indexClockLeeway = 5 * time.Minute
)

func newRemote(agency Agency) remote {
	unreachable := func(_ *agencyv1.LocateResponse, err error) bool { return status.Code(err) == codes.Unavailable }
	retry := retrypolicy.NewBuilder[*agencyv1.LocateResponse]().
		HandleIf(unreachable).ReturnLastFailure().WithMaxAttempts(locateAttempts).WithBackoff(firstRetry, lastRetry).Build()
	breaker := circuitbreaker.NewBuilder[*agencyv1.LocateResponse]().
		HandleIf(unreachable).WithFailureThreshold(breakerFailures).WithDelay(breakerRest).Build()
	return remote{client: agency.Client, breaker: breaker, calls: failsafe.With(retry, breaker)}
}

// Locate asks one organisation whom it knows. It is idempotent, so an organisation out of reach is tried again within the deadline,
// each time as a new attempt with a warrant of its own.
func (f *Fanout) Locate(ctx context.Context, leg Leg) Located {
	located := Located{Leg: leg}
	remote, ok := f.remotes[leg.Organisation]
	if !ok {
		located.Failure = &Failure{Kind: NotAnswered, Code: CodeUnreachable, Cause: errors.New("no line leads to the organisation")}
		return located
	}
	bounded, cancel := f.within(ctx, f.config.Timeouts.Locate)
	defer cancel()
	response, err := remote.calls.WithContext(bounded).Get(func() (*agencyv1.LocateResponse, error) {
		return f.locateOnce(bounded, remote, leg)
	})
	if err == nil {
		located.Matches, err = f.matches(leg, response)
	}
	if err != nil {
		located.Matches, located.Failure = nil, failureOf(ctx, err)
	}
	return located
}

func (f *Fanout) locateOnce(ctx context.Context, remote remote, leg Leg) (*agencyv1.LocateResponse, error) {
	permit, err := leg.Permits(ctx, leg, Locate)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPermit, err)
	}
	var replier grpcpeer.Peer
	response, err := remote.client.Locate(ctx, &agencyv1.LocateRequest{Warrant: permit.Warrant, Body: permit.Body}, grpc.Peer(&replier))
	if err != nil {
		return nil, err
	}
	return response, checkReplier(leg, &replier)
}

// checkReplier holds an answer to the certificate it came under: who is asked is who must answer.
func checkReplier(leg Leg, replier *grpcpeer.Peer) error {
	got, err := peer.Replier(replier)
	if err == nil && got != (peer.Identity{Kind: peer.Agency, Name: leg.Organisation}) {
		err = errors.New("another organisation's certificate answered")
	}
	if err != nil {
		return &Failure{Kind: Error, Code: CodeIdentity, Disbelieved: true, Cause: err}
	}
	return nil
}

// matches reads the reply: exactly one match for each subject that was asked about, and for nobody else.
func (f *Fanout) matches(leg Leg, response *agencyv1.LocateResponse) (map[string]Match, error) {
	if hasUnknown(response.ProtoReflect()) {
		return nil, broken("the reply to Locate has unknown fields")
	}
	if f.validator.Validate(response) != nil {
		return nil, broken("the reply to Locate breaks the contract's rules")
	}
	matches := make(map[string]Match, len(leg.Subjects))
	for _, m := range response.GetMatches() {
		if _, twice := matches[m.GetSubject()]; twice || !slices.Contains(leg.Subjects, m.GetSubject()) {
			return nil, broken("the reply to Locate is about somebody who was not asked about, or twice about one person")
		}
		match, err := f.match(m)
		if err != nil {
			return nil, err
		}
		matches[m.GetSubject()] = match
	}
	if len(matches) != len(leg.Subjects) {
		return nil, broken("the reply to Locate leaves somebody out")
	}
	return matches, nil
}

func (f *Fanout) match(m *agencyv1.Match) (Match, error) {
	match := Match{Flags: m.GetFlags(), LookedIn: m.GetLookedIn(), LookedWith: m.GetLookedWith(), Code: m.GetError()}
	if at := m.GetIndexAsOf(); at != nil {
		match.IndexAsOf = at.AsTime()
	}
	// A flag nobody knows may be one that protects: the whole reply is refused, and with it what it would leave unprotected.
	if slices.ContainsFunc(match.Flags, func(flag string) bool { return !slices.Contains(f.config.Catalogue.Flags, flag) }) {
		return Match{}, broken("the reply to Locate has an unknown flag")
	}
	switch m.GetOutcome() {
	case agencyv1.Match_OUTCOME_MATCHED:
		match.Outcome = Matched
	case agencyv1.Match_OUTCOME_AMBIGUOUS:
		match.Outcome = Ambiguous
	case agencyv1.Match_OUTCOME_NO_TRACE:
		return f.noTrace(match, time.Duration(m.GetIndexMaxAgeSeconds())*time.Second), nil
	default:
		match.Outcome = Failed
		if match.Code == "" {
			match.Code = CodeFailed
		}
	}
	return match, nil
}

// noTrace believes "nobody" only of a completed look-up, with identifiers, in an index no older than its limit: a false "no trace" is
// dangerous, and nothing else yields it (domain.md 4.5).
func (f *Fanout) noTrace(match Match, maxAge time.Duration) Match {
	now := f.config.Now()
	switch {
	case len(match.LookedWith) == 0:
		match.Outcome, match.Code = Failed, CodeTooFew
	case match.IndexAsOf.IsZero(), maxAge <= 0, now.Sub(match.IndexAsOf) > maxAge, match.IndexAsOf.Sub(now) > indexClockLeeway:
		match.Outcome, match.Code = Failed, CodeStaleIndex
	default:
		match.Outcome = NoTrace
	}
	return match
}
