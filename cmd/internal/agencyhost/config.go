package agencyhost

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/internal/clock"
)

// Config is what one agency process is told. A relative path is relative to where the process runs.
type Config struct {
	// Organisation is the id in the certificate ("police"); Hub the hub whose gateway it answers.
	Organisation string `yaml:"organisation"`
	Hub          string `yaml:"hub"`
	// Listen is the address, host:port.
	Listen string `yaml:"listen"`
	// Data is the folder of the agency's own store and journal.
	Data string `yaml:"data"`
	// KeepDecisions is how long the journal keeps what was decided on ("9600h").
	KeepDecisions time.Duration `yaml:"keep_decisions"`
	// Policy is the folder of the organisation's own policy pack; empty takes the one that is built in for the adapter.
	Policy string `yaml:"policy,omitempty"`
	// Extract is loaded into the store at start, in place of what it held; empty keeps what it holds.
	Extract string `yaml:"extract,omitempty"`
	// Custodian serves mapped files in place of a store.
	Custodian Custodian `yaml:"custodian,omitempty"`
	// Certificate, Key and Authority are PEM files for mutual TLS.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	Authority   string `yaml:"authority"`
	// WarrantKeys are the public keys with which the gateway signs warrants, by id.
	WarrantKeys []WarrantKey `yaml:"warrant_keys"`
	// Tracing says where spans go; nowhere when left out.
	Tracing Tracing `yaml:"tracing,omitempty"`
	// Clock is set in code only; nil is the machine's.
	Clock clock.Clock `yaml:"-"`
}

// Custodian names the files of a file-backed agency.
type Custodian struct {
	// File is the custodian's file.
	File string `yaml:"file"`
	// Mapping says which path of a payload is which field of which category; empty takes the one built in for the file's type.
	Mapping string `yaml:"mapping,omitempty"`
}

// Tracing names an OTLP collector, and the share of traces kept where the gateway has not decided.
type Tracing struct {
	Endpoint string  `yaml:"endpoint"`
	Sample   float64 `yaml:"sample"`
}

// WarrantKey is one public key (PEM) with its id and algorithm (EdDSA or ES256).
type WarrantKey struct {
	ID        string `yaml:"id"`
	Algorithm string `yaml:"algorithm"`
	File      string `yaml:"file"`
}

// Load reads a configuration strictly: an unknown key is an error that names it.
func Load(path string) (Config, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("reading the agency's configuration: %w", err)
	}
	var c Config
	dec := yaml.NewDecoder(bytes.NewReader(source))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, c.Check()
}

// Check reports everything that is left out, all at once.
func (c Config) Check() error {
	var errs []error
	need := map[string]string{
		"organisation": c.Organisation, "hub": c.Hub, "listen": c.Listen, "data": c.Data,
		"certificate": c.Certificate, "key": c.Key, "authority": c.Authority,
	}
	for _, key := range []string{"organisation", "hub", "listen", "data", "certificate", "key", "authority"} {
		if need[key] == "" {
			errs = append(errs, fmt.Errorf("%s is empty", key))
		}
	}
	if c.KeepDecisions <= 0 {
		errs = append(errs, errors.New("keep_decisions is not a time, as in 9600h"))
	}
	if len(c.WarrantKeys) == 0 {
		errs = append(errs, errors.New("warrant_keys is empty: no warrant could be verified"))
	}
	for i, k := range c.WarrantKeys {
		if k.ID == "" || k.Algorithm == "" || k.File == "" {
			errs = append(errs, fmt.Errorf("warrant_keys[%d] needs id, algorithm and file", i))
		}
	}
	if c.Custodian.Mapping != "" && c.Custodian.File == "" {
		errs = append(errs, errors.New("custodian.file is empty"))
	}
	return errors.Join(errs...)
}

// Write writes a configuration as Load reads it, for its owner only.
func (c Config) Write(path string) error {
	out, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing the agency's configuration: %w", err)
	}
	return os.WriteFile(path, out, 0o600)
}
