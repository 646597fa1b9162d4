package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The kinds of pack. One is never taken for the other: a hub's decides, an agency's can only tighten.
const (
	KindHub    = "hub"
	KindAgency = "agency"
)

// BaseDefault is the base that a hub's pack may lie over: the built-in pack.
const BaseDefault = "default"

// manifestFile says what a pack is.
const manifestFile = "manifest.yaml"

// Manifest says what a pack is, whose it is, on what agreements it rests and when somebody last looked at it. Nothing in it decides.
type Manifest struct {
	Name    string `json:"name"    yaml:"name"`
	Version string `json:"version" yaml:"version"`
	// Hub is the code of the hub it is for; for an agency's pack, of the hub whose warrants it answers.
	Hub string `json:"hub" yaml:"hub"`
	// Kind is KindHub, also where it is left out, or KindAgency.
	Kind string `json:"kind" yaml:"kind"`
	// Base is BaseDefault for an overlay, else empty.
	Base string `json:"base,omitempty" yaml:"base"`
	// Organisation is the one that an agency's pack belongs to; empty for a hub's.
	Organisation string      `json:"organisation,omitempty" yaml:"organisation"`
	Contacts     []Contact   `json:"contacts,omitempty"     yaml:"contacts"`
	Agreements   []Agreement `json:"agreements,omitempty"   yaml:"agreements"`
	// ReviewDate is the ISO day on which the pack was last reviewed; how long it has gone unreviewed is counted from it.
	ReviewDate string `json:"review_date" yaml:"review_date"`
}

// Contact is a desk that answers for the pack, by its role: never a person's name.
type Contact struct {
	Role  string `json:"role"  yaml:"role"`
	Email string `json:"email" yaml:"email"`
}

// Agreement is an information-sharing agreement that the pack carries out.
type Agreement struct {
	Title     string `json:"title"     yaml:"title"`
	Reference string `json:"reference" yaml:"reference"`
}

// unknownField is how the YAML decoder speaks of a key that a manifest does not have.
var unknownField = regexp.MustCompile(`^line (\d+): field (.*) not found in type policy\.(\w+)$`)

// codePattern is what names a pack or an organisation: it stands in paths and on the ledger.
var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,59}$`)

// readManifest reads one strictly; every problem is in the error, with the file and the field.
func readManifest(source []byte) (Manifest, error) {
	m := Manifest{Kind: KindHub}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	decoder.KnownFields(true)
	err := decoder.Decode(&m)
	var mismatched *yaml.TypeError
	switch {
	case errors.As(err, &mismatched):
		problems := make([]error, 0, len(mismatched.Errors))
		for _, text := range mismatched.Errors {
			problems = append(problems, manifestProblem(text))
		}
		return m, errors.Join(append(problems, m.check())...)
	case errors.Is(err, io.EOF):
		return m, fmt.Errorf("%s: is empty", manifestFile)
	case err != nil:
		return m, fmt.Errorf("%s: %w", manifestFile, err)
	case !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF):
		return m, fmt.Errorf("%s: holds more than one document", manifestFile)
	}
	return m, m.check()
}

func manifestProblem(text string) error {
	if at := unknownField.FindStringSubmatch(text); at != nil {
		return fmt.Errorf("%s: %s: line %s: is no field of a %s", manifestFile, at[2], at[1], strings.ToLower(at[3]))
	}
	return fmt.Errorf("%s: %s", manifestFile, text)
}

// check names every field that is wrong.
func (m Manifest) check() error {
	var problems []error
	complain := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s: %s", manifestFile, field, fmt.Sprintf(format, args...)))
	}
	for _, required := range []struct{ field, value string }{{"name", m.Name}, {"hub", m.Hub}} {
		switch {
		case required.value == "":
			complain(required.field, "is missing")
		case !codePattern.MatchString(required.value):
			complain(required.field, "%q is not lower-case letters, digits, - and _, at most 60", required.value)
		}
	}
	if strings.TrimSpace(m.Version) == "" {
		complain("version", "is missing")
	}
	if _, err := canonical(m); err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", manifestFile, err))
	}
	m.checkKind(complain)
	if _, err := time.Parse(time.DateOnly, m.ReviewDate); err != nil {
		complain("review_date", "%q is not the ISO day of the last review (2026-09-30)", m.ReviewDate)
	}
	for i, contact := range m.Contacts {
		if contact.Role == "" || !strings.Contains(contact.Email, "@") {
			complain(fmt.Sprintf("contacts[%d]", i), "needs a role and an e-mail address")
		}
	}
	for i, agreement := range m.Agreements {
		if agreement.Title == "" {
			complain(fmt.Sprintf("agreements[%d].title", i), "is missing")
		}
	}
	return errors.Join(problems...)
}

func (m Manifest) checkKind(complain func(field, format string, args ...any)) {
	switch {
	case !slices.Contains([]string{KindHub, KindAgency}, m.Kind):
		complain("kind", "%q is neither %s nor %s", m.Kind, KindHub, KindAgency)
	case m.Kind == KindAgency && !codePattern.MatchString(m.Organisation):
		complain("organisation", "%q is not the code of the organisation whose pack it is", m.Organisation)
	case m.Kind == KindHub && m.Organisation != "":
		complain("organisation", "is for an agency's pack (kind: %s)", KindAgency)
	}
	switch {
	case m.Base != "" && m.Base != BaseDefault:
		complain("base", "%q is not known; the built-in pack is %q", m.Base, BaseDefault)
	case m.Base != "" && m.Kind == KindAgency:
		complain("base", "an agency's pack lies over no other")
	}
}
