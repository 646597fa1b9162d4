// Package config reads the gateway's one file of configuration, strictly: an unknown key, a value of the wrong kind and an empty
// security field are errors, and all errors are reported together. What only the demo may do is not in the file at all: no file can
// turn a gateway into a demo.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"

	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/seal"
)

// Config is everything a gateway is told. sample.yaml explains each line.
type Config struct {
	Hubs     []Hub     `koanf:"hubs"`
	Data     Data      `koanf:"data"`
	Listen   Listen    `koanf:"listen"`
	Issuers  []Issuer  `koanf:"issuers"`
	Services []Service `koanf:"services"`
	Limits   Limits    `koanf:"limits"`
	Timeouts Timeouts  `koanf:"timeouts"`
	Tracing  Tracing   `koanf:"tracing"`
	Log      Log       `koanf:"log"`

	// The following are not in the file.

	// Demo lets loopback issuers, plain HTTP and keys marked DEMO in. Only the demo command sets it.
	Demo bool `koanf:"-"`
	// Vault seals person data in place of the key folder's. Only a demo may have one: with a vault that seals nothing, a test shows that
	// it would find what it looks for.
	Vault *seal.Vault `koanf:"-"`
	// Ready is called once, when the gateway listens; nil is not called.
	Ready func(Addresses) `koanf:"-"`
	// Clock and Logger are the machine's clock and a logger to standard error where they are nil.
	Clock  clock.Clock  `koanf:"-"`
	Logger *slog.Logger `koanf:"-"`
}

// Hub is one of the hubs that the gateway serves. Hubs share a process and a database and nothing else: each has its own identity
// towards organisations, its own people, partners and policy.
type Hub struct {
	ID            string         `koanf:"id"`
	Machine       Machine        `koanf:"machine"`
	Warrants      Warrants       `koanf:"warrants"`
	Directory     string         `koanf:"directory"`
	Organisations []Organisation `koanf:"organisations"`
	Policy        Policy         `koanf:"policy"`

	// People are put into the directory beside those of the directory file. Not in the file.
	People []Person `koanf:"-"`
}

// Policy is how a hub comes by its policy. What may come into force is said here and by people's decisions; no call can add a key.
type Policy struct {
	// Pack is what the hub starts with: DefaultPolicy, or the file of a signed bundle. Empty where Follow alone gives packs.
	Pack string `koanf:"pack"`
	// Keys are the public keys (PEM) that bundles are verified with, by key id.
	Keys map[string]string `koanf:"keys"`
	// Follow is the folder or the HTTPS address where a publisher says what is in force; empty follows nobody.
	Follow string `koanf:"follow"`
	// Publishers are the public keys that the publisher's statements are verified with, by key id.
	Publishers map[string]string `koanf:"publishers"`
	// Poll is how often the publisher is looked at.
	Poll time.Duration `koanf:"poll"`
	// MaxUnreviewed is how long after its last review a pack is warned about, and refused.
	MaxUnreviewed MaxUnreviewed `koanf:"max_unreviewed"`
}

// MaxUnreviewed bounds the age of a pack's last review; zero is no bound.
type MaxUnreviewed struct {
	Warn   time.Duration `koanf:"warn"`
	Refuse time.Duration `koanf:"refuse"`
}

// Data is where things are kept.
type Data struct {
	// Database is the file of the embedded store.
	Database string `koanf:"database"`
	// Keys is the folder of wrapped data keys: apart from the database and outside its backups.
	Keys string `koanf:"keys"`
	// HubKey is the file of the key that wraps them: 32 random bytes in base64.
	HubKey string `koanf:"hub_key"`
}

// Listen is where the gateway listens.
type Listen struct {
	GRPC    GRPC    `koanf:"grpc"`
	REST    REST    `koanf:"rest"`
	Admin   Admin   `koanf:"admin"`
	Bundles Bundles `koanf:"bundles"`
}

// Bundles is the listener from which named machines fetch the policies in force, over mutual TLS; without an address there is none.
type Bundles struct {
	Address     string `koanf:"address"`
	Certificate string `koanf:"certificate"`
	Key         string `koanf:"key"`
	// ClientAuthority signs the certificates of the peers.
	ClientAuthority string `koanf:"client_authority"`
	Peers           []Peer `koanf:"peers"`
}

// Peer is a machine that may fetch the policies of some hubs.
type Peer struct {
	// SAN is the URI in its certificate.
	SAN  string   `koanf:"san"`
	Hubs []string `koanf:"hubs"`
}

// GRPC is the listener for gRPC over TLS.
type GRPC struct {
	Address     string `koanf:"address"`
	Certificate string `koanf:"certificate"`
	Key         string `koanf:"key"`
	// ClientAuthority signs the certificates of services that call; empty where none does.
	ClientAuthority string `koanf:"client_authority"`
}

// REST is the listener for HTTPS.
type REST struct {
	Address     string `koanf:"address"`
	Certificate string `koanf:"certificate"`
	Key         string `koanf:"key"`
	// Hosts are the host names it answers for.
	Hosts []string `koanf:"hosts"`
}

// Admin is the listener for health, metrics and profiles.
type Admin struct {
	Address string `koanf:"address"`
}

// Machine is the gateway's identity towards the hub's organisations (mashgate://gateway/<hub>).
type Machine struct {
	Certificate string `koanf:"certificate"`
	Key         string `koanf:"key"`
	Authority   string `koanf:"authority"`
}

// Warrants is the key that permits are signed with; organisations know its public half by the key id.
type Warrants struct {
	KeyID     string `koanf:"key_id"`
	Algorithm string `koanf:"algorithm"`
	Key       string `koanf:"key"`
}

// Issuer is an OpenID Connect provider that signs people of the hub in.
type Issuer struct {
	URL        string   `koanf:"url"`
	Audience   string   `koanf:"audience"`
	Algorithms []string `koanf:"algorithms"`
	Hubs       []string `koanf:"hubs"`
}

// Service is a machine of the hub's side that may call with a certificate.
type Service struct {
	// Name is the one in the certificate; Hubs are those it may speak in.
	Name string   `koanf:"name"`
	Hubs []string `koanf:"hubs"`
}

// Organisation is a partner that can be dialled. What it holds is policy data.
type Organisation struct {
	ID      string `koanf:"id"`
	Address string `koanf:"address"`
}

// Limits bound what one caller can take.
type Limits struct {
	CallsPerSecond float64 `koanf:"calls_per_second"`
	Burst          int     `koanf:"burst"`
	BodyBytes      int64   `koanf:"body_bytes"`
}

// Timeouts bound what organisations may take.
type Timeouts struct {
	Locate  time.Duration `koanf:"locate"`
	Collect time.Duration `koanf:"collect"`
	// Leg is how long an organisation is tried again, after a restart for instance.
	Leg time.Duration `koanf:"leg"`
}

// Tracing is where traces go; without an endpoint none are kept.
type Tracing struct {
	Endpoint string  `koanf:"endpoint"`
	Sample   float64 `koanf:"sample"`
}

// Log is what is logged.
type Log struct {
	Level slog.Level `koanf:"level"`
}

// Addresses are where a gateway listens, once it does.
type Addresses struct {
	GRPC, REST, Admin string
	// Bundles is empty where policies are not published.
	Bundles string
}

// DefaultPoll is how often a publisher of policy is looked at where nothing else is said.
const DefaultPoll = 30 * time.Second

// Defaults are the values of what may be left out. Nothing that security rests on is among them.
func Defaults() Config {
	return Config{
		Limits:   Limits{CallsPerSecond: 20, Burst: 100, BodyBytes: 1 << 20},
		Timeouts: Timeouts{Locate: 10 * time.Second, Collect: time.Minute, Leg: 15 * time.Minute},
		Tracing:  Tracing{Sample: 1},
	}
}

// Load reads a file and checks it.
func Load(path string) (Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		return Config{}, err
	}
	for i, hub := range c.Hubs {
		if hub.Directory == "" {
			continue
		}
		if c.Hubs[i].People, err = loadPeople(hub.Directory); err != nil {
			return Config{}, err
		}
	}
	return c, c.Check()
}

// Parse reads a configuration; Check says whether a gateway can start with it.
func Parse(data []byte) (Config, error) {
	c := Defaults()
	if err := strictly(data, &c); err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	for i := range c.Hubs {
		if c.Hubs[i].Policy.Poll == 0 {
			c.Hubs[i].Policy.Poll = DefaultPoll
		}
	}
	return c, nil
}

// strictly decodes YAML into a struct. A key that the struct does not have is an error, and so is a value of another kind.
func strictly(data []byte, into any) error {
	k := koanf.New("/")
	if err := k.Load(rawbytes.Provider(data), yaml.Parser()); err != nil {
		return err
	}
	return k.UnmarshalWithConf("", into, koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
		Result: into, TagName: "koanf", ErrorUnused: true, WeaklyTypedInput: false, ZeroFields: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(durationHasUnit, mapstructure.StringToTimeDurationHookFunc(), mapstructure.TextUnmarshallerHookFunc()),
	}})
}

// durationHasUnit refuses a bare number: it would be nanoseconds.
func durationHasUnit(from, to reflect.Type, value any) (any, error) {
	if to == reflect.TypeFor[time.Duration]() && from.Kind() != reflect.String {
		return nil, errors.New("a duration needs a unit, as in 10s")
	}
	return value, nil
}
