package city

import (
	"fmt"
	"iter"
)

// Families yields the generated families of a city one at a time, without writing anything. The same options always give the same.
func Families(o Options) iter.Seq2[TruthFamily, error] {
	return func(yield func(TruthFamily, error) bool) {
		if o.Families < 0 || o.Families > maxFamilies {
			yield(TruthFamily{}, fmt.Errorf("city: families is %d: it must be between 0 and %d", o.Families, maxFamilies))
			return
		}
		phrases, err := loadPhrases()
		if err != nil {
			yield(TruthFamily{}, err)
			return
		}
		o.Now = o.Now.UTC()
		words := vocabulary()
		for i := range o.Families {
			if !yield(generateFamily(newDraw(o, i, words), phrases), nil) {
				return
			}
		}
	}
}
