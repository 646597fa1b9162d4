package server

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// restFiles are the contracts whose services are on REST.
func restFiles() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		mashgatev1.File_mashgate_v1_episode_service_proto, mashgatev1.File_mashgate_v1_information_service_proto,
		mashgatev1.File_mashgate_v1_directory_service_proto, ledgerv1.File_mashgate_ledger_v1_ledger_service_proto,
		policyv1.File_mashgate_policy_v1_policy_service_proto,
	}
}

// route is one path of one RPC.
type route struct {
	method  string
	pattern *regexp.Regexp
}

// routes are all of them. The mux has them too, but takes a verb it does not know for part of an id, and cannot say which methods a
// path takes (RFC 9110, 15.5.6 wants them told).
type routes []route

func newRoutes() (routes, error) {
	var all routes
	for _, file := range restFiles() {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				method, template := binding(methods.Get(j))
				pattern, err := regexp.Compile("^" + templatePattern(template) + "$")
				if err != nil {
					return nil, err
				}
				all = append(all, route{method, pattern})
			}
		}
	}
	return all, nil
}

// templatePattern is a path template as a regular expression. An id never holds a colon: what follows one is a verb.
func templatePattern(template string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(variable.ReplaceAllString(template, "$1")), `\*`, `[^/:]+`)
}

// allowed are the HTTP methods that a path takes; none where there is nothing at the path.
func (r routes) allowed(path string) []string {
	var methods []string
	for _, each := range r {
		if each.pattern.MatchString(path) {
			methods = append(methods, each.method)
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// only lets through what a route takes.
func (r routes) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch allowed := r.allowed(req.URL.Path); {
		case len(allowed) == 0:
			writeProblem(w, req, refused(http.StatusNotFound, "NO_SUCH_PATH", "there is nothing at this path"))
		case !slices.Contains(allowed, req.Method):
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			writeProblem(w, req, refused(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "this path does not take that method"))
		default:
			next.ServeHTTP(w, req)
		}
	})
}

// binding is the HTTP method and path template of an RPC.
func binding(method protoreflect.MethodDescriptor) (httpMethod, template string) {
	rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !ok {
		return "", ""
	}
	if rule.GetGet() != "" {
		return http.MethodGet, rule.GetGet()
	}
	return http.MethodPost, rule.GetPost()
}

var variable = regexp.MustCompile(`\{[a-z_]+=([^}]*)\}`)
