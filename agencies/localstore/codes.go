package localstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Codes is an organisation's own code list: the words of the extract, each with its code.
type Codes map[string]string

// otherCode stands before words that the list has no code for, as "other, please state" does on a form.
const otherCode = "OTHER: "

// Code translates words into the code for them.
func (c Codes) Code(words string) string {
	if len(c) == 0 {
		return words
	}
	if code, ok := c[words]; ok {
		return code
	}
	return otherCode + words
}

// errCode does not repeat the code: what stands in a wrong place could be anything, a person's name included.
var errCode = errors.New("a code is not on the code list")

// Words translates a code back. A code that is not on the list is an error: guessing what it means could say the wrong thing of a person.
func (c Codes) Words(code string) (string, error) {
	if len(c) == 0 {
		return code, nil
	}
	if words, ok := strings.CutPrefix(code, otherCode); ok {
		return words, nil
	}
	for words, known := range c {
		if known == code {
			return words, nil
		}
	}
	return "", errCode
}

// Closed translates words of a closed list: there is no "other".
func (c Codes) Closed(words string) (string, error) {
	code, ok := c[words]
	if !ok {
		return "", fmt.Errorf("%q is not on the code list", words)
	}
	return code, nil
}

// Check refuses a list on which one code stands for two words, or could be taken for words that are not on the list.
func (c Codes) Check(what string) error {
	seen := map[string]bool{}
	for _, code := range c {
		if seen[code] || code == "" || strings.HasPrefix(code, otherCode) {
			return fmt.Errorf("%s: code %q stands for two things", what, code)
		}
		seen[code] = true
	}
	return nil
}

// Covers refuses a closed list that lacks one of the words, or that has a code which cannot stand in a list of codes.
func (c Codes) Covers(what string, words []string) error {
	for _, word := range words {
		code, ok := c[word]
		if !ok || strings.ContainsAny(code, " @") {
			return fmt.Errorf("%s: there is no usable code for %q", what, word)
		}
	}
	if unknown := len(c) - len(words); unknown > 0 {
		return fmt.Errorf("%s: %d codes stand for nothing in the catalogue", what, unknown)
	}
	return c.Check(what)
}

// ClosedAll translates several words of a closed list, in order.
func (c Codes) ClosedAll(words []string) ([]string, error) {
	codes := make([]string, 0, len(words))
	for _, word := range words {
		code, err := c.Closed(word)
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return codes, nil
}

// WordsAll translates several codes back, sorted.
func (c Codes) WordsAll(codes []string) ([]string, error) {
	words := make([]string, 0, len(codes))
	for _, code := range codes {
		word, err := c.Words(code)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return words, nil
}
