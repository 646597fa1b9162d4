package request

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
)

// keptChunk is a chunk as it is sealed. Records that are alike were decided alike, so each decision, with its reasons in words that are
// longer than many a record, stands once.
type keptChunk struct {
	Organisation string            `json:"organisation"`
	Subject      string            `json:"subject"`
	LedgerEntry  int64             `json:"ledger_entry"`
	Decisions    []policy.Decision `json:"decisions"`
	Records      []keptReleased    `json:"records"`
}

// keptReleased names its decision by its place among those of the chunk.
type keptReleased struct {
	keptRecord
	Decision int      `json:"decision"`
	Masked   []string `json:"masked"`
}

// keptRecord is a record as it is sealed. Its header is read without asking again whether it is total: it was when it was sealed, and
// nothing else opens.
type keptRecord struct {
	Header keptHeader     `json:"header"`
	Fields []record.Field `json:"fields"`
}

type keptHeader record.Header

// keptArrived is one staged record as it is sealed.
type keptArrived struct {
	keptRecord
	Stub    string   `json:"stub"`
	Reasons []string `json:"reasons"`
}

func keepRecord(r record.Record) keptRecord {
	return keptRecord{Header: keptHeader(r.Header.Normalised()), Fields: r.Fields}
}

func (k keptRecord) record() record.Record {
	return record.Record{Header: record.Header(k.Header), Fields: k.Fields}
}

func keepChunk(c Chunk) keptChunk {
	kept := keptChunk{Organisation: c.Organisation, Subject: c.Subject, LedgerEntry: c.LedgerEntry, Records: make([]keptReleased, 0, len(c.Records))}
	for _, r := range c.Records {
		at := slices.IndexFunc(kept.Decisions, func(d policy.Decision) bool { return reflect.DeepEqual(d, r.Decision) })
		if at < 0 {
			at, kept.Decisions = len(kept.Decisions), append(kept.Decisions, r.Decision)
		}
		kept.Records = append(kept.Records, keptReleased{keptRecord: keepRecord(r.Record), Decision: at, Masked: r.Masked})
	}
	return kept
}

// errDecision says that a chunk names a decision that it does not hold.
var errDecision = errors.New("request: a chunk holds a record without its decision")

func (k keptChunk) chunk(seq int64) (*Chunk, error) {
	c := &Chunk{Seq: seq, Organisation: k.Organisation, Subject: k.Subject, LedgerEntry: k.LedgerEntry, Records: make([]Released, 0, len(k.Records))}
	for _, r := range k.Records {
		if r.Decision < 0 || r.Decision >= len(k.Decisions) {
			return nil, errDecision
		}
		c.Records = append(c.Records, Released{Record: r.record(), Decision: k.Decisions[r.Decision], Masked: r.Masked})
	}
	return c, nil
}

func keepArrived(items []Arrived) []keptArrived {
	kept := make([]keptArrived, 0, len(items))
	for _, item := range items {
		kept = append(kept, keptArrived{keptRecord: keepRecord(item.Record), Stub: item.Stub, Reasons: item.Reasons})
	}
	return kept
}

func arrivedOf(kept []keptArrived) []Arrived {
	items := make([]Arrived, 0, len(kept))
	for _, k := range kept {
		items = append(items, Arrived{Record: k.record(), Stub: k.Stub, Reasons: k.Reasons})
	}
	return items
}

// Format implements fmt.Formatter.
func (keptChunk) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer.
func (keptChunk) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// Format implements fmt.Formatter, also for what a keptRecord is part of.
func (keptRecord) Format(f fmt.State, _ rune) { redact(f) }

// LogValue implements slog.LogValuer, also for what a keptRecord is part of.
func (keptRecord) LogValue() slog.Value { return slog.StringValue(person.Redacted) }
