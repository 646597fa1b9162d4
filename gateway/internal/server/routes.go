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

// allowedMethods are the HTTP methods a path takes. The mux knows that another method would have matched, but not which (RFC 9110,
// 15.5.6 wants them told).
func allowedMethods(path string) []string {
	var allowed []string
	for _, file := range restFiles() {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				if method, template := binding(methods.Get(j)); matchesTemplate(template, path) {
					allowed = append(allowed, method)
				}
			}
		}
	}
	slices.Sort(allowed)
	return slices.Compact(allowed)
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

func matchesTemplate(template, path string) bool {
	if template == "" {
		return false
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(variable.ReplaceAllString(template, "$1")), `\*`, `[^/:]+`)
	return regexp.MustCompile("^" + pattern + "$").MatchString(path)
}
