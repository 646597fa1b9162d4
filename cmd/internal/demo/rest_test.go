package demo_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/cmd/internal/demo"
)

// restLine is one person's line over plain HTTPS and JSON. It knows the interface by its URLs alone, as a caller's own case system
// would: nothing of it is generated.
type restLine struct {
	base, token string
	client      *http.Client
	heard       *transcript
}

// urls say how each call is made: the verb, the path, and which field is the body (* for the whole message, "" for none). What stands
// in braces is taken out of the message.
var urls = map[string]struct{ verb, path, body string }{
	"/mashgate.v1.EpisodeService/SubmitReferral":              {"POST", "/v1/{parent}/referrals", "referral"},
	"/mashgate.v1.EpisodeService/TriageReferral":              {"POST", "/v1/{name}:triage", "*"},
	"/mashgate.v1.EpisodeService/OpenEpisode":                 {"POST", "/v1/{parent}/episodes:open", "*"},
	"/mashgate.v1.EpisodeService/GetEpisode":                  {"GET", "/v1/{name}", ""},
	"/mashgate.v1.EpisodeService/RecordConsent":               {"POST", "/v1/{name}:recordConsent", "*"},
	"/mashgate.v1.EpisodeService/WithdrawConsent":             {"POST", "/v1/{name}:withdrawConsent", "*"},
	"/mashgate.v1.EpisodeService/OverrideEpisode":             {"POST", "/v1/{name}:override", "*"},
	"/mashgate.v1.EpisodeService/EndOverride":                 {"POST", "/v1/{name}:endOverride", "*"},
	"/mashgate.v1.EpisodeService/BreakGlass":                  {"POST", "/v1/{name}:breakGlass", "*"},
	"/mashgate.v1.EpisodeService/SettleConsentPosition":       {"POST", "/v1/{name}:settleConsentPosition", "*"},
	"/mashgate.v1.EpisodeService/RateEpisode":                 {"POST", "/v1/{name}:rate", "*"},
	"/mashgate.v1.InformationService/RequestInformation":      {"POST", "/v1/{parent}/informationRequests", "*"},
	"/mashgate.v1.InformationService/WatchInformationRequest": {"GET", "/v1/{name}:watch", ""},
	"/mashgate.v1.InformationService/GetPicture":              {"GET", "/v1/{name}", ""},
	"/mashgate.v1.InformationService/GetInformationRequest":   {"GET", "/v1/{name}", ""},
	"/mashgate.policy.v1.PolicyService/Explain":               {"GET", "/v1/{name}:explain", ""},
	"/mashgate.ledger.v1.LedgerService/ListEntries":           {"GET", "/v1/{parent}/ledgerEntries", ""},
	"/mashgate.ledger.v1.LedgerService/ListDisclosures":       {"GET", "/v1/{parent}/disclosures", ""},
	"/mashgate.v1.DirectoryService/WhoAmI":                    {"GET", "/v1/whoami", ""},
}

// dialREST connects people to the hub's REST listener.
func dialREST(t *testing.T, h *demo.Hub, heard *transcript) dialer {
	t.Helper()
	pem, err := os.ReadFile(h.AuthorityFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("the authority's file holds no certificate")
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true,
	}}
	return func(person string) (demo.Line, error) {
		token, err := h.Token(person)
		return &restLine{base: "https://" + h.Addresses.REST, token: token, client: client, heard: heard}, err
	}
}

func (l *restLine) Close() error {
	l.client.CloseIdleConnections()
	return nil
}

// Invoke makes one call and reads its answer.
func (l *restLine) Invoke(ctx context.Context, method string, args, reply any, _ ...grpc.CallOption) error {
	response, err := l.send(ctx, method, args.(proto.Message), "application/json")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	l.heard.add(method, body)
	return protojson.Unmarshal(body, reply.(proto.Message))
}

func (l *restLine) send(ctx context.Context, method string, message proto.Message, accept string) (*http.Response, error) {
	request, err := l.request(ctx, method, message)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("Authorization", "Bearer "+l.token)
	response, err := l.client.Do(request)
	if err != nil || response.StatusCode == http.StatusOK {
		return response, err
	}
	defer response.Body.Close()
	problem, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	l.heard.add(method, problem)
	return nil, &restError{status: response.StatusCode, body: problem}
}

// restError is a refusal, with the problem that came as its body.
type restError struct {
	status int
	body   []byte
}

func (e *restError) Error() string { return fmt.Sprintf("%d: %s", e.status, e.body) }

func (l *restLine) request(ctx context.Context, method string, message proto.Message) (*http.Request, error) {
	to, ok := urls[method]
	if !ok {
		return nil, fmt.Errorf("%s has no URL in this test", method)
	}
	text, err := protojson.Marshal(message)
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	path := to.path
	for _, name := range []string{"parent", "name"} {
		if strings.Contains(path, "{"+name+"}") {
			path = strings.Replace(path, "{"+name+"}", takeText(fields, name), 1)
		}
	}
	etag := takeText(fields, "etag")
	body, query, err := bodyAndQuery(to.body, fields)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, to.verb, l.base+path+query, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if etag != "" {
		request.Header.Set("If-Match", strconv.Quote(etag))
	}
	return request, nil
}

// takeText takes a text field out of the message.
func takeText(fields map[string]json.RawMessage, name string) string {
	text, err := strconv.Unquote(string(fields[name]))
	if err != nil {
		return ""
	}
	delete(fields, name)
	return text
}

// bodyAndQuery puts what is left of the message where the call wants it.
func bodyAndQuery(in string, fields map[string]json.RawMessage) (body io.Reader, query string, err error) {
	switch in {
	case "":
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			parts = append(parts, name+"="+strings.Trim(string(fields[name]), `"`))
		}
		if len(parts) > 0 {
			query = "?" + strings.Join(parts, "&")
		}
		return nil, query, nil
	case "*":
		text, err := json.Marshal(fields)
		return bytes.NewReader(text), "", err
	}
	return bytes.NewReader(fields[in]), "", nil
}

// NewStream makes a call that answers with Server-Sent Events.
func (l *restLine) NewStream(ctx context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &restStream{ctx: ctx, line: l, method: method}, nil
}

// restStream reads events as a browser's EventSource would.
type restStream struct {
	ctx    context.Context //nolint:containedctx // it is what grpc.ClientStream.Context returns
	line   *restLine
	method string
	lines  *bufio.Scanner
	body   io.Closer
}

func (s *restStream) SendMsg(message any) error {
	response, err := s.line.send(s.ctx, s.method, message.(proto.Message), "text/event-stream")
	if err != nil {
		return err
	}
	s.body, s.lines = response.Body, bufio.NewScanner(response.Body)
	s.lines.Buffer(nil, 16<<20)
	return nil
}

// RecvMsg reads up to the next event's data; what begins with a colon keeps the line open and means nothing.
func (s *restStream) RecvMsg(into any) error {
	for s.lines.Scan() {
		data, ok := strings.CutPrefix(s.lines.Text(), "data: ")
		if !ok {
			continue
		}
		s.line.heard.add(s.method, []byte(data))
		return protojson.Unmarshal([]byte(data), into.(proto.Message))
	}
	if err := errors.Join(s.lines.Err(), s.body.Close()); err != nil {
		return err
	}
	return io.EOF
}

func (s *restStream) CloseSend() error             { return nil }
func (s *restStream) Context() context.Context     { return s.ctx }
func (s *restStream) Header() (metadata.MD, error) { return metadata.MD{}, nil }
func (s *restStream) Trailer() metadata.MD         { return metadata.MD{} }
