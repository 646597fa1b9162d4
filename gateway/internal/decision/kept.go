package decision

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy/history"
)

// kept is a record as it is sealed: canonical JSON, deflated. What is the same stands once, and Order says where it belongs.
type kept struct {
	Hub          string       `json:"hub"`
	Episode      string       `json:"episode"`
	Request      string       `json:"request"`
	Time         time.Time    `json:"time"`
	Kind         history.Kind `json:"kind"`
	Organisation string       `json:"organisation"`
	Subject      string       `json:"subject"`
	// Input is the SHA-256 of the input's canonical JSON, in hexadecimal.
	Input    string        `json:"input"`
	Headers  []keptHeader  `json:"headers"`
	Order    []int         `json:"order"`
	Verdicts []keptVerdict `json:"verdicts"`
}

// keptHeader is read without asking again whether it is total: it was when it was sealed, and nothing else opens.
type keptHeader record.Header

type keptVerdict struct {
	Revision string            `json:"revision"`
	Digest   string            `json:"digest"`
	Ask      *history.Asked    `json:"ask,omitempty"`
	Outcomes []history.Outcome `json:"outcomes"`
	Order    []int             `json:"order"`
}

// Format implements fmt.Formatter.
func (kept) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, person.Redacted) }

// LogValue implements slog.LogValuer.
func (kept) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

func keep(r history.Record, input string) kept {
	k := kept{
		Hub: r.Hub, Episode: r.Episode, Request: r.Request, Time: r.Time, Kind: r.Kind, Organisation: r.Organisation, Subject: r.Subject,
		Input: input,
	}
	bare := make([]keptHeader, 0, len(r.Headers))
	for _, h := range r.Headers {
		bare = append(bare, keptHeader(history.Bare(h)))
	}
	k.Headers, k.Order = once(bare, headerKey)
	for _, v := range r.Verdicts {
		outcomes, order := once(v.Outcomes, outcomeKey)
		k.Verdicts = append(k.Verdicts, keptVerdict{Revision: v.Revision, Digest: v.Digest, Ask: v.Ask, Outcomes: outcomes, Order: order})
	}
	return k
}

// record is the record again, in the order in which it was decided.
func (k kept) record() (history.Record, error) {
	r := history.Record{
		Hub: k.Hub, Episode: k.Episode, Request: k.Request, Time: k.Time, Kind: k.Kind, Organisation: k.Organisation, Subject: k.Subject,
	}
	headers, err := inOrder(k.Headers, k.Order)
	for _, h := range headers {
		r.Headers = append(r.Headers, record.Header(h))
	}
	for _, v := range k.Verdicts {
		outcomes, wrong := inOrder(v.Outcomes, v.Order)
		err = errors.Join(err, wrong)
		r.Verdicts = append(r.Verdicts, history.Verdict{Revision: v.Revision, Digest: v.Digest, Ask: v.Ask, Outcomes: outcomes})
	}
	return r, errors.Join(err, whole(r))
}

// whole refuses a record whose verdicts do not fit what was decided on: a request decision for an ask and a reading, and an outcome for
// each header.
func whole(r history.Record) error {
	if len(r.Verdicts) == 0 {
		return errForm
	}
	for _, v := range r.Verdicts {
		if len(v.Outcomes) != len(r.Headers) || (v.Ask == nil) != (r.Kind == history.Release) {
			return errForm
		}
	}
	return nil
}

// once keeps one of each, in the order in which they first stand, and says which stands where.
func once[T any, K comparable](all []T, key func(T) K) (distinct []T, order []int) {
	at := make(map[K]int, len(all))
	order = make([]int, 0, len(all))
	for _, each := range all {
		k := key(each)
		place, known := at[k]
		if !known {
			place = len(distinct)
			at[k], distinct = place, append(distinct, each)
		}
		order = append(order, place)
	}
	return distinct, order
}

func inOrder[T any](distinct []T, order []int) ([]T, error) {
	var all []T
	for _, at := range order {
		if at < 0 || at >= len(distinct) {
			return nil, errForm
		}
		all = append(all, distinct[at])
	}
	return all, nil
}

type comparableHeader struct {
	organisation, category, subject, eventDate, until, labels string
	current, labelsKnown, onlyAddress                         bool
}

func headerKey(h keptHeader) comparableHeader {
	return comparableHeader{
		organisation: h.Organisation, category: h.Category, subject: h.Subject, eventDate: h.EventDate, until: h.Until,
		labels: strings.Join(h.Labels, "\x00"), current: h.Current, labelsKnown: h.LabelsKnown, onlyAddress: h.OnlyAddress,
	}
}

func outcomeKey(o history.Outcome) string {
	var key strings.Builder
	key.WriteString(string(o.Effect))
	for _, mask := range o.Masks {
		key.WriteString(" " + mask)
	}
	for _, r := range o.Rules {
		key.WriteString("\x00" + r.Rule + " " + r.Code + " " + string(r.Effect))
	}
	return key.String()
}

// maxText bounds what is unpacked of one sealed value (bytes).
const maxText = 64 << 20

// errForm says that a value opened and is not what this package writes.
var errForm = errors.New("is not a recorded decision")

// canonical is JSON with the keys of structs in their order and those of maps sorted.
func canonical(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("decision: writing a record: %w", err)
	}
	return text, nil
}

// decode leaves the decoder's own words out: they could quote a value.
func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(into) != nil {
		return errForm
	}
	return nil
}

func (s *Store) seal(episode string, at seal.Place, value any) ([]byte, error) {
	text, err := canonical(value)
	if err != nil {
		return nil, err
	}
	return s.sealText(episode, at, text)
}

func (s *Store) sealText(episode string, at seal.Place, text []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, _ := s.deflated.Get().(*flate.Writer)
	if w == nil {
		var err error
		if w, err = flate.NewWriter(&packed, flate.BestSpeed); err != nil {
			return nil, wrap("packing", err)
		}
	} else {
		w.Reset(&packed)
	}
	defer s.deflated.Put(w)
	_, err := w.Write(text)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, wrap("packing", err)
	}
	sealed, err := s.vault.Seal(episode, at, packed.Bytes())
	return sealed, wrap("sealing", err)
}

func (s *Store) open(episode string, at seal.Place, sealed []byte) ([]byte, error) {
	packed, err := s.vault.Open(episode, at, sealed)
	if err != nil {
		return nil, wrap("opening "+at.Table, err)
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxText+1))
	if err != nil || len(text) > maxText {
		return nil, errForm
	}
	return text, nil
}
