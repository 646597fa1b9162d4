// Package request owns one fan-out as it stands in the store: the request with what was decided, its legs, and the sequence of
// answers, chunks and what is held. It stands under steps 5 to 10 of the path. It refuses a second answer of one organisation on one
// subject, anything after the end, and a writer whose lease was taken over, whatever the callers believe. Everything that was asked or
// released is sealed under the episode's key.
package request

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// State is where a request stands.
type State string

// The states of a request (information_service.proto).
const (
	Running   State = "running"
	Complete  State = "complete"
	NotAsked  State = "not_asked"
	Cancelled State = "cancelled"
)

// Ref names one request.
type Ref struct{ Hub, Episode, ID string }

// Request is one fan-out, from the decision to ask to the last answer.
type Request struct {
	// ID is NewID; Create sets it where it is empty.
	ID, Hub, Episode string
	// Key makes Create idempotent; its zero value asks for a request of its own.
	Key   Key
	State State
	// Requester is a person's id.
	Requester string
	// Revision is the policy revision pinned for the whole request.
	Revision string
	// Input and Ask are what was decided on and how, sealed, so that the decision can be replayed.
	Input policy.Input
	Ask   policy.Ask
	// Told is the most that organisations were told.
	Told       string
	CreateTime time.Time
	// EndTime is zero while it runs.
	EndTime time.Time
	// IntentEntry is the ledger entry that holds the intent or the refusal.
	IntentEntry int64
}

// Ref names the request.
func (r Request) Ref() Ref { return Ref{Hub: r.Hub, Episode: r.Episode, ID: r.ID} }

// Key scopes a client's own id for a request to principal, method and body (design.md section 4).
type Key struct {
	Principal, Method, Value string
	// Body is the message as sent; only an index of it is kept.
	Body []byte
}

// LegState is where a leg stands.
type LegState string

// The states of a leg.
const (
	LegPending    LegState = "pending"
	LegLocating   LegState = "locating"
	LegLocated    LegState = "located"
	LegCollecting LegState = "collecting"
	LegReleasing  LegState = "releasing"
	LegDone       LegState = "done"
)

// Leg is the part of a request that one organisation answers.
type Leg struct {
	// ID is random; AddLegs sets it.
	ID           string
	Request      Ref
	Organisation string
	State        LegState
	// Attempt is the fencing number: Claim raises it, SaveLeg needs the present one.
	Attempt  int
	Subjects []string
	// LeaseUntil is until when the leg belongs to the claimer of the present attempt.
	LeaseUntil time.Time
	// Deadline is when it ends as not_answered.
	Deadline time.Time
	// Progress is whatever the exchange needs to go on with the leg after a restart (who was located, with which flags), sealed.
	Progress []byte
}

// Answer is one organisation's answer on one subject (domain.md 4.5): exactly one, ever.
type Answer struct {
	Seq          int64
	Organisation string
	Subject      string
	// Kind is records, no_trace, nothing_to_share, not_asked, ambiguous, withheld, refused, not_answered or error.
	Kind    string
	Reasons []policy.Reason
	// LookedIn, LookedWith and IndexAsOf say where, with what and as of when it looked.
	LookedIn   string
	LookedWith []string
	IndexAsOf  time.Time
	// Records is how many were released.
	Records int
}

// Chunk is at most record.MaxChunk records as released, with the ledger entry committed with it.
type Chunk struct {
	Seq          int64
	Organisation string
	Subject      string
	LedgerEntry  int64
	Records      []Released
}

// Released is one record as it may be seen.
type Released struct {
	// Record holds only the fields that were released.
	Record   record.Record
	Decision policy.Decision
	// Masked are the classes of which fields were taken out.
	Masked []string
}

// Held is something an organisation holds that is not released: a review, or only that it exists.
type Held struct {
	Seq          int64
	Organisation string
	Subject      string
	Category     string
	// Ref is the holder's opaque reference, with which exactly this can be collected later.
	Ref      string
	Decision policy.Decision
}

// Event is one step of a request, in sequence. Exactly one of Answer, Chunk, Held and Ended is set.
type Event struct {
	Seq    int64
	Time   time.Time
	Answer *Answer
	Chunk  *Chunk
	Held   *Held
	// Ended is the state in which the request ended.
	Ended State
}

// Format, here and below, keeps person data out of whatever is printed; LogValue keeps it out of logs.
func (Request) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(slog.String("hub", r.Hub), slog.String("request", r.ID), slog.String("state", string(r.State)))
}

// Format implements fmt.Formatter.
func (Leg) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (l Leg) LogValue() slog.Value {
	return slog.GroupValue(slog.String("leg", l.ID), slog.String("organisation", l.Organisation), slog.String("state", string(l.State)))
}

// Format implements fmt.Formatter.
func (Answer) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (a Answer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("organisation", a.Organisation), slog.String("kind", a.Kind))
}

// Format implements fmt.Formatter.
func (Chunk) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (c Chunk) LogValue() slog.Value {
	return slog.GroupValue(slog.String("organisation", c.Organisation), slog.Int("records", len(c.Records)))
}

// Format implements fmt.Formatter.
func (Released) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (Released) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter.
func (Held) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (h Held) LogValue() slog.Value { return slog.StringValue(h.Organisation) }

// Format implements fmt.Formatter.
func (Event) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (e Event) LogValue() slog.Value { return slog.Int64Value(e.Seq) }

func redact(w io.Writer) { _, _ = io.WriteString(w, person.Redacted) }
