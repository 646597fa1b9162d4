package wire

import "strconv"

// Draft is the id of the policy draft in a name.
func (n Name) Draft() string { return n["policyDrafts"] }

// Activation is the number of the policy activation in a name; 0 where it has none.
func (n Name) Activation() int64 { return number(n["policyActivations"]) }

// Tightening is the number of the emergency tightening in a name; 0 where it has none.
func (n Name) Tightening() int64 { return number(n["policyTightenings"]) }

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// DraftName writes the name of a policy draft.
func DraftName(hub, id string) string { return join("hubs", hub, "policyDrafts", id) }

// ActivationName writes the name of a policy activation; numbers begin at 1.
func ActivationName(hub string, number int64) string {
	return numbered(hub, "policyActivations", number)
}

// TighteningName writes the name of an emergency tightening; numbers begin at 1.
func TighteningName(hub string, number int64) string {
	return numbered(hub, "policyTightenings", number)
}

func numbered(hub, collection string, number int64) string {
	if number == 0 {
		return ""
	}
	return join("hubs", hub, collection, strconv.FormatInt(number, 10))
}
