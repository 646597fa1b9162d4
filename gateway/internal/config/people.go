package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mashgate/mashgate/internal/person"
)

// Person is somebody the hub's administration puts into the directory.
type Person struct {
	ID     string `koanf:"id"`
	Role   string `koanf:"role"`
	Agency string `koanf:"agency"`
	// Issuer and Subject are those of the person's access tokens.
	Issuer  string `koanf:"issuer"`
	Subject string `koanf:"subject"`
	// The rest is for the relationship gate alone, and kept sealed.
	GivenName   string     `koanf:"given_name"`
	FamilyName  string     `koanf:"family_name"`
	OtherNames  []string   `koanf:"other_names"`
	DateOfBirth string     `koanf:"date_of_birth"`
	Postcode    string     `koanf:"postcode"`
	Relatives   []Relative `koanf:"relatives"`
}

// Relative is somebody the person declared to be related or close to.
type Relative struct {
	GivenName   string `koanf:"given_name"`
	FamilyName  string `koanf:"family_name"`
	DateOfBirth string `koanf:"date_of_birth"`
}

// Format keeps person data out of whatever is printed; LogValue keeps it out of logs.
func (Person) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, person.Redacted) }

// LogValue implements slog.LogValuer.
func (p Person) LogValue() slog.Value { return slog.StringValue(p.ID) }

// Format implements fmt.Formatter.
func (Relative) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, person.Redacted) }

// LogValue implements slog.LogValuer.
func (Relative) LogValue() slog.Value { return slog.StringValue(person.Redacted) }

// loadPeople reads the directory file. An error of the decoder could quote it, so it is told only that the file cannot be read.
func loadPeople(path string) ([]Person, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: directory: %w", err)
	}
	var file struct {
		People []Person `koanf:"people"`
	}
	if err := strictly(data, &file); err != nil {
		return nil, errors.New("config: directory: is not a list of people, or has a key that is not known")
	}
	return file.People, nil
}
