package mutate

import (
	"regexp"
	"slices"
	"strings"
)

// killersKept is how many tests are asked before all of them.
const killersKept = 6

// filters are the rounds of tests to run: the recent killers, then all of them.
func (w *worker) filters() []string {
	if len(w.killers) == 0 {
		return []string{""}
	}
	names := make([]string, 0, len(w.killers))
	for _, killer := range w.killers {
		names = append(names, regexp.QuoteMeta(killer))
	}
	return []string{"^(" + strings.Join(names, "|") + ")$", ""}
}

func (w *worker) remember(test string) {
	w.killers = slices.DeleteFunc(w.killers, func(known string) bool { return known == test })
	w.killers = slices.Insert(w.killers, 0, test)
	w.killers = w.killers[:min(len(w.killers), killersKept)]
}
