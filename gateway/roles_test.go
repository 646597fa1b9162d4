package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/mashgate/mashgate/internal/peer"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
)

// roles.txt says, by hand, who may call what. It is not made from the policy: it is what the policy is held to.
//
//go:embed testdata/roles.txt
var rolesTable []byte

// caller is one column of the table.
type caller struct {
	column string
	person string // "" for a machine or nobody
	conn   *grpc.ClientConn
	actor  string // on the ledger
}

func (w *world) callers() []caller {
	plain := w.dial()
	var all []caller
	for column, role := range map[string]string{
		"TW": "triage_worker", "SW": "social_worker", "TM": "team_manager", "PR": "partner_representative", "RF": "referrer",
		"IG": "ig_officer", "AU": "auditor", "AD": "administrator",
	} {
		all = append(all, caller{column, role, plain, "hubs/coventry/people/" + role})
	}
	return append(all,
		caller{"sv", "", w.dial(peer.Identity{Kind: peer.Service, Name: "case_system"}), "services/case_system"},
		caller{"ag", "", w.dial(peer.Identity{Kind: peer.Agency, Name: "police"}), "organisations/police"},
		caller{"no", "", plain, ""})
}

// table reads the expectations: RPC → column → whether the call may be made.
func table(t *testing.T) map[string]map[string]bool {
	t.Helper()
	var columns []string
	rows := map[string]map[string]bool{}
	scanner := bufio.NewScanner(bytes.NewReader(rolesTable))
	for scanner.Scan() {
		cells := strings.Fields(scanner.Text())
		switch {
		case len(cells) == 0 || cells[0] == "#":
		case columns == nil:
			columns = cells[1:]
		case len(cells) != len(columns)+1:
			t.Fatalf("a row has %d cells and the table %d columns: %s", len(cells)-1, len(columns), scanner.Text())
		default:
			rows[cells[0]] = map[string]bool{}
			for i, cell := range cells[1:] {
				if cell != "yes" && cell != "-" {
					t.Fatalf("%s: %q is neither yes nor -", cells[0], cell)
				}
				rows[cells[0]][columns[i]] = cell == "yes"
			}
		}
	}
	check(t, scanner.Err())
	return rows
}

// served are the RPCs that the gateway registers, as it says itself by reflection.
func (w *world) served() []protoreflect.MethodDescriptor {
	w.t.Helper()
	stream := must(reflectionv1.NewServerReflectionClient(w.dial()).ServerReflectionInfo(w.as("administrator")))(w.t)
	check(w.t, stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}))
	listed := must(stream.Recv())(w.t)
	check(w.t, stream.CloseSend())
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		w.t.Fatalf("reflection ended with %v", err)
	}
	var methods []protoreflect.MethodDescriptor
	for _, service := range listed.GetListServicesResponse().GetService() {
		found := must(protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service.GetName())))(w.t)
		described, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			w.t.Fatalf("%s is no service", service.GetName())
		}
		for i := range described.Methods().Len() {
			methods = append(methods, described.Methods().Get(i))
		}
	}
	return methods
}

func fullName(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// TestWhoMayCallWhat makes every call as every caller, over gRPC and over REST. A call that may not be made is PermissionDenied and on
// the ledger; one that may be made is anything else (most messages here are not valid). Nobody at all is Unauthenticated.
func TestWhoMayCallWhat(t *testing.T) {
	w := newWorld(t)
	expected, callers, methods := table(t), w.callers(), w.served()
	denied := map[[2]string]int{}
	served := map[string]bool{}
	for _, method := range methods {
		name := fullName(method)
		served[name] = true
		row, ok := expected[name]
		if !ok {
			t.Errorf("%s has no row in testdata/roles.txt: decide who may call it", name)
			continue
		}
		for _, who := range callers {
			want, ok := row[who.column]
			if !ok {
				t.Fatalf("the table has no column %s", who.column)
			}
			w.holds(who, method, want, w.callGRPC(who, method), denied)
			if who.conn == callers[0].conn && reachable(method) {
				w.holdsREST(who, method, want, denied)
			}
		}
	}
	for name := range expected {
		if !served[name] {
			t.Errorf("testdata/roles.txt has a row for %s, which is not served", name)
		}
	}
	w.holdsLedger(denied)
}

func (w *world) holds(who caller, method protoreflect.MethodDescriptor, want bool, err error, denied map[[2]string]int) {
	name, code := fullName(method), status.Code(err)
	refused := code == codes.PermissionDenied || code == codes.Unauthenticated
	switch {
	case want && refused:
		w.t.Errorf("%s as %s: %v, and it may be called", name, who.column, err)
	case !want && who.actor == "" && code != codes.Unauthenticated:
		w.t.Errorf("%s as nobody: %v, want Unauthenticated", name, err)
	case !want && who.actor != "" && code != codes.PermissionDenied:
		w.t.Errorf("%s as %s: %v, want PermissionDenied", name, who.column, err)
	case !want && who.actor != "":
		denied[[2]string{who.actor, name}]++
	}
}

// callGRPC calls with a message that names the hub and is otherwise empty.
func (w *world) callGRPC(who caller, method protoreflect.MethodDescriptor) error {
	ctx, cancel := context.WithCancel(w.as(who.person))
	defer cancel()
	message := dynamicpb.NewMessage(method.Input())
	for _, name := range []protoreflect.Name{"name", "parent"} {
		if field := method.Input().Fields().ByName(name); field != nil && field.Kind() == protoreflect.StringKind {
			message.Set(field, protoreflect.ValueOfString("hubs/coventry"))
		}
	}
	if !method.IsStreamingServer() && !method.IsStreamingClient() {
		return who.conn.Invoke(ctx, fullName(method), message, &emptypb.Empty{})
	}
	stream, err := who.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, fullName(method))
	if err != nil {
		return err
	}
	// A send to a stream that was refused meanwhile fails with EOF; what matters is the status.
	_ = errors.Join(stream.SendMsg(message), stream.CloseSend())
	return stream.RecvMsg(&emptypb.Empty{})
}

func rule(method protoreflect.MethodDescriptor) *annotations.HttpRule {
	r, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	return r
}

func reachable(method protoreflect.MethodDescriptor) bool { return rule(method) != nil }

var segments = regexp.MustCompile(`\{[a-z_]+=([^}]*)\}`)

// restPath is the method's path with made-up ids in this hub.
func restPath(method protoreflect.MethodDescriptor) (verb, path string) {
	r := rule(method)
	verb, path = http.MethodGet, r.GetGet()
	if r.GetPost() != "" {
		verb, path = http.MethodPost, r.GetPost()
	}
	path = segments.ReplaceAllString(path, "$1")
	path = strings.Replace(path, "hubs/*", "hubs/coventry", 1)
	return verb, strings.ReplaceAll(path, "*", "none-such")
}

func (w *world) holdsREST(who caller, method protoreflect.MethodDescriptor, want bool, denied map[[2]string]int) {
	verb, path := restPath(method)
	var body any
	if verb == http.MethodPost {
		body = map[string]any{}
	}
	got := w.rest(who.person, verb, path, body)
	refused := got.status == http.StatusForbidden || got.status == http.StatusUnauthorized
	switch {
	case want && (refused || got.status == http.StatusNotImplemented || got.status == http.StatusMethodNotAllowed):
		w.t.Errorf("%s %s as %s: %d, and it may be called", verb, path, who.column, got.status)
	case !want && who.actor == "" && got.status != http.StatusUnauthorized:
		w.t.Errorf("%s %s as nobody: %d, want 401", verb, path, got.status)
	case !want && who.actor != "" && got.status != http.StatusForbidden:
		w.t.Errorf("%s %s as %s: %d, want 403", verb, path, who.column, got.status)
	case !want && who.actor != "":
		denied[[2]string{who.actor, fullName(method)}]++
	}
}

// holdsLedger finds one entry for each denied call, and none else.
func (w *world) holdsLedger(denied map[[2]string]int) {
	w.t.Helper()
	onLedger := map[[2]string]int{}
	for _, entry := range w.entries("call_denied") {
		onLedger[[2]string{entry.GetActor(), entry.GetMethod()}]++
		if len(entry.GetReasons()) != 1 || entry.GetRevision() == "" {
			w.t.Errorf("entry %s has reasons %v and revision %q", entry.GetName(), entry.GetReasons(), entry.GetRevision())
		}
	}
	if len(denied) < 100 {
		w.t.Errorf("only %d kinds of call were denied", len(denied))
	}
	for _, key := range slices.SortedFunc(maps.Keys(denied), compare) {
		if onLedger[key] != denied[key] {
			w.t.Errorf("%s was denied %s %d times, and %d entries say so", key[0], key[1], denied[key], onLedger[key])
		}
	}
	for key := range onLedger {
		if denied[key] == 0 {
			w.t.Errorf("the ledger says that %s was denied %s, which was not", key[0], key[1])
		}
	}
}

func compare(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }

// entries are all ledger entries of a kind.
func (w *world) entries(kind string) []*ledgerv1.Entry {
	w.t.Helper()
	client := ledgerv1.NewLedgerServiceClient(w.dial())
	req := &ledgerv1.ListEntriesRequest{Parent: "hubs/coventry", PageSize: 200, Kind: kind}
	var all []*ledgerv1.Entry
	for {
		page := must(client.ListEntries(w.as("auditor"), req))(w.t)
		all = append(all, page.GetEntries()...)
		if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
			return all
		}
	}
}

// TestNamesThatAreNotServed: a name without a slash, in other case or made up reaches no handler, and who knocked is on the ledger
// without the name, which could say anything.
func TestNamesThatAreNotServed(t *testing.T) {
	w := newWorld(t)
	conn := w.dial()
	for name, want := range map[string]codes.Code{
		"/mashgate.v1.EpisodeService/getEpisode":    codes.PermissionDenied,
		"/mashgate.v1.episodeservice/GetEpisode":    codes.PermissionDenied,
		"/MASHGATE.V1.EpisodeService/GetEpisode":    codes.PermissionDenied,
		"/mashgate.v1.EpisodeService/GetEpisode/":   codes.PermissionDenied,
		"//mashgate.v1.EpisodeService/GetEpisode":   codes.PermissionDenied,
		"/mashgate.v1.EpisodeService/DeleteEpisode": codes.PermissionDenied,
		"/mashgate.agency.v1.AgencyService/Locate":  codes.PermissionDenied,
		"/secret.Canary/Name":                       codes.PermissionDenied,
		"mashgate.v1.EpisodeService/GetEpisode":     codes.Unimplemented,
		"/mashgate.v1.EpisodeService":               codes.Unimplemented,
		"GetEpisode":                                codes.Unimplemented,
	} {
		t.Run(name, func(t *testing.T) {
			// With the leading slash missing grpc answers by itself, before any step: no handler is reached.
			err := conn.Invoke(w.as("team_manager"), name, &emptypb.Empty{}, &emptypb.Empty{})
			if got := status.Code(err); got != want {
				t.Errorf("%v, want %v", err, want)
			}
			if strings.Contains(status.Convert(err).Message(), "Canary") {
				t.Errorf("the refusal repeats the name: %v", err)
			}
		})
	}
	for _, entry := range w.entries("call_denied") {
		if entry.GetMethod() != "/unknown/Unknown" {
			t.Errorf("the ledger holds the made-up name %q", entry.GetMethod())
		}
	}
	if len(w.entries("call_denied")) != 8 {
		t.Errorf("%d entries, want 8", len(w.entries("call_denied")))
	}
	if strings.Contains(w.logs.String(), "Canary") {
		t.Error("the log holds a made-up name")
	}
}

func TestHealthIsOpenToAll(t *testing.T) {
	w := newWorld(t)
	client := healthv1.NewHealthClient(w.dial())
	for _, service := range []string{"", "mashgate.v1.EpisodeService", "mashgate.ledger.v1.LedgerService"} {
		got := must(client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service}))(t)
		if got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("%q is %v", service, got.GetStatus())
		}
	}
}

// TestAnotherHub: a resource of another hub is denied to everybody of this one, and a person of another hub does not get in at all.
func TestAnotherHub(t *testing.T) {
	w := newWorld(t)
	got := w.rest("team_manager", http.MethodGet, "/v1/hubs/elsewhere/episodes", nil)
	if p := got.problem(t); got.status != http.StatusForbidden || p.Reason != "WRONG_HUB" {
		t.Errorf("%d %s, want 403 WRONG_HUB", got.status, p.Reason)
	}
	stream := must(w.dial().NewStream(w.as("social_worker"), &grpc.StreamDesc{ServerStreams: true}, "/mashgate.v1.InformationService/WatchInformationRequest"))(t)
	watch := must(protoregistry.GlobalFiles.FindDescriptorByName("mashgate.v1.WatchInformationRequestRequest"))(t)
	message := dynamicpb.NewMessage(watch.(protoreflect.MessageDescriptor))
	message.Set(message.Descriptor().Fields().ByName("name"), protoreflect.ValueOfString("hubs/elsewhere/episodes/x/informationRequests/y"))
	check(t, errors.Join(stream.SendMsg(message), stream.CloseSend()))
	if err := stream.RecvMsg(&emptypb.Empty{}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("watching a request of another hub: %v, want PermissionDenied", err)
	}
	if n := len(w.entries("call_denied")); n != 2 {
		t.Errorf("%d entries on the ledger, want 2", n)
	}
}

// TestACertificateAddsToAPersonAndReplacesNothing: what needs a person needs a token, and a machine that is not named does not get in
// even with one.
func TestACertificateAddsToAPersonAndReplacesNothing(t *testing.T) {
	w := newWorld(t)
	const who, list = "/mashgate.v1.DirectoryService/WhoAmI", "/mashgate.v1.EpisodeService/ListEpisodes"
	service := w.dial(peer.Identity{Kind: peer.Service, Name: "case_system"})
	unknown := w.dial(peer.Identity{Kind: peer.Service, Name: "payroll"})
	other := w.dial(peer.Identity{Kind: peer.Gateway, Name: "elsewhere"})
	empty := &emptypb.Empty{}
	for name, c := range map[string]struct {
		err  error
		want codes.Code
	}{
		"service alone, open call":        {service.Invoke(w.as(""), who, empty, empty), codes.OK},
		"service alone, person's call":    {service.Invoke(w.as(""), list, empty, empty), codes.PermissionDenied},
		"service beside a person":         {service.Invoke(w.as("team_manager"), list, empty, empty), codes.InvalidArgument},
		"service beside an auditor":       {service.Invoke(w.as("auditor"), list, empty, empty), codes.PermissionDenied},
		"unknown service":                 {unknown.Invoke(w.as(""), who, empty, empty), codes.Unauthenticated},
		"unknown service beside a person": {unknown.Invoke(w.as("team_manager"), list, empty, empty), codes.Unauthenticated},
		"another hub's gateway":           {other.Invoke(w.as(""), who, empty, empty), codes.Unauthenticated},
	} {
		if got := status.Code(c.err); got != c.want {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}
