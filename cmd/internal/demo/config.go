package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/city"
)

// loopback lets the system choose a port on this machine.
const loopback = "127.0.0.1:0"

// config is the gateway's configuration: what a file would say, and the demo's own marks, which no file can set.
func (h *Hub) config(k keys, agencies map[string]string, o Options, log *slog.Logger) gateway.Config {
	c := gateway.Defaults()
	c.Data.Database = filepath.Join(h.dir, "gateway", "mashgate.db")
	c.Data.Keys, c.Data.HubKey = filepath.Join(h.dir, "gateway", "keys"), k.hubKey
	c.Listen.GRPC.Address, c.Listen.GRPC.Certificate, c.Listen.GRPC.Key = loopback, k.gateway.Certificate, k.gateway.Key
	c.Listen.REST.Address, c.Listen.REST.Certificate, c.Listen.REST.Key = loopback, k.gateway.Certificate, k.gateway.Key
	c.Listen.REST.Hosts = []string{"127.0.0.1", "localhost"}
	c.Listen.Admin.Address = loopback
	c.Issuers = []gateway.Issuer{{URL: h.issuer.url, Audience: audience, Algorithms: []string{"ES256"}, Hubs: []string{HubID}}}
	c.Tracing.Endpoint = o.Collector
	if o.History {
		c.Limits.CallsPerSecond, c.Limits.Burst = historyCalls, historyCalls
	}
	c.Demo, c.Logger, c.Clock = true, log, o.Clock
	c.Hubs = []gateway.Hub{h.hubConfig(k, agencies, o)}
	return c
}

func (h *Hub) hubConfig(k keys, agencies map[string]string, o Options) gateway.Hub {
	c := gateway.Hub{ID: HubID, People: h.people(o)}
	c.Policy.Pack, c.Policy.Keys = gateway.DefaultPolicy, map[string]string{k.policyID: k.policyPublic}
	c.Machine.Certificate, c.Machine.Key, c.Machine.Authority = k.gateway.Certificate, k.gateway.Key, k.gateway.Authority
	c.Warrants.KeyID, c.Warrants.Algorithm, c.Warrants.Key = k.warrantID, k.warrantAlgorithm, k.warrantKey
	for _, organisation := range city.Organisations() {
		c.Organisations = append(c.Organisations, gateway.Organisation{ID: organisation, Address: agencies[organisation]})
	}
	return c
}

func (h *Hub) people(o Options) []gateway.Person {
	var all []gateway.Person
	for _, p := range People() {
		all = append(all, gateway.Person{
			ID: p.ID, Role: p.Role, Agency: p.Agency, Subject: p.ID, GivenName: p.GivenName, FamilyName: p.FamilyName,
			DateOfBirth: "1980-01-01", Postcode: "ZZ99 9ZZ",
		})
	}
	all = append(all, o.People...)
	for i := range all {
		all[i].Issuer = h.issuer.url
	}
	return all
}

// writeProfiles writes, for each person, the profile that mashctl reads and a token that lives one hour.
func (h *Hub) writeProfiles(o Options) error {
	if err := os.MkdirAll(filepath.Join(h.dir, "profiles"), 0o700); err != nil {
		return fmt.Errorf("writing profiles: %w", err)
	}
	var errs []error
	for _, p := range h.people(o) {
		token, err := h.issuer.token(p.Subject)
		if err != nil {
			return err
		}
		profile, err := json.MarshalIndent(h.relativeProfile(p.ID), "", "  ")
		if err != nil {
			return fmt.Errorf("writing profiles: %w", err)
		}
		errs = append(errs,
			os.WriteFile(h.profileFile(p.ID, ".token"), []byte(token+"\n"), 0o600),
			os.WriteFile(h.profileFile(p.ID, ".json"), append(profile, '\n'), 0o600))
	}
	return errors.Join(errs...)
}

// relativeProfile is Profile as it stands in a file: paths are relative to it, so that the folder can be moved.
func (h *Hub) relativeProfile(person string) any {
	p := h.Profile(person)
	p.CAFile, p.TokenFile = filepath.Join("..", "authority.pem"), person+".token"
	return p
}
