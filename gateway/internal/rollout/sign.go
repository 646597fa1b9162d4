package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// Unsigned is an approved draft as the bundle that is to be signed outside the gateway, with the hub as its scope. Before two people have
// approved it there is none.
func (s *Store) Unsigned(ctx context.Context, at Ref) ([]byte, Draft, error) {
	_, d, err := readDraft(ctx, s.DB.Read(), at)
	if err != nil {
		return nil, Draft{}, err
	}
	if err := d.lacks(StateApproved); err != nil {
		return nil, Draft{}, err
	}
	_, pack, err := s.Open(ctx, d)
	if err != nil {
		return nil, Draft{}, err
	}
	unsigned, err := bundle.Build(pack)
	return unsigned, d, err
}

// Open is the folder and the pack of a draft. An overlay lies over the gateway's own pack: where that has changed since, the draft is not
// what it was, and there is none.
func (s *Store) Open(ctx context.Context, d Draft) (fs.FS, *policy.Pack, error) {
	archive, err := s.Archive(ctx, d.Hub, d.ID)
	if err != nil {
		return nil, nil, err
	}
	tree, pack, err := readArchive(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("rollout: reading draft %s again: %w", d.ID, err)
	}
	content, err := contentOf(pack)
	if err == nil && content != d.content {
		err = fault.Precondition("BASE_CHANGED", "The built-in pack that the draft lies over has changed. Make a new draft.")
	}
	return tree, pack, err
}

// Sign takes the signed bundle of an approved draft. It must verify under the keys of the configuration, be signed for this hub, and hold
// exactly the pack that was approved; anything else is refused, on the ledger, and the draft stays approved.
func (s *Store) Sign(ctx context.Context, who directory.Person, at Ref, signed []byte) (Draft, error) {
	opened, refusal, err := s.open(at.Hub, signed)
	if err != nil {
		return Draft{}, err
	}
	content := ""
	if opened != nil {
		if content, err = contentOf(opened.Pack); err != nil {
			return Draft{}, err
		}
	}
	var draft Draft
	err = s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		row, d, err := readDraft(ctx, tx, at)
		if err != nil {
			return err
		}
		if err := s.maySign(ctx, tx, d); err != nil {
			return err
		}
		if refusal == nil && content != d.content {
			refusal = bundle.Refuse(bundle.NotApproved, nil)
		}
		if refusal != nil {
			return s.append(ctx, tx, who, refused(refusal, d.Revision, digestOf(signed)))
		}
		if row.Bundle == opened.Digest {
			draft = d
			return nil
		}
		if err := s.keep(ctx, tx, NewBundle(at.Hub, opened, signed)); err != nil {
			return err
		}
		row.Bundle, row.KeyID = opened.Digest, opened.KeyID
		if err := updateDraft(ctx, tx, row); err != nil {
			return err
		}
		if err := s.append(ctx, tx, who, ledger.Entry{Kind: ledger.KindPolicySigned, Revision: d.Revision, Digest: opened.Digest}); err != nil {
			return err
		}
		_, draft, err = readDraft(ctx, tx, at)
		return err
	})
	if err == nil && refusal != nil {
		err = refusedFault(refusal)
	}
	return draft, err
}

// open verifies a bundle under the keys of its hub and tells a refusal apart from an error.
func (s *Store) open(hub string, signed []byte) (*bundle.Opened, *bundle.Refusal, error) {
	opened, err := bundle.Open(signed, s.Keys[hub], hub)
	if refusal, ok := errors.AsType[*bundle.Refusal](err); ok {
		return nil, refusal, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("rollout: opening a signed bundle: %w", err)
	}
	return opened, nil, nil
}

// verify opens a bundle that is kept, because a key may have been taken out of the configuration since. The built-in one nobody signed.
func (s *Store) verify(ctx context.Context, hub, digest string) (*bundle.Refusal, error) {
	kept, err := s.BundleByDigest(ctx, hub, digest)
	if err != nil || kept.BuiltIn() {
		return nil, err
	}
	opened, refusal, err := s.open(hub, kept.Bytes)
	if err == nil && refusal == nil && opened.Pack.ID() != kept.Pack {
		refusal = bundle.Refuse(bundle.Altered, nil)
	}
	return refusal, err
}

func (s *Store) maySign(ctx context.Context, tx store.Tx, d Draft) error {
	if err := d.lacks(StateApproved); err != nil {
		return err
	}
	return stillAgainst(ctx, tx, d, s.Clock.Now())
}

// refused is the ledger entry of a bundle that was not accepted.
func refused(r *bundle.Refusal, revision, digest string) ledger.Entry {
	return ledger.Entry{Kind: ledger.KindPolicyRefused, Revision: revision, Digest: digest, Reasons: []string{string(r.Code)}}
}

// refusedFault tells the caller why.
func refusedFault(r *bundle.Refusal) error {
	f := fault.Precondition("BUNDLE_"+strings.ToUpper(string(r.Code)), r.Public)
	f.Private = errors.Unwrap(r)
	return f
}
