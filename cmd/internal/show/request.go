package show

import (
	"io"
	"strings"

	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Request prints where an information request stands; for one that policy stopped, every reason.
func Request(w io.Writer, r *mashgatev1.InformationRequest) error {
	p := &page{w: w}
	p.line("%s: %s, policy revision %s", r.GetName(), Words(r.GetState().String(), "STATE_"), r.GetRevision())
	for _, g := range r.GetGates() {
		p.wrapped(2, "• "+g.GetText()+source(g))
	}
	if len(r.GetCategories()) > 0 {
		p.wrapped(2, "categories: "+strings.Join(r.GetCategories(), ", "))
	}
	p.obligations(r.GetObligations())
	p.line("  on the ledger as %s", r.GetLedgerEntry())
	return p.err
}

// Entries prints ledger entries, one line each.
func Entries(w io.Writer, list []*ledgerv1.Entry) error {
	p := &page{w: w}
	for _, e := range list {
		what := strings.Join(append(append([]string{}, e.GetReasons()...), e.GetMethod()), " ")
		p.line("%6d  %s  %-16s %-34s %-22s %s", e.GetSequence(), moment(e.GetTime()), e.GetKind(), e.GetActor(), e.GetOrganisation(), strings.TrimSpace(what))
	}
	return p.err
}
