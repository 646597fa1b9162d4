package gateway_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/mashgate/mashgate/gateway"
)

// bad is one bad input and the error it gets.
type bad struct {
	who, method, path string
	body              any
	headers           []string
	status            int
	reason            string
	field             string // one that is named; "" for none
}

// formWith is a good form with one part replaced; a path leads into maps and lists.
func formWith(value any, path ...any) map[string]any {
	whole := form()
	var at any = whole
	for _, step := range path[:len(path)-1] {
		switch step := step.(type) {
		case string:
			at = at.(map[string]any)[step]
		case int:
			at = at.([]any)[step]
		}
	}
	last := path[len(path)-1].(string)
	if value == nil {
		delete(at.(map[string]any), last)
	} else {
		at.(map[string]any)[last] = value
	}
	return whole
}

// bodies are forms that are refused, each for one thing.
func badForms() map[string]bad {
	all := map[string]bad{}
	add := func(name string, body any, reason, field string) {
		all["form: "+name] = bad{body: body, status: 400, reason: reason, field: field}
	}
	add("empty", map[string]any{}, "INVALID_FIELDS", "referral.referrer")
	add("no referrer", formWith(nil, "referrer"), "INVALID_FIELDS", "referral.referrer")
	add("nobody in it", formWith([]any{}, "subjects"), "INVALID_FIELDS", "referral.subjects")
	add("no summary", formWith("", "summary"), "INVALID_FIELDS", "referral.summary")
	add("a summary of 20,001 characters", formWith(strings.Repeat("a", 20_001), "summary"), "INVALID_FIELDS", "referral.summary")
	add("no concern", formWith([]any{}, "concerns"), "INVALID_FIELDS", "referral.concerns")
	add("a concern twice", formWith([]any{"neglect", "neglect"}, "concerns"), "INVALID_FIELDS", "referral.concerns")
	add("a concern that is no code", formWith([]any{"Neglect!"}, "concerns"), "INVALID_FIELDS", "referral.concerns[0]")
	add("a concern nobody knows", formWith([]any{"neglect", "boredom"}, "concerns"), "INVALID_FIELD", "referral.concerns[1]")
	add("an indicator nobody knows", formWith([]any{"no_such"}, "indicators"), "INVALID_FIELD", "referral.indicators[0]")
	add("a tool nobody knows", formWith([]any{"hammer"}, "specialistTools"), "INVALID_FIELDS", "referral.specialistTools[0]")
	add("no index child", formWith("SUBJECT_ROLE_SIBLING", "subjects", 0, "role"), "INVALID_FIELD", "referral.subjects")
	add("two index children", formWith("SUBJECT_ROLE_INDEX_CHILD", "subjects", 1, "role"), "INVALID_FIELD", "referral.subjects")
	add("a subject without a role", formWith(nil, "subjects", 0, "role"), "INVALID_FIELDS", "referral.subjects[0].role")
	add("a role nobody has", formWith("SUBJECT_ROLE_NEIGHBOUR", "subjects", 0, "role"), "INVALID_FIELD", "role")
	add("a subject without identity", formWith(nil, "subjects", 0, "identity"), "INVALID_FIELDS", "referral.subjects[0].identity")
	add("an id twice", formWith("mother", "subjects", 0, "id"), "INVALID_FIELD", "referral.subjects[1].id")
	add("an id with a space", formWith("the child", "subjects", 0, "id"), "INVALID_FIELDS", "referral.subjects[0].id")
	add("a date the wrong way round", formWith("04/05/2016", "subjects", 0, "identity", "dateOfBirth"), "INVALID_FIELDS", "referral.subjects[0].identity.dateOfBirth")
	add("a day that is none", formWith("2016-02-30", "subjects", 0, "identity", "dateOfBirth"), "INVALID_FIELD", "referral.subjects[0].identity.dateOfBirth")
	add("a birth in the future", formWith("2099-01-01", "subjects", 0, "identity", "dateOfBirth"), "INVALID_FIELD", "referral.subjects[0].identity.dateOfBirth")
	add("an NHS number with a wrong check digit", formWith("9434765918", "subjects", 0, "identity", "nhsNumber"), "INVALID_FIELD", "referral.subjects[0].identity.nhsNumber")
	add("an NHS number too short", formWith("94347659", "subjects", 0, "identity", "nhsNumber"), "INVALID_FIELDS", "referral.subjects[0].identity.nhsNumber")
	add("a UPN with a wrong letter", formWith("B801200001001", "subjects", 0, "identity", "upn"), "INVALID_FIELD", "referral.subjects[0].identity.upn")
	add("a postcode that is none", formWith([]any{map[string]any{"postcode": "nowhere"}}, "subjects", 0, "identity", "addresses"), "INVALID_FIELDS", "referral.subjects[0].identity.addresses[0].postcode")
	add("a telephone number in words", formWith([]any{"ring me"}, "subjects", 0, "identity", "phones"), "INVALID_FIELDS", "referral.subjects[0].identity.phones[0]")
	add("a consent of a stranger", formWith("uncle", "consents", 0, "giver"), "INVALID_FIELD", "referral.consents[0].giver")
	add("a consent to nothing", formWith(nil, "consents", 0, "kind"), "INVALID_FIELDS", "referral.consents[0].kind")
	add("a consent without an answer", formWith(nil, "consents", 0, "status"), "INVALID_FIELDS", "referral.consents[0].status")
	add("a consent not sought, without a reason", formWith("CONSENT_STATUS_NOT_SOUGHT", "consents", 0, "status"), "INVALID_FIELDS", "referral.consents[0]")
	add("an unknown field", formWith(1, "colour"), "UNKNOWN_FIELD", "colour")
	add("an unknown field deep inside", formWith(1, "subjects", 0, "identity", "shoeSize"), "UNKNOWN_FIELD", "shoeSize")
	add("a number for a text", formWith(7, "summary"), "INVALID_FIELD", "summary")
	add("a text for a truth", formWith("yes", "informationOnly"), "INVALID_FIELD", "informationOnly")
	for name, each := range all {
		each.who, each.method, each.path = "referrer", http.MethodPost, "/v1/hubs/coventry/referrals"
		all[name] = each
	}
	return all
}

// badRequests are refused before or beside their body.
func badRequests(e opened) map[string]bad {
	referrals, ep := "/v1/hubs/coventry/referrals", "/v1/"+e.name
	rate := func(change ...any) map[string]any {
		body := map[string]any{"etag": e.etag, "rating": "red", "reason": "worse", "levelOfNeed": 4, "basis": "s47", "concerns": []any{"neglect"}}
		for i := 0; i+1 < len(change); i += 2 {
			body[change[i].(string)] = change[i+1]
		}
		return body
	}
	note := func(extra map[string]any) map[string]any {
		body := map[string]any{"etag": e.etag}
		maps.Copy(body, extra)
		return body
	}
	return map[string]bad{
		"no body's end":              {"referrer", "POST", referrals, `{"summary":`, nil, 400, "INVALID_BODY", ""},
		"two bodies":                 {"referrer", "POST", referrals, `{} {}`, nil, 400, "INVALID_BODY", ""},
		"a list":                     {"referrer", "POST", referrals, `[]`, nil, 400, "INVALID_BODY", ""},
		"a text":                     {"referrer", "POST", referrals, `"hello"`, nil, 400, "INVALID_BODY", ""},
		"a field twice":              {"referrer", "POST", referrals, `{"summary":"a","summary":"b"}`, nil, 400, "INVALID_FIELD", "summary"},
		"no type":                    {"referrer", "POST", referrals, `{}`, []string{"Content-Type", ""}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"a form's type":              {"referrer", "POST", referrals, `a=b`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"plain text":                 {"referrer", "POST", referrals, `{}`, []string{"Content-Type", "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"a body over the limit":      {"referrer", "POST", referrals, `{"summary":"` + strings.Repeat("a", 2<<20) + `"}`, nil, 413, "BODY_TOO_LARGE", ""},
		"no path":                    {"referrer", "GET", "/v1/nothing", nil, nil, 404, "NO_SUCH_PATH", ""},
		"no path at all":             {"", "GET", "/", nil, nil, 404, "NO_SUCH_PATH", ""},
		"the agencies' service":      {"team_manager", "POST", "/mashgate.agency.v1.AgencyService/Locate", `{}`, nil, 404, "NO_SUCH_PATH", ""},
		"a delete":                   {"team_manager", "DELETE", ep, nil, nil, 405, "METHOD_NOT_ALLOWED", ""},
		"a put":                      {"team_manager", "PUT", referrals, `{}`, nil, 405, "METHOD_NOT_ALLOWED", ""},
		"a get of a verb":            {"team_manager", "GET", ep + ":rate", nil, nil, 405, "METHOD_NOT_ALLOWED", ""},
		"a verb nobody knows":        {"team_manager", "POST", ep + ":delete", `{}`, nil, 404, "NO_SUCH_PATH", ""},
		"no method override":         {"team_manager", "GET", ep, nil, []string{"X-HTTP-Method-Override", "POST"}, 200, "", ""},
		"another host":               {"team_manager", "GET", ep, nil, []string{"Host", "evil.example"}, 421, "UNKNOWN_HOST", ""},
		"no token":                   {"", "GET", ep, nil, nil, 401, "UNAUTHENTICATED", ""},
		"a token that is none":       {"", "GET", ep, nil, []string{"Authorization", "Bearer x"}, 401, "BAD_TOKEN", ""},
		"a password":                 {"", "GET", ep, nil, []string{"Authorization", "Basic eDp5"}, 401, "BAD_AUTHORIZATION", ""},
		"metadata by header":         {"", "GET", ep, nil, []string{"Grpc-Metadata-Authorization", "Bearer x"}, 401, "UNAUTHENTICATED", ""},
		"another role":               {"auditor", "GET", ep, nil, nil, 403, "WRONG_ROLE", ""},
		"another hub":                {"team_manager", "GET", strings.Replace(ep, "coventry", "leeds", 1), nil, nil, 403, "WRONG_HUB", ""},
		"a hub with a capital":       {"team_manager", "GET", "/v1/hubs/Coventry", nil, nil, 403, "WRONG_HUB", ""},
		"no such episode":            {"team_manager", "GET", "/v1/hubs/coventry/episodes/none", nil, nil, 404, "NOT_FOUND", ""},
		"an id that is none":         {"team_manager", "GET", "/v1/hubs/coventry/episodes/a%20b", nil, nil, 400, "INVALID_FIELDS", "name"},
		"a slash in an id":           {"team_manager", "GET", "/v1/hubs/coventry/episodes/a%2Fb", nil, nil, 404, "NO_SUCH_PATH", ""},
		"somebody else's referral":   {"second_referrer", "GET", "/v1/" + e.referral, nil, nil, 404, "NOT_FOUND", ""},
		"no such person":             {"team_manager", "GET", "/v1/hubs/coventry/people/none", nil, nil, 404, "NOT_FOUND", ""},
		"no such organisation":       {"team_manager", "GET", "/v1/hubs/coventry/organisations/none", nil, nil, 404, "NOT_FOUND", ""},
		"no such entry":              {"auditor", "GET", "/v1/hubs/coventry/ledgerEntries/999999", nil, nil, 404, "NOT_FOUND", ""},
		"an entry in words":          {"auditor", "GET", "/v1/hubs/coventry/ledgerEntries/last", nil, nil, 400, "INVALID_FIELDS", "name"},
		"no such revision":           {"auditor", "GET", "/v1/hubs/coventry/policyRevisions/none", nil, nil, 404, "NOT_FOUND", ""},
		"a page size of minus one":   {"team_manager", "GET", "/v1/hubs/coventry/episodes?pageSize=-1", nil, nil, 400, "INVALID_FIELDS", "pageSize"},
		"a page size over the limit": {"team_manager", "GET", "/v1/hubs/coventry/episodes?pageSize=1001", nil, nil, 400, "INVALID_FIELDS", "pageSize"},
		"a page size in words":       {"team_manager", "GET", "/v1/hubs/coventry/episodes?pageSize=many", nil, nil, 400, "INVALID_FIELD", "pageSize"},
		"a stage nobody knows":       {"team_manager", "GET", "/v1/hubs/coventry/episodes?stage=STAGE_NONE", nil, nil, 400, "INVALID_FIELD", "stage"},
		"a page token made up":       {"auditor", "GET", "/v1/hubs/coventry/ledgerEntries?pageToken=x", nil, nil, 400, "INVALID_FIELD", "pageToken"},
		"a filter that is none":      {"team_manager", "GET", "/v1/hubs/coventry/episodes?colour=red", nil, nil, 400, "INVALID_FIELD", "colour"},
		"a query on a post":          {"team_manager", "POST", ep + ":rate?reason=x", rate(), nil, 400, "INVALID_FIELD", "reason"},
		"a kind of entry made up":    {"auditor", "GET", "/v1/hubs/coventry/ledgerEntries?kind=gossip", nil, nil, 400, "INVALID_FIELD", "kind"},
		"triage without a reason":    {"team_manager", "POST", "/v1/" + e.referral + ":triage", map[string]any{"outcome": "mash_episode"}, nil, 400, "INVALID_FIELDS", "reason"},
		"triage to nowhere":          {"team_manager", "POST", "/v1/" + e.referral + ":triage", map[string]any{"outcome": "prison", "reason": "x"}, nil, 400, "INVALID_FIELD", "outcome"},
		"not triaged, no exclusion":  {"team_manager", "POST", "/v1/" + e.referral + ":triage", map[string]any{"outcome": "not_triaged", "reason": "x"}, nil, 400, "INVALID_FIELD", "exclusions"},
		"triage with an exclusion":   {"team_manager", "POST", "/v1/" + e.referral + ":triage", map[string]any{"outcome": "early_help", "reason": "x", "exclusions": []any{"unidentified"}}, nil, 400, "INVALID_FIELD", "exclusions"},
		"opened twice":               {"team_manager", "POST", "/v1/hubs/coventry/episodes:open", map[string]any{"referral": e.referral, "rating": "red", "levelOfNeed": 4, "basis": "s47"}, nil, 409, "EPISODE_EXISTS", ""},
		"opened by another hub's":    {"team_manager", "POST", "/v1/hubs/coventry/episodes:open", map[string]any{"referral": "hubs/leeds/referrals/x", "rating": "red", "levelOfNeed": 4, "basis": "s47"}, nil, 400, "INVALID_FIELD", "referral"},
		"opened in the past":         {"team_manager", "POST", "/v1/hubs/coventry/episodes:open", map[string]any{"referral": e.referral, "rating": "red", "levelOfNeed": 4, "basis": "s47", "expireTime": "2020-01-01T00:00:00Z"}, nil, 400, "INVALID_FIELD", "expireTime"},
		"rated without an etag":      {"team_manager", "POST", ep + ":rate", rate("etag", ""), nil, 428, "ETAG_REQUIRED", "etag"},
		"rated on an old etag":       {"team_manager", "POST", ep + ":rate", rate("etag", "v999"), nil, 412, "ETAG_MISMATCH", ""},
		"rated if it matches not":    {"team_manager", "POST", ep + ":rate", rate("etag", ""), []string{"If-Match", `"v999"`}, 412, "ETAG_MISMATCH", ""},
		"rated if anything matches":  {"team_manager", "POST", ep + ":rate", rate("etag", ""), []string{"If-Match", "*"}, 400, "INVALID_FIELD", "If-Match"},
		"rated if weakly matching":   {"team_manager", "POST", ep + ":rate", rate("etag", ""), []string{"If-Match", `W/"v1"`}, 400, "INVALID_FIELD", "If-Match"},
		"rated with two etags":       {"team_manager", "POST", ep + ":rate", rate(), []string{"If-Match", `"v999"`}, 400, "INVALID_FIELD", "If-Match"},
		"rated without a reason":     {"team_manager", "POST", ep + ":rate", rate("reason", ""), nil, 400, "INVALID_FIELDS", "reason"},
		"a rating of another scheme": {"team_manager", "POST", ep + ":rate", rate("rating", "purple"), nil, 400, "INVALID_FIELD", "rating"},
		"a basis nobody knows":       {"team_manager", "POST", ep + ":rate", rate("basis", "s99"), nil, 400, "INVALID_FIELD", "basis"},
		"level five":                 {"team_manager", "POST", ep + ":rate", rate("levelOfNeed", 5), nil, 400, "INVALID_FIELDS", "levelOfNeed"},
		"an If-Match of no use":      {"team_manager", "GET", ep, nil, []string{"If-Match", `"v1"`}, 400, "INVALID_FIELD", "If-Match"},
		"a stranger assigned":        {"team_manager", "POST", ep + ":assign", note(map[string]any{"assignees": []any{"hubs/coventry/people/none"}}), nil, 400, "INVALID_FIELD", "assignees[0]"},
		"an auditor assigned":        {"team_manager", "POST", ep + ":assign", note(map[string]any{"assignees": []any{"hubs/coventry/people/auditor"}}), nil, 400, "INVALID_FIELD", "assignees[0]"},
		"somebody of another hub":    {"team_manager", "POST", ep + ":assign", note(map[string]any{"assignees": []any{"hubs/leeds/people/x"}}), nil, 400, "INVALID_FIELD", "assignees[0]"},
		"a ground nobody knows":      {"team_manager", "POST", ep + ":override", note(map[string]any{"override": map[string]any{"ground": "hunch", "reason": "x"}}), nil, 400, "INVALID_FIELD", "override.ground"},
		"a ground without a reason":  {"team_manager", "POST", ep + ":override", note(map[string]any{"override": map[string]any{"ground": "delay"}}), nil, 400, "INVALID_FIELDS", "override.reason"},
		"a stranger's consent":       {"team_manager", "POST", ep + ":recordConsent", note(map[string]any{"consent": map[string]any{"kind": "CONSENT_KIND_SERVICE", "giver": "stranger", "status": "CONSENT_STATUS_YES"}}), nil, 400, "INVALID_FIELD", "consent.giver"},
		"a stranger's withdrawal":    {"team_manager", "POST", ep + ":withdrawConsent", map[string]any{"kind": "CONSENT_KIND_SERVICE", "giver": "stranger"}, nil, 400, "INVALID_FIELD", "giver"},
		"a stranger updated":         {"team_manager", "POST", ep + ":updateSubject", note(map[string]any{"subject": subject("stranger", "SUBJECT_ROLE_SIBLING", "A", "2015-01-01")}), nil, 400, "INVALID_FIELD", "subject.id"},
		"glass broken for a week":    {"team_manager", "POST", ep + ":breakGlass", map[string]any{"reason": "x", "expireTime": "2099-01-01T00:00:00Z"}, nil, 400, "INVALID_FIELD", "expireTime"},
		"glass broken in the past":   {"team_manager", "POST", ep + ":breakGlass", map[string]any{"reason": "x", "expireTime": "2020-01-01T00:00:00Z"}, nil, 400, "INVALID_FIELD", "expireTime"},
		"no glass to mend":           {"team_manager", "POST", ep + ":endBreakGlass", map[string]any{}, nil, 409, "NO_BREAK_GLASS", ""},
		"an outcome nobody knows":    {"team_manager", "POST", ep + ":recordOutcome", note(map[string]any{"outcome": map[string]any{"code": "prison", "reason": "x", "feedbackToReferrer": "y"}}), nil, 400, "INVALID_FIELD", "outcome.code"},
		"a meeting by a worker":      {"social_worker", "POST", ep + ":recordOutcome", note(map[string]any{"outcome": map[string]any{"code": "early_help", "reason": "x", "feedbackToReferrer": "y", "strategyMeeting": true}}), nil, 403, "TEAM_MANAGER_NEEDED", ""},
		"a category that is no code": {"social_worker", "POST", ep + "/informationRequests", map[string]any{"categories": []any{map[string]any{"category": "all"}}}, nil, 400, "INVALID_FIELDS", "categories[0].category"},
		"a category nobody holds":    {"social_worker", "POST", ep + "/informationRequests", map[string]any{"categories": []any{map[string]any{"category": "pol.horoscope"}}}, nil, 400, "INVALID_FIELD", "categories[0].category"},
		"a category twice":           {"social_worker", "POST", ep + "/informationRequests", map[string]any{"categories": []any{map[string]any{"category": "csc.status"}, map[string]any{"category": "csc.status"}}}, nil, 400, "INVALID_FIELD", "categories[1].category"},
		"an idempotency key too odd": {"social_worker", "POST", ep + "/informationRequests", map[string]any{}, []string{"Idempotency-Key", "a b"}, 400, "INVALID_FIELDS", "requestId"},
		"two ids for one request":    {"social_worker", "POST", ep + "/informationRequests", map[string]any{"requestId": "a"}, []string{"Idempotency-Key", "b"}, 400, "INVALID_FIELD", "Idempotency-Key"},
		"a picture of nothing":       {"social_worker", "GET", ep + "/informationRequests/none/picture", nil, nil, 404, "NOT_FOUND", ""},
	}
}

// TestBadInput sends every bad input and finds the error it gets: status, reason and the field it names, as a problem that repeats no
// value.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	e := w.open()
	all := badRequests(e)
	maps.Copy(all, badForms())
	if len(all) < 60 {
		t.Fatalf("only %d bad inputs", len(all))
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			got := w.rest(c.who, c.method, c.path, c.body, c.headers...)
			if got.header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be stored")
			}
			if c.status == http.StatusOK {
				if got.status != http.StatusOK {
					t.Errorf("%d: %s", got.status, got.body)
				}
				return
			}
			p := got.problem(t)
			if got.status != c.status || p.Status != c.status || p.Reason != c.reason {
				t.Fatalf("%d %s, want %d %s: %s", got.status, p.Reason, c.status, c.reason, got.body)
			}
			holdsProblem(t, got, p)
			named := c.field == ""
			for _, field := range p.Fields {
				named = named || field.Name == c.field
			}
			if !named {
				t.Errorf("fields %v, want %s among them", p.Fields, c.field)
			}
		})
	}
}

// holdsProblem checks what every problem has.
func holdsProblem(t *testing.T, got answer, p problem) {
	t.Helper()
	if p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Type, "urn:mashgate:problem:") {
		t.Errorf("problem %+v lacks a title, a detail or a type", p)
	}
	if _, err := uuid.Parse(p.RequestID); err != nil || p.RequestID != got.header.Get("X-Request-Id") {
		t.Errorf("request id %q in the body and %q in the header", p.RequestID, got.header.Get("X-Request-Id"))
	}
	switch got.status {
	case http.StatusUnauthorized:
		if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
			t.Error("no challenge")
		}
	case http.StatusMethodNotAllowed:
		if got.header.Get("Allow") == "" {
			t.Error("no word on what is allowed")
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if got.header.Get("Retry-After") == "" {
			t.Error("no word on when to try again")
		}
	}
	for _, value := range []string{"Canaryton", "boredom", "purple", "shoe size", "9434765918", "2016-02-30"} {
		if strings.Contains(string(got.body), value) {
			t.Errorf("the problem repeats %q", value)
		}
	}
}

// TestTooManyCalls: the limit is the person's, over gRPC and REST together, and another person is not held up by it.
func TestTooManyCalls(t *testing.T) {
	w := newWorld(t, func(_ *world, c *gateway.Config) { c.Limits.CallsPerSecond, c.Limits.Burst = 0.001, 3 })
	for i := range 3 {
		if got := w.rest("team_manager", http.MethodGet, "/v1/whoami", nil); got.status != http.StatusOK {
			t.Fatalf("call %d: %d", i+1, got.status)
		}
	}
	got := w.rest("team_manager", http.MethodGet, "/v1/whoami", nil)
	p := got.problem(t)
	if got.status != http.StatusTooManyRequests || p.Reason != "RATE_LIMITED" {
		t.Errorf("the fourth call: %d %s", got.status, p.Reason)
	}
	holdsProblem(t, got, p)
	if got := w.rest("auditor", http.MethodGet, "/v1/whoami", nil); got.status != http.StatusOK {
		t.Errorf("another person: %d", got.status)
	}
}
