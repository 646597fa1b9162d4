package demo_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/city"
	"github.com/mashgate/mashgate/internal/person"
	"github.com/mashgate/mashgate/internal/seal"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// slip is person data where it does not belong: in whatever field, header or path a caller gets wrong. No field of a family holds it.
const (
	slip       = "Quizzlebert Vantongeren"
	slipCode   = "quizzlebert_vantongeren"
	slipInPath = "QuizzlebertVantongeren"
)

// inCanaries are the families whose data is looked for: everything about them is made up for them alone.
var inCanaries = []string{"00-showcase", "06-refuge", "12-adopted", "14-missing-and-exploited", "15-own-family", "16-withdrawn-under-s47", "22-limited-access"}

// TestCanaries: names, addresses, identifiers and narrative of the families, however they are written, stand in no log line, trace, metric,
// error text or byte of what the gateway and the agencies' journals keep, whatever was asked and whatever went wrong.
func TestCanaries(t *testing.T) {
	h, errors, canaries := playCanaries(t, nil)
	haystacks := map[string][]byte{"the errors' texts": errors, "the metrics": get(t, "http://"+h.Addresses.Admin+"/metrics")}
	maps := []map[string][]byte{haystacks, stored(t, h.dir, "while it runs")}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	maps = append(maps, stored(t, h.dir, "after it ended"), map[string][]byte{
		"the log": []byte(h.log.String()), "the traces": []byte(h.traces.String()),
	})
	for _, m := range maps {
		for name, data := range m {
			if len(data) == 0 {
				t.Errorf("%s is empty: nothing was looked at", name)
			}
			for _, found := range search(data, canaries) {
				t.Errorf("%s in %s", found, name)
			}
		}
	}
}

// TestCanariesAreFoundUnsealed: the same search finds every kind of canary in the database of a gateway that seals nothing.
func TestCanariesAreFoundUnsealed(t *testing.T) {
	h, _, canaries := playCanaries(t, func(c *gateway.Config) { c.Vault = seal.NewPlainForTest(t) })
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, data := range stored(t, h.dir, "unsealed") {
		all = append(all, data...)
	}
	found := map[string]bool{}
	for _, each := range search(all, canaries) {
		found[each.kind] = true
	}
	for _, c := range canaries {
		if c.kind != kindSlip && !found[c.kind] {
			t.Errorf("no %s is found in a database that seals nothing", c.kind)
			found[c.kind] = true
		}
	}
}

// playCanaries runs the families and everything that goes wrong, and returns what callers were told of the latter.
func playCanaries(t *testing.T, change func(*gateway.Config)) (*hubUnderTest, []byte, []canary) {
	t.Helper()
	families, err := city.LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	h := startHub(t, demo.Options{People: relatives(families), Change: change})
	var canaries []canary
	heard := &transcript{}
	for _, f := range families {
		if !slices.Contains(inCanaries, f.Name) {
			continue
		}
		canaries = append(canaries, canariesOf(f)...)
		p := play(t, h, f, func(heard *transcript) dialer { return dialREST(t, h.Hub, heard) })
		goWrong(t, h, p.told, heard)
	}
	for _, s := range []string{slip, slipCode, slipInPath, "Quizzlebert", "Vantongeren"} {
		canaries = append(canaries, canary{kindSlip, s})
	}
	var errors []byte
	for _, each := range heard.except() {
		errors = append(errors, each.text...)
	}
	return h, errors, canaries
}

// canariesOf are the words of a family that nobody else has.
func canariesOf(f city.Family) []canary {
	var all []canary
	add := func(kind, text string) {
		if len(text) >= 6 {
			all = append(all, canary{kind, text})
		}
	}
	add("narrative", f.Referral.Summary)
	add("narrative", f.Referral.Worries)
	if r := f.Referral.Referrer; !r.Professional {
		add("name", r.FamilyName)
	}
	for _, who := range f.People {
		addIdentity(add, who)
	}
	for _, held := range f.Holdings {
		for _, h := range held {
			addIdentity(add, h.Identity)
			for _, r := range h.Records {
				for _, field := range r.Fields {
					if len(field.Value) >= 16 {
						add("record", field.Value)
					}
				}
			}
		}
	}
	return all
}

func addIdentity(add func(kind, text string), who person.Identity) {
	add("name", who.GivenName+" "+who.FamilyName)
	add("name", who.FamilyName)
	for _, other := range who.OtherNames {
		add("name", other)
	}
	for _, address := range who.Addresses {
		add("address", address.Postcode)
		add("address", strings.Join(address.Lines, ", "))
	}
	for _, phone := range who.Phones {
		add("identifier", phone)
	}
	add("identifier", who.NHSNumber)
	add("identifier", who.UPN)
}

// goWrong does what callers get wrong, each time with person data where it does not belong.
func goWrong(t *testing.T, h *hubUnderTest, told demo.Told, heard *transcript) {
	t.Helper()
	dial := dialREST(t, h.Hub, heard)
	line := func(person string) *restLine {
		l, err := dial(person)
		if err != nil {
			t.Fatal(err)
		}
		return l.(*restLine)
	}
	const referrals = "/v1/hubs/coventry/referrals"
	episode := "/v1/" + told.Episode.GetName()
	for _, wrong := range []struct {
		who, verb, path, body string
		headers               map[string]string
		want                  int
	}{
		{"rita", "POST", referrals, `{"summary": "` + slip, nil, 400},
		{"rita", "POST", referrals, `{"subjects": [{"identity": {"givenName": {"x": "` + slip + `"}}}]}`, nil, 400},
		{"rita", "POST", referrals, `{"subjects": [{"role": "` + slip + `"}]}`, nil, 400},
		{"rita", "POST", referrals, `{"subjects": [{"identity": {"dateOfBirth": "` + slip + `", "nhsNumber": "` + slip + `", "upn": "` + slip + `"}}]}`, nil, 400},
		{"rita", "POST", referrals, `{"concerns": ["` + slipCode + `"], "summary": "` + strings.Repeat(slip+" ", 5000) + `"}`, nil, 400},
		{"rita", "POST", referrals, `{"informationOnly": "` + slip + `"}`, nil, 400},
		{"sara", "GET", referrals + "?pageSize=" + slipInPath, "", nil, 400},
		{"sara", "GET", referrals + "?pageToken=" + slipInPath, "", nil, 400},
		{"sara", "GET", referrals + "?surname=" + slipInPath, "", nil, 400},
		{"sara", "GET", "/v1/hubs/coventry/episodes/" + slipInPath, "", nil, 404},
		{"sara", "GET", "/v1/hubs/coventry/episodes/Quizzlebert%20Vantongeren", "", nil, 400},
		{"sara", "GET", "/v1/" + slipInPath, "", nil, 404},
		{"sara", "POST", episode + ":rate", `{"rating": "` + slipCode + `", "reason": "` + slip + `", "levelOfNeed": 4, "basis": "s47", "concerns": ["neglect"]}`,
			map[string]string{"If-Match": `"` + told.Episode.GetEtag() + `"`}, 400},
		{"sara", "POST", episode + ":override", `{"override": {"ground": "delay", "reason": "` + slip + `"}}`, map[string]string{"If-Match": `"stale"`}, 412},
		{"sara", "POST", episode + ":override", `{"override": {"ground": "delay", "reason": "` + slip + `"}}`, map[string]string{"If-Match": slip}, 400},
		{"sara", "POST", episode + ":withdrawConsent", `{"kind": "CONSENT_KIND_REFERRAL", "giver": "` + slipInPath + `"}`, nil, 400},
		{"sara", "POST", episode + "/informationRequests", `{"categories": [{"category": "qui.vantongeren", "reason": "` + slip + `"}]}`, nil, 400},
		{"sara", "POST", episode + "/informationRequests", `{}`, map[string]string{"Idempotency-Key": slip}, 400},
		{"sara", "POST", "/v1/hubs/coventry/episodes:open", `{"referral": "` + told.Referral.GetName() + `", "rating": "red", "levelOfNeed": 4, "basis": "s47",
			"assignees": ["hubs/coventry/people/` + slipInPath + `"]}`, nil, 400},
		{"rita", "POST", episode + ":override", `{"override": {"ground": "delay", "reason": "` + slip + `"}}`, nil, 403},
		{"iris", "GET", "/v1/" + told.Request.GetName() + "/picture", "", nil, 403},
		{"sara", "GET", "/v1/whoami", "", map[string]string{"Authorization": "Bearer " + slipInPath}, 401},
		{"sara", "GET", "/v1/whoami", "", map[string]string{
			"X-Request-Id": slipInPath, "User-Agent": slip, "Baggage": "name=" + slipInPath, "Referer": "https://" + slipInPath, "Tracestate": "a=" + slipInPath,
		}, 200},
	} {
		status, text := line(wrong.who).raw(t, wrong.verb, wrong.path, wrong.body, wrong.headers)
		heard.add(wrong.path, text)
		if status != wrong.want {
			t.Errorf("%s %s %s: %d, want %d: %s", wrong.who, wrong.verb, wrong.path, status, wrong.want, text)
		}
	}
	goWrongOverGRPC(t, h, told, heard)
}

func goWrongOverGRPC(t *testing.T, h *hubUnderTest, told demo.Told, heard *transcript) {
	t.Helper()
	line, err := dialGRPC(h.Hub, heard)("sara")
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	episodes := mashgatev1.NewEpisodeServiceClient(line)
	_, errName := episodes.GetEpisode(t.Context(), &mashgatev1.GetEpisodeRequest{Name: "hubs/coventry/episodes/" + slip})
	_, errConsent := episodes.RecordConsent(t.Context(), &mashgatev1.RecordConsentRequest{
		Name: told.Episode.GetName(), Etag: told.Episode.GetEtag(),
		Consent: &mashgatev1.Consent{Kind: mashgatev1.ConsentKind_CONSENT_KIND_REFERRAL, Giver: slipInPath, Reason: slip},
	})
	errMethod := line.Invoke(t.Context(), "/mashgate.v1.EpisodeService/"+slipInPath, &emptypb.Empty{}, &emptypb.Empty{})
	for name, err := range map[string]error{"a name": errName, "a consent": errConsent, "a method": errMethod} {
		if err == nil {
			t.Errorf("%s with a slip in it is taken", name)
		}
	}
}

// raw makes one call as it is given, and returns what came back: headers and body.
func (l *restLine) raw(t *testing.T, verb, path, body string, headers map[string]string) (status int, text []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), verb, l.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+l.token)
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := l.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	head, err := json.Marshal(response.Header)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, append(text, head...)
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, response.StatusCode, err)
	}
	return text
}

// stored is every file that the gateway keeps, its key folder and write-ahead log with it, and the journal of every agency. (What an
// agency's own store holds is the agency's own.)
func stored(t *testing.T, dir, when string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	journals, err := filepath.Glob(filepath.Join(dir, "agencies", "*", "journal.db*"))
	if err != nil || len(journals) == 0 {
		t.Fatalf("no journals: %v", err)
	}
	for _, path := range journals {
		take(t, files, path, when)
	}
	err = filepath.WalkDir(filepath.Join(dir, "gateway"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			take(t, files, path, when)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// take reads one file; one that has gone or has nothing in it, as a log of a database may, is left out.
func take(t *testing.T, into map[string][]byte, path, when string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if len(data) > 0 {
		into[fmt.Sprintf("%s (%s)", filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), when)] = data
	}
}
