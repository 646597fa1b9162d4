package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
)

// permit decides what an attempt tells, writes it down, on the leg and on the ledger, and mints its warrant: exactly what is allowed
// now and nothing more (step 6). A leg whose time is over gets none.
func (s *story) permit(ctx context.Context, of fanout.Leg, method fanout.Method) (fanout.Permit, error) {
	l := s.legs[of.Organisation]
	now := s.Clock.Now()
	if !now.Before(l.Deadline) {
		return fanout.Permit{}, &fanout.Failure{Kind: fanout.NotAnswered, Code: fanout.CodeLate, Cause: errors.New("the leg's time is over")}
	}
	b, err := s.ruler(ctx)
	if err != nil {
		return fanout.Permit{}, err
	}
	if err := s.allows(ctx, b, of, method); err != nil {
		return fanout.Permit{}, err
	}
	body, told, err := s.body(b, of, method)
	if err != nil {
		return fanout.Permit{}, fmt.Errorf("writing what is told: %w", err)
	}
	claims := warrant.Claims{
		Audience: of.Organisation, Hub: s.request.Hub, Request: s.request.ID, Leg: l.ID, Method: string(method),
		Subjects: b.warrantSubjects(of.Subjects), Purpose: b.episode.Purpose, Basis: b.episode.Basis, RequesterRole: b.who.Role,
		BodyDigest: warrant.Digest(body),
	}
	if method == fanout.Collect {
		if claims.Constraints, err = json.Marshal(of.Constraints); err != nil {
			return fanout.Permit{}, fmt.Errorf("writing the constraints: %w", err)
		}
	}
	if err := s.attempt(ctx, b, l, asking{Leg: of, method: method, told: told}); err != nil {
		return fanout.Permit{}, err
	}
	claims.Attempt = l.Attempt
	token, err := s.Hubs[s.request.Hub].Minter.Mint(claims)
	return fanout.Permit{Warrant: token, Body: body}, err
}

// asking is an attempt about to be made.
type asking struct {
	fanout.Leg
	method fanout.Method
	told   string
}

func (s *story) attempt(ctx context.Context, b *bench, l *leg, of asking) error {
	state := map[fanout.Method]request.LegState{fanout.Locate: request.LegLocating, fanout.Collect: request.LegCollecting}[of.method]
	sealed, err := b.attempted(ctx, matterOf{request: s.request.ID, organisation: of.Organisation})
	if err != nil {
		return err
	}
	var claimed request.Leg
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		if err := b.still(ctx, tx); err != nil {
			return err
		}
		var err error
		if claimed, err = s.Requests.Claim(ctx, tx, l.Leg, s.Clock.Now().Add(warrant.Lifetime)); err != nil {
			return err
		}
		claimed.State = state
		if err := s.Requests.SaveLeg(ctx, tx, claimed); err != nil {
			return err
		}
		entry := b.entry(ledger.KindAsk, s.request.ID)
		entry.Organisation, entry.Subjects, entry.Method, entry.Items = of.Organisation, of.Subjects, string(of.method), askedItems(of.Constraints)
		entry.Reasons = []string{of.told}
		if _, err = s.put(ctx, tx, entry, sealed); err != nil || of.told != policy.TellNarrative {
			return err
		}
		return s.Requests.SaveTold(ctx, tx, s.request.Ref(), of.told)
	})
	if err == nil {
		l.Leg = claimed
	}
	return err
}
