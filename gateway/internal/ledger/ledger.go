package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/internal/seal"
	"github.com/uptrace/bun"
)

// Ledger reads and writes the entries of every hub. It is safe for concurrent use.
type Ledger struct {
	db    *store.DB
	vault *seal.Vault
	clock clock.Clock
}

// New returns the ledger kept in db.
func New(db *store.DB, vault *seal.Vault, clk clock.Clock) *Ledger { return &Ledger{db, vault, clk} }

// row is an entry as it is kept. Kind and episode stand apart for the queries; the canonical entry is the truth.
type row struct {
	bun.BaseModel `bun:"table:ledger_entries,alias:e"`

	Hub        string
	Seq        int64
	Kind       string
	Episode    string
	Entry      string
	Commitment string
	Salt       []byte
}

// subjectRow finds the entries about one subject.
type subjectRow struct {
	bun.BaseModel `bun:"table:ledger_subjects"`

	Hub, Episode, Subject string
	Seq                   int64
}

// Append writes the next entry of its hub in the transaction of what it records, and returns it with sequence, time and commitment. It
// refuses an entry of an unknown kind and one that holds anything but ids and codes.
func (l *Ledger) Append(ctx context.Context, tx store.Tx, e Entry) (Entry, error) {
	if e.Time.IsZero() {
		e.Time = l.clock.Now()
	}
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	if err := e.check(); err != nil {
		return Entry{}, err
	}
	seq, err := nextSeq(ctx, tx, e.Hub)
	if err != nil {
		return Entry{}, err
	}
	e.Seq = seq
	text, err := canonical(e)
	if err != nil {
		return Entry{}, err
	}
	salt := make([]byte, sha256.Size)
	_, _ = rand.Read(salt) // never fails: it ends the process instead
	sealed, err := l.sealSalt(e, salt)
	if err != nil {
		return Entry{}, err
	}
	e.Commitment = commit(salt, text)
	r := row{Hub: e.Hub, Seq: e.Seq, Kind: string(e.Kind), Episode: e.Episode, Entry: string(text), Commitment: e.Commitment, Salt: sealed}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return Entry{}, fmt.Errorf("ledger: appending %s: %w", e.Kind, err)
	}
	return e, indexSubjects(ctx, tx, e)
}

// nextSeq gives the hub's next number. The head's row is written, and so locked, by the transaction that uses the number.
func nextSeq(ctx context.Context, tx store.Tx, hub string) (seq int64, err error) {
	err = tx.NewRaw("INSERT INTO ledger_heads (hub, seq) VALUES (?, 1) ON CONFLICT (hub) DO UPDATE SET seq = ledger_heads.seq + 1 RETURNING seq", hub).Scan(ctx, &seq)
	if err != nil {
		return 0, fmt.Errorf("ledger: next number: %w", err)
	}
	return seq, nil
}

func indexSubjects(ctx context.Context, tx store.Tx, e Entry) error {
	subjects := slices.Clone(e.Subjects)
	for _, item := range e.Items {
		subjects = append(subjects, item.Subject)
	}
	slices.Sort(subjects)
	var rows []subjectRow
	for _, s := range slices.Compact(subjects) {
		if s != "" {
			rows = append(rows, subjectRow{Hub: e.Hub, Episode: e.Episode, Subject: s, Seq: e.Seq})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: indexing subjects: %w", err)
	}
	return nil
}

// sealSalt keeps the salt under the key of the case, so that erasing the case leaves a commitment to nothing that can be guessed. An
// entry without a case uses the hub's own.
func (l *Ledger) sealSalt(e Entry, salt []byte) ([]byte, error) {
	scope := saltScope(e)
	if e.Episode == "" {
		if err := l.vault.Ensure(scope); err != nil {
			return nil, fmt.Errorf("ledger: key of the hub's ledger: %w", err)
		}
	}
	sealed, err := l.vault.Seal(scope, saltPlace(e), salt)
	if err != nil {
		return nil, fmt.Errorf("ledger: sealing a salt: %w", err)
	}
	return sealed, nil
}

func saltScope(e Entry) string {
	if e.Episode != "" {
		return e.Episode
	}
	return "ledger-" + e.Hub
}

func saltPlace(e Entry) seal.Place {
	return seal.Place{Table: "ledger_entries", Column: "salt", Row: e.Hub + "/" + strconv.FormatInt(e.Seq, 10)}
}

// canonical is the one form of an entry that is committed to: JSON with its keys in this order, nothing left out, times in UTC.
func canonical(e Entry) ([]byte, error) {
	e.Commitment = ""
	e.Subjects, e.Reasons, e.Items = list(e.Subjects), list(e.Reasons), list(slices.Clone(e.Items))
	for i := range e.Items {
		e.Items[i].Masks, e.Items[i].Reasons = list(e.Items[i].Masks), list(e.Items[i].Reasons)
	}
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("ledger: writing an entry: %w", err)
	}
	return text, nil
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func commit(salt, text []byte) string {
	h := sha256.New()
	h.Write(salt)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// ErrAltered says that an entry is not what was committed to.
var ErrAltered = errors.New("ledger: the entry is not what was committed to")

// Verify holds an entry, as it is kept now, to its commitment. It returns ErrAltered when they differ, and seal.ErrNoKey when the
// case's key was erased, after which nobody can tell.
func (l *Ledger) Verify(ctx context.Context, hub string, seq int64) error {
	_, err := l.Digest(ctx, hub, seq)
	return err
}

// Digest is the digest that an entry holds, once the entry has been held to its commitment; its errors are those of Verify.
func (l *Ledger) Digest(ctx context.Context, hub string, seq int64) (string, error) {
	r, err := l.row(ctx, hub, seq)
	if err != nil {
		return "", err
	}
	e, err := r.entry()
	if err != nil {
		return "", err
	}
	salt, err := l.vault.Open(saltScope(e), saltPlace(e), r.Salt)
	if errors.Is(err, seal.ErrUnsealable) {
		return "", ErrAltered
	}
	if err != nil {
		return "", fmt.Errorf("ledger: opening a salt: %w", err)
	}
	if commit(salt, []byte(r.Entry)) != r.Commitment || e.Hub != hub || e.Seq != seq || string(e.Kind) != r.Kind || e.Episode != r.Episode {
		return "", ErrAltered
	}
	return e.Digest, nil
}

func (l *Ledger) row(ctx context.Context, hub string, seq int64) (row, error) {
	var r row
	err := l.db.Read().NewSelect().Model(&r).Where("hub = ? AND seq = ?", hub, seq).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, fault.NotFound("ledger entry")
	}
	if err != nil {
		return row{}, fmt.Errorf("ledger: reading an entry: %w", err)
	}
	return r, nil
}

func (r row) entry() (Entry, error) {
	var e Entry
	if err := json.Unmarshal([]byte(r.Entry), &e); err != nil {
		return Entry{}, fmt.Errorf("ledger: reading entry %d: %w", r.Seq, err)
	}
	e.Commitment = r.Commitment
	return e, nil
}
