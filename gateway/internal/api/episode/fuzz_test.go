package episode

import (
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/gateway/internal/episode"
	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/rules"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// FuzzReferral: a form that the contract's rules and the hub's lists let through goes into the domain and comes back as it was, but
// for what only the hub writes. No form panics.
func FuzzReferral(f *testing.F) {
	f.Add(`{"referrer":{"professional":true},"subjects":[{"id":"a","role":"SUBJECT_ROLE_INDEX_CHILD","identity":{"dateOfBirth":"2016-05-04"}}],` +
		`"concerns":["neglect"],"summary":"x","consents":[{"kind":1,"giver":"a","status":1}]}`)
	f.Add(`{"referrer":{},"subjects":[{"id":"a","role":1,"identity":{"addresses":[{"postcode":"CV1 1AA","lines":["1"]}]},"safeAddress":true}],` +
		`"concerns":["other"],"summary":"x","uasc":true}`)
	f.Add(`{"name":"hubs/x","triage":{"outcome":"early_help"},"feedback":[{}],"episode":"x"}`)
	validator, err := protovalidate.New()
	if err != nil {
		f.Fatal(err)
	}
	revision, err := policy.Compile(f.Context(), rules.FS, policy.CompileOptions{})
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	c := session{
		who: directory.Person{ID: "sara", Hub: "coventry", Role: "social_worker"}, hub: "coventry", words: revision.Vocabulary(),
		by: episode.By{Person: "sara", Role: "social_worker", At: now},
	}
	f.Fuzz(func(t *testing.T, body string) {
		form := &mashgatev1.Referral{}
		if protojson.Unmarshal([]byte(body), form) != nil || validator.Validate(form) != nil || c.checkReferral(form) != nil {
			return
		}
		back := c.referral(c.referralFrom(form))
		ours := []string{"name", "reference_number", "submit_time", "triage", "episode", "feedback"}
		for _, written := range []*mashgatev1.Referral{form, back} {
			for _, name := range ours {
				message := written.ProtoReflect()
				message.Clear(message.Descriptor().Fields().ByTextName(name))
			}
			for _, consent := range written.GetConsents() {
				consent.Recorder, consent.RecordTime = "", ""
			}
		}
		if diff := cmp.Diff(form, back, protocmp.Transform()); diff != "" {
			t.Errorf("the form came back otherwise (-sent +came back):\n%s", diff)
		}
	})
}
