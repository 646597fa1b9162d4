package demo_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"index/suffixarray"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/antzucaro/matchr"

	"github.com/mashgate/mashgate/internal/person"
)

// canary is something that must be found nowhere.
type canary struct{ kind, text string }

const kindSlip = "slip"

// sighting is a canary that was found, and how it was written.
type sighting struct {
	canary

	disguise string
}

func (s sighting) String() string {
	return fmt.Sprintf("the %s %q stands (%s)", s.kind, s.text, s.disguise)
}

// search finds every canary, however it is written.
func search(data []byte, canaries []canary) []sighting {
	index := suffixarray.New(data)
	var found []sighting
	for _, c := range canaries {
		for name, disguised := range disguises(c.text) {
			if len(index.Lookup([]byte(disguised), 1)) > 0 {
				found = append(found, sighting{c, name})
			}
		}
	}
	slices.SortFunc(found, func(a, b sighting) int { return strings.Compare(a.String(), b.String()) })
	return found
}

// shortest is how long a disguise must be so that chance does not write it into what is encrypted.
const shortest = 6

// disguises are the ways in which a text may turn up.
func disguises(text string) map[string]string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("a string always marshals: " + err.Error())
	}
	all := map[string]string{
		"plain": text, "upper case": strings.ToUpper(text), "lower case": strings.ToLower(text), "normalised": person.NormaliseName(text),
		"without spaces": strings.ReplaceAll(text, " ", ""), "in JSON": strings.Trim(string(quoted), `"`), "escaped": escaped(text),
		"in a URL": url.QueryEscape(text), "in a path": url.PathEscape(text), "in hex": hex.EncodeToString([]byte(text)),
		"as it sounds (NYSIIS)": matchr.NYSIIS(text),
	}
	for shift := range 3 {
		all[fmt.Sprintf("base64, shifted by %d", shift)] = base64At(base64.StdEncoding, text, shift)
		all[fmt.Sprintf("base64 for URLs, shifted by %d", shift)] = base64At(base64.URLEncoding, text, shift)
	}
	for name, disguised := range all {
		if len(disguised) < shortest {
			delete(all, name)
		}
	}
	return all
}

// escaped writes every letter by its number, as JSON may.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

// base64At is what of a text shows in base64 when shift bytes stand before it, without the letters that its neighbours share.
func base64At(encoding *base64.Encoding, text string, shift int) string {
	encoded := encoding.EncodeToString(append(make([]byte, shift), text...))
	return encoded[(shift*8+5)/6 : (shift+len(text))*8/6]
}

func TestDisguisesAreSeenThrough(t *testing.T) {
	const secret = "Farholt O'Lane"
	for name, text := range map[string]string{
		"plain": "at " + secret + ".", "json": `{"a":"Farholt O'Lane"}`, "escaped": "\\u0046\\u0061\\u0072\\u0068\\u006f\\u006c\\u0074\\u0020\\u004f\\u0027\\u004c\\u0061\\u006e\\u0065",
		"upper": "FARHOLT O'LANE", "hex": "466172686f6c74204f274c616e65", "url": "q=Farholt+O%27Lane",
		"base64 0": base64.StdEncoding.EncodeToString([]byte(secret + "x")), "base64 1": base64.StdEncoding.EncodeToString([]byte("y" + secret + "x")),
		"base64 2": base64.StdEncoding.EncodeToString([]byte("yz" + secret)), "base64 3": base64.RawURLEncoding.EncodeToString([]byte("yzw" + secret + "tail")),
	} {
		if len(search([]byte(text), []canary{{"name", secret}})) == 0 {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	if found := search([]byte("Farholm O'Lane"), []canary{{"name", secret}}); len(found) > 0 {
		t.Errorf("found where it is not: %v", found)
	}
}
