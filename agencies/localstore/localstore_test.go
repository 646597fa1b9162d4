package localstore_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/agencies/localstore"
	"github.com/mashgate/mashgate/agencies/police"
	"github.com/mashgate/mashgate/internal/person"
)

const loaded = `{"extract":1,"organisation":"police","as_of":"2026-11-22T06:00:00Z"}
{"ref":"N1","identity":{"given_name":"Mira","family_name":"Quill","date_of_birth":"2014-02-03"},"flags":["live_investigation"],"records":[
{"header":{"ref":"R1","category":"pol.missing","event_date":"2026-03-04","until":"","current":false,"labels":["informant"],"labels_known":true,"only_address":false},"fields":[{"name":"risk","value":"High"}]}]}
`

func definition(t *testing.T) localstore.Definition {
	t.Helper()
	d, err := police.Definition()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestADescriptionThatCouldLoseSomethingIsRefusedByName(t *testing.T) {
	tests := map[string]struct {
		change func(*localstore.Definition, *localstore.Relational)
		want   string
	}{
		"no title":         {func(d *localstore.Definition, _ *localstore.Relational) { d.Title = "" }, "title"},
		"unknown category": {func(d *localstore.Definition, _ *localstore.Relational) { d.Categories = []string{"pol.x"} }, `"pol.x"`},
		"unknown flag":     {func(d *localstore.Definition, _ *localstore.Relational) { d.Flags = []string{"spicy"} }, `"spicy"`},
		"no code for flag": {func(d *localstore.Definition, _ *localstore.Relational) { d.Flags = append(d.Flags, "adoption") }, `"adoption"`},
		"no table":         {func(_ *localstore.Definition, r *localstore.Relational) { r.Tables = r.Tables[1:] }, `"pol.involvement"`},
		"table too many":   {func(_ *localstore.Definition, r *localstore.Relational) { r.Tables = append(r.Tables, r.Tables[0]) }, "7 tables for 6"},
		"no column": {func(_ *localstore.Definition, r *localstore.Relational) {
			r.Tables[0].Columns = r.Tables[0].Columns[1:]
		}, `"contact_type"`},
		"two columns": {func(_ *localstore.Definition, r *localstore.Relational) {
			r.Tables[0].Columns = append(r.Tables[0].Columns, r.Tables[0].Columns[0])
		}, `"contact_type"`},
		"foreign column": {func(_ *localstore.Definition, r *localstore.Relational) {
			r.Tables[0].Columns[0].Field = "placement_address"
		}, `"placement_address"`},
		"one code for two": {func(_ *localstore.Definition, r *localstore.Relational) {
			r.Tables[0].Columns[0].Codes = localstore.Codes{"a": "1", "b": "1"}
		}, `"1" stands for two`},
		"no code for label": {func(_ *localstore.Definition, r *localstore.Relational) {
			r.Tables[0].Marks.Codes = localstore.Codes{"informant": "I"}
		}, `"safe_address"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := definition(t)
			shape := d.Shape.(localstore.Relational)
			d.Flags = slices.Clone(d.Flags)
			test.change(&d, &shape)
			d.Shape = shape
			_, err := localstore.Open(t.Context(), t.TempDir(), d)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %s", err, test.want)
			}
		})
	}
}

// opened is a loaded store, and a way to change it behind its back.
func opened(t *testing.T) (store *localstore.Store, change func(statement string)) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	store, err := localstore.Open(t.Context(), folder, definition(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(folder, "police.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{store.Close(), db.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	text := strings.ReplaceAll(loaded, "[\n", "[")
	if err := store.Import(t.Context(), strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return store, func(statement string) {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStoreThatCannotBeReadIsAnErrorAndNeverNothing(t *testing.T) {
	records := map[string]string{
		"unknown code":      "UPDATE occurrence SET risk_cd = 'X'",
		"unknown mark":      "UPDATE occurrence SET handling_cds = 'XX'",
		"mark on nothing":   "UPDATE occurrence SET handling_cds = 'SRC@locn'",
		"not a day":         "UPDATE occurrence SET from_dt = 'March'",
		"dated in two ways": "UPDATE occurrence SET filed_dt = '20260305'",
		"no table":          "DROP TABLE occurrence",
	}
	for name, statement := range records {
		t.Run(name, func(t *testing.T) {
			store, change := opened(t)
			change(statement)
			failed := false
			for _, err := range store.Records(t.Context(), "N1", "pol.missing") {
				failed = failed || err != nil
			}
			if !failed {
				t.Error("the record was read, or left out, as if nothing had happened")
			}
		})
	}
	people := map[string]string{
		"unknown sex":    "UPDATE nominal SET sex_cd = 'X'",
		"nobody there":   "PRAGMA foreign_keys = OFF; DELETE FROM nominal",
		"no table":       "DROP TABLE nominal_alias",
		"no lookup keys": "DROP TABLE lookup_key",
	}
	for name, statement := range people {
		t.Run(name, func(t *testing.T) {
			store, change := opened(t)
			change(statement)
			if _, err := store.Candidates(t.Context(), person.Identity{GivenName: "Mira", FamilyName: "Quill"}); err == nil {
				t.Error("the look-up went on as if nothing had happened")
			}
		})
	}
}

func TestAStoreIsItsOwnersAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	store, err := localstore.Open(t.Context(), folder, definition(t))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for path, want := range map[string]os.FileMode{folder: 0o700, filepath.Join(folder, "police.db"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v (%v), want %v", filepath.Base(path), info.Mode().Perm(), err, want)
		}
	}
}
