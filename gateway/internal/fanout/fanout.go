// Package fanout asks every organisation at once and makes sure that each leg ends in exactly one reply, whatever happens. It stands
// between the warrants and the decision to release. It trusts nobody it asks: it takes an answer only from the certificate that was
// dialled, holds it to the contract and to what the warrant allowed, and hands on no part of an answer before that part was checked.
// It decides nothing about release.
package fanout

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"buf.build/go/protovalidate"
	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Agency is the line to one organisation: a client over a connection on which its certificate is verified.
type Agency struct {
	Client agencyv1.AgencyServiceClient
}

// Leg is one organisation asked about some subjects of one request.
type Leg struct {
	ID           string
	Organisation string
	Subjects     []string
	// Constraints are what a Collect warrant allows; they are not needed to Locate.
	Constraints []policy.Constraint
	Permits     Permits
}

// Method is what a warrant is for.
type Method string

// The methods of an agency that need a warrant.
const (
	Locate  Method = "Locate"
	Collect Method = "Collect"
)

// Permit is what one attempt goes out with.
type Permit struct {
	Warrant string
	// Body is all that the organisation is told: a serialised LocateBody or CollectBody, or, for Collect, nothing. The warrant covers it.
	Body []byte
}

// LogValue keeps out of logs what would let somebody ask, and whom it is about.
func (Permit) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Permits writes down an attempt of a leg and decides what it goes out with. Every call is a new attempt with a warrant of its own;
// what cannot be written down is not attempted.
type Permits func(ctx context.Context, leg Leg, method Method) (Permit, error)

// Timeouts are how long an organisation has. All must be positive.
type Timeouts struct {
	Locate  time.Duration
	Collect time.Duration
	// Shave is taken off each, so that the late organisation is named by its own leg before whoever waits for all of them gives up.
	Shave time.Duration
}

// Limits bound what one leg may send.
type Limits struct {
	Records int
	Bytes   int
}

// DefaultLimits are those of design.md section 1: a leg over its limit ends as an error, never cut.
func DefaultLimits() Limits { return Limits{Records: 5000, Bytes: 64 << 20} }

// Config is what a Fanout needs; every field is needed.
type Config struct {
	Agencies  map[string]Agency
	Timeouts  Timeouts
	Limits    Limits
	Catalogue *record.Catalogue
	Now       func() time.Time
}

// Fanout asks organisations. Any number of goroutines may use it.
type Fanout struct {
	config    Config
	remotes   map[string]remote
	validator protovalidate.Validator
}

// remote is an agency with the state of the line to it.
type remote struct {
	client  agencyv1.AgencyServiceClient
	breaker circuitbreaker.CircuitBreaker[*agencyv1.LocateResponse]
	calls   failsafe.Executor[*agencyv1.LocateResponse]
}

// New refuses a configuration with a part missing.
func New(config Config) (*Fanout, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("fanout: reading the contract's rules: %w", err)
	}
	f := &Fanout{config: config, validator: validator, remotes: map[string]remote{}}
	for organisation, agency := range config.Agencies {
		if agency.Client == nil {
			return nil, fmt.Errorf("fanout: %s has no line to it", organisation)
		}
		f.remotes[organisation] = newRemote(agency)
	}
	return f, nil
}

func (c Config) check() error {
	if c.Catalogue == nil || c.Now == nil {
		return errors.New("fanout: the catalogue and a clock are needed")
	}
	if c.Limits.Records <= 0 || c.Limits.Bytes <= 0 {
		return errors.New("fanout: a limit of records and of bytes is needed")
	}
	if t := c.Timeouts; t.Shave <= 0 || t.Locate <= t.Shave || t.Collect <= t.Shave {
		return errors.New("fanout: timeouts must be longer than what is shaved off them")
	}
	return nil
}

// Connected tells whether a line leads to the organisation.
func (f *Fanout) Connected(organisation string) bool {
	_, ok := f.remotes[organisation]
	return ok
}

// Gather does something for each leg, all at the same time, and yields exactly one reply per leg, as they come. It ends when every
// leg has replied; the channel has room for all of them, so that nobody who stops reading early leaves a goroutine behind.
func Gather[R any](ctx context.Context, legs []Leg, do func(context.Context, Leg) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		replies := make(chan R, len(legs))
		for _, leg := range legs {
			go func() { replies <- do(ctx, leg) }()
		}
		for range legs {
			if !yield(<-replies) {
				return
			}
		}
	}
}

// within gives a leg its deadline, with the time shaved off. An earlier deadline of the caller is shaved as well.
func (f *Fanout) within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	return context.WithTimeout(ctx, max(limit-f.config.Timeouts.Shave, 0))
}
