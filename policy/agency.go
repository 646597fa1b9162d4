package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/mashgate/mashgate/internal/record"
)

const agencyEntry = "data.mashgate.agency.contributions"

// AgencyPolicy is an agency's own pack, decided on the agency's side. It can only make the result stricter: no contribution, and
// `permit`, mean "no objection" (design.md section 2, invariant 4). Any number of goroutines may use it.
type AgencyPolicy struct {
	id        string
	manifest  Manifest
	catalogue *record.Catalogue
	locations map[string][]Location
	joiner    joiner
	entry     query
}

// AgencyHeader is one record as the agency's own rules read it, with no more about the request than the agency was told.
type AgencyHeader struct {
	Request AgencyRequest
	Header  record.Header
	About   AgencyAbout
}

// AgencyRequest is what the warrant says about the request; rules read it as input.request.
type AgencyRequest struct {
	Purpose string
	Basis   string
}

// AgencyAbout is what the warrant says about the subject; rules read it as input.record.about.
type AgencyAbout struct {
	Role  string
	Child bool
}

// CompileAgency reads, compiles and checks an agency's pack: Rego in package mashgate.agency, and data/reasons.yaml with the text and
// source of each reason it gives.
func CompileAgency(ctx context.Context, fsys fs.FS) (*AgencyPolicy, error) {
	pack, err := ReadPack(fsys)
	if err != nil {
		return nil, err
	}
	return pack.CompileAgency(ctx, CompileOptions{})
}

// CompileAgency makes an agency's pack able to decide. No tightening is the hub's to set there.
func (p *Pack) CompileAgency(ctx context.Context, options CompileOptions) (*AgencyPolicy, error) {
	if err := p.wanted(KindAgency); err != nil {
		return nil, err
	}
	if len(options.Tightening) > 0 {
		return nil, errors.New("policy: an agency's pack has no emergency overlay")
	}
	catalogue, err := options.catalogue()
	if err != nil {
		return nil, err
	}
	both, err := p.compile()
	if err != nil {
		return nil, err
	}
	a := &AgencyPolicy{id: p.digest, manifest: p.manifest, catalogue: catalogue, locations: ruleLocations(p.modules)}
	a.joiner = joiner{classes: catalogue.Classes, revision: a.id, silence: Permit}
	if err := readData(p.data, "reasons", &a.joiner.reasons); err != nil {
		return nil, err
	}
	if err := a.joiner.checkHeads(p.modules, agencyEntry); err != nil {
		return nil, err
	}
	a.entry, err = prepare(ctx, both.whole, newStore(p.data), agencyEntry)
	a.entry.tracer = options.Tracer
	return a, err
}

// ID is the digest of the agency's pack.
func (a *AgencyPolicy) ID() string { return a.id }

// Manifest says what pack it is.
func (a *AgencyPolicy) Manifest() Manifest { return a.manifest }

// RuleLocation is where the rule that a reason names stands in the pack.
func (a *AgencyPolicy) RuleLocation(rule string) []Location { return a.locations[rule] }

// Decide gives one decision for each header, in order. A policy that fails denies and says so in Decision.Err; the error is the
// caller's own cancellation.
func (a *AgencyPolicy) Decide(ctx context.Context, headers []AgencyHeader) ([]Decision, error) {
	decisions := make([]Decision, 0, len(headers))
	for _, header := range headers {
		decision, err := a.decideOne(ctx, header)
		if err != nil {
			return nil, err
		}
		decisions = append(decisions, decision)
	}
	return decisions, nil
}

func (a *AgencyPolicy) decideOne(ctx context.Context, h AgencyHeader) (Decision, error) {
	h.Header = h.Header.Normalised()
	if err := a.catalogue.CheckHeader(h.Header); err != nil {
		return a.joiner.failed(fmt.Errorf("malformed header: %w", err)), nil
	}
	value, err := a.entry.one(ctx, h.input())
	if errors.Is(err, errEntry) {
		return a.joiner.failed(err), nil
	}
	if err != nil {
		return Decision{}, err
	}
	return a.joiner.decide(value), nil
}

// input is what an agency's rules read: the header without its reference, with what was told about the subject. It is written in Rego's
// terms at once, because it is made for every record.
func (h AgencyHeader) input() ast.Value {
	r := h.Header
	about := ast.NewObject(attributeItem("role", ast.String(h.About.Role)), attributeItem("child", ast.Boolean(h.About.Child)))
	return ast.NewObject(
		attributeItem("request", ast.NewObject(
			attributeItem("purpose", ast.String(h.Request.Purpose)), attributeItem("basis", ast.String(h.Request.Basis)),
		)),
		attributeItem("record", ast.NewObject(
			attributeItem("organisation", ast.String(r.Organisation)), attributeItem("category", ast.String(r.Category)),
			attributeItem("subject", ast.String(r.Subject)), attributeItem("event_date", ast.String(r.EventDate)),
			attributeItem("until", ast.String(r.Until)), attributeItem("current", ast.Boolean(r.Current)),
			attributeItem("labels", stringsValue(r.Labels)), attributeItem("labels_known", ast.Boolean(r.LabelsKnown)),
			attributeItem("only_address", ast.Boolean(r.OnlyAddress)), attributeItem("about", about),
		)),
	)
}

func attributeItem(name string, value ast.Value) [2]*ast.Term {
	return ast.Item(ast.InternedTerm(name), ast.NewTerm(value))
}
