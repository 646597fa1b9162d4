// Package history is what a decision was made on and what came of it, in a form that can be decided again. It stands beside the
// decision point: the gateway records a Record with every decision it makes, replay holds it to the revision that made it, and
// simulation decides it under another. It trusts the recorded input to be what rules read, no more and no less, and holds no name, no
// identifier, no address and no holder's reference: facts, dates and codes alone.
package history

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// Kind is what was decided.
type Kind string

// The kinds of record.
const (
	// Ask: whether anybody may be asked, and what of whom.
	Ask Kind = "ask"
	// Attempt: the same of one organisation, decided again on the facts of now before it is asked.
	Attempt Kind = "attempt"
	// Release: what of an answer may be released.
	Release Kind = "release"
	// Read: what of something released a reader may see now.
	Read Kind = "read"
)

// Record is one act of deciding.
type Record struct {
	// Seq is the order of recording.
	Seq                   int64
	Hub, Episode, Request string
	Time                  time.Time
	Kind                  Kind
	// Organisation and Subject are whose answer about whom; empty for Ask.
	Organisation, Subject string
	Input                 policy.Input
	// Headers are those decided on, as rules read them, without references; empty for Ask and Attempt.
	Headers []record.Header
	// Verdicts are of each revision that decided: the pinned one, then the active one where it is another.
	Verdicts []Verdict
	// Erased is true where what was decided on can be read no longer: Input, Headers and Verdicts are then empty.
	Erased bool
	// Gone is how many decisions a record held of which nothing can be read.
	Gone int
}

// LogValue tells which record it is, not what is in it.
func (r Record) LogValue() slog.Value {
	return slog.GroupValue(slog.String("hub", r.Hub), slog.Int64("seq", r.Seq), slog.String("kind", string(r.Kind)))
}

// Decisions is how many decisions the record holds: the request's and one for each organisation, category and subject that could be
// asked about; or one a header, and for a reading the one that let the reader in or did not.
func (r Record) Decisions() int {
	if len(r.Verdicts) == 0 && r.Gone > 0 {
		return r.Gone
	}
	switch r.Kind {
	case Release:
		return len(r.Headers)
	case Read:
		return 1 + len(r.Headers)
	case Ask, Attempt:
	}
	if len(r.Verdicts) == 0 || r.Verdicts[0].Ask == nil {
		return 1
	}
	return 1 + len(r.Verdicts[0].Ask.Asks)
}

// Verdict is what one revision decided. Two verdicts with the same digest were the same bit for bit, words and all; the rest is what
// is needed to say how two others differ.
type Verdict struct {
	Revision string `json:"revision"`
	// Ask is set for the kinds Ask and Attempt, and for kind Read, where it holds the gates that the reader met and no Asks. Outcomes, in the order of the
	// headers, are set for the kinds that have headers.
	Ask      *Asked    `json:"ask,omitempty"`
	Outcomes []Outcome `json:"outcomes,omitempty"`
	// Digest is SHA-256, in hexadecimal, of the complete answer as canonical JSON.
	Digest string `json:"digest"`
}

// Asked is a request decision in codes.
type Asked struct {
	Gates       []string `json:"gates"`
	Tell        string   `json:"tell"`
	Obligations []string `json:"obligations"`
	// Asks are what each organisation may be asked for, in the order of organisations, categories and subjects.
	Asks []Asks `json:"asks"`
}

// Asks is whether one organisation may be asked for a category about a subject.
type Asks struct {
	Organisation string        `json:"organisation"`
	Category     string        `json:"category"`
	Subject      string        `json:"subject"`
	Asked        bool          `json:"asked"`
	Effect       policy.Effect `json:"effect"`
	Reasons      []string      `json:"reasons"`
}

// Outcome is a release decision in codes.
type Outcome struct {
	Effect policy.Effect `json:"effect"`
	Masks  []string      `json:"masks"`
	Rules  []Rule        `json:"rules"`
}

// Rule is one rule that contributed.
type Rule struct {
	Rule   string        `json:"rule"`
	Code   string        `json:"code"`
	Effect policy.Effect `json:"effect"`
}

// digest is of the canonical JSON of what is given: maps sorted by key, structs in their order.
func digest(of ...any) (string, error) {
	sum := sha256.New()
	encoder := json.NewEncoder(sum)
	for _, each := range of {
		if err := encoder.Encode(each); err != nil {
			return "", fmt.Errorf("history: digesting a verdict: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
