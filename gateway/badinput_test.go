package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// strayName stands in every bad value here, and must come back in no error and stand in no log.
const strayName = "Zq7Strayname"

// TestOddInput sends what a client library would not: broken encodings, odd headers, values at the edge of what JSON can say.
func TestOddInput(t *testing.T) {
	w := newWorld(t)
	e := w.open()
	referrals, ep := "/v1/hubs/coventry/referrals", "/v1/"+e.name
	deep := strings.Repeat(`{"subjects":[`, 20_000)
	for name, c := range map[string]bad{
		"an empty body":          {"referrer", "POST", referrals, ``, nil, 400, "INVALID_FIELDS", "referral.referrer"},
		"null":                   {"referrer", "POST", referrals, `null`, nil, 400, "INVALID_BODY", ""},
		"a byte order mark":      {"referrer", "POST", referrals, "\ufeff{}", nil, 400, "INVALID_BODY", ""},
		"bytes that are no text": {"referrer", "POST", referrals, "{\"summary\":\"" + strayName + "\xff\xfe\"}", nil, 400, "INVALID_FIELD", "summary"},
		"half a surrogate":       {"referrer", "POST", referrals, `{"summary":"` + strayName + `\ud800"}`, nil, 400, "INVALID_BODY", ""},
		"a body 20,000 deep":     {"referrer", "POST", referrals, deep, nil, 400, "INVALID_BODY", ""},
		"a number for a person":  {"referrer", "POST", referrals, `{"referrer": 5}`, nil, 400, "INVALID_FIELD", "referrer"},
		"a text for people":      {"referrer", "POST", referrals, "{\"summary\": \"\u00e9\",\n \"subjects\": [\"" + strayName + "\"]}", nil, 400, "INVALID_FIELD", "subjects"},
		"comments":               {"referrer", "POST", referrals, `{/* ` + strayName + ` */}`, nil, 400, "INVALID_BODY", ""},
		"not a number":           {"team_manager", "POST", ep + ":rate", `{"levelOfNeed": NaN}`, nil, 400, "INVALID_BODY", ""},
		"a number out of range":  {"team_manager", "POST", ep + ":rate", `{"levelOfNeed": 4294967300}`, nil, 400, "INVALID_FIELD", "levelOfNeed"},
		"half a level":           {"team_manager", "POST", ep + ":rate", `{"levelOfNeed": 2.5}`, nil, 400, "INVALID_FIELD", "levelOfNeed"},
		"a role by a number nobody has": {
			"referrer", "POST", referrals, formWith(99, "subjects", 0, "role"), nil, 400, "INVALID_FIELDS", "referral.subjects[0].role",
		},
		"a name as a key of the body": {"team_manager", "POST", ep + ":rate", `{"` + strayName + ` Lee": 1}`, nil, 400, "UNKNOWN_FIELD", "a field"},
		"a moment without a zone":     {"team_manager", "POST", ep + ":breakGlass", `{"reason":"x","expireTime":"2026-11-22T10:00:00"}`, nil, 400, "INVALID_FIELD", "expireTime"},
		"a moment in words":           {"team_manager", "POST", ep + ":breakGlass", `{"reason":"x","expireTime":"` + strayName + `"}`, nil, 400, "INVALID_FIELD", "expireTime"},
		"a moment in the year 10000":  {"team_manager", "POST", ep + ":breakGlass", `{"reason":"x","expireTime":"10000-01-01T00:00:00Z"}`, nil, 400, "INVALID_FIELD", "expireTime"},
		"an etag with a line end":     {"team_manager", "POST", ep + ":rate", map[string]any{"etag": "v1\n" + strayName}, nil, 400, "INVALID_FIELDS", "rating"},
		"an etag with a control":      {"team_manager", "POST", ep + ":rate", map[string]any{"etag": "v1\x07"}, nil, 400, "INVALID_FIELDS", "etag"},
		"a packed body":               {"referrer", "POST", referrals, "\x1f\x8b\x08\x00", []string{"Content-Encoding", "gzip"}, 400, "INVALID_BODY", ""},
		"a name in the path":          {"team_manager", "GET", "/v1/hubs/coventry/episodes/" + strayName + "%20Lee", nil, nil, 400, "INVALID_FIELDS", "name"},
		"a name as a parameter":       {"team_manager", "GET", "/v1/hubs/coventry/episodes?" + strayName + "+Lee=1", nil, nil, 400, "INVALID_FIELD", ""},
		"a name as a page token":      {"team_manager", "GET", "/v1/hubs/coventry/episodes?pageToken=" + strayName, nil, nil, 400, "INVALID_FIELD", "pageToken"},
		"a page token too long":       {"team_manager", "GET", "/v1/hubs/coventry/episodes?pageToken=" + strings.Repeat("a", 501), nil, nil, 400, "INVALID_FIELDS", "pageToken"},
		"a half-encoded path":         {"team_manager", "GET", "/v1/hubs/coventry/episodes/%00", nil, nil, 400, "INVALID_FIELDS", "name"},
		"up and away":                 {"team_manager", "GET", "/v1/hubs/coventry/episodes/..%2f..%2fpeople", nil, nil, 404, "NO_SUCH_PATH", ""},
		"a last event over the edge":  {"social_worker", "GET", ep + "/informationRequests/none:watch", nil, []string{"Last-Event-ID", "9223372036854775808"}, 400, "INVALID_FIELD", ""},
		"a name as the last event":    {"social_worker", "GET", ep + "/informationRequests/none:watch", nil, []string{"Last-Event-ID", strayName}, 400, "INVALID_FIELD", ""},
		"a name as a key":             {"social_worker", "POST", ep + "/informationRequests", `{}`, []string{"Idempotency-Key", strayName + " Lee"}, 400, "INVALID_FIELDS", "requestId"},
		"a picture's token made up":   {"social_worker", "GET", ep + "/informationRequests/none/picture?pageToken=1-0x", nil, nil, 404, "NOT_FOUND", ""},
	} {
		t.Run(name, func(t *testing.T) { w.refuses(t, c) })
	}
	if strings.Contains(w.logs.String(), strayName) {
		t.Error("the log repeats what was sent")
	}
}

// refuses sends one bad input and finds the error it gets.
func (w *world) refuses(t *testing.T, c bad) {
	t.Helper()
	got := w.rest(c.who, c.method, c.path, c.body, c.headers...)
	p := got.problem(t)
	if got.status != c.status || p.Status != c.status || p.Reason != c.reason {
		t.Fatalf("%d %s, want %d %s: %s", got.status, p.Reason, c.status, c.reason, got.body)
	}
	holdsProblem(t, got, p)
	if c.field != "" && !slices.ContainsFunc(p.Fields, func(f struct{ Name, Description string }) bool { return f.Name == c.field }) {
		t.Errorf("fields %v, want %s among them", p.Fields, c.field)
	}
	if strings.Contains(string(got.body), strayName) {
		t.Errorf("the problem repeats what was sent: %s", got.body)
	}
}

// TestEveryTextOfTheForm puts bad values into every text of a form in which every field is filled in: each is refused by the field's
// name, and no error repeats the value.
func TestEveryTextOfTheForm(t *testing.T) {
	w := newWorld(t)
	w.ok(w.rest("referrer", http.MethodPost, "/v1/hubs/coventry/referrals", wholeForm(t)))
	places := textsOf("", wholeForm(t))
	if len(places) < 35 {
		t.Fatalf("only %d texts", len(places))
	}
	for _, place := range places {
		for kind, value := range map[string]any{
			"a control character": strayName + "\u0007", "a text too long": strayName + strings.Repeat("x", 21_000), "an object": map[string]any{"x": strayName},
		} {
			body := wholeForm(t)
			put(body, place, value)
			got := w.rest("referrer", http.MethodPost, "/v1/hubs/coventry/referrals", body)
			p := got.problem(t)
			named := slices.ContainsFunc(p.Fields, func(f struct{ Name, Description string }) bool {
				return f.Name == "referral."+place || strings.HasSuffix(place, f.Name) || strings.Contains(place, f.Name+"[") || f.Name == "referral."+unlisted(place)
			})
			if got.status != http.StatusBadRequest || !named {
				t.Errorf("%s in %s: %d %s, fields %v", kind, place, got.status, p.Reason, p.Fields)
			}
			if strings.Contains(string(got.body), strayName) {
				t.Errorf("%s in %s: the problem repeats it", kind, place)
			}
		}
	}
	if strings.Contains(w.logs.String(), strayName) {
		t.Error("the log repeats what was sent")
	}
}

// unlisted is the list in which a place stands.
func unlisted(place string) string { return strings.TrimRight(place, "[]0123456789") }

// wholeForm is a good form with every text filled in.
func wholeForm(t *testing.T) map[string]any {
	t.Helper()
	whole := form()
	maps.Copy(whole["referrer"].(map[string]any), map[string]any{"jobTitle": "Teacher", "phone": "01632 960101", "email": "r@school.example"})
	maps.Copy(whole, map[string]any{
		"worries": "a", "strengths": "b", "supportOffered": "c", "thresholdReason": "d", "familyViews": "e", "specialistTools": []any{"prevent"},
	})
	child := whole["subjects"].([]any)[0].(map[string]any)
	child["relationship"] = "herself"
	maps.Copy(child["identity"].(map[string]any), map[string]any{
		"otherNames": []any{"Ally"}, "sex": "female", "phones": []any{"01632 960102"}, "nhsNumber": "9990100012", "school": "f", "gp": "g",
		"ethnicity": "h", "language": "i", "religion": "j", "disability": "k",
	})
	whole["consents"].([]any)[0].(map[string]any)["reason"] = "l"
	encoded := must(json.Marshal(whole))(t) // a copy of its own for each caller
	var copied map[string]any
	check(t, json.Unmarshal(encoded, &copied))
	return copied
}

// textsOf are the places of all texts, as errors spell them.
func textsOf(path string, value any) []string {
	var all []string
	switch value := value.(type) {
	case string:
		return []string{path}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, textsOf(strings.TrimPrefix(path+"."+key, "."), value[key])...)
		}
	case []any:
		for i, each := range value {
			all = append(all, textsOf(fmt.Sprintf("%s[%d]", path, i), each)...)
		}
	}
	return all
}

// put replaces the value at a place.
func put(body map[string]any, place string, value any) {
	var at any = body
	steps := strings.FieldsFunc(place, func(r rune) bool { return strings.ContainsRune(".[]", r) })
	for _, step := range steps[:len(steps)-1] {
		at = stepInto(at, step)
	}
	last := steps[len(steps)-1]
	switch at := at.(type) {
	case map[string]any:
		at[last] = value
	case []any:
		at[index(last)] = value
	}
}

func stepInto(at any, step string) any {
	if list, ok := at.([]any); ok {
		return list[index(step)]
	}
	return at.(map[string]any)[step]
}

func index(step string) int {
	n := 0
	for _, digit := range step {
		n = n*10 + int(digit-'0')
	}
	return n
}

// TestBadInputOverGRPC holds gRPC to the same: the code, the reason and the field of each bad input.
func TestBadInputOverGRPC(t *testing.T) {
	w := newWorld(t)
	e := w.open()
	conn := w.dial()
	episodes, requests, directory := mashgatev1.NewEpisodeServiceClient(conn), mashgatev1.NewInformationServiceClient(conn), mashgatev1.NewDirectoryServiceClient(conn)
	entries := ledgerv1.NewLedgerServiceClient(conn)
	submit := func(change func(*mashgatev1.Referral)) error {
		referral := &mashgatev1.Referral{}
		check(t, protojson.Unmarshal(must(json.Marshal(form()))(t), referral))
		change(referral)
		_, err := episodes.SubmitReferral(w.as("referrer"), &mashgatev1.SubmitReferralRequest{Parent: "hubs/coventry", Referral: referral})
		return err
	}
	identity := func(change func(*mashgatev1.PersonIdentity)) error {
		return submit(func(r *mashgatev1.Referral) { change(r.GetSubjects()[0].GetIdentity()) })
	}
	rate := func(change func(*mashgatev1.RateEpisodeRequest)) error {
		req := &mashgatev1.RateEpisodeRequest{Name: e.name, Etag: e.etag, Rating: "red", Reason: "worse", LevelOfNeed: 4, Basis: "s47", Concerns: []string{"neglect"}}
		change(req)
		_, err := episodes.RateEpisode(w.as("team_manager"), req)
		return err
	}
	ask := func(key string, categories ...string) error {
		req := &mashgatev1.RequestInformationRequest{Parent: e.name, RequestId: key}
		for _, c := range categories {
			req.Categories = append(req.Categories, &mashgatev1.CategoryNeed{Category: c, Reason: "needed"})
		}
		_, err := requests.RequestInformation(w.as("social_worker"), req)
		return err
	}
	check(t, ask("used", "csc.status"))
	breakGlass := func(until *timestamppb.Timestamp) error {
		_, err := episodes.BreakGlass(w.as("team_manager"), &mashgatev1.BreakGlassRequest{Name: e.name, Reason: "danger", ExpireTime: until})
		return err
	}
	watch := func(name string, after int64) error {
		stream := must(requests.WatchInformationRequest(w.as("social_worker"), &mashgatev1.WatchInformationRequestRequest{Name: name, After: after}))(t)
		_, err := stream.Recv()
		return err
	}
	second := func(_ any, err error) error { return err }
	for name, c := range map[string]struct {
		err    error
		code   codes.Code
		reason string
		field  string
	}{
		"an empty message":       {second(episodes.SubmitReferral(w.as("referrer"), &mashgatev1.SubmitReferralRequest{})), codes.InvalidArgument, "INVALID_FIELDS", "parent"},
		"no referral":            {second(episodes.SubmitReferral(w.as("referrer"), &mashgatev1.SubmitReferralRequest{Parent: "hubs/coventry"})), codes.InvalidArgument, "INVALID_FIELDS", "referral"},
		"bytes that are no text": {submit(func(r *mashgatev1.Referral) { r.Summary = "\xff" + strayName }), codes.Internal, "", ""},
		"a control character":    {submit(func(r *mashgatev1.Referral) { r.Summary = strayName + "\x1b[2J" }), codes.InvalidArgument, "INVALID_FIELDS", "referral.summary"},
		"a deleted character":    {identity(func(p *mashgatev1.PersonIdentity) { p.OtherNames = []string{"a", strayName + "\x7f"} }), codes.InvalidArgument, "INVALID_FIELDS", "referral.subjects[0].identity.other_names[1]"},
		"a text too long":        {submit(func(r *mashgatev1.Referral) { r.Worries = strings.Repeat("a", 20_001) }), codes.InvalidArgument, "INVALID_FIELDS", "referral.worries"},
		"a message too long":     {submit(func(r *mashgatev1.Referral) { r.Worries = strings.Repeat("a", 5<<20) }), codes.ResourceExhausted, "", ""},
		"51 people":              {submit(func(r *mashgatev1.Referral) { r.Subjects = slices.Repeat(r.GetSubjects()[1:], 51) }), codes.InvalidArgument, "INVALID_FIELDS", "referral.subjects"},
		"a day that is none":     {identity(func(p *mashgatev1.PersonIdentity) { p.DateOfBirth = "2015-02-29" }), codes.InvalidArgument, "INVALID_FIELD", "referral.subjects[0].identity.date_of_birth"},
		"a month that is none":   {identity(func(p *mashgatev1.PersonIdentity) { p.DateOfBirth = "2015-13-01" }), codes.InvalidArgument, "INVALID_FIELD", "referral.subjects[0].identity.date_of_birth"},
		"a wrong check digit":    {identity(func(p *mashgatev1.PersonIdentity) { p.NhsNumber = "9990100013" }), codes.InvalidArgument, "INVALID_FIELD", "referral.subjects[0].identity.nhs_number"},
		"a wrong pupil number":   {identity(func(p *mashgatev1.PersonIdentity) { p.Upn = "A998401002001" }), codes.InvalidArgument, "INVALID_FIELD", "referral.subjects[0].identity.upn"},
		"a sex nobody has":       {identity(func(p *mashgatev1.PersonIdentity) { p.Sex = strayName }), codes.InvalidArgument, "INVALID_FIELDS", "referral.subjects[0].identity.sex"},
		"a role by number":       {submit(func(r *mashgatev1.Referral) { r.GetSubjects()[0].Role = 99 }), codes.InvalidArgument, "INVALID_FIELDS", "referral.subjects[0].role"},
		"nobody's consent":       {submit(func(r *mashgatev1.Referral) { r.GetConsents()[0].Giver = "uncle" }), codes.InvalidArgument, "INVALID_FIELD", "referral.consents[0].giver"},
		"an id twice":            {submit(func(r *mashgatev1.Referral) { r.GetSubjects()[1].Id = "child" }), codes.InvalidArgument, "INVALID_FIELDS", "referral.subjects[1].id"},
		"a stale etag":           {rate(func(r *mashgatev1.RateEpisodeRequest) { r.Etag = "v0" }), codes.Aborted, "ETAG_MISMATCH", ""},
		"no etag":                {rate(func(r *mashgatev1.RateEpisodeRequest) { r.Etag = "" }), codes.InvalidArgument, "ETAG_REQUIRED", "etag"},
		"no level":               {rate(func(r *mashgatev1.RateEpisodeRequest) { r.LevelOfNeed = -1 }), codes.InvalidArgument, "INVALID_FIELDS", "level_of_need"},
		"a name with a blank":    {rate(func(r *mashgatev1.RateEpisodeRequest) { r.Name = e.name + " " }), codes.InvalidArgument, "INVALID_FIELDS", "name"},
		"glass broken for ever":  {breakGlass(&timestamppb.Timestamp{Seconds: 253402300799}), codes.InvalidArgument, "INVALID_FIELD", "expire_time"},
		"glass broken before":    {breakGlass(&timestamppb.Timestamp{Seconds: -62135596800}), codes.InvalidArgument, "INVALID_FIELD", "expire_time"},
		"no moment at all":       {breakGlass(&timestamppb.Timestamp{Seconds: 1 << 62}), codes.InvalidArgument, "INVALID_FIELD", "expire_time"},
		"a key used otherwise":   {ask("used", "csc.chronology"), codes.AlreadyExists, "IDEMPOTENCY_KEY_REUSED", ""},
		"a category of nobody's": {ask("", "pol.horoscope"), codes.InvalidArgument, "INVALID_FIELD", "categories[0].category"},
		"watched from minus one": {watch(e.name+"/informationRequests/x", -1), codes.InvalidArgument, "INVALID_FIELDS", "after"},
		"nothing to watch":       {watch(e.name+"/informationRequests/x", 0), codes.NotFound, "NOT_FOUND", ""},
		"a picture by no name":   {second(requests.GetPicture(w.as("social_worker"), &mashgatev1.GetPictureRequest{Name: e.name + "/informationRequests/x"})), codes.InvalidArgument, "INVALID_FIELDS", "name"},
		"an organisation's case": {second(directory.GetOrganisation(w.as("social_worker"), &mashgatev1.GetOrganisationRequest{Name: "hubs/coventry/organisations/Police"})), codes.InvalidArgument, "INVALID_FIELDS", "name"},
		"a ledger page made up":  {second(entries.ListEntries(w.as("auditor"), &ledgerv1.ListEntriesRequest{Parent: "hubs/coventry", PageToken: strayName})), codes.InvalidArgument, "INVALID_FIELD", "page_token"},
	} {
		t.Run(name, func(t *testing.T) { holdsStatus(t, c.err, c.code, c.reason, c.field) })
	}
	if strings.Contains(w.logs.String(), strayName) {
		t.Error("the log repeats what was sent")
	}
}

// holdsStatus checks an error's code, reason and field, and that it repeats nothing.
func holdsStatus(t *testing.T, err error, code codes.Code, reason, field string) {
	t.Helper()
	st := status.Convert(err)
	gotReason, fields := "", []string{}
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			gotReason = detail.GetReason()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				fields = append(fields, violation.GetField())
			}
		}
	}
	if st.Code() != code || gotReason != reason || field != "" && !slices.Contains(fields, field) {
		t.Errorf("%v %s naming %v (%s), want %v %s naming %s", st.Code(), gotReason, fields, st.Message(), code, reason, field)
	}
	if strings.Contains(fmt.Sprint(st.Proto()), strayName) {
		t.Errorf("the error repeats what was sent: %v", st.Proto())
	}
}
