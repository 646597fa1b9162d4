// Package ledger serves LedgerService: it reads the ledger and writes nothing. Entries hold references and codes; this package adds
// no words to them.
package ledger

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/internal/fault"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
)

// Service implements LedgerService.
type Service struct {
	ledgerv1.UnimplementedLedgerServiceServer
	ledger *ledger.Ledger
}

// New returns the service over a ledger.
func New(l *ledger.Ledger) (*Service, error) {
	if l == nil {
		return nil, errors.New("api/ledger: the ledger is missing")
	}
	return &Service{ledger: l}, nil
}

const usualPage = 100

// ListEntries implements LedgerService.
func (s *Service) ListEntries(ctx context.Context, req *ledgerv1.ListEntriesRequest) (*ledgerv1.ListEntriesResponse, error) {
	hub := wire.ParseName(req.GetParent()).Hub()
	of := wire.ParseName(req.GetEpisode())
	if req.GetEpisode() != "" && of.Hub() != hub {
		return nil, fault.Invalid("episode", "is of another hub")
	}
	kind := ledger.Kind(req.GetKind())
	if kind != "" && !known(kind) {
		return nil, fault.Invalid("kind", "is not a kind of entry")
	}
	query := ledger.Query{Hub: hub, Episode: of.Episode(), Kind: kind}
	entries, next, err := s.page(ctx, query, req.GetPageToken(), req.GetPageSize(), s.ledger.List)
	if err != nil {
		return nil, err
	}
	return &ledgerv1.ListEntriesResponse{Entries: entries, NextPageToken: next}, nil
}

// GetEntry implements LedgerService.
func (s *Service) GetEntry(ctx context.Context, req *ledgerv1.GetEntryRequest) (*ledgerv1.Entry, error) {
	name := wire.ParseName(req.GetName())
	sequence, err := strconv.ParseInt(name.Entry(), 10, 64)
	if err != nil {
		return nil, fault.NotFound("entry")
	}
	found, err := s.ledger.Get(ctx, name.Hub(), sequence)
	if err != nil {
		return nil, err
	}
	return entry(found), nil
}

// ListDisclosures implements LedgerService.
func (s *Service) ListDisclosures(ctx context.Context, req *ledgerv1.ListDisclosuresRequest) (*ledgerv1.ListDisclosuresResponse, error) {
	name := wire.ParseName(req.GetParent())
	query := ledger.Query{Hub: name.Hub(), Episode: name.Episode(), Subject: req.GetSubject()}
	entries, next, err := s.page(ctx, query, req.GetPageToken(), req.GetPageSize(), s.ledger.Disclosures)
	if err != nil {
		return nil, err
	}
	return &ledgerv1.ListDisclosuresResponse{Disclosures: entries, NextPageToken: next}, nil
}

type lister func(context.Context, ledger.Query) ([]ledger.Entry, error)

// page reads one page and, to know whether another follows, one entry more.
func (s *Service) page(ctx context.Context, query ledger.Query, token string, size int32, list lister) ([]*ledgerv1.Entry, string, error) {
	if token != "" {
		after, err := strconv.ParseInt(token, 10, 64)
		if err != nil || after < 0 {
			return nil, "", fault.Invalid("page_token", "is not one that was given")
		}
		query.After = after
	}
	limit := wire.PageSize(size, usualPage)
	query.Limit = limit + 1
	found, err := list(ctx, query)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = strconv.FormatInt(found[limit-1].Seq, 10)
	}
	var entries []*ledgerv1.Entry
	for _, each := range found {
		entries = append(entries, entry(each))
	}
	return entries, next, nil
}

func known(kind ledger.Kind) bool { return slices.Contains(ledger.Kinds(), kind) }

func entry(e ledger.Entry) *ledgerv1.Entry {
	answer := &ledgerv1.Entry{
		Name: wire.EntryName(e.Hub, e.Seq), Sequence: e.Seq, Time: wire.Time(e.Time), Kind: string(e.Kind), Actor: e.Actor,
		ActorRole: e.ActorRole, Organisation: e.Organisation, Subjects: e.Subjects, Reasons: e.Reasons, Revision: e.Revision,
		Commitment: e.Commitment, Method: e.Method, Digest: e.Digest,
		Episode: wire.EpisodeName(e.Hub, e.Episode), InformationRequest: wire.RequestName(e.Hub, e.Episode, e.Request),
	}
	for _, item := range e.Items {
		answer.Items = append(answer.Items, &ledgerv1.Item{
			Ref: item.Ref, Subject: item.Subject, Category: item.Category, Effect: item.Effect, Masks: item.Masks, Reasons: item.Reasons,
		})
	}
	return answer
}
