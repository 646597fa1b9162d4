// Package policy is the decision point: it compiles a pack of Rego and data, and decides by it who may call, what may be asked of
// whom, and what of an answer may be shown. On the path it stands at Ask, at Release and, with an agency's own pack, at the source.
// It trusts nothing that a rule says until it is of the expected form: undefined, several or malformed results are a deny with the
// error on record. It refuses a pack that does not compile strictly, reaches for the network, the clock or chance, or names a code it
// has no words for; and it decides on headers and facts only, never on a name, an address or free text.
package policy
