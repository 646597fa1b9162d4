package mutate

import "path"

// unmutated are the places in the data that no rule decides by, each with the reason it is left alone. A pattern is a slash-separated
// path in which * stands for one key; it covers everything under it.
var unmutated = []struct{ pattern, because string }{
	{"*/*/title", "words"}, {"*/*/*/title", "words"}, {"*/title", "words"}, {"*/*/*/*/title", "words"},
	{"*/*/source", "words"}, {"*/*/*/source", "words"},
	{"reasons/*/text", "words"}, {"obligations/*/text", "words"},
	{"changes/*/text", "words"}, {"explain/facts/*/words", "words"}, {"explain/facts/*/words_not", "words"},
	{"exclusions/*/tell", "words told to the referrer"},
	{"consents/kinds/*/question", "words"}, {"consents/kinds/*/short", "words"},
	{"hub/ratings/*/meaning", "words"},
	{"hub/ratings/*/clock", "a clock of the worklist; no rule reads it"},
	{"hub/hours", "read by the worklist, not by rules"}, {"hub/decision_clock", "read by the worklist, not by rules"},
	{"hub/second_person", "a clock of the worklist; no rule reads it"}, {"hub/break_glass/review_within_hours", "a clock of the worklist"},
	{"hub/out_of_hours", "words and telephone numbers"}, {"hub/advice_line", "words and telephone numbers"},
	{"hub/immediate_danger", "words and telephone numbers"}, {"hub/other_schemes", "schemes to copy from; not in use"},
	{"hub/code", "the hub's name; requests carry their own"},
	{"organisations/*/safeguarding_desk", "words and telephone numbers"},
	{"organisations/*/connected", "which organisations can be reached is the plan's; no rule reads it"},
	{"outcomes", "lists people choose from; no rule reads them"},
	{"indicators", "they guide and do not decide (domain.md section 2); no rule reads them"},
	{"reasons/*/who", "read by the worklist, not by rules"}, {"reasons/*/who_out_of_hours", "read by the worklist, not by rules"},
	{"labels/opinion/shown_as", "read by the picture, not by rules"},
}

// words tells whether a path is under one of those.
func words(keys []string) bool {
	at := path.Join(keys...)
	for _, place := range unmutated {
		if matched, err := path.Match(place.pattern, at); err == nil && matched {
			return true
		}
	}
	return false
}
