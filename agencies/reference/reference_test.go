package reference_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/agencies/reference"
	"github.com/mashgate/mashgate/policy/rules"
)

// hubOrganisation is a row of the default pack's organisations.
type hubOrganisation struct {
	ID         string   `yaml:"id"`
	Title      string   `yaml:"title"`
	Categories []string `yaml:"categories"`
	Connected  bool     `yaml:"connected"`
}

func TestEveryConnectedOrganisationOfTheHubHasAnAdapter(t *testing.T) {
	source, err := rules.FS.ReadFile("data/organisations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hub []hubOrganisation
	if err := yaml.Unmarshal(source, &hub); err != nil {
		t.Fatal(err)
	}
	var connected []string
	for _, o := range hub {
		if !o.Connected {
			continue
		}
		connected = append(connected, o.ID)
		d, err := reference.Definition(o.ID)
		if err != nil {
			t.Error(err)
			continue
		}
		if d.Organisation != o.ID || d.Title != o.Title {
			t.Errorf("%s: the adapter is of %q, %q; the hub knows %q", o.ID, d.Organisation, d.Title, o.Title)
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(o.Categories)), slices.Sorted(slices.Values(d.Categories))); diff != "" {
			t.Errorf("%s: categories (-hub +adapter):\n%s", o.ID, diff)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(connected)), slices.Sorted(slices.Values(reference.Organisations()))); diff != "" {
		t.Errorf("organisations (-hub +adapters):\n%s", diff)
	}
}

func TestAnUnknownOrganisationIsRefusedByName(t *testing.T) {
	if _, err := reference.Open(t.Context(), "fire_service", t.TempDir()); err == nil || !strings.Contains(err.Error(), `"fire_service"`) {
		t.Errorf("error is %v", err)
	}
}

func TestNoTwoStoresAreAlike(t *testing.T) {
	seen := map[string]string{}
	for _, organisation := range reference.Organisations() {
		d, err := reference.Definition(organisation)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(d.Tables, "\n") {
			name, isTable := strings.CutPrefix(strings.TrimSpace(line), "CREATE TABLE IF NOT EXISTS ")
			if !isTable {
				continue
			}
			name, _, _ = strings.Cut(name, " ")
			if other, taken := seen[strings.ToLower(name)]; taken {
				t.Errorf("%s and %s both have a table %s", organisation, other, name)
			}
			seen[strings.ToLower(name)] = organisation
		}
	}
}
