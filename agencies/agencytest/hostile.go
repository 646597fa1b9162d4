package agencytest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
	"github.com/mashgate/mashgate/policy"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// Trick is one way in which an agency breaks the contract.
type Trick string

// The tricks. Each but Honest and Slow must leave its leg in error or not answered, with nothing released that policy did not permit.
const (
	// Honest enforces its constraints as the library does.
	Honest Trick = "honest"
	// Overshare ignores its constraints: every record goes out whole, with no label and no date to hold it back.
	Overshare Trick = "overshare"
	// WrongSubject sends records under the id of somebody nobody asked about; ExtraPerson sends them beside the right ones.
	WrongSubject Trick = "wrong_subject"
	ExtraPerson  Trick = "extra_person"
	// ForeignCategory sends a category that is outside the warrant.
	ForeignCategory Trick = "foreign_category"
	MissingHeader   Trick = "missing_header"
	// UnknownField sends a field that the catalogue does not list; UnknownWire fields that the message does not have.
	UnknownField Trick = "unknown_field"
	UnknownWire  Trick = "unknown_wire"
	UnknownLabel Trick = "unknown_label"
	BadDate      Trick = "bad_date"
	// FullStub says a record is held for review and sends its fields all the same.
	FullStub Trick = "full_stub"
	// TenThousand sends 10,000 records; Oversize one chunk of more than 64.
	TenThousand  Trick = "ten_thousand"
	Oversize     Trick = "oversize"
	DuplicateRef Trick = "duplicate_ref"
	// Endless never stops sending; Hang never starts; Slow waits for Hostile.Go, then is honest.
	Endless Trick = "endless"
	Hang    Trick = "hang"
	Slow    Trick = "slow"
	// CrashHalfWay ends in an error after some records; NoCompletion ends as if all were well without saying so.
	CrashHalfWay   Trick = "crash_half_way"
	NoCompletion   Trick = "no_completion"
	TwoCompletions Trick = "two_completions"
	AfterTheEnd    Trick = "after_the_end"
	// LyingIdentity says in Describe that it is another organisation. (For another's certificate: Gateway.Serve as that organisation.)
	LyingIdentity Trick = "lying_identity"
	// MatchNobodyAsked, MissingMatch and TwoMatches answer Locate about the wrong people; UnknownFlag with a flag there is not;
	// LocateCrash not at all.
	MatchNobodyAsked Trick = "match_nobody_asked"
	MissingMatch     Trick = "missing_match"
	TwoMatches       Trick = "two_matches"
	UnknownFlag      Trick = "unknown_flag"
	LocateCrash      Trick = "locate_crash"
)

// Tricks lists every trick but Honest, for a table of tests.
func Tricks() []Trick {
	return []Trick{
		Overshare, WrongSubject, ExtraPerson, ForeignCategory, MissingHeader, UnknownField, UnknownWire, UnknownLabel, BadDate, FullStub,
		TenThousand, Oversize, DuplicateRef, Endless, Hang, Slow, CrashHalfWay, NoCompletion, TwoCompletions, AfterTheEnd, LyingIdentity,
		MatchNobodyAsked, MissingMatch, TwoMatches, UnknownFlag, LocateCrash,
	}
}

// Stranger is the subject id of the person whom nobody asked about.
const Stranger = "stranger"

// Hostile is an agency that holds two records of each category about everybody and plays one trick. It believes every warrant.
type Hostile struct {
	agencyv1.UnimplementedAgencyServiceServer

	Organisation string
	Categories   []string
	Trick        Trick
	// Flags are held on everybody.
	Flags []string
	// Value gives the words in one field of one record, so that a test can follow them. Nil names the place.
	Value func(subject, category, ref, field string) string
	// Go lets a Slow agency answer when it is closed.
	Go        <-chan struct{}
	Catalogue *record.Catalogue
}

// Describe implements agencyv1.AgencyServiceServer.
func (h *Hostile) Describe(context.Context, *agencyv1.DescribeRequest) (*agencyv1.DescribeResponse, error) {
	organisation := h.Organisation
	if h.Trick == LyingIdentity {
		organisation = "another_organisation"
	}
	return &agencyv1.DescribeResponse{Organisation: organisation, Title: h.Organisation, Categories: h.Categories, Flags: h.Flags, PolicyRevision: "none"}, nil
}

// Locate implements agencyv1.AgencyServiceServer: everybody is known.
func (h *Hostile) Locate(ctx context.Context, req *agencyv1.LocateRequest) (*agencyv1.LocateResponse, error) {
	if h.Trick == LocateCrash {
		return nil, status.Error(codes.Internal, h.value(Stranger, "error", "error", "text"))
	}
	if err := h.wait(ctx); err != nil {
		return nil, err
	}
	body := &agencyv1.LocateBody{}
	if err := proto.Unmarshal(req.GetBody(), body); err != nil {
		return nil, err
	}
	response := &agencyv1.LocateResponse{}
	for _, subject := range body.GetSubjects() {
		response.Matches = append(response.Matches, h.match(subject.GetId()))
	}
	switch h.Trick {
	case MatchNobodyAsked:
		response.Matches = append(response.Matches, h.match(Stranger))
	case MissingMatch:
		response.Matches = response.Matches[1:]
	case TwoMatches:
		response.Matches = append(response.Matches, h.match(body.GetSubjects()[0].GetId()))
	case UnknownFlag:
		response.Matches[0].Flags = []string{"no_such_flag"}
	}
	return response, nil
}

func (h *Hostile) match(subject string) *agencyv1.Match {
	return &agencyv1.Match{
		Subject: subject, Outcome: agencyv1.Match_OUTCOME_MATCHED, Flags: h.Flags, LookedIn: "Everything", LookedWith: []string{"name"},
		IndexAsOf: timestamppb.Now(), IndexMaxAgeSeconds: 86400,
	}
}

// wait holds Hang for ever and Slow until it may go.
func (h *Hostile) wait(ctx context.Context) error {
	switch h.Trick {
	case Hang:
		<-ctx.Done()
		return ctx.Err()
	case Slow:
		select {
		case <-h.Go:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Collect implements agencyv1.AgencyServiceServer.
func (h *Hostile) Collect(req *agencyv1.CollectRequest, stream grpc.ServerStreamingServer[agencyv1.CollectResponse]) error {
	if err := h.wait(stream.Context()); err != nil {
		return err
	}
	constraints, err := ConstraintsOf(req.GetWarrant())
	if err != nil {
		return err
	}
	var subjects []string
	records := map[string][]*agencyv1.Record{}
	for _, c := range constraints {
		if _, known := records[c.Subject]; !known {
			subjects = append(subjects, c.Subject)
		}
		records[c.Subject] = append(records[c.Subject], h.records(c)...)
	}
	for _, subject := range subjects {
		if err := h.send(sender{stream}, subject, records[subject]); err != nil {
			return err
		}
	}
	return nil
}

// ConstraintsOf reads the constraints of a warrant without asking whether it is one.
func ConstraintsOf(token string) ([]policy.Constraint, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("agencytest: not a token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims warrant.Claims
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	var constraints []policy.Constraint
	return constraints, json.Unmarshal(claims.Constraints, &constraints)
}

func (h *Hostile) value(subject, category, ref, field string) string {
	if h.Value == nil {
		return strings.Join([]string{"token", h.Organisation, subject, category, ref, field}, "-")
	}
	return h.Value(subject, category, ref, field)
}

// full is a record with every field, as the system holds it.
func (h *Hostile) full(subject, category, ref string) record.Record {
	r := Record(h.Catalogue, ref, category, "2026-06-01", func(field string) string { return h.value(subject, category, ref, field) })
	r.Header.Organisation, r.Header.Subject = h.Organisation, subject
	return r
}

// records are the two that stand under one constraint, as the trick has them.
func (h *Hostile) records(c policy.Constraint) []*agencyv1.Record {
	var records []*agencyv1.Record
	for i := range 2 {
		ref := fmt.Sprintf("%s-%s-%d", c.Subject, strings.ReplaceAll(c.Category, ".", "-"), i)
		if r := h.enforce(c, h.full(c.Subject, c.Category, ref)); r != nil {
			records = append(records, r)
		}
	}
	return records
}

// enforce does what the constraint says, unless the trick is not to.
func (h *Hostile) enforce(c policy.Constraint, full record.Record) *agencyv1.Record {
	verdict := c.Apply(full.Header)
	switch {
	case h.Trick == Overshare:
		return wire(full)
	case verdict.Effect.Content():
		masked, _ := h.Catalogue.Mask(full, verdict.Masks, c.HidesField)
		return wire(masked)
	case verdict.Effect == policy.Deny:
		return nil
	}
	stub := &agencyv1.Record{
		Header: &agencyv1.Header{Ref: full.Header.Ref, Category: full.Header.Category}, Stub: string(verdict.Effect), StubReasons: verdict.Tell,
	}
	return stub
}

func wire(r record.Record) *agencyv1.Record {
	h := r.Header
	out := &agencyv1.Record{Header: &agencyv1.Header{
		Ref: h.Ref, Category: h.Category, EventDate: h.EventDate, Until: h.Until, Current: h.Current, Labels: h.Labels,
		LabelsKnown: h.LabelsKnown, OnlyAddress: h.OnlyAddress,
	}}
	for _, f := range r.Fields {
		out.Fields = append(out.Fields, &agencyv1.Field{Name: f.Name, Value: f.Value, Labels: f.Labels})
	}
	return out
}

// smuggle appends wire fields that the message does not have.
func smuggle(m proto.Message, text string) {
	var raw []byte
	raw = protowire.AppendTag(raw, 900, protowire.BytesType)
	raw = protowire.AppendString(raw, text)
	m.ProtoReflect().SetUnknown(raw)
}
