package wire_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mashgate/mashgate/gateway/internal/api/wire"
	"github.com/mashgate/mashgate/internal/fault"
	"github.com/mashgate/mashgate/policy"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// TestCodesAndEnums holds every enum value to a code that leads back to it.
func TestCodesAndEnums(t *testing.T) {
	there[mashgatev1.SubjectRole](t)
	there[mashgatev1.Identified](t)
	there[mashgatev1.Known](t)
	there[mashgatev1.ConsentKind](t)
	there[mashgatev1.ConsentStatus](t)
	there[mashgatev1.Stage](t)
	there[mashgatev1.AnswerKind](t)
	there[mashgatev1.Effect](t)
	there[mashgatev1.InformationRequest_State](t)
	for code, want := range map[string]mashgatev1.Effect{"": 0, "unspecified": 0, "permit": mashgatev1.Effect_EFFECT_PERMIT, "allow": 0} {
		if got := wire.FromCode[mashgatev1.Effect](code); got != want {
			t.Errorf("%q is %v, want %v", code, got, want)
		}
	}
	if got := wire.Code(mashgatev1.SubjectRole_SUBJECT_ROLE_INDEX_CHILD); got != "index_child" {
		t.Errorf("code %q, want index_child", got)
	}
	if got := wire.Code(mashgatev1.Effect(99)); got != "" {
		t.Errorf("an effect that is not there has the code %q", got)
	}
}

func there[E wire.Enum](t *testing.T) {
	t.Helper()
	var zero E
	values := zero.Descriptor().Values()
	for i := range values.Len() {
		value := E(values.Get(i).Number())
		code := wire.Code(value)
		if (value == zero) != (code == "") {
			t.Errorf("%s has the code %q", values.Get(i).Name(), code)
		}
		if back := wire.FromCode[E](code); back != value {
			t.Errorf("%s leads to %q and back to %v", values.Get(i).Name(), code, back)
		}
	}
}

func TestNames(t *testing.T) {
	name := wire.ParseName("hubs/coventry/episodes/e1/informationRequests/r1/picture")
	if name.Hub() != "coventry" || name.Episode() != "e1" || name.Request() != "r1" || name.Referral() != "" {
		t.Errorf("name %v", name)
	}
	for got, want := range map[string]string{
		wire.RequestName("coventry", "e1", "r1"): "hubs/coventry/episodes/e1/informationRequests/r1",
		wire.RequestName("coventry", "e1", ""):   "",
		wire.EpisodeName("coventry", ""):         "",
		wire.EntryName("coventry", 7):            "hubs/coventry/ledgerEntries/7",
	} {
		if got != want {
			t.Errorf("name %q, want %q", got, want)
		}
	}
	if got := wire.EntryName("coventry", 0); got != "" {
		t.Errorf("no entry has the name %q", got)
	}
}

func TestReasonsThatMayNotBeToldAreLeftOut(t *testing.T) {
	told := wire.Reasons([]policy.Reason{{Code: "a", Tellable: true}, {Code: "secret"}, {Code: "b", Tellable: true}})
	var codes []string
	for _, reason := range told {
		codes = append(codes, reason.GetCode())
	}
	if diff := cmp.Diff([]string{"a", "b"}, codes); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

func TestAllProblemsAreToldTogether(t *testing.T) {
	var problems wire.Problems
	if problems.Err() != nil {
		t.Error("no problem is an error")
	}
	wire.AllKnown(&problems, "concerns", []string{"x", "neglect", "y"}, map[string]int{"neglect": 1}, "concerns")
	var told *fault.Error
	if !errors.As(problems.Err(), &told) || len(told.Fields) != 2 || told.Fields[1].Name != "concerns[2]" {
		t.Errorf("error %v", problems.Err())
	}
}
