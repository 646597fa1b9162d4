package server

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// FuzzBody: whatever a body holds, what is told of it is one of the few sentences of this package, with nothing of the body in it but
// a field's name.
func FuzzBody(f *testing.F) {
	f.Add(`{"summary": "a", "subjects": [{"id": "a", "role": "SUBJECT_ROLE_PARENT"}]}`)
	f.Add(`{"colour": 1}`)
	f.Add(`{"summary": {"Canaryton": 1}}`)
	f.Add(`{"subjects": [{"role": "Canaryton"}]}`)
	f.Add(`{"summary": "a", "summary": "b"}`)
	f.Add(`{"levelOfNeed": 1e99}`)
	f.Fuzz(func(t *testing.T, body string) {
		var message mashgatev1.Referral
		err := newStrictJSON().NewDecoder(strings.NewReader(body)).Decode(&message)
		if err == nil || errors.Is(err, io.EOF) {
			return
		}
		p := problemOf(status.New(codes.InvalidArgument, err.Error()))
		if p.Status != http.StatusBadRequest {
			t.Errorf("%q is %d", body, p.Status)
		}
		field, description, found := strings.Cut(err.Error(), inBody)
		switch {
		case !found && err.Error() != "the body could not be read":
			t.Errorf("%q is told as %q", body, err)
		case found && description != unknownField && description != wrongKind && description != twice:
			t.Errorf("%q is told as %q", body, err)
		case found && strings.ContainsAny(field, " \"'{}:\n") && field != "a field":
			t.Errorf("the field of %q is %q", body, field)
		}
	})
}

func TestWhatTheMuxSaysIsNotRepeated(t *testing.T) {
	for words, want := range map[string]struct{ reason, field string }{
		`parsing field "page_size": strconv.ParseInt: parsing "Canaryton": invalid syntax`: {"INVALID_FIELD", "pageSize"},
		`parsing enum "stage": "Canaryton" is not a valid value`:                           {"INVALID_FIELD", "stage"},
		`type mismatch, parameter: name, error: Canaryton`:                                 {"INVALID_BODY", ""},
		`unexpected: Canaryton`: {"INVALID_BODY", ""},
	} {
		p := problemOf(status.New(codes.InvalidArgument, words))
		field := ""
		if len(p.Fields) > 0 {
			field = p.Fields[0].Name
		}
		if p.Reason != want.reason || field != want.field || strings.Contains(p.Detail, canary) {
			t.Errorf("%q is told as %+v", words, p)
		}
	}
}
