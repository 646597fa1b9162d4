package custodian

import (
	"os"
	"testing"

	"github.com/mashgate/mashgate/internal/record"
)

// Whatever a file says, it is refused whole or gives records of the catalogue.
func FuzzFile(f *testing.F) {
	for _, name := range []string{"testdata/police.json", "testdata/local-authority.json"} {
		seed, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		f.Fatal(err)
	}
	built := map[string]*Mapping{}
	for _, orgType := range []string{"POLICE", "LOCAL_AUTHORITY", "HEALTH", "EDUCATION"} {
		if built[orgType], err = BuiltIn(orgType); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parseFile(data)
		if err != nil || built[file.OrgType] == nil {
			return
		}
		people, err := built[file.OrgType].people(file, catalogue)
		if err != nil {
			return
		}
		for _, p := range people {
			for _, r := range p.records {
				if err := catalogue.Check(r); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
