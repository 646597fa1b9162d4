package exchange

import (
	"cmp"
	"slices"

	"github.com/mashgate/mashgate/gateway/internal/fanout"
	"github.com/mashgate/mashgate/policy"
)

// protection is the union of the flags, in a fixed order, and whether an organisation that could have set safe_address was unable to say. One that
// knows too little of a person to look has answered: it holds nothing on them that it could find.
func protection(legs map[string]*leg, maySet func(string) bool) (flags []policy.Flag, unknown bool) {
	for _, l := range legs {
		failed := l.progress.Matches == nil
		for subject, match := range l.progress.Matches {
			failed = failed || match.Outcome == fanout.Failed && match.Code != fanout.CodeTooFew
			for _, flag := range match.Flags {
				flags = append(flags, policy.Flag{Subject: subject, Flag: flag, Organisation: l.Organisation})
			}
		}
		unknown = unknown || failed && maySet(l.Organisation)
	}
	slices.SortFunc(flags, func(a, b policy.Flag) int {
		return cmp.Or(cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Flag, b.Flag))
	})
	return flags, unknown
}

const safeAddress = "safe_address"

// maySet tells which organisations could set safe_address; that is the hub's data. Without the pack, each of them could.
func (s *story) maySet() func(string) bool {
	if s.pinned == nil {
		return func(string) bool { return true }
	}
	return maySetSafeAddress(s.pinned.Vocabulary())
}

func maySetSafeAddress(words *policy.Vocabulary) func(string) bool {
	holders := words.Flags[safeAddress].MaySet
	return func(organisation string) bool {
		at := slices.IndexFunc(words.Organisations, func(o policy.OrganisationEntry) bool { return o.ID == organisation })
		return at < 0 || slices.ContainsFunc(words.Organisations[at].Holders, func(h string) bool { return slices.Contains(holders, h) })
	}
}
