// Package gateway is the only place that knows every part of the gateway: it builds the leaves first and hands them up, until one
// server stands that can be run. It trusts the configuration to have been checked and refuses to start with a key that a demo made, a
// policy that does not compile, or a certificate of another hub.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/gateway/internal/config"
)

// Config is what a gateway is told. internal/config/sample.yaml explains each line.
type Config = config.Config

// The parts of Config, for those who cannot import internal/config.
//
//nolint:revive // internal/config says what each is
type (
	Hub           = config.Hub
	Policy        = config.Policy
	MaxUnreviewed = config.MaxUnreviewed
	Data          = config.Data
	Listen        = config.Listen
	GRPC          = config.GRPC
	REST          = config.REST
	Admin         = config.Admin
	Bundles       = config.Bundles
	Peer          = config.Peer
	Machine       = config.Machine
	Warrants      = config.Warrants
	Issuer        = config.Issuer
	Service       = config.Service
	Organisation  = config.Organisation
	Person        = config.Person
	Relative      = config.Relative
	Limits        = config.Limits
	Timeouts      = config.Timeouts
	Tracing       = config.Tracing
	Log           = config.Log
	Addresses     = config.Addresses
)

// DefaultPolicy names the policy pack that is built in.
const DefaultPolicy = config.DefaultPolicy

// Defaults are the values of what a configuration may leave out.
func Defaults() Config { return config.Defaults() }

// LoadConfig reads a configuration file strictly and reports everything that is wrong with it at once.
func LoadConfig(path string) (Config, error) {
	c, err := config.Load(path)
	if len(c.Issuers) > 0 {
		err = errors.Join(err, authn.CheckIssuers(issuers(c), c.Demo))
	}
	return c, err
}

// SampleConfig is a configuration file to start from, each line explained.
func SampleConfig() string { return config.Sample() }

// Check says whether a gateway could start with the configuration: its files are read and its policy compiled, and nothing is opened
// or listened on.
func Check(ctx context.Context, c Config) error {
	_, err := load(ctx, c)
	return err
}

// closing is how long requests in flight and traces on their way have when the gateway ends.
const closing = 15 * time.Second

// Run runs a gateway until ctx ends. It returns nil when it ended because it was told to.
func Run(ctx context.Context, c Config) (err error) {
	with, err := load(ctx, c)
	if err != nil {
		return err
	}
	on, err := listen(c.Listen)
	if err != nil {
		return fmt.Errorf("gateway: listening: %w", err)
	}
	defer func() { err = errors.Join(err, closeAll(on)) }()
	parts, err := assemble(ctx, c, with)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		err = errors.Join(err, parts.close(ctx))
	}()
	if err := parts.exchange.Resume(ctx); err != nil {
		return fmt.Errorf("gateway: going on with unfinished requests: %w", err)
	}
	on.announce(ctx, c, with.log)
	return parts.run(ctx, on)
}
