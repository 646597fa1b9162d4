package policy_test

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
)

// FuzzPack replaces one file of a pack's data with anything at all: the pack is refused in words, or it decides: on every request and
// call, without panicking, and nothing it does not know is allowed.
func FuzzPack(f *testing.F) {
	files, err := fs.Glob(rules.FS, "data/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for i, name := range files {
		source, err := fs.ReadFile(rules.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), source)
		f.Add(uint8(i), []byte("a: {b: [c, {d: 1}]}"))
		f.Add(uint8(i), []byte("- 1"))
	}
	in := policy.Input{
		At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Hub: "coventry", Episode: policy.Episode{Basis: "s47"},
		Subjects: []policy.Subject{{ID: "s2", Role: "parent", Identified: "yes"}},
	}
	whole, err := policy.ReadPack(tinyPack(f, nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, which uint8, source []byte) {
		name := files[int(which)%len(files)]
		one, err := policy.ReadPack(fstest.MapFS{"rule.rego": {Data: []byte("package p")}, name: {Data: source}})
		if err != nil {
			return
		}
		data := maps.Clone(whole.Data())
		maps.Copy(data, one.Data())
		revision, err := whole.WithData(data).Compile(t.Context(), policy.CompileOptions{})
		if err != nil {
			return
		}
		request, err := revision.Open(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		unknown := involvement()
		unknown.Category = "pol.unheard_of"
		if decisions, err := request.Release(t.Context(), []record.Header{involvement(), unknown}); err != nil || decisions[1].Effect != policy.Deny {
			t.Errorf("a category nobody knows: %v, %v", decisions, err)
		}
		call := policy.Call{Method: "/nothing/Nothing", Principal: policy.Principal{Kind: "person", Role: "team_manager", Hub: "coventry"}, ResourceHub: "coventry"}
		if decision, err := revision.MayCall(t.Context(), call); err != nil || decision.Allow {
			t.Errorf("a call nobody knows: %v, %v", decision, err)
		}
		for code, category := range revision.Vocabulary().Categories {
			if code == "" || category.Title == "" {
				t.Errorf("category %q has no title", code)
			}
		}
	})
}
