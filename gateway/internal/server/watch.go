package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

const (
	// openAfter is how long the answer waits for the first event, so that a refusal is a problem with its status and not a broken stream.
	openAfter = 500 * time.Millisecond
	// keepAlive is shorter than the idle time of common proxies.
	keepAlive = 15 * time.Second

	eventStream = "text/event-stream"
	jsonLines   = "application/x-ndjson"
)

// registerWatch serves WatchInformationRequest as Server-Sent Events (WHATWG HTML, 9.2), or as lines of JSON. The generated handler
// knows neither ids nor comments, and would lose the status of a refusal.
func registerWatch(mux *runtime.ServeMux, client mashgatev1.InformationServiceClient) error {
	method := mashgatev1.File_mashgate_v1_information_service_proto.Services().Get(0).Methods().ByName("WatchInformationRequest")
	_, template := binding(method)
	return mux.HandlePath(http.MethodGet, template, func(w http.ResponseWriter, r *http.Request, path map[string]string) {
		req, err := watchRequest(r, path)
		if err != nil {
			writeProblem(w, r, problemOf(status.Convert(err)))
			return
		}
		ctx, err := runtime.AnnotateContext(r.Context(), mux, r, mashgatev1.InformationService_WatchInformationRequest_FullMethodName)
		if err != nil {
			writeProblem(w, r, problemOf(status.Convert(err)))
			return
		}
		stream, err := client.WatchInformationRequest(ctx, req)
		if err != nil {
			writeProblem(w, r, problemOf(status.Convert(err)))
			return
		}
		newWatch(w, r).run(receive(r.Context(), stream))
	})
}

// watchRequest reads the name, and after which event to go on: Last-Event-ID is what a browser sends by itself when it comes back.
func watchRequest(r *http.Request, path map[string]string) (*mashgatev1.WatchInformationRequestRequest, error) {
	req := &mashgatev1.WatchInformationRequestRequest{Name: path["name"]}
	if err := knownParameters(r, req.ProtoReflect().Descriptor()); err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"Last-Event-ID": r.Header.Get("Last-Event-ID"), "after": r.URL.Query().Get("after")} {
		if value == "" {
			continue
		}
		after, err := strconv.ParseInt(value, 10, 64)
		if err != nil || after < 0 {
			return nil, invalid(name, "is not the id of an event")
		}
		req.After = max(req.GetAfter(), after)
	}
	return req, nil
}

// received is one event of the stream, or its end.
type received struct {
	event *mashgatev1.WatchInformationRequestResponse
	err   error
}

// receive reads the stream in a goroutine of its own, which ends with the stream, and at the latest with the request.
func receive(ctx context.Context, stream mashgatev1.InformationService_WatchInformationRequestClient) <-chan received {
	events := make(chan received)
	go func() {
		defer close(events)
		for {
			event, err := stream.Recv()
			select {
			case events <- received{event, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return events
}

// watch writes one stream of events.
type watch struct {
	w      http.ResponseWriter
	r      *http.Request
	sse    bool
	opened bool
}

func newWatch(w http.ResponseWriter, r *http.Request) *watch {
	return &watch{w: w, r: r, sse: strings.Contains(r.Header.Get("Accept"), eventStream)}
}

func (s *watch) run(events <-chan received) {
	tick := time.NewTimer(openAfter)
	defer tick.Stop()
	for {
		select {
		case <-s.r.Context().Done():
			return
		case <-tick.C:
			s.alive()
			tick.Reset(keepAlive)
		case got, ok := <-events:
			if !ok || !s.take(got) {
				return
			}
		}
	}
}

// take writes one event and tells whether another may follow.
func (s *watch) take(got received) bool {
	switch {
	case errors.Is(got.err, io.EOF):
		s.open()
		return false
	case got.err != nil:
		s.fail(problemOf(status.Convert(got.err)))
		return false
	}
	data, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(got.event)
	if err != nil {
		s.fail(refused(http.StatusInternalServerError, "INTERNAL", "an event could not be written"))
		return false
	}
	s.open()
	s.write(strconv.FormatInt(got.event.GetSequence(), 10), kindOf(got.event), data)
	return true
}

// kindOf is the name of the event's case: answer, chunk, ended.
func kindOf(event *mashgatev1.WatchInformationRequestResponse) string {
	message := event.ProtoReflect()
	if field := message.WhichOneof(message.Descriptor().Oneofs().ByName("event")); field != nil {
		return string(field.Name())
	}
	return "message"
}

func (s *watch) open() {
	if s.opened {
		return
	}
	s.opened = true
	s.w.Header().Set("Content-Type", jsonLines)
	if s.sse {
		s.w.Header().Set("Content-Type", eventStream)
		s.w.Header().Set("X-Accel-Buffering", "no")
	}
	s.w.WriteHeader(http.StatusOK)
	s.flush()
}

// alive opens the stream if nothing has come yet, and keeps proxies from closing it.
func (s *watch) alive() {
	s.open()
	if s.sse {
		fmt.Fprint(s.w, ": \n\n")
		s.flush()
	}
}

// fail answers with a problem; once the stream is open, as its last event.
func (s *watch) fail(p Problem) {
	if !s.opened {
		writeProblem(s.w, s.r, p)
		return
	}
	p.RequestID = s.w.Header().Get(requestIDHeader)
	data, err := json.Marshal(map[string]Problem{"error": p})
	if err != nil {
		return // a Problem always marshals
	}
	s.write("", "error", data)
}

func (s *watch) write(id, kind string, data []byte) {
	switch {
	case !s.sse:
		fmt.Fprintf(s.w, "%s\n", data)
	case id == "":
		fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", kind, data)
	default:
		fmt.Fprintf(s.w, "id: %s\nevent: %s\ndata: %s\n\n", id, kind, data)
	}
	s.flush()
}

// flush is best effort: where it fails the caller has gone, which the request's context says as well.
func (s *watch) flush() { _ = http.NewResponseController(s.w).Flush() }
