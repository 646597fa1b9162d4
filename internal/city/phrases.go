package city

import (
	"bytes"
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/mashgate/mashgate/internal/record"
)

//go:embed phrases.yaml
var phrasesFile []byte

// phrases are what records say, by category and field, with the fields in the catalogue's order.
type phrases struct {
	byField   map[string]map[string][]string
	catalogue *record.Catalogue
}

func loadPhrases() (phrases, error) {
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return phrases{}, err
	}
	p := phrases{catalogue: catalogue}
	if err := yaml.NewDecoder(bytes.NewReader(phrasesFile)).Decode(&p.byField); err != nil {
		return phrases{}, fmt.Errorf("city: reading the phrases: %w", err)
	}
	for _, code := range catalogue.Codes() {
		if len(p.byField[code]) == 0 {
			return phrases{}, fmt.Errorf("city: phrases: %s has none", code)
		}
		for name := range p.byField[code] {
			if _, ok := catalogue.Categories[code].Field(name); !ok {
				return phrases{}, fmt.Errorf("city: phrases: %s.%s is not in the catalogue", code, name)
			}
		}
	}
	return p, nil
}
