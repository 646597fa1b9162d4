package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/open-policy-agent/opa/v1/util"
)

// canonical is a value of JSON with every number in one spelling, so that 2, 2.0 and 2e0 are one value wherever the pack has been: a
// folder of YAML, an overlay, a bundle. It copies.
func canonical(value any) (any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var copied any
	if err := util.UnmarshalJSON(encoded, &copied); err != nil {
		return nil, err
	}
	return canonicalValue(copied)
}

func canonicalValue(value any) (any, error) {
	var err error
	switch value := value.(type) {
	case json.Number:
		return canonicalNumber(value)
	case string:
		return value, visible(value)
	case map[string]any:
		for key, item := range value {
			if err := visible(key); err != nil {
				return nil, fmt.Errorf("%+q: %w", key, err)
			}
			if value[key], err = canonicalValue(item); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
	case []any:
		for i, item := range value {
			if value[i], err = canonicalValue(item); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
	}
	return value, nil
}

// visible refuses text with characters that nobody sees: the words of a pack are read at terminals and on pages by those who approve it,
// and must read there as they stand.
func visible(text string) error {
	unseen := func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
	}
	if at := strings.IndexFunc(text, unseen); at >= 0 {
		return fmt.Errorf("a text holds the unseen character %+q", []rune(text[at:])[0])
	}
	return nil
}

// longestNumber bounds the digits of a number, and its exponent: an exponent costs its writer nothing, and us memory.
const longestNumber = 100

// canonicalNumber writes a number as an integer where it is one, else in full without trailing zeros.
func canonicalNumber(n json.Number) (json.Number, error) {
	text := n.String()
	exponent := 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[at+1:]); err != nil {
			exponent = longestNumber + 1
		}
	}
	if len(text) > 10*longestNumber || exponent > longestNumber || exponent < -longestNumber {
		return "", fmt.Errorf("the number %.40s is too long", text)
	}
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", fmt.Errorf("the number %.40s cannot be read", text)
	}
	digits, _ := exact.FloatPrec() // none for an integer
	one := exact.FloatString(digits)
	if len(one) > longestNumber {
		return "", fmt.Errorf("the number %.40s is too long", text)
	}
	return json.Number(one), nil
}

// identity is the digest of what decides in a pack: each module's source under its file name, the merged data and the schemas. What
// it was read from does not matter, nor do tests, scenarios, words about the pack and its manifest.
func (p *Pack) identity() (string, error) {
	digest := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		writePart(digest, "module", name, p.sources[name])
	}
	for _, part := range []struct {
		kind  string
		value any
	}{{"data", p.data}, {"schemas", p.rawSchemas}} {
		encoded, err := json.Marshal(part.value) // sorts keys
		if err != nil {
			return "", fmt.Errorf("policy: reading the pack: %s: %w", part.kind, err)
		}
		writePart(digest, part.kind, "", encoded)
	}
	return hex.EncodeToString(digest.Sum(nil))[:32], nil
}

func writePart(w io.Writer, kind, name string, content []byte) {
	sum := sha256.Sum256(content)
	fmt.Fprintf(w, "%s %s %x\n", kind, name, sum)
}
