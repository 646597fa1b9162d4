package policy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mashgate/mashgate/internal/record"
)

const agencyEntry = "data.mashgate.agency.contributions"

// AgencyPolicy is an agency's own pack, decided on the agency's side. It can only make the result stricter: no contribution, and
// `permit`, mean "no objection" (design.md section 2, invariant 4). Any number of goroutines may use it.
type AgencyPolicy struct {
	id        string
	catalogue *record.Catalogue
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
	Purpose string `json:"purpose"`
	Basis   string `json:"basis"`
}

// AgencyAbout is what the warrant says about the subject; rules read it as input.record.about.
type AgencyAbout struct {
	Role  string `json:"role"`
	Child bool   `json:"child"`
}

// CompileAgency reads, compiles and checks an agency's pack: Rego in package mashgate.agency, and data/reasons.yaml with the text and
// source of each reason it gives.
func CompileAgency(ctx context.Context, fsys fs.FS) (*AgencyPolicy, error) {
	pack, err := ReadPack(fsys)
	if err != nil {
		return nil, err
	}
	catalogue, err := record.LoadCatalogue()
	if err != nil {
		return nil, err
	}
	both, err := pack.compile()
	if err != nil {
		return nil, err
	}
	a := &AgencyPolicy{id: pack.digest, catalogue: catalogue}
	a.joiner = joiner{classes: catalogue.Classes, revision: a.id, silence: Permit}
	if err := readData(pack.data, "reasons", &a.joiner.reasons); err != nil {
		return nil, err
	}
	if err := a.joiner.checkHeads(pack.modules, agencyEntry); err != nil {
		return nil, err
	}
	a.entry, err = prepare(ctx, both.whole, pack.newStore(), agencyEntry)
	return a, err
}

// ID is the digest of the agency's pack.
func (a *AgencyPolicy) ID() string { return a.id }

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
	input, err := toAST(h.input())
	if err != nil {
		return Decision{}, fmt.Errorf("policy: deciding at the agency: %w", err)
	}
	value, err := a.entry.one(ctx, input)
	if errors.Is(err, errEntry) {
		return a.joiner.failed(err), nil
	}
	if err != nil {
		return Decision{}, err
	}
	return a.joiner.decide(value), nil
}

// agencyRecord is the header as an agency's rules read it: without its reference, with what was told about the subject.
type agencyRecord struct {
	Organisation string      `json:"organisation"`
	Category     string      `json:"category"`
	Subject      string      `json:"subject"`
	EventDate    string      `json:"event_date"`
	Until        string      `json:"until"`
	Current      bool        `json:"current"`
	Labels       []string    `json:"labels"`
	LabelsKnown  bool        `json:"labels_known"`
	OnlyAddress  bool        `json:"only_address"`
	About        AgencyAbout `json:"about"`
}

type agencyInput struct {
	Request AgencyRequest `json:"request"`
	Record  agencyRecord  `json:"record"`
}

func (h AgencyHeader) input() agencyInput {
	r := h.Header
	return agencyInput{Request: h.Request, Record: agencyRecord{
		Organisation: r.Organisation, Category: r.Category, Subject: r.Subject, EventDate: r.EventDate, Until: r.Until,
		Current: r.Current, Labels: r.Labels, LabelsKnown: r.LabelsKnown, OnlyAddress: r.OnlyAddress, About: h.About,
	}}
}
