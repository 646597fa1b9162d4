package episode

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
)

// Submit keeps a form. It gives the referral its id and reference number, makes the key of the case, gives every person a random id,
// and answers with the form as it is kept: the referrer's copy. The caller sets Hub, Submitter and what the form says. Faults name the
// field of the form that is wrong.
func (s *Store) Submit(ctx context.Context, tx store.Tx, r Referral) (Referral, error) {
	if err := checkForm(r); err != nil {
		return Referral{}, err
	}
	r.ID, r.Version, r.SubmitTime = newID(), 1, s.clock.Now()
	r.Triage, r.Opened, r.Feedback = nil, false, nil
	r.Subjects, r.Consents = slices.Clone(r.Subjects), slices.Clone(r.Consents)
	if err := giveIDs(&r); err != nil {
		return Referral{}, err
	}
	var err error
	if r.Reference, err = s.newReference(ctx, tx, r.Hub, r.SubmitTime); err != nil {
		return Referral{}, err
	}
	// The key is durable before the row can be: a crash in between leaves a key without a case, never a case without its key.
	if err := s.vault.Create(r.ID); err != nil {
		return Referral{}, fmt.Errorf("episode: key of a referral: %w", err)
	}
	row, err := s.sealReferral(r)
	if err != nil {
		return Referral{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return Referral{}, fmt.Errorf("episode: keeping a referral: %w", err)
	}
	return r, nil
}

// giveIDs replaces the form's own ids by random ones, in the consents' givers too, and judges who is identified.
func giveIDs(r *Referral) error {
	byFormID := map[string]string{}
	for i := range r.Subjects {
		id := newID()
		byFormID[r.Subjects[i].ID] = id
		r.Subjects[i].ID = id
	}
	for i := range r.Consents {
		id, ok := byFormID[r.Consents[i].Giver]
		if !ok {
			return fault.Invalid(fmt.Sprintf("referral.consents[%d].giver", i), "is not the id of a subject in this form")
		}
		r.Consents[i].Giver, r.Consents[i].Recorder, r.Consents[i].Recorded = id, r.Submitter, r.SubmitTime
	}
	judgeIdentities(r.Subjects)
	return nil
}

// referenceLetters leaves out what is misheard or misread on the telephone.
const referenceLetters = "23456789ABCDEFGHJKMNPQRTUVWXYZ"

// newReference is random: numbers in a row would let anybody walk through other people's referrals.
func (s *Store) newReference(ctx context.Context, tx store.Tx, hub string, at time.Time) (string, error) {
	for {
		letters := make([]byte, 8)
		for i := range letters {
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(referenceLetters))))
			if err != nil {
				return "", fmt.Errorf("episode: reference number: %w", err)
			}
			letters[i] = referenceLetters[n.Int64()]
		}
		reference := "MARF-" + strconv.Itoa(at.Year()) + "-" + string(letters)
		taken, err := tx.NewSelect().Model((*referralRow)(nil)).Where("hub = ? AND reference = ?", hub, reference).Exists(ctx)
		if err != nil {
			return "", fmt.Errorf("episode: reference number: %w", err)
		}
		if !taken {
			return reference, nil
		}
	}
}

// GetReferral reads a referral, or answers NOT_FOUND.
func (s *Store) GetReferral(ctx context.Context, hub, id string) (Referral, error) {
	return s.referral(ctx, s.db.Read(), hub, id)
}

// GetReferralTx reads a referral as the transaction sees it.
func (s *Store) GetReferralTx(ctx context.Context, tx store.Tx, hub, id string) (Referral, error) {
	return s.referral(ctx, tx, hub, id)
}

func (s *Store) referral(ctx context.Context, q store.Querier, hub, id string) (Referral, error) {
	var row referralRow
	if err := found(q.NewSelect().Model(&row).Where("hub = ? AND id = ?", hub, id).Scan(ctx), "referral"); err != nil {
		return Referral{}, err
	}
	return s.openReferral(row)
}

// Triage keeps the decision on a referral (with t.By set) and what the referrer is told. A referral may be triaged again until an episode is opened
// from it; not_triaged needs an exclusion.
func (s *Store) Triage(ctx context.Context, tx store.Tx, at Target, t Triage, told ...Feedback) (Referral, error) {
	if t.Outcome == NotTriaged && len(t.Exclusions) == 0 {
		return Referral{}, fault.Invalid("exclusions", "a referral that is not triaged needs the exclusion that says why")
	}
	return s.changeReferral(ctx, tx, at, func(r *Referral) error {
		if r.Opened {
			return fault.Precondition("EPISODE_OPEN", "An episode has been opened from this referral: decide there.")
		}
		t.Time = s.clock.Now()
		r.Triage = &t
		r.tell(t.Time, told)
		return nil
	})
}

// NotTriaged is the outcome of a referral that an exclusion (E1–E4) sends back.
const NotTriaged = "not_triaged"

// AddFeedback keeps what the referrer was told later on.
func (s *Store) AddFeedback(ctx context.Context, tx store.Tx, at Target, told ...Feedback) (Referral, error) {
	return s.changeReferral(ctx, tx, at, func(r *Referral) error {
		r.tell(s.clock.Now(), told)
		return nil
	})
}

func (r *Referral) tell(at time.Time, told []Feedback) {
	for _, f := range told {
		f.Time = at
		r.Feedback = append(r.Feedback, f)
	}
}

func (s *Store) changeReferral(ctx context.Context, tx store.Tx, at Target, change func(*Referral) error) (Referral, error) {
	r, err := s.referral(ctx, tx, at.Hub, at.ID)
	if err != nil {
		return Referral{}, err
	}
	if err := change(&r); err != nil {
		return Referral{}, err
	}
	r.Version++
	row, err := s.sealReferral(r)
	if err != nil {
		return Referral{}, err
	}
	_, err = tx.NewUpdate().Model(&row).Column("version", "outcome", "opened", "body").Where("hub = ? AND id = ?", r.Hub, r.ID).Exec(ctx)
	if err != nil {
		return Referral{}, fmt.Errorf("episode: keeping a referral: %w", err)
	}
	return r, nil
}
