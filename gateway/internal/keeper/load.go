package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/rollout"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/history"
)

// load makes an activation able to decide. A refusal says what is wrong with its bundle; an error, that it could not be read.
func (h *hub) load(ctx context.Context, of rollout.InForce) (serving, *bundle.Refusal, error) {
	pack, refusal, err := h.pack(ctx, of)
	if err != nil || refusal != nil {
		return serving{}, refusal, err
	}
	revision, refusal := h.compile(ctx, of, pack)
	if refusal != nil {
		return serving{}, refusal, ctx.Err()
	}
	return serving{InForce: of, pack: pack, revision: revision}, nil, nil
}

// pack is the pack of an activation, verified anew when it is first loaded here: a key may have been taken out of the configuration, and
// whoever can write to the store cannot sign.
func (h *hub) pack(ctx context.Context, of rollout.InForce) (*policy.Pack, *bundle.Refusal, error) {
	if pack, ok := h.packs.Get(of.Bundle); ok {
		return pack, nil, nil
	}
	if h.First != nil && h.First.Opened.Digest == of.Bundle {
		return h.First.Opened.Pack, nil, nil // it came with this process, and not from the store
	}
	kept, err := h.keeper.Rollout.BundleByDigest(ctx, h.ID, of.Bundle)
	if gone(err) {
		return nil, bundle.Refuse(bundle.Incomplete, errors.New("the bundle of the activation is not kept")), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if kept.BuiltIn() {
		known, err := h.knowsBuiltIn(ctx, kept)
		if err != nil || !known {
			return nil, bundle.Refuse(bundle.Unsigned, errors.New("it is not a pack that a gateway came with")), err
		}
	}
	pack, refusal := h.open(kept)
	if refusal == nil && pack.ID() != of.Pack {
		refusal = bundle.Refuse(bundle.Altered, fmt.Errorf("it comes to %s", pack.ID()))
	}
	if refusal != nil {
		return nil, refusal, nil
	}
	h.packs.Add(of.Bundle, pack)
	return pack, nil, nil
}

// open holds a kept bundle to its digest and its signature. Nobody signed the built-in pack: who may be one is for the caller to say.
func (h *hub) open(kept rollout.Bundle) (*policy.Pack, *bundle.Refusal) {
	if bundle.Digest(kept.Bytes) != kept.Digest {
		return nil, bundle.Refuse(bundle.Altered, errors.New("it is not what its digest says"))
	}
	var opened *bundle.Opened
	var err error
	if kept.BuiltIn() {
		opened, err = bundle.OpenUnsigned(kept.Bytes)
	} else {
		opened, err = bundle.Open(kept.Bytes, h.Keys, h.ID)
	}
	if err != nil {
		return nil, refusalOf(err)
	}
	return opened.Pack, nil
}

// knowsBuiltIn: an unsigned pack decides only if this gateway came with it, or it stands on the ledger as one that an earlier version
// came with. An entry there cannot be forged without the key its salt is sealed under, which is not in the store.
func (h *hub) knowsBuiltIn(ctx context.Context, kept rollout.Bundle) (bool, error) {
	for after := int64(0); ; {
		page, err := h.keeper.Ledger.List(ctx, ledger.Query{Hub: h.ID, Kind: ledger.KindPolicyActivated, After: after, Limit: ledgerPage})
		if err != nil || len(page) == 0 {
			return false, err
		}
		for _, e := range page {
			after = e.Seq
			if e.Digest != kept.Digest || !slices.Contains(e.Reasons, string(rollout.KindBuiltIn)) {
				continue
			}
			err := h.keeper.Ledger.Verify(ctx, h.ID, e.Seq)
			if err == nil || !errors.Is(err, ledger.ErrAltered) {
				return err == nil, err
			}
		}
	}
}

// ledgerPage is how many entries are read at a time.
const ledgerPage = 200

// compile makes a pack able to decide under a tightening.
func (h *hub) compile(ctx context.Context, of rollout.InForce, pack *policy.Pack) (*policy.Revision, *bundle.Refusal) {
	if revision, ok := h.compiled.Get(key(of)); ok {
		return revision, nil
	}
	revision, err := pack.Compile(ctx, policy.CompileOptions{Tightening: of.Tightening, Number: of.TighteningNumber})
	if err != nil {
		return nil, bundle.Refuse(bundle.DoesNotCompile, err)
	}
	h.compiled.Add(key(of), revision)
	return revision, nil
}

// pinned finds a revision by its id: the one in force, one that is at hand, or one that is compiled again from what is kept of it.
func (h *hub) pinned(ctx context.Context, id string) (*policy.Revision, error) {
	if now := h.serves().revision; now != nil && now.ID() == id {
		return now, nil
	}
	if revision, ok := h.byID.Get(id); ok {
		return revision, nil
	}
	h.looking.Lock() // one compiles, and the others find what it made
	defer h.looking.Unlock()
	if revision, ok := h.byID.Get(id); ok {
		return revision, nil
	}
	revision, err := h.recompile(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("revision %s of hub %s: %w", id, h.ID, err)
	}
	h.byID.Add(id, revision)
	return revision, nil
}

// recompile loads a revision by what its id says: the pack, by its content, and the number of its tightening. One that a built-in pack
// gave needs no more than that: a pinned revision decides beside the one in force, and can only hold back.
func (h *hub) recompile(ctx context.Context, id string) (*policy.Revision, error) {
	of := rollout.InForce{}
	var tightened string
	var ok bool
	if of.Pack, tightened, ok = strings.Cut(id, "+"); ok {
		var err error
		if of.TighteningNumber, err = strconv.ParseInt(tightened, 10, 64); err != nil {
			return nil, goneFor(err)
		}
		if of.Tightening, err = h.keeper.Rollout.Overlay(ctx, h.ID, of.TighteningNumber); err != nil {
			return nil, orGone(err)
		}
	}
	kept, err := h.keeper.Rollout.Bundle(ctx, h.ID, of.Pack)
	if err != nil {
		return nil, orGone(err)
	}
	pack, refusal := h.open(kept)
	if refusal != nil {
		return nil, altered(refusal)
	}
	of.Bundle = kept.Digest
	revision, refusal := h.compile(ctx, of, pack)
	switch {
	case refusal != nil:
		return nil, errors.Join(altered(refusal), ctx.Err())
	case revision.ID() != id:
		return nil, altered(fmt.Errorf("it comes to %s", revision.ID()))
	}
	return revision, nil
}

// goneFor and altered say that a revision decides nothing any more, to the path and to replay.
func goneFor(cause error) error {
	return fmt.Errorf("%w: %w: %w", policy.ErrNoRevision, history.ErrRevisionGone, cause)
}

func altered(cause error) error {
	return fmt.Errorf("%w: %w: %w", policy.ErrNoRevision, history.ErrRevisionAltered, cause)
}

// orGone tells what is not kept apart from what cannot be read now.
func orGone(err error) error {
	if gone(err) {
		return goneFor(err)
	}
	return err
}

func gone(err error) bool {
	known, ok := errors.AsType[*fault.Error](err)
	return ok && known.Code == codes.NotFound
}

// refusalOf is an error of package bundle as a refusal.
func refusalOf(err error) *bundle.Refusal {
	if refusal, ok := errors.AsType[*bundle.Refusal](err); ok {
		return refusal
	}
	return bundle.Refuse(bundle.Malformed, err)
}

// refuse makes a refusal seen: on the ledger and in the metric once for each occurrence, and in health until something else comes into
// force.
func (h *hub) refuse(ctx context.Context, refusal *bundle.Refusal, digest string) {
	var fresh bool
	now := h.serves()
	err := h.keeper.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) (err error) {
		fresh, err = h.keeper.Rollout.Refuse(ctx, tx, rollout.Refusal{Hub: h.ID, Code: refusal.Code, Digest: digest, Revision: now.Revision})
		return err
	})
	h.mu.Lock()
	h.refusal = refusal.Code
	h.mu.Unlock()
	if err == nil && !fresh {
		return
	}
	h.keeper.refused.WithLabelValues(h.ID, string(refusal.Code)).Inc()
	h.keeper.Log.LogAttrs(ctx, slog.LevelError, "a policy was refused", slog.String("hub", h.ID), slog.String("code", string(refusal.Code)),
		slog.String("digest", digest), slog.Any("cause", refusal.Cause), slog.Any("ledger", err))
}
