package policy_test

import (
	"context"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mashgate/mashgate/policy"
)

// TestBothConstraints: what leaves its source under two revisions at once is what each of them would let leave, with the masks of both;
// and where they are one, nothing is held that it would not hold.
func TestBothConstraints(t *testing.T) {
	pack := defaultPack(t)
	other, err := policy.ReadPack(fstest.MapFS{
		"manifest.yaml":     {Data: []byte(`{name: other, version: "1", hub: coventry, kind: hub, base: default, review_date: "2026-11-01"}`)},
		"data/windows.yaml": {Data: []byte(`{years: {A: 5, B: 3, C: 1, D: 8}, whole_record: {s47: [D]}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	first := compiled(t)
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		in := drawInput(t, first.Vocabulary())
		second, err := rapid.SampledFrom([]*policy.Pack{pack, other}).Draw(t, "pack").
			Compile(ctx, policy.CompileOptions{Tightening: drawTightening(t, first), Number: 1})
		if err != nil {
			t.Fatal(err)
		}
		organisation := rapid.SampledFrom(in.Organisations).Draw(t, "organisation").ID
		var sides [2][]policy.Constraint
		for i, revision := range []*policy.Revision{first, second} {
			q, err := revision.Open(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			if sides[i], err = q.Constraints(ctx, organisation); err != nil {
				t.Fatal(err)
			}
		}
		for _, a := range sides[0] {
			if again := a.And(a); !cmp.Equal(again, a, unordered) {
				t.Fatalf("one and the same (-one +both):\n%s", cmp.Diff(a, again))
			}
			at := slices.IndexFunc(sides[1], func(b policy.Constraint) bool { return a.Category == b.Category && a.Subject == b.Subject })
			if at < 0 {
				continue
			}
			b := sides[1][at]
			joined := a.And(b)
			if !cmp.Equal(joined.Base, a.Base.And(b.Base)) {
				t.Fatalf("the plain record is %+v", joined.Base)
			}
			for range 4 {
				compared++
				h := drawHeader(t, first.Catalogue(), organisation, rapid.SampledFrom([]policy.Constraint{a, b}).Draw(t, "edge"), in.At)
				got := joined.Apply(h)
				for _, side := range []policy.Constraint{a, b} {
					want := side.Apply(h)
					lost := slices.ContainsFunc(want.Masks, func(m string) bool { return !slices.Contains(got.Masks, m) })
					if slices.Index(strictness, got.Effect) > slices.Index(strictness, want.Effect) || got.Effect.Content() && lost {
						t.Fatalf("%+v: %+v, and one side says %+v", h, got, want)
					}
				}
			}
		}
	})
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

// unordered passes over the order of lists of labels.
var unordered = cmp.Transformer("sorted", func(all []string) []string { return slices.Sorted(slices.Values(all)) })
