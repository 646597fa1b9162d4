package localstore

import (
	"context"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/policy"
)

// Config is the organisation's own part of an agency's configuration, with its policy compiled. Whoever serves the agency adds what
// verifies warrants, the journal, the clock and the log.
func (s *Store) Config(ctx context.Context) (agencies.Config, error) {
	own, err := policy.CompileAgency(ctx, s.Rules)
	if err != nil {
		return agencies.Config{}, err
	}
	return agencies.Config{
		Organisation: s.Organisation, Title: s.Title, LookedIn: s.LookedIn, Categories: s.Categories, Flags: s.Flags,
		MaxIndexAge: s.MaxIndexAge, Source: s, Policy: own,
	}, nil
}
