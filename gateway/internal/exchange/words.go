package exchange

import (
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/policy"
)

// Reason codes of the path itself. What an organisation could do wrong is no hub's policy, so the words stand here.
const (
	codeCancelled  = "cancelled"
	codeRevision   = "revision_gone"
	codeOriginator = "withheld_by_originator"
)

var pathWords = map[string]string{
	fanout.CodeLate:        "The organisation has not answered in time. Do not take this for \"nothing known\": ring its safeguarding desk.",
	fanout.CodeUnreachable: "The organisation could not be reached. Do not take this for \"nothing known\": ring its safeguarding desk.",
	fanout.CodeIdentity:    "The answer did not come from the organisation that was asked, so nothing of it was used.",
	fanout.CodeMalformed:   "The answer broke the rules for answers, so nothing of it was used.",
	fanout.CodeTooLarge:    "The answer was larger than one answer may be, so nothing of it was used: ask more narrowly, or ring the desk.",
	fanout.CodeRefused:     "The organisation did not accept the permit to ask.",
	fanout.CodeIncomplete:  "The answer ended before it was complete.",
	fanout.CodeFailed:      "The organisation could not look, or could not look everywhere.",
	fanout.CodeStaleIndex:  "The organisation's index is too old to say that nobody was found.",
	fanout.CodeTooFew:      "Too little is known about this person for the organisation to look.",
	codeCancelled:          "The request was cancelled before the organisation answered.",
	codeRevision:           "The policy that this request was made under is no longer there, so nothing more is released under it.",
	codeOriginator:         "The organisation itself holds this back: ring its safeguarding desk.",
}

const pathSource = "Hub sharing rules 4.5: replies are never confused"

// pathReason puts words to what happened on the path. An organisation's own code that is not on the list is not repeated: it could
// say anything.
func pathReason(code string) policy.Reason {
	text, known := pathWords[code]
	if !known {
		code, text = fanout.CodeFailed, pathWords[fanout.CodeFailed]
	}
	return policy.Reason{Code: code, Rule: "exchange", Effect: policy.Deny, Text: text, Source: pathSource, Tellable: true}
}

// heldReason puts words to an organisation's code for holding something back. A code of the pack has the pack's words, and may not be
// told where the pack says so; any other is the organisation's own.
func heldReason(words *policy.Vocabulary, code string, effect policy.Effect) policy.Reason {
	reason := policy.Reason{Code: codeOriginator, Rule: "organisation", Effect: effect, Text: pathWords[codeOriginator],
		Source: "Hub sharing rules, section 4: an organisation's own policy can only make the result stricter", Tellable: true}
	if known, ok := words.Reasons[code]; ok {
		reason.Code, reason.Text, reason.Source, reason.Tellable, reason.Decider = code, known.Text, known.Source, known.Tellable, known.Decider
	}
	switch {
	case effect != policy.Review:
		reason.Decider = ""
	case reason.Decider == "":
		reason.Decider = policy.DeciderHolder
	}
	return reason
}

func heldReasons(words *policy.Vocabulary, codes []string, effect policy.Effect) []policy.Reason {
	reasons := make([]policy.Reason, 0, len(codes))
	for _, code := range codes {
		reasons = joinReasons(reasons, []policy.Reason{heldReason(words, code, effect)})
	}
	return reasons
}

// joinReasons adds reasons whose code is not there yet.
func joinReasons(have, more []policy.Reason) []policy.Reason {
	codes := codesOf(have)
	for _, reason := range more {
		if !slices.Contains(codes, reason.Code) {
			have, codes = append(have, reason), append(codes, reason.Code)
		}
	}
	return have
}
