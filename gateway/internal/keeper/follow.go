package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/policy/bundle"
)

// firstFollowed takes what the publisher says at the first start: there is nothing to go on with until it has.
func (h *hub) firstFollowed(ctx context.Context) error {
	for range 2 { // a pair of files that does not fit together is told at the second look
		found, changed, err := h.Source.Poll(ctx)
		if err != nil {
			return err
		}
		if changed {
			return h.take(ctx, found)
		}
	}
	return errors.New("it publishes nothing")
}

// follow looks at the publisher until ctx ends. What could not be taken because this side could not write is taken at the next look.
func (h *hub) follow(ctx context.Context) error {
	var pending *bundle.Published
	ticker := time.NewTicker(h.Poll)
	defer ticker.Stop()
	for {
		pending = h.followOnce(ctx, pending)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (h *hub) followOnce(ctx context.Context, pending *bundle.Published) *bundle.Published {
	found, changed, err := h.Source.Poll(ctx)
	if ctx.Err() != nil {
		return pending
	}
	h.reached(ctx, err)
	if refusal, ok := errors.AsType[*bundle.Refusal](err); ok {
		h.refuse(ctx, refusal, "")
		return nil
	}
	if changed {
		pending = &found
	}
	if err != nil || pending == nil {
		return pending
	}
	err = h.take(ctx, *pending)
	if _, refused := errors.AsType[*bundle.Refusal](err); err == nil || refused {
		return nil
	}
	h.keeper.Log.LogAttrs(ctx, slog.LevelError, "what a publisher says could not be taken over", slog.String("hub", h.ID), slog.Any("error", err))
	return pending
}

// reached notes whether the publisher answers, and logs it when that changes.
func (h *hub) reached(ctx context.Context, err error) {
	unreachable := err != nil && bundle.CodeOf(err) == ""
	h.mu.Lock()
	was := h.unreachable
	h.unreachable = unreachable
	h.mu.Unlock()
	switch {
	case unreachable && !was:
		h.keeper.Log.LogAttrs(ctx, slog.LevelWarn, "the publisher of the policy cannot be reached", slog.String("hub", h.ID), slog.Any("error", err))
	case was && !unreachable:
		h.keeper.Log.LogAttrs(ctx, slog.LevelInfo, "the publisher of the policy answers again", slog.String("hub", h.ID))
	}
}

// take verifies what a publisher says and brings it into force in one transaction. What is not accepted is made seen, and returned.
func (h *hub) take(ctx context.Context, found bundle.Published) error {
	says, err := bundle.OpenStatement(found.Statement, h.Publishers, h.ID)
	if err != nil {
		return h.refused(ctx, err, bundle.Digest(found.Statement))
	}
	kept, err := h.verified(ctx, says, found.Bundle)
	if err != nil {
		return h.refused(ctx, err, bundle.Digest(found.Bundle))
	}
	err = h.keeper.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		_, err := h.keeper.Rollout.Follow(ctx, tx, says, kept)
		return err
	})
	return h.refused(ctx, err, kept.Digest)
}

// verified holds a bundle to its signature and its statement, and compiles it with the statement's tightening, so that nothing comes into
// the log that could not decide.
func (h *hub) verified(ctx context.Context, says bundle.Statement, signed []byte) (rollout.Bundle, error) {
	opened, err := bundle.Open(signed, h.Keys, h.ID)
	if err != nil {
		return rollout.Bundle{}, err
	}
	if err := says.Match(opened); err != nil {
		return rollout.Bundle{}, err
	}
	revision, refusal := h.compile(ctx, rollout.InForce{Bundle: opened.Digest, Pack: opened.Revision}, opened.Pack)
	if refusal == nil {
		if err := revision.CheckTightening(says.Tightening); err != nil {
			refusal = bundle.Refuse(bundle.DoesNotCompile, fmt.Errorf("with the tightening stated: %w", err))
		}
	}
	if refusal != nil {
		return rollout.Bundle{}, errors.Join(ctx.Err(), refusal)
	}
	return rollout.NewBundle(h.ID, opened, signed), nil
}

// refused makes a refusal seen, and passes on whatever it is.
func (h *hub) refused(ctx context.Context, err error, digest string) error {
	if refusal, ok := errors.AsType[*bundle.Refusal](err); ok && ctx.Err() == nil {
		h.refuse(ctx, refusal, digest)
	}
	return err
}
