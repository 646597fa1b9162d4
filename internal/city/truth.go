package city

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
)

// TruthVersion is the only version of the truth file.
const TruthVersion = 1

// TruthFamily is one family as it really is. The extracts are this and nothing more, as each organisation sees it.
type TruthFamily struct {
	Family string `json:"family"`
	// HandMade families have an expectation (LoadFamilies).
	HandMade bool `json:"hand_made"`
	// Traits say what is particular: twins, refuge, adoption, separated, partner, unborn.
	Traits  []string      `json:"traits"`
	People  []TruthPerson `json:"people"`
	Records []TruthRecord `json:"records"`
	// Protected are words that must never be seen by those they are kept from.
	Protected []Protected `json:"protected"`
}

// LogValue keeps the family out of logs.
func (f TruthFamily) LogValue() slog.Value { return slog.StringValue(f.Family) }

// TruthPerson is one person and how each organisation that knows them has them written down.
type TruthPerson struct {
	ID string `json:"id"`
	// Role is their place in an episode about the family's first child.
	Role                string          `json:"role"`
	Relationship        string          `json:"relationship"`
	Identity            person.Identity `json:"identity"`
	LivesWithIndex      bool            `json:"lives_with_index"`
	SafeAddress         bool            `json:"safe_address"`
	AllegedSourceOfHarm bool            `json:"alleged_source_of_harm"`
	Held                []TruthHolding  `json:"held"`
}

// TruthHolding is one person in one organisation's system.
type TruthHolding struct {
	Organisation string          `json:"organisation"`
	Ref          string          `json:"ref"`
	Identity     person.Identity `json:"identity"`
	Flags        []string        `json:"flags"`
	// Slips are the mistakes in it: typo, swapped_day_month, nickname, double_barrelled, previous_name, missing_identifier, old_address.
	Slips []string `json:"slips"`
}

// TruthRecord is one record and the person it is about.
type TruthRecord struct {
	Person string `json:"person"`
	// Holding is the reference under which the organisation has the person.
	Holding string         `json:"holding"`
	Header  record.Header  `json:"header"`
	Fields  []record.Field `json:"fields"`
}

// Protected is a word that must not be seen, and why.
type Protected struct {
	// Kind is refuge_address, birth_family, informant, third_party or expectation (a hand-made family's own list).
	Kind  string `json:"kind"`
	Token string `json:"token"`
}

// TruthHead is what the truth file says about the whole city.
type TruthHead struct {
	Truth    int       `json:"truth"`
	Seed     uint64    `json:"seed"`
	Families int       `json:"families"`
	Now      time.Time `json:"now"`
}

// truthWriter writes one JSON document, a line per family, as they come.
type truthWriter struct {
	w     io.Writer
	comma string
}

func newTruthWriter(w io.Writer, head TruthHead) (*truthWriter, error) {
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(w, `{"head":%s,"families":[`+"\n", text)
	return &truthWriter{w: w}, err
}

func (t *truthWriter) write(f TruthFamily) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.w, "%s%s", t.comma, text)
	t.comma = ",\n"
	return err
}

func (t *truthWriter) close() error {
	_, err := io.WriteString(t.w, "\n]}\n")
	return err
}

// Truth reads a truth file a family at a time.
type Truth struct {
	head    TruthHead
	decoder *json.Decoder
}

// ReadTruth reads the head of a truth file and makes ready to read the families.
func ReadTruth(r io.Reader) (*Truth, error) {
	t := &Truth{decoder: json.NewDecoder(r)}
	if err := t.open(); err != nil {
		return nil, fmt.Errorf("city: reading the truth: %w", err)
	}
	return t, nil
}

func (t *Truth) open() error {
	for _, want := range []json.Token{json.Delim('{'), "head"} {
		if err := t.expect(want); err != nil {
			return err
		}
	}
	if err := t.decoder.Decode(&t.head); err != nil {
		return err
	}
	if t.head.Truth != TruthVersion {
		return fmt.Errorf("it is of version %d: this program reads %d", t.head.Truth, TruthVersion)
	}
	return errors.Join(t.expect("families"), t.expect(json.Delim('[')))
}

func (t *Truth) expect(want json.Token) error {
	token, err := t.decoder.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("there is %v where %v should be", token, want)
	}
	return nil
}

// Families yields each family once, in order. After an error it yields nothing more.
func (t *Truth) Families() iter.Seq2[TruthFamily, error] {
	return func(yield func(TruthFamily, error) bool) {
		for t.decoder.More() {
			var f TruthFamily
			if err := t.decoder.Decode(&f); err != nil {
				yield(TruthFamily{}, fmt.Errorf("city: reading the truth: %w", err))
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// truth is a hand-made family as the truth file has it.
func (f Family) truth() TruthFamily {
	t := TruthFamily{Family: f.Name, HandMade: true, Traits: []string{}, Records: []TruthRecord{}, Protected: []Protected{}}
	for _, id := range sortedKeys(f.People) {
		t.People = append(t.People, f.truthPerson(id))
	}
	for _, organisation := range Organisations() {
		for _, h := range f.Holdings[organisation] {
			for _, r := range h.Records {
				r.Header.Organisation = organisation
				t.Records = append(t.Records, TruthRecord{Person: h.Person, Holding: h.Ref, Header: r.Header, Fields: r.Fields})
			}
		}
	}
	for _, token := range f.Expect.Never {
		t.Protected = append(t.Protected, Protected{Kind: "expectation", Token: token})
	}
	return t
}

func (f Family) truthPerson(id string) TruthPerson {
	p := TruthPerson{ID: id, Identity: f.People[id], LivesWithIndex: true, Held: []TruthHolding{}}
	for _, s := range f.Referral.Subjects {
		if s.ID == id {
			p.Role, p.Relationship, p.AllegedSourceOfHarm = s.Role, s.Relationship, s.AllegedSourceOfHarm
			p.LivesWithIndex = s.LivesWithIndex != "no"
		}
	}
	for _, protected := range f.Expect.Protected {
		p.SafeAddress = p.SafeAddress || protected == id
	}
	for _, organisation := range Organisations() {
		for _, h := range f.Holdings[organisation] {
			if h.Person == id {
				p.Held = append(p.Held, TruthHolding{
					Organisation: organisation, Ref: h.Ref, Identity: h.Identity, Flags: append([]string{}, h.Flags...), Slips: []string{},
				})
			}
		}
	}
	return p
}
