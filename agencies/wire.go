package agencies

import (
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	agencyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/agency/v1"
)

// identityOf is what the organisation was told about a person.
func identityOf(i *agencyv1.Identity) person.Identity {
	who := person.Identity{
		GivenName: i.GetGivenName(), FamilyName: i.GetFamilyName(), OtherNames: i.GetOtherNames(), DateOfBirth: i.GetDateOfBirth(),
		Sex: i.GetSex(), NHSNumber: i.GetNhsNumber(), UPN: i.GetUpn(),
	}
	for _, postcode := range i.GetPostcodes() {
		who.Addresses = append(who.Addresses, person.Address{Postcode: postcode})
	}
	return who
}

// recordOf is a record as it leaves, built attribute by attribute: nothing a source adds goes out by itself.
func recordOf(r record.Record) *agencyv1.Record {
	h := r.Header.Normalised()
	out := &agencyv1.Record{Header: &agencyv1.Header{
		Ref: h.Ref, Category: h.Category, EventDate: h.EventDate, Until: h.Until, Current: h.Current, Labels: h.Labels,
		LabelsKnown: h.LabelsKnown, OnlyAddress: h.OnlyAddress,
	}}
	for _, field := range r.Fields {
		out.Fields = append(out.Fields, &agencyv1.Field{Name: field.Name, Value: field.Value, Labels: field.Labels})
	}
	return out
}

// stubOf says that there is a record and nothing of it: no date, no label, no field.
func stubOf(h record.Header, effect string, reasons []string) *agencyv1.Record {
	return &agencyv1.Record{Header: &agencyv1.Header{Ref: h.Ref, Category: h.Category}, Stub: effect, StubReasons: reasons}
}
