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
	opened, refusal, err := told(bundle.Open(signed, s.Keys[at.Hub], at.Hub))
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
		if err := s.sign(ctx, tx, who, row, NewBundle(at.Hub, opened, signed)); err != nil {
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

// sign keeps the signed bundle of a draft, once.
func (s *Store) sign(ctx context.Context, tx store.Tx, who directory.Person, row draftRow, b Bundle) error {
	if row.Bundle == b.Digest {
		return nil
	}
	if err := s.keep(ctx, tx, b); err != nil {
		return err
	}
	row.Bundle, row.KeyID = b.Digest, b.KeyID
	if err := updateDraft(ctx, tx, row); err != nil {
		return err
	}
	return s.append(ctx, tx, who, ledger.Entry{Kind: ledger.KindPolicySigned, Revision: row.Pack, Digest: b.Digest})
}

// told tells a refusal apart from an error.
func told(opened *bundle.Opened, err error) (*bundle.Opened, *bundle.Refusal, error) {
	if refusal, ok := errors.AsType[*bundle.Refusal](err); ok {
		return nil, refusal, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("rollout: opening a bundle: %w", err)
	}
	return opened, nil, nil
}

// reopen reads a bundle that is kept. Only the built-in one may be without a signature.
func (s *Store) reopen(kept Bundle) (*bundle.Opened, *bundle.Refusal, error) {
	if kept.BuiltIn() {
		return told(bundle.OpenUnsigned(kept.Bytes))
	}
	return told(bundle.Open(kept.Bytes, s.Keys[kept.Hub], kept.Hub))
}

// verify opens a bundle that is kept, because a key may have been taken out of the configuration since, and holds it to the emergency
// rules in force. The built-in one nobody signed.
func (s *Store) verify(ctx context.Context, hub, digest string) (*bundle.Refusal, error) {
	kept, err := s.BundleByDigest(ctx, hub, digest)
	if err != nil {
		return nil, err
	}
	opened, refusal, err := s.reopen(kept)
	switch {
	case err != nil || refusal != nil:
		return refusal, err
	case opened.Pack.ID() != kept.Pack:
		return bundle.Refuse(bundle.Altered, nil), nil
	}
	return s.compiles(ctx, hub, opened.Pack)
}

func (s *Store) compiles(ctx context.Context, hub string, pack *policy.Pack) (*bundle.Refusal, error) {
	now, err := s.InForce(ctx, hub, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	if err := s.Compiles(ctx, pack, now.Tightening); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return bundle.Refuse(bundle.DoesNotCompile, err), nil
	}
	return nil, nil //nolint:nilnil // nothing is refused
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
