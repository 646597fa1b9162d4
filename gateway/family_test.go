package gateway_test

import (
	"crypto"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mashgate/mashgate/agencies"
	"github.com/mashgate/mashgate/agencies/agencytest"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/peer"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/record"
	"github.com/mashgate/mashgate/internal/warrant"
)

// form is a referral as a client writes it.
func form() map[string]any {
	return map[string]any{
		"referrer": map[string]any{"givenName": "Rita", "familyName": "Referrer", "organisation": "A school", "professional": true},
		"subjects": []any{
			subject("child", "SUBJECT_ROLE_INDEX_CHILD", "Alba", "2016-05-04"),
			subject("mother", "SUBJECT_ROLE_PARENT", "Vera", "1990-02-03"),
		},
		"concerns": []any{"physical_abuse"},
		"summary":  "A bruise was seen.",
		"consents": []any{map[string]any{
			"kind": "CONSENT_KIND_AGENCIES_SHARE_WITH_US", "giver": "mother", "status": "CONSENT_STATUS_YES",
		}},
	}
}

func subject(id, role, given, born string) map[string]any {
	return map[string]any{"id": id, "role": role, "identity": map[string]any{
		"givenName": given, "familyName": "Canaryton", "dateOfBirth": born,
		"addresses": []any{map[string]any{"lines": []any{"1 Somewhere"}, "postcode": "CV1 1AA", "current": true}},
	}}
}

// opened is an episode that was opened over REST and may be asked about.
type opened struct {
	name, referral, etag, child string
}

type episodeJSON struct {
	Name, Etag, Stage, Rating, Basis, Referral string
	Subjects                                   []struct{ ID, Role string }
	Assignees                                  []string
	DecisionDueTime                            string
	BreakGlass                                 *struct{ ExpireTime string }
	Override                                   *struct{ Ground string }
	Outcome                                    *struct{ Code, By string }
}

// open goes the way of every referral: submitted, triaged, opened by a social worker, rated amber.
func (w *world) open() opened {
	w.t.Helper()
	return w.openIn(hub, "")
}

// openIn does so in a hub whose people's ids begin so.
func (w *world) openIn(hub, prefix string) opened {
	w.t.Helper()
	var referral struct {
		Name, ReferenceNumber string
		Subjects              []struct{ ID, Role string }
	}
	w.ok(w.rest(prefix+"referrer", http.MethodPost, "/v1/hubs/"+hub+"/referrals", form())).json(w.t, &referral)
	w.ok(w.rest(prefix+"triage_worker", http.MethodPost, "/v1/"+referral.Name+":triage", map[string]any{"outcome": "mash_episode", "reason": "threshold"}))
	var episode episodeJSON
	w.ok(w.rest(prefix+"social_worker", http.MethodPost, "/v1/hubs/"+hub+"/episodes:open", map[string]any{
		"referral": referral.Name, "rating": "amber", "levelOfNeed": 4, "basis": "mash",
	})).json(w.t, &episode)
	return opened{name: episode.Name, referral: referral.Name, etag: episode.Etag, child: episode.Subjects[0].ID}
}

func (w *world) ok(a answer) answer {
	w.t.Helper()
	if a.status != http.StatusOK {
		w.t.Fatalf("%d: %s", a.status, a.body)
	}
	return a
}

// policeCategories are those that the pack says the police hold.
var policeCategories = []string{
	"pol.involvement", "pol.missing", "pol.domestic_abuse", "pol.convictions", "pol.intelligence", "pol.live_investigation",
}

// withPolice serves an honest police in memory that knows the child of form. It answers when told to: gate is closed by the test.
func withPolice(gate <-chan struct{}) func(*world, *gateway.Config) {
	return func(w *world, c *gateway.Config) {
		w.servePolice(&c.Hubs[0], w.permits, gate)
	}
}

// servePolice serves one to a hub.
func (w *world) servePolice(of *gateway.Hub, permits crypto.Signer, gate <-chan struct{}) {
	catalogue := must(record.LoadCatalogue())(w.t)
	memory := &agencytest.Memory{AsOf: time.Now().Add(-time.Hour)}
	memory.People = []agencytest.Person{{
		Ref: "nominal-1", Identity: person.Identity{GivenName: "Alba", FamilyName: "Canaryton", DateOfBirth: "2016-05-04"},
		Records: []record.Record{
			agencytest.Record(catalogue, "rec-1", "pol.involvement", "2026-10-01", func(field string) string { return "value of " + field }),
		},
	}}
	trusts := trust{hub: of.ID, key: of.Warrants.KeyID, permits: permits}
	of.Organisations = []gateway.Organisation{{ID: "police", Address: w.serveAgency(trusts, "police", policeCategories, gated{memory, gate})}}
}

// trust is the one gateway whose permits an organisation takes.
type trust struct {
	hub, key string
	permits  crypto.Signer
}

// serveAgency serves an organisation until the test ends.
func (w *world) serveAgency(only trust, organisation string, categories []string, source agencies.Source) string {
	t := w.t
	verifier := must(warrant.NewVerifier(warrant.VerifierConfig{
		Keys:   map[string]warrant.Key{only.key: {Algorithm: warrant.EdDSA, Public: only.permits.Public()}},
		Issuer: "mashgate://gateway/" + only.hub, Audience: organisation, Clock: clock.System{},
	}))(t)
	agency := must(agencies.New(agencies.Config{
		Organisation: organisation, Title: organisation, LookedIn: "index", Categories: categories, Flags: []string{"safe_address"},
		MaxIndexAge: 24 * time.Hour, Source: source, Policy: agencytest.Policy(t, ""), Verifier: verifier, Journal: agencytest.Journal(t),
		Clock: clock.System{}, Log: slog.New(slog.DiscardHandler),
	}))(t)
	material := must(w.authority.Issue(peer.Identity{Kind: peer.Agency, Name: organisation}))(t)
	server := must(agencies.NewServer(agency, must(material.Server(peer.Identity{Kind: peer.Gateway, Name: only.hub}))(t)))(t)
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-ended; err != nil {
			t.Errorf("serving %s: %v", organisation, err)
		}
	})
	return listener.Addr().String()
}
