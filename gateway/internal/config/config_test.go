package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/internal/seal"
)

// sampleConfig is the sample as it would be with its directory file read.
func sampleConfig(t *testing.T) Config {
	t.Helper()
	c, err := Parse([]byte(Sample()))
	if err != nil {
		t.Fatalf("the sample cannot be read: %v", err)
	}
	c.Hubs[0].People = []Person{{
		ID: "jsmith", Role: "social_worker", Agency: "children_services", Issuer: c.Issuers[0].URL, Subject: "1",
	}}
	return c
}

func TestTheSampleIsValid(t *testing.T) {
	c := sampleConfig(t)
	if err := c.Check(); err != nil {
		t.Errorf("the sample is refused: %v", err)
	}
	defaults := Defaults()
	if diff := cmp.Diff(defaults.Limits, c.Limits); diff != "" {
		t.Errorf("the sample calls its limits the defaults, and they differ:\n%s", diff)
	}
	if diff := cmp.Diff(defaults.Timeouts, c.Timeouts); diff != "" {
		t.Errorf("the sample calls its timeouts the defaults, and they differ:\n%s", diff)
	}
}

// TestTheSampleExplainsEveryKey holds the sample to the struct: a new key needs its line.
func TestTheSampleExplainsEveryKey(t *testing.T) {
	var walk func(of reflect.Type)
	walk = func(of reflect.Type) {
		for field := range of.Fields() {
			key := field.Tag.Get("koanf")
			if key == "-" {
				continue
			}
			if !strings.Contains(Sample(), key+":") {
				t.Errorf("the sample says nothing about %q", key)
			}
			kind := field.Type
			if kind.Kind() == reflect.Slice {
				kind = kind.Elem()
			}
			if kind.Kind() == reflect.Struct && kind.PkgPath() == of.PkgPath() {
				walk(kind)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestWhatIsLeftOutTakesItsDefault(t *testing.T) {
	c, err := Parse([]byte("hubs: [{id: coventry}]\ntimeouts: {locate: 3s}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Timeouts{Locate: 3 * time.Second, Collect: time.Minute, Leg: 15 * time.Minute}); c.Timeouts != want {
		t.Errorf("timeouts %v, want %v", c.Timeouts, want)
	}
}

func TestUnreadableConfigurations(t *testing.T) {
	for name, c := range map[string]struct{ yaml, says string }{
		"unknown key":               {"hubs: []\nhubb: x\n", "hubb"},
		"unknown key below":         {"listen: {grpc: {addr: x}}\n", "addr"},
		"unknown key in list":       {"issuers: [{url: x, audiance: y}]\n", "audiance"},
		"demo from a file":          {"demo: true\n", "demo"},
		"Demo from a file":          {"Demo: true\n", "Demo"},
		"people from the file":      {"hubs: [{people: [{id: x}]}]\n", "people"},
		"a number for a text":       {"hubs: [{id: 7}]\n", "id"},
		"a text for a number":       {"limits: {burst: many}\n", "burst"},
		"a list for a map":          {"data: [a]\n", "data"},
		"a duration without a unit": {"timeouts: {locate: 10}\n", "locate"},
		"no level":                  {"log: {level: loud}\n", "loud"},
		"no YAML":                   {"hubs: [\n", "yaml"},
		"a key twice":               {"hubs: []\nhubs: []\n", "hubs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.yaml))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

// TestEverySecurityFieldIsNeeded empties one field after another.
func TestEverySecurityFieldIsNeeded(t *testing.T) {
	for key, empty := range map[string]func(*Config){
		"hubs":                              func(c *Config) { c.Hubs = nil },
		"hubs/0/id":                         func(c *Config) { c.Hubs[0].ID = "" },
		"hubs/1/id":                         func(c *Config) { c.Hubs = append(c.Hubs, c.Hubs[0]) },
		"hubs/1/warrants/key_id":            func(c *Config) { c.Hubs = append(c.Hubs, c.Hubs[0]); c.Hubs[1].ID = "leeds" },
		"hubs/1/directory/people/0/subject": func(c *Config) { c.Hubs = append(c.Hubs, c.Hubs[0]); c.Hubs[1].ID = "leeds" },
		"issuers/1/hubs": func(c *Config) {
			c.Issuers = append(c.Issuers, c.Issuers[0])
			c.Issuers[1].Hubs = []string{"leeds"}
		},
		"services/0/hubs":                 func(c *Config) { c.Services[0].Hubs = nil },
		"services/0/name":                 func(c *Config) { c.Services[0].Name = "" },
		"hubs/0/policy/pack":              func(c *Config) { c.Hubs[0].Policy.Pack = "" },
		"hubs/0/policy/keys":              func(c *Config) { c.Hubs[0].Policy.Pack, c.Hubs[0].Policy.Keys = "/etc/x.tar.gz", nil },
		"hubs/0/policy/publishers":        func(c *Config) { c.Hubs[0].Policy.Follow = "/srv/policy" },
		"hubs/0/policy/poll":              func(c *Config) { c.Hubs[0].Policy.Follow, c.Hubs[0].Policy.Poll = "/srv/policy", 0 },
		"hubs/0/policy/follow":            func(c *Config) { c.Hubs[0].Policy.Follow = "http://gateway.example" },
		"hubs/0/policy/max_unreviewed":    func(c *Config) { c.Hubs[0].Policy.MaxUnreviewed.Refuse = time.Hour },
		"listen/bundles/certificate":      func(c *Config) { c.Listen.Bundles.Address = ":8444" },
		"listen/bundles/client_authority": func(c *Config) { c.Listen.Bundles.Address = ":8444" },
		"listen/bundles/peers":            func(c *Config) { c.Listen.Bundles.Address = ":8444" },
		"listen/bundles/peers/0/hubs": func(c *Config) {
			c.Listen.Bundles.Address, c.Listen.Bundles.Peers = ":8444", []Peer{{SAN: "x", Hubs: []string{"leeds"}}}
		},
		"hubs/0/warrants/algorithm": func(c *Config) {
			c.Listen.Bundles.Address, c.Listen.Bundles.Peers = ":8444", []Peer{{SAN: "x", Hubs: []string{"coventry"}}}
		},
		"data/database":                     func(c *Config) { c.Data.Database = "" },
		"data/keys":                         func(c *Config) { c.Data.Keys = "" },
		"data/hub_key":                      func(c *Config) { c.Data.HubKey = "" },
		"listen/grpc/address":               func(c *Config) { c.Listen.GRPC.Address = "" },
		"listen/grpc/certificate":           func(c *Config) { c.Listen.GRPC.Certificate = "" },
		"listen/grpc/key":                   func(c *Config) { c.Listen.GRPC.Key = "" },
		"listen/grpc/client_authority":      func(c *Config) { c.Listen.GRPC.ClientAuthority = "" },
		"listen/rest/address":               func(c *Config) { c.Listen.REST.Address = "" },
		"listen/rest/certificate":           func(c *Config) { c.Listen.REST.Certificate = "" },
		"listen/rest/key":                   func(c *Config) { c.Listen.REST.Key = "" },
		"listen/admin/address":              func(c *Config) { c.Listen.Admin.Address = "" },
		"hubs/0/machine/certificate":        func(c *Config) { c.Hubs[0].Machine.Certificate = "" },
		"hubs/0/machine/key":                func(c *Config) { c.Hubs[0].Machine.Key = "" },
		"hubs/0/machine/authority":          func(c *Config) { c.Hubs[0].Machine.Authority = "" },
		"hubs/0/warrants/key_id":            func(c *Config) { c.Hubs[0].Warrants.KeyID = "" },
		"hubs/0/warrants/key":               func(c *Config) { c.Hubs[0].Warrants.Key = "" },
		"issuers":                           func(c *Config) { c.Issuers = nil },
		"issuers/0/url":                     func(c *Config) { c.Issuers[0].URL = "" },
		"issuers/0/audience":                func(c *Config) { c.Issuers[0].Audience = "" },
		"issuers/0/algorithms":              func(c *Config) { c.Issuers[0].Algorithms = nil },
		"issuers/0/hubs":                    func(c *Config) { c.Issuers[0].Hubs = nil },
		"hubs/0/directory":                  func(c *Config) { c.Hubs[0].Directory, c.Hubs[0].People = "", nil },
		"hubs/0/directory/people/0/issuer":  func(c *Config) { c.Hubs[0].People[0].Issuer = "https://elsewhere.example" },
		"hubs/0/directory/people/0/role":    func(c *Config) { c.Hubs[0].People[0].Role = "" },
		"hubs/0/directory/people/0/subject": func(c *Config) { c.Hubs[0].People[0].Subject = "" },
		"hubs/0/directory/people/1/id":      func(c *Config) { c.Hubs[0].People = append(c.Hubs[0].People, c.Hubs[0].People[0]) },
		"hubs/0/organisations/0/address":    func(c *Config) { c.Hubs[0].Organisations[0].Address = "" },
		"hubs/0/organisations/2/id":         func(c *Config) { c.Hubs[0].Organisations = append(c.Hubs[0].Organisations, c.Hubs[0].Organisations[0]) },
		"limits/calls_per_second":           func(c *Config) { c.Limits.CallsPerSecond = 0 },
		"limits/burst":                      func(c *Config) { c.Limits.Burst = -1 },
		"limits/body_bytes":                 func(c *Config) { c.Limits.BodyBytes = 0 },
		"timeouts/locate":                   func(c *Config) { c.Timeouts.Locate = 0 },
		"timeouts/collect":                  func(c *Config) { c.Timeouts.Collect = 0 },
		"timeouts/leg":                      func(c *Config) { c.Timeouts.Leg = 0 },
		"tracing/sample":                    func(c *Config) { c.Tracing.Sample = 2 },
	} {
		t.Run(key, func(t *testing.T) {
			c := sampleConfig(t)
			empty(&c)
			err := c.Check()
			if err == nil || !strings.Contains(err.Error(), key+": ") {
				t.Errorf("error %v, want one about %s", err, key)
			}
		})
	}
}

func TestAllProblemsAreToldTogether(t *testing.T) {
	err := Config{}.Check()
	if err == nil {
		t.Fatal("an empty configuration is accepted")
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines < 15 {
		t.Errorf("%d problems are told of an empty configuration:\n%v", lines, err)
	}
}

func TestTheAdminPortStaysOnThisMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:9090", ":9090", "10.0.0.1:9090", "mash.example.gov.uk:9090"} {
		c := sampleConfig(t)
		c.Listen.Admin.Address = address
		if err := c.Check(); err == nil {
			t.Errorf("%s is accepted", address)
		}
	}
}

func TestADemoListensOnLoopbackOnly(t *testing.T) {
	c := sampleConfig(t)
	c.Demo = true
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "listen/rest/address") {
		t.Errorf("error %v, want one about listen/rest/address", err)
	}
	c.Listen = Listen{GRPC: GRPC{Address: "127.0.0.1:0"}, REST: REST{Address: "localhost:0"}, Admin: Admin{Address: "[::1]:0"}}
	if err := c.Check(); err != nil {
		t.Errorf("a demo on loopback without TLS is refused: %v", err)
	}
}

func TestADemosPolicyKeysAreRefused(t *testing.T) {
	c := sampleConfig(t)
	for key, set := range map[string]func(map[string]string){
		"hubs/0/policy/keys/DEMO-1":       func(files map[string]string) { c.Hubs[0].Policy.Keys = files },
		"hubs/0/policy/publishers/DEMO-1": func(files map[string]string) { c.Hubs[0].Policy.Publishers = files },
	} {
		set(map[string]string{"DEMO-1": "policy.pem"})
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("error %v, want one about %s", err, key)
		}
	}
}

func TestADemosFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, demoFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := sampleConfig(t)
	c.Data.Keys = filepath.Join(dir, "gateway", "keys")
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "data/keys: is in a folder that a demo made") {
		t.Errorf("error %v", err)
	}
}

func TestADemosWarrantKeyIsRefused(t *testing.T) {
	c := sampleConfig(t)
	c.Hubs[0].Warrants.KeyID = "demo-1"
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "hubs/0/warrants/key_id: is of a key that a demo made") {
		t.Errorf("error %v", err)
	}
}

func TestAVaultOfItsOwnIsForADemo(t *testing.T) {
	c := Config{Vault: seal.NewPlainForTest(t)}
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "vault: is given") {
		t.Errorf("a gateway that seals nothing: %v", err)
	}
	c.Demo = true
	if err := c.Check(); err != nil && strings.Contains(err.Error(), "vault") {
		t.Errorf("a demo may: %v", err)
	}
	if _, err := Parse([]byte("vault: plain\n")); err == nil {
		t.Error("a file can set it")
	}
}

// FuzzParse: no file makes a demo, whatever it holds, and no file makes the reader panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Sample()))
	f.Add([]byte("hubs: []\nDemo: true\n"))
	f.Add([]byte("issuers: [{url: x, hubs: [a, 1]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err == nil && (c.Demo || slices.ContainsFunc(c.Hubs, func(h Hub) bool { return h.People != nil }) || c.Ready != nil || c.Clock != nil || c.Logger != nil) {
			t.Error("a file has set what no file may set")
		}
	})
}

func TestTheDirectoryFileIsNeverQuoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory.yaml")
	if err := os.WriteFile(path, []byte("people:\n  - {id: x, given_name: [Canary], family_nam: Whistle}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := loadPeople(path)
	if err == nil || strings.Contains(err.Error(), "Canary") || strings.Contains(err.Error(), "Whistle") {
		t.Errorf("error %v", err)
	}
	if printed := fmt.Sprintf("%+v %s", Config{Hubs: []Hub{{People: []Person{{GivenName: "Canary"}}}}}, Person{FamilyName: "Canary"}); strings.Contains(printed, "Canary") {
		t.Errorf("a person is printed: %s", printed)
	}
}
