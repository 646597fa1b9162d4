package gateway_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// event is one Server-Sent Event as a browser would read it.
type event struct{ id, name, data string }

// events reads a stream of them until it ends.
func events(t *testing.T, body *bufio.Scanner, each func(event) bool) {
	t.Helper()
	var e event
	for body.Scan() {
		field, value, _ := strings.Cut(body.Text(), ": ")
		switch {
		case body.Text() == "" && e != (event{}):
			if !each(e) {
				return
			}
			e = event{}
		case field == "id":
			e.id = value
		case field == "event":
			e.name = value
		case field == "data":
			e.data = value
		}
	}
	check(t, body.Err())
}

// watch opens a stream and hands on its events until each says no or the stream ends.
func (w *world) watch(who, name, accept, after string, each func(event) bool) http.Header {
	w.t.Helper()
	req := must(http.NewRequestWithContext(w.t.Context(), http.MethodGet, "https://"+w.at.REST+"/v1/"+name+":watch", nil))(w.t)
	req.Header.Set("Authorization", "Bearer "+w.token(who))
	req.Header.Set("Accept", accept)
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp := must(w.http.Do(req))(w.t)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("watching: %d", resp.StatusCode)
	}
	events(w.t, bufio.NewScanner(resp.Body), each)
	return resp.Header
}

// TestWatchingOverSSE watches a request while its one organisation waits: what can be said at once comes at once, the rest when the
// organisation answers, and a stream that is cut goes on where it was.
func TestWatchingOverSSE(t *testing.T) {
	gate := make(chan struct{})
	w := newWorld(t, withPolice(gate))
	e := w.open()
	var made struct{ Name, State string }
	w.ok(w.rest("social_worker", http.MethodPost, "/v1/"+e.name+"/informationRequests", map[string]any{})).json(t, &made)
	if made.State != "STATE_RUNNING" {
		t.Fatalf("the request is %s", made.State)
	}
	var seen []event
	header := w.watch("social_worker", made.Name, "text/event-stream", "", func(e event) bool {
		seen = append(seen, e)
		if strings.Contains(e.data, `"police"`) {
			t.Errorf("the police answered before they were let: %s", e.data)
		}
		return len(seen) < 2 // then the connection is cut
	})
	if got := header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	if got := header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("cache control %q", got)
	}
	close(gate)
	w.watch("social_worker", made.Name, "text/event-stream", seen[len(seen)-1].id, func(e event) bool {
		seen = append(seen, e)
		return true
	})
	last, chunks, answers := 0, 0, map[string]int{}
	for _, e := range seen {
		id := must(strconv.Atoi(e.id))(t)
		if id <= last {
			t.Errorf("event %d comes after %d", id, last)
		}
		last = id
		var message struct {
			Answer *struct{ Organisation, Subject, Kind string }
			Chunk  *struct {
				LedgerEntry string
				Records     []struct{ Ref, Effect string }
			}
			Ended *struct{ State string }
		}
		check(t, json.Unmarshal([]byte(e.data), &message))
		switch e.name {
		case "answer":
			answers[message.Answer.Organisation+"/"+message.Answer.Subject]++
		case "chunk":
			chunks++
			if len(message.Chunk.Records) != 1 || message.Chunk.Records[0].Ref != "rec-1" || message.Chunk.LedgerEntry == "" {
				t.Errorf("chunk %s", e.data)
			}
		case "ended":
			if message.Ended.State != "STATE_COMPLETE" {
				t.Errorf("ended as %s", message.Ended.State)
			}
		default:
			t.Errorf("event %q", e.name)
		}
	}
	if seen[len(seen)-1].name != "ended" || chunks != 1 {
		t.Errorf("%d chunks and %q at the end", chunks, seen[len(seen)-1].name)
	}
	for who, n := range answers {
		if n != 1 {
			t.Errorf("%s was answered %d times", who, n)
		}
	}
	if answers["police/"+e.child] != 1 {
		t.Errorf("the police did not answer about the child: %v", answers)
	}
	w.holdsGRPC(made.Name, len(seen))
}

// holdsGRPC finds the same number of events over gRPC, and over lines of JSON.
func (w *world) holdsGRPC(name string, want int) {
	w.t.Helper()
	stream := must(mashgatev1.NewInformationServiceClient(w.dial()).WatchInformationRequest(w.as("social_worker"),
		&mashgatev1.WatchInformationRequestRequest{Name: name}))(w.t)
	n := 0
	for {
		if _, err := stream.Recv(); err != nil {
			break
		}
		n++
	}
	if n != want {
		w.t.Errorf("%d events over gRPC, want %d", n, want)
	}
	lines := w.rest("social_worker", http.MethodGet, "/v1/"+name+":watch", nil)
	if got := lines.header.Get("Content-Type"); got != "application/x-ndjson" {
		w.t.Errorf("content type %q", got)
	}
	if n := strings.Count(string(lines.body), "\n"); n != want {
		w.t.Errorf("%d lines, want %d", n, want)
	}
}

// TestWatchingThatIsRefused: a refusal before the first event is a problem with its own status, not a stream.
func TestWatchingThatIsRefused(t *testing.T) {
	w := newWorld(t)
	path := "/v1/hubs/coventry/episodes/none/informationRequests/none:watch"
	for name, c := range map[string]struct {
		who, path string
		extra     []string
		status    int
		reason    string
	}{
		"nobody":               {"", path, nil, 401, "UNAUTHENTICATED"},
		"a referrer":           {"referrer", path, nil, 403, "WRONG_ROLE"},
		"another hub":          {"social_worker", strings.Replace(path, "coventry", "elsewhere", 1), nil, 403, "WRONG_HUB"},
		"no such request":      {"social_worker", path, nil, 404, "NOT_FOUND"},
		"a bad last event":     {"social_worker", path, []string{"Last-Event-ID", "x"}, 400, "INVALID_FIELD"},
		"a negative one":       {"social_worker", path, []string{"Last-Event-ID", "-1"}, 400, "INVALID_FIELD"},
		"a bad after":          {"social_worker", path + "?after=x", nil, 400, "INVALID_FIELD"},
		"an unknown parameter": {"social_worker", path + "?from=1", nil, 400, "INVALID_FIELD"},
		"a post":               {"social_worker", path, []string{"X-Method", "POST"}, 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(name, func(t *testing.T) {
			verb := http.MethodGet
			if len(c.extra) > 0 && c.extra[0] == "X-Method" {
				verb = c.extra[1]
			}
			got := w.rest(c.who, verb, c.path, nil, append(c.extra, "Accept", "text/event-stream")...)
			if p := got.problem(t); got.status != c.status || p.Reason != c.reason {
				t.Errorf("%d %s, want %d %s", got.status, p.Reason, c.status, c.reason)
			}
		})
	}
}
