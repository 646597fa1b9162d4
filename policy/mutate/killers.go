package mutate

import (
	"regexp"
	"slices"
	"strings"
)

// killersKept is how many tests are asked before all of them, for each file.
const killersKept = 8

// killers are, for each mutated file, the tests that noticed last. They are asked first: neighbouring mutations tend to fall to the
// same test, and all tests together take seconds.
type killers map[string][]string

// rounds are the name filters to test with, in order: the file's recent killers, then everything.
func (k killers) rounds(file string) []string {
	if len(k[file]) == 0 {
		return []string{""}
	}
	names := make([]string, 0, len(k[file]))
	for _, killer := range k[file] {
		names = append(names, regexp.QuoteMeta(killer))
	}
	return []string{"^(" + strings.Join(names, "|") + ")$", ""}
}

func (k killers) remember(file, test string) {
	recent := slices.DeleteFunc(k[file], func(known string) bool { return known == test })
	recent = slices.Insert(recent, 0, test)
	k[file] = recent[:min(len(recent), killersKept)]
}
