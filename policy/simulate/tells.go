package simulate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mashgate/mashgate/policy"
)

// Tell is one thing that people may newly know or do. Effects alone do not show it: a refusal that says why tells more than one that does
// not, and it releases nothing.
type Tell struct {
	// What is one of the constants below, Code what it is about, and To who: a role, or a kind of caller with a role.
	What string `json:"what"`
	Code string `json:"code"`
	To   string `json:"to,omitempty"`
}

// What a draft may newly tell.
const (
	// ToldReason: the reason may be given to a requester. ToldCategory, ToldLabel: it may be named.
	ToldReason   = "reason"
	ToldCategory = "category"
	ToldLabel    = "label"
	// ToldEverything: explanations tell the role every reason.
	ToldEverything = "everything"
	// ToldCall: the role may call the RPC.
	ToldCall = "call"
)

// tells compares what two packs let people know, in a fixed order.
func tells(was, now *policy.Vocabulary) []Tell {
	all := []Tell{}
	for code, reason := range now.Reasons {
		if before, known := was.Reasons[code]; known && reason.Tellable && !before.Tellable {
			all = append(all, Tell{What: ToldReason, Code: code})
		}
	}
	for what, lists := range map[string][2][]string{
		ToldCategory: {was.NeverNamed.Categories, now.NeverNamed.Categories}, ToldLabel: {was.NeverNamed.Labels, now.NeverNamed.Labels},
		ToldEverything: {now.Explain.ToldEverything, was.Explain.ToldEverything},
	} {
		for _, code := range lists[0] {
			if !slices.Contains(lists[1], code) {
				all = append(all, Tell{What: what, Code: code})
			}
		}
	}
	for method, callers := range now.Calls {
		for kind, roles := range callers {
			for _, role := range roles {
				if before := was.Calls[method][kind]; !slices.Contains(before, role) && !slices.Contains(before, anyRole) {
					all = append(all, Tell{What: ToldCall, Code: method, To: kind + " " + role})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Tell) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Code, b.Code), cmp.Compare(a.To, b.To))
	})
	return slices.Compact(all)
}

// anyRole stands in data.roles.rpc for every role of a kind.
const anyRole = "any"

func (t Tell) words() string {
	switch t.What {
	case ToldReason:
		return fmt.Sprintf("the reason %s may be given", t.Code)
	case ToldEverything:
		return fmt.Sprintf("the role %s is told every reason", t.Code)
	case ToldCall:
		return fmt.Sprintf("%s may call %s", t.To, t.Code)
	}
	return fmt.Sprintf("the %s %s may be named", t.What, t.Code)
}
