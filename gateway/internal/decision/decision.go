// Package decision keeps every live decision with what it was made on, so that it can be made again: by replay under the revision that
// made it, by simulation under another, and for whoever asks why. It stands beside steps 4, 8 and 9 of the path, and its records are
// written in the transaction of the ledger entry that holds their digest. It trusts the ledger alone to say what was recorded: a record
// that opens, but is not the one the ledger holds the digest of, is altered. What it keeps is facts, dates and codes, sealed under the
// episode's key; it refuses a record about nobody's request.
package decision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/history"
)

// Store keeps recorded decisions. It is safe for concurrent use.
type Store struct {
	db       *store.DB
	vault    *seal.Vault
	deflated sync.Pool
}

// New returns the store of decisions kept in db.
func New(db *store.DB, vault *seal.Vault) *Store { return &Store{db: db, vault: vault} }

// row is a record as it is kept.
type row struct {
	bun.BaseModel `bun:"table:decisions"`

	Seq         int64 `bun:",pk,autoincrement"`
	Hub         string
	Episode     string
	Request     string
	Kind        history.Kind
	Time        int64
	Decisions   int
	LedgerEntry int64
	Place       string
	Input       *string
	Body        []byte
}

type inputRow struct {
	bun.BaseModel `bun:"table:decision_inputs"`

	Request string
	Mark    string
	Body    []byte
}

// Sealed is a record ready to be kept.
type Sealed struct {
	// Digest is the SHA-256 of the record as it will be kept; the ledger's entry about what was decided holds it.
	Digest string
	row    row
	// input is set where it is not kept yet.
	input *inputRow
}

// LogValue keeps what is in it out of logs.
func (s Sealed) LogValue() slog.Value { return slog.StringValue(s.Digest) }

// Format keeps what is in it out of whatever is printed.
func (s Sealed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(person.Redacted)) }

// Seal makes a record ready, before the transaction that keeps it: what costs time is done here. Seq is the store's to give.
func (s *Store) Seal(ctx context.Context, r history.Record) (Sealed, error) {
	if r.Hub == "" || r.Episode == "" || r.Request == "" || r.Erased || whole(r) != nil {
		return Sealed{}, errors.New("decision: a record needs its request, and verdicts that fit it")
	}
	r.Time = r.Time.UTC().Truncate(time.Microsecond)
	input, err := s.input(r)
	if err != nil {
		return Sealed{}, err
	}
	sealed := Sealed{row: row{
		Hub: r.Hub, Episode: r.Episode, Request: r.Request, Kind: r.Kind, Time: r.Time.UnixMicro(), Decisions: r.Decisions(),
		Place: strings.ToLower(rand.Text()), Input: &input.Mark,
	}}
	if sealed.row.Body, err = s.seal(r.Episode, sealed.row.at(), keep(r, input.digest)); err != nil {
		return Sealed{}, err
	}
	sum := sha256.Sum256(sealed.row.Body)
	sealed.Digest = hex.EncodeToString(sum[:])
	known, err := s.db.Read().NewSelect().Model((*inputRow)(nil)).Where("request = ? AND mark = ?", r.Request, input.Mark).Exists(ctx)
	if err != nil {
		return Sealed{}, fmt.Errorf("decision: looking for the input: %w", err)
	}
	if !known {
		if input.Body, err = s.sealText(r.Episode, input.at(), input.text); err != nil {
			return Sealed{}, err
		}
		sealed.input = &input.inputRow
	}
	return sealed, nil
}

// Keep writes a record in the transaction of the ledger entry that holds its digest.
func (s *Store) Keep(ctx context.Context, tx store.Tx, sealed Sealed, ledgerEntry int64) error {
	if ledgerEntry <= 0 {
		return errors.New("decision: a record without its ledger entry")
	}
	if sealed.input != nil {
		// Another decision of the request may have brought the same input in the meantime; the mark says that it is the same.
		if _, err := tx.NewInsert().Model(sealed.input).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("decision: keeping an input: %w", err)
		}
	}
	kept := sealed.row
	kept.LedgerEntry = ledgerEntry
	if _, err := tx.NewInsert().Model(&kept).Exec(ctx); err != nil {
		return fmt.Errorf("decision: keeping a record: %w", err)
	}
	return nil
}

// plainInput is an input with its row, which is told from others by a mark that says nothing without the vault.
type plainInput struct {
	inputRow
	text   []byte
	digest string
}

func (s *Store) input(r history.Record) (plainInput, error) {
	text, err := canonical(r.Input)
	if err != nil {
		return plainInput{}, err
	}
	sum := sha256.Sum256(text)
	in := plainInput{text: text, digest: hex.EncodeToString(sum[:])}
	in.Request, in.Mark = r.Request, s.vault.Index(r.Hub, "decision_input", r.Request+" "+in.digest)
	return in, nil
}

// at binds a record to its request, and so to whom it is about.
func (r row) at() seal.Place {
	return seal.Place{Table: "decisions", Column: "body", Row: strings.Join([]string{r.Hub, r.Request, string(r.Kind), r.Place}, "/")}
}

func (r inputRow) at() seal.Place {
	return seal.Place{Table: "decision_inputs", Column: "body", Row: r.Request + "/" + r.Mark}
}

// sweepLimit is how many records are erased in one transaction: the writer is everybody's.
const sweepLimit = 500

// Sweep erases what was recorded before a moment, at most sweepLimit records: the caller comes again while n is not 0. The row stays,
// so that replay can tell erased from never recorded, and the ledger keeps the digest of what is gone.
func (s *Store) Sweep(ctx context.Context, tx store.Tx, hub string, before time.Time) (n int, err error) {
	var due []row
	err = tx.NewSelect().Model(&due).Column("seq", "request").Where("hub = ? AND time < ? AND body IS NOT NULL", hub, before.UnixMicro()).
		Order("time").Limit(sweepLimit).Scan(ctx)
	if err != nil || len(due) == 0 {
		return 0, wrap("looking for records whose time is over", err)
	}
	seqs, requests := make([]int64, 0, len(due)), map[string]bool{}
	for _, r := range due {
		seqs, requests[r.Request] = append(seqs, r.Seq), true
	}
	if _, err := tx.NewUpdate().Model((*row)(nil)).Set("body = NULL, input = NULL").Where("seq IN (?)", bun.List(seqs)).Exec(ctx); err != nil {
		return 0, wrap("erasing records", err)
	}
	for request := range requests {
		_, err := tx.NewRaw("DELETE FROM decision_inputs WHERE request = ? AND NOT EXISTS "+
			"(SELECT 1 FROM decisions AS d WHERE d.request = decision_inputs.request AND d.input = decision_inputs.mark)", request).Exec(ctx)
		if err != nil {
			return 0, wrap("erasing inputs", err)
		}
	}
	return len(due), nil
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("decision: %s: %w", doing, err)
}

// inputOf is what a record was decided on, held to the digest that the record names.
func (s *Store) inputOf(ctx context.Context, r row, digest string) (policy.Input, error) {
	var kept inputRow
	err := s.db.Read().NewSelect().Model(&kept).Where("request = ? AND mark = ?", r.Request, *r.Input).Scan(ctx)
	if err != nil {
		return policy.Input{}, wrap("reading an input", err)
	}
	text, err := s.open(r.Episode, kept.at(), kept.Body)
	if err != nil {
		return policy.Input{}, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != digest {
		return policy.Input{}, errInput
	}
	var in policy.Input
	return in, decode(text, &in)
}
