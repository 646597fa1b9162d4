package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mashgate/mashgate/policy"
)

// DefaultPolicy names the pack that is built in.
const DefaultPolicy = "default"

// demoFile marks a folder that a demo made, and starts the ids of its keys.
const demoFile = "DEMO"

// problems gathers what is wrong, each with the key it stands at.
type problems []error

func (p *problems) add(key, what string) {
	*p = append(*p, errors.New(key+": "+what))
}

// err is every problem, in the order of the keys.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortFunc(p, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return fmt.Errorf("config: %w", errors.Join(p...))
}

// needed complains of everything that is empty.
func (p *problems) needed(values map[string]string) {
	for _, key := range sortedKeys(values) {
		if values[key] == "" {
			p.add(key, "is empty")
		}
	}
}

// Check says whether a gateway can start with it, and reports every problem at once. An empty security field is one: there is no
// default that would be safe.
func (c Config) Check() error {
	var p problems
	p.needed(map[string]string{
		"hub": c.Hub, "policy": c.Policy, "data/database": c.Data.Database, "data/keys": c.Data.Keys, "data/hub_key": c.Data.HubKey,
		"listen/grpc/address": c.Listen.GRPC.Address, "listen/rest/address": c.Listen.REST.Address, "listen/admin/address": c.Listen.Admin.Address,
		"machine/certificate": c.Machine.Certificate, "machine/key": c.Machine.Key, "machine/authority": c.Machine.Authority,
		"warrants/key_id": c.Warrants.KeyID, "warrants/key": c.Warrants.Key, "warrants/algorithm": c.Warrants.Algorithm,
	})
	c.checkListeners(&p)
	c.checkPeople(&p)
	c.checkOrganisations(&p)
	c.checkNumbers(&p)
	if !c.Demo {
		c.refuseDemo(&p)
	}
	return p.err()
}

func (c Config) checkListeners(p *problems) {
	if c.Listen.Admin.Address != "" && !loopbackAddress(c.Listen.Admin.Address) {
		p.add("listen/admin/address", "is not on this machine: it asks for no credential")
	}
	if c.Demo {
		for key, address := range map[string]string{"listen/grpc/address": c.Listen.GRPC.Address, "listen/rest/address": c.Listen.REST.Address} {
			if !loopbackAddress(address) {
				p.add(key, "is not on this machine: a demo listens on loopback only")
			}
		}
		return
	}
	p.needed(map[string]string{
		"listen/grpc/certificate": c.Listen.GRPC.Certificate, "listen/grpc/key": c.Listen.GRPC.Key,
		"listen/rest/certificate": c.Listen.REST.Certificate, "listen/rest/key": c.Listen.REST.Key,
	})
	if len(c.Services) > 0 && c.Listen.GRPC.ClientAuthority == "" {
		p.add("listen/grpc/client_authority", "is empty, and services are to call with certificates")
	}
}

func (c Config) checkPeople(p *problems) {
	if len(c.Issuers) == 0 {
		p.add("issuers", "are empty: nobody could sign in")
	}
	known := map[string]bool{}
	for i, issuer := range c.Issuers {
		key := fmt.Sprintf("issuers/%d", i)
		p.needed(map[string]string{
			key + "/url": issuer.URL, key + "/audience": issuer.Audience, key + "/algorithms": strings.Join(issuer.Algorithms, ""),
			key + "/hubs": strings.Join(issuer.Hubs, ""),
		})
		known[issuer.URL] = true
	}
	if c.Directory == "" && len(c.People) == 0 {
		p.add("directory", "is empty: nobody would be known")
	}
	ids := map[string]bool{}
	for i, each := range c.People {
		key := fmt.Sprintf("directory/people/%d", i)
		p.needed(map[string]string{key + "/id": each.ID, key + "/role": each.Role, key + "/agency": each.Agency, key + "/subject": each.Subject})
		if !known[each.Issuer] {
			p.add(key+"/issuer", "is not one of the issuers")
		}
		if ids[each.ID] {
			p.add(key+"/id", "stands twice")
		}
		ids[each.ID] = true
	}
}

func (c Config) checkOrganisations(p *problems) {
	ids := map[string]bool{}
	for i, each := range c.Organisations {
		key := fmt.Sprintf("organisations/%d", i)
		p.needed(map[string]string{key + "/id": each.ID, key + "/address": each.Address})
		if ids[each.ID] {
			p.add(key+"/id", "stands twice")
		}
		ids[each.ID] = true
	}
}

// CheckWords holds codes to the policy in force: roles and organisations that it does not know would never be let through.
func (c Config) CheckWords(words *policy.Vocabulary) error {
	var p problems
	if words.Hub.Code != c.Hub {
		p.add("hub", "the policy is of another hub")
	}
	for i, each := range c.People {
		if _, ok := words.Roles[each.Role]; !ok {
			p.add(fmt.Sprintf("directory/people/%d/role", i), "is not a role of the policy")
		}
	}
	for i, each := range c.Organisations {
		if !slices.ContainsFunc(words.Organisations, func(o policy.OrganisationEntry) bool { return o.ID == each.ID }) {
			p.add(fmt.Sprintf("organisations/%d/id", i), "is not an organisation of the policy")
		}
	}
	return p.err()
}

func (c Config) checkNumbers(p *problems) {
	for key, positive := range map[string]bool{
		"limits/calls_per_second": c.Limits.CallsPerSecond > 0, "limits/burst": c.Limits.Burst > 0, "limits/body_bytes": c.Limits.BodyBytes > 0,
		"timeouts/locate": c.Timeouts.Locate > 0, "timeouts/collect": c.Timeouts.Collect > 0, "timeouts/leg": c.Timeouts.Leg > 0,
	} {
		if !positive {
			p.add(key, "must be positive")
		}
	}
	if c.Tracing.Sample < 0 || c.Tracing.Sample > 1 {
		p.add("tracing/sample", "must be between 0 and 1")
	}
}

// refuseDemo keeps a gateway off what only a demo may have, and off a folder that a demo made: its keys are no secret.
func (c Config) refuseDemo(p *problems) {
	if c.Vault != nil {
		p.add("vault", "is given: only a demo may seal with another vault than its key folder's")
	}
	if strings.HasPrefix(strings.ToUpper(c.Warrants.KeyID), demoFile) {
		p.add("warrants/key_id", "is of a key that a demo made")
	}
	for key, path := range map[string]string{"data/database": c.Data.Database, "data/keys": c.Data.Keys, "data/hub_key": c.Data.HubKey} {
		for dir := path; dir != "" && dir != "." && dir != "/"; dir = filepath.Dir(dir) {
			if _, err := os.Stat(dir + "/" + demoFile); err == nil {
				p.add(key, "is in a folder that a demo made")
				break
			}
		}
	}
}

func loopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
