package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/mashgate/mashgate/gateway/internal/config"
	"github.com/mashgate/mashgate/gateway/internal/server"
)

// listeners are where the gateway listens; Bundles is nil where policies are not published.
type listeners struct {
	server.Listeners
	bundles net.Listener
}

func (on listeners) announce(ctx context.Context, c Config, log *slog.Logger) {
	at := Addresses{GRPC: on.GRPC.Addr().String(), REST: on.REST.Addr().String(), Admin: on.Admin.Addr().String()}
	if on.bundles != nil {
		at.Bundles = on.bundles.Addr().String()
	}
	log.InfoContext(ctx, "listening", "grpc", at.GRPC, "rest", at.REST, "admin", at.Admin, "bundles", at.Bundles)
	if c.Ready != nil {
		c.Ready(at)
	}
}

func listen(at config.Listen) (listeners, error) {
	var on listeners
	var problems []error
	for _, each := range []struct {
		address string
		into    *net.Listener
	}{{at.GRPC.Address, &on.GRPC}, {at.REST.Address, &on.REST}, {at.Admin.Address, &on.Admin}, {at.Bundles.Address, &on.bundles}} {
		if each.address == "" {
			continue // Config.Check lets only the listener of bundles be without
		}
		listener, err := net.Listen("tcp", each.address)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		*each.into = listener
	}
	if err := errors.Join(problems...); err != nil {
		return on, errors.Join(err, closeAll(on))
	}
	return on, nil
}

// closeAll closes what is still open; what the server has closed already is no error.
func closeAll(on listeners) error {
	var problems []error
	for _, listener := range []net.Listener{on.GRPC, on.REST, on.Admin, on.bundles} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
