// Package agencies is the library with which an organisation answers the gateway. It stands at the far end of the path, on the
// organisation's own machine, in front of the organisation's own system: it verifies the warrant, matches identities, lets the
// organisation's own Rego object, and sends only what both the warrant and that policy allow. It trusts its configuration and its
// Source; of the gateway it trusts only what a valid warrant says. It refuses a warrant that is expired, altered, replayed, another
// organisation's or too wide, writes each refusal into its own journal, and never tells "could not look" as "nothing there".
package agencies

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"time"

	"buf.build/go/protovalidate"

	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Config is all an agency needs. Every field is needed.
type Config struct {
	// Organisation is the id in the organisation's certificate ("police").
	Organisation string
	Title        string
	// LookedIn names the index in which people are looked up, for a requester to read ("Nominal index").
	LookedIn string
	// Categories are the catalogue's categories the organisation can answer for; Flags the protective flags it is able to set.
	Categories []string
	Flags      []string
	// MaxIndexAge is how old the index may be before a look-up in it may no longer be called "no trace".
	MaxIndexAge time.Duration
	Source      Source
	// Policy is the organisation's own; it can only tighten.
	Policy   *policy.AgencyPolicy
	Verifier *warrant.Verifier
	Journal  *Journal
	Clock    clock.Clock
	Log      *slog.Logger
}

// Agency serves one organisation. Any number of goroutines may use it.
type Agency struct {
	agencyv1.UnimplementedAgencyServiceServer

	config    Config
	catalogue *record.Catalogue
	validator protovalidate.Validator
}

// New checks the configuration, reporting everything that is wrong at once.
func New(config Config) (*Agency, error) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	if err := config.check(catalogue); err != nil {
		return nil, err
	}
	validator, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("agencies: preparing validation: %w", err)
	}
	return &Agency{config: config, catalogue: catalogue, validator: validator}, nil
}

var organisationPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{1,40}$`)

func (c Config) check(catalogue *record.Catalogue) error {
	var problems []error
	need := func(fine bool, problem string) {
		if !fine {
			problems = append(problems, fmt.Errorf("agencies: %s: %s", c.Organisation, problem))
		}
	}
	need(organisationPattern.MatchString(c.Organisation), "the organisation needs an id")
	need(c.Title != "" && c.LookedIn != "", "title and looked-in are needed")
	need(c.MaxIndexAge > 0, "the greatest age of the index is needed")
	need(c.Source != nil && c.Policy != nil && c.Journal != nil, "source, policy and journal are needed")
	need(c.Clock != nil && c.Log != nil, "clock and log are needed")
	need(c.Verifier != nil && c.Verifier.Audience() == c.Organisation, "a verifier of this organisation's warrants is needed")
	need(len(c.Categories) > 0, "it holds no category")
	for i, code := range c.Categories {
		_, known := catalogue.Categories[code]
		need(known && !slices.Contains(c.Categories[:i], code), "category "+code+" is not in the catalogue, or stands twice")
	}
	for i, flag := range c.Flags {
		need(slices.Contains(catalogue.Flags, flag) && !slices.Contains(c.Flags[:i], flag), "flag "+flag+" is not in the catalogue, or stands twice")
	}
	return errors.Join(problems...)
}

// Describe says which organisation this is. It tells nothing about any person, and still nobody but a gateway is told.
func (a *Agency) Describe(ctx context.Context, _ *agencyv1.DescribeRequest) (*agencyv1.DescribeResponse, error) {
	if _, err := caller(ctx); err != nil {
		return nil, err
	}
	return &agencyv1.DescribeResponse{
		Organisation: a.config.Organisation, Title: a.config.Title, Categories: a.config.Categories, Flags: a.config.Flags,
		PolicyRevision: a.config.Policy.ID(),
	}, nil
}

// caller is the gateway on the other end of the connection.
func caller(ctx context.Context) (peer.Identity, error) {
	who, err := peer.FromContext(ctx)
	if err != nil || who.Kind != peer.Gateway {
		return peer.Identity{}, denied("CALLER_NOT_A_GATEWAY", "only a gateway with a certificate may call", err)
	}
	return who, nil
}
