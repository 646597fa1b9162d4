package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
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
		"data/database": c.Data.Database, "data/keys": c.Data.Keys, "data/hub_key": c.Data.HubKey,
		"listen/grpc/address": c.Listen.GRPC.Address, "listen/rest/address": c.Listen.REST.Address, "listen/admin/address": c.Listen.Admin.Address,
	})
	c.checkHubs(&p)
	c.checkListeners(&p)
	c.checkBundles(&p)
	c.checkIssuers(&p)
	c.checkServices(&p)
	c.checkNumbers(&p)
	if !c.Demo {
		c.refuseDemo(&p)
	}
	return p.err()
}

// hubPattern is what resource names and certificates can carry.
var hubPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)

func (c Config) checkHubs(p *problems) {
	if len(c.Hubs) == 0 {
		p.add("hubs", "are empty: nobody would be served")
	}
	ids, keys := map[string]bool{}, map[string]bool{}
	for i, hub := range c.Hubs {
		key := fmt.Sprintf("hubs/%d/", i)
		p.needed(map[string]string{
			key + "machine/certificate": hub.Machine.Certificate, key + "machine/key": hub.Machine.Key, key + "machine/authority": hub.Machine.Authority,
			key + "warrants/key_id": hub.Warrants.KeyID, key + "warrants/key": hub.Warrants.Key, key + "warrants/algorithm": hub.Warrants.Algorithm,
		})
		if !hubPattern.MatchString(hub.ID) {
			p.add(key+"id", "must be lower-case letters, digits and dashes, and begin with a letter")
		}
		if ids[hub.ID] {
			p.add(key+"id", "stands twice")
		}
		// An organisation knows a hub by the key of its warrants: with one key for two hubs, either could ask in the other's name.
		if keys[hub.Warrants.KeyID] && hub.Warrants.KeyID != "" {
			p.add(key+"warrants/key_id", "is another hub's")
		}
		ids[hub.ID], keys[hub.Warrants.KeyID] = true, true
		c.checkPeople(p, key, hub)
		hub.Policy.check(p, key+"policy/", c.Demo)
		checkOrganisations(p, key, hub)
	}
	c.checkTokens(p)
}

// checkTokens refuses one sign-in for people of two hubs: nobody could tell in which of them it speaks.
func (c Config) checkTokens(p *problems) {
	of := map[[2]string]string{}
	for i, hub := range c.Hubs {
		for j, each := range hub.People {
			token := [2]string{each.Issuer, each.Subject}
			if other, taken := of[token]; taken && other != hub.ID {
				p.add(fmt.Sprintf("hubs/%d/directory/people/%d/subject", i, j), "is of a person of another hub too")
			}
			of[token] = hub.ID
		}
	}
}

// hubIDs are the ids of the hubs that are served.
func (c Config) hubIDs() []string {
	ids := make([]string, 0, len(c.Hubs))
	for _, hub := range c.Hubs {
		ids = append(ids, hub.ID)
	}
	return ids
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

func (c Config) checkIssuers(p *problems) {
	if len(c.Issuers) == 0 {
		p.add("issuers", "are empty: nobody could sign in")
	}
	for i, issuer := range c.Issuers {
		key := fmt.Sprintf("issuers/%d", i)
		p.needed(map[string]string{
			key + "/url": issuer.URL, key + "/audience": issuer.Audience, key + "/algorithms": strings.Join(issuer.Algorithms, ""),
		})
		c.checkBound(p, key+"/hubs", issuer.Hubs)
	}
}

// checkBound holds a list of hubs that somebody may speak in to those that are served: none or an unknown one is a mistake.
func (c Config) checkBound(p *problems, key string, hubs []string) {
	if len(hubs) == 0 {
		p.add(key, "is empty")
	}
	for _, hub := range hubs {
		if !slices.Contains(c.hubIDs(), hub) {
			p.add(key, "names a hub that is not served here")
		}
	}
}

func (c Config) checkServices(p *problems) {
	names := map[string]bool{}
	for i, each := range c.Services {
		key := fmt.Sprintf("services/%d", i)
		p.needed(map[string]string{key + "/name": each.Name})
		if names[each.Name] {
			p.add(key+"/name", "stands twice")
		}
		names[each.Name] = true
		c.checkBound(p, key+"/hubs", each.Hubs)
	}
}

func (l Policy) check(p *problems, of string, demo bool) {
	if l.Pack == "" && l.Follow == "" {
		p.add(of+"pack", "is empty, and no publisher is followed: nothing could decide")
	}
	if len(l.Keys) == 0 && (l.Follow != "" || l.Pack != "" && l.Pack != DefaultPolicy) {
		p.add(of+"keys", "are empty: no bundle could be verified")
	}
	if (len(l.Publishers) == 0) != (l.Follow == "") {
		p.add(of+"publishers", "and follow go together")
	}
	if l.Follow != "" && l.Poll <= 0 {
		p.add(of+"poll", "must be positive")
	}
	if scheme, _, ok := strings.Cut(l.Follow, "://"); ok && scheme != "https" && !demo {
		p.add(of+"follow", "is neither a folder nor HTTPS")
	}
	if !l.MaxUnreviewed.fits() {
		p.add(of+"max_unreviewed", "must not be negative, and warn before it refuses")
	}
}

func (m MaxUnreviewed) fits() bool {
	return m.Warn >= 0 && m.Refuse >= 0 && (m.Refuse == 0 || m.Warn <= m.Refuse)
}

func (c Config) checkBundles(p *problems) {
	on := c.Listen.Bundles
	if on.Address == "" {
		return
	}
	p.needed(map[string]string{
		"listen/bundles/certificate": on.Certificate, "listen/bundles/key": on.Key, "listen/bundles/client_authority": on.ClientAuthority,
	})
	if len(on.Peers) == 0 {
		p.add("listen/bundles/peers", "are empty: nobody could fetch anything")
	}
	for i, each := range on.Peers {
		key := fmt.Sprintf("listen/bundles/peers/%d/", i)
		p.needed(map[string]string{key + "san": each.SAN})
		c.checkBound(p, key+"hubs", each.Hubs)
		for j, hub := range c.Hubs {
			if slices.Contains(each.Hubs, hub.ID) && hub.Warrants.Algorithm != statementAlgorithm {
				p.add(fmt.Sprintf("hubs/%d/warrants/algorithm", j), "must be "+statementAlgorithm+": the statements of what is in force are signed with the key")
			}
		}
	}
}

// statementAlgorithm is the one that signs policy.
const statementAlgorithm = "ES256"

func (c Config) checkPeople(p *problems, of string, hub Hub) {
	if hub.Directory == "" && len(hub.People) == 0 {
		p.add(of+"directory", "is empty: nobody would be known")
	}
	ids := map[string]bool{}
	for i, each := range hub.People {
		key := fmt.Sprintf("%sdirectory/people/%d", of, i)
		p.needed(map[string]string{key + "/id": each.ID, key + "/role": each.Role, key + "/agency": each.Agency, key + "/subject": each.Subject})
		if !slices.ContainsFunc(c.Issuers, func(i Issuer) bool { return i.URL == each.Issuer && slices.Contains(i.Hubs, hub.ID) }) {
			p.add(key+"/issuer", "is not one of the hub's issuers")
		}
		if ids[each.ID] {
			p.add(key+"/id", "stands twice")
		}
		ids[each.ID] = true
	}
}

func checkOrganisations(p *problems, of string, hub Hub) {
	ids := map[string]bool{}
	for i, each := range hub.Organisations {
		key := fmt.Sprintf("%sorganisations/%d", of, i)
		p.needed(map[string]string{key + "/id": each.ID, key + "/address": each.Address})
		if ids[each.ID] {
			p.add(key+"/id", "stands twice")
		}
		ids[each.ID] = true
	}
}

// CheckWords holds codes to the policy in force: roles and organisations that it does not know would never be let through.
func (h Hub) CheckWords(words *policy.Vocabulary) error {
	var p problems
	if words.Hub.Code != h.ID {
		p.add("policy", "is of another hub")
	}
	for i, each := range h.People {
		if _, ok := words.Roles[each.Role]; !ok {
			p.add(fmt.Sprintf("directory/people/%d/role", i), "is not a role of the policy")
		}
	}
	for i, each := range h.Organisations {
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
	for i, hub := range c.Hubs {
		if strings.HasPrefix(strings.ToUpper(hub.Warrants.KeyID), demoFile) {
			p.add(fmt.Sprintf("hubs/%d/warrants/key_id", i), "is of a key that a demo made")
		}
		for key, files := range map[string]map[string]string{"keys": hub.Policy.Keys, "publishers": hub.Policy.Publishers} {
			for id := range files {
				if strings.HasPrefix(strings.ToUpper(id), demoFile) {
					p.add(fmt.Sprintf("hubs/%d/policy/%s/%s", i, key, id), "is a key that a demo made")
				}
			}
		}
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
