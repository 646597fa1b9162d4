// Package episode serves EpisodeService: it turns messages into the types of the episode and back, holds every code to the hub's own
// vocabulary, and writes the ledger entry of each change in the transaction of the change. It trusts the door to have checked who may
// call and the contract's own rules; it refuses codes that the policy in force does not know and changes of what the caller has not
// seen.
package episode

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/gateway/internal/ledger"
	"github.com/mashgate/mashgate/gateway/internal/request"
	"github.com/mashgate/mashgate/gateway/internal/store"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Config is what a Service needs; all of it is required.
type Config struct {
	DB        *store.DB
	Episodes  *episode.Store
	Requests  *request.Store
	Directory *directory.Directory
	Ledger    *ledger.Ledger
	Policy    *policy.Point
	Clock     clock.Clock
}

// Service implements EpisodeService.
type Service struct {
	mashgatev1.UnimplementedEpisodeServiceServer
	Config
}

// New checks the configuration.
func New(config Config) (*Service, error) {
	if config.DB == nil || config.Episodes == nil || config.Requests == nil || config.Directory == nil || config.Ledger == nil ||
		config.Policy == nil || config.Clock == nil {
		return nil, errors.New("api/episode: something that is required is missing")
	}
	return &Service{Config: config}, nil
}

// usualPage is how many a page holds where nobody says.
const usualPage = 50

// session is one call: who calls, in which hub, under which words.
type session struct {
	who   directory.Person
	hub   string
	words *policy.Vocabulary
	by    episode.By
	// revision is the policy whose vocabulary the input is held to.
	revision string
}

// begin takes the requester out of the context once; below here who calls is an argument.
func (s *Service) begin(ctx context.Context, name string) (session, error) {
	who, err := authn.Requester(ctx)
	if err != nil {
		return session{}, err
	}
	hub := wire.ParseName(name).Hub()
	revision, err := s.Policy.Active(hub)
	if err != nil {
		return session{}, fault.NotFound("hub")
	}
	return session{
		who: who, hub: hub, words: revision.Vocabulary(), revision: revision.ID(),
		by: episode.By{Person: who.ID, Role: who.Role, At: s.Clock.Now()},
	}, nil
}

// entry is the start of a ledger entry about an episode.
func (c session) entry(kind ledger.Kind, episode string, reasons ...string) ledger.Entry {
	return ledger.Entry{
		Hub: c.hub, Kind: kind, Actor: c.who.Name(), ActorRole: c.who.Role, Episode: episode, Reasons: reasons, Revision: c.revision,
	}
}

// change makes one change of an episode and its ledger entry, both or neither.
func (s *Service) change(ctx context.Context, c session, target episode.Target, entry ledger.Entry, do func(*episode.Episode) error) (*mashgatev1.Episode, error) {
	var changed episode.Episode
	err := s.DB.InTx(ctx, func(ctx context.Context, tx store.Tx) error {
		var err error
		if changed, err = s.Episodes.Change(ctx, tx, target, do); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, tx, entry)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.episode(changed), nil
}

// seen is the target of a change that is made on what was read.
func (c session) seen(name, etag string) (episode.Target, error) {
	if etag == "" {
		return episode.Target{}, &fault.Error{
			Code: codes.InvalidArgument, Reason: "ETAG_REQUIRED", Public: "send the etag of the episode you read (REST: If-Match)",
			Fields: []fault.Field{{Name: "etag", Description: "is needed: change only what you have seen"}},
		}
	}
	return episode.Target{Hub: c.hub, ID: wire.ParseName(name).Episode(), ETag: etag}, nil
}

// whatever is the target of a change that must not fail because the episode moved.
func (c session) whatever(name string) episode.Target {
	return episode.Target{Hub: c.hub, ID: wire.ParseName(name).Episode()}
}
