// Package openapi joins the generated descriptions of the services into the one OpenAPI 3.1 document that the gateway serves, and adds
// what the generator cannot know: names of path parameters, the headers that REST has, problems, the access token and the stream of
// events. It is pure; a description that does not fit is an error at start, not a wrong document.
package openapi

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
)

type object = map[string]any

// Document is the joined document.
func Document(generated fs.FS) (map[string]any, error) {
	paths, schemas := object{}, object{}
	var tags []any
	err := fs.WalkDir(generated, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".openapi.json") {
			return err
		}
		part, err := read(generated, path)
		if err != nil {
			return err
		}
		tags = append(tags, part.Tags...)
		if err := merge(paths, part.Paths); err != nil {
			return fmt.Errorf("%s: paths: %w", path, err)
		}
		if err := merge(schemas, part.Components.Schemas); err != nil {
			return fmt.Errorf("%s: schemas: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	named, err := named(paths)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	maps.Copy(schemas, problemSchemas())
	return object{
		"openapi": "3.1.0", "info": info(), "servers": []any{object{"url": "/"}}, "tags": tags, "paths": named,
		"components": object{
			"schemas": schemas, "responses": responses(), "parameters": parameters(),
			"securitySchemes": object{"accessToken": object{
				"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
				"description": "An OpenID Connect access token (typ at+jwt) of an issuer that the hub accepts.",
			}},
		},
		"security": []any{object{"accessToken": []any{}}},
	}, nil
}

type part struct {
	Tags       []any  `json:"tags"`
	Paths      object `json:"paths"`
	Components struct {
		Schemas object `json:"schemas"`
	} `json:"components"`
}

func read(generated fs.FS, path string) (part, error) {
	var p part
	data, err := fs.ReadFile(generated, path)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// merge adds what is new. The same name with another meaning is an error.
func merge(into, from object) error {
	for name, value := range from {
		if present, ok := into[name]; ok && !reflect.DeepEqual(present, value) {
			return fmt.Errorf("%s stands twice and differs", name)
		}
		into[name] = value
	}
	return nil
}

// named gives path parameters the names of their resources: the generator numbers the parts of one resource name (name, name_1).
func named(paths object) (object, error) {
	out := object{}
	for path, item := range paths {
		segments := strings.Split(path, "/")
		names := map[string]string{}
		for i, segment := range segments {
			if !strings.HasPrefix(segment, "{") {
				continue
			}
			old, verb, _ := strings.Cut(strings.TrimPrefix(segment, "{"), "}")
			names[old] = singular(segments[i-1])
			segments[i] = "{" + names[old] + "}" + verb
		}
		operations, ok := item.(object)
		if !ok {
			return nil, fmt.Errorf("path %s has no operations", path)
		}
		for method, operation := range operations {
			op, ok := operation.(object)
			if !ok {
				return nil, fmt.Errorf("%s %s is not an operation", method, path)
			}
			complete(op, names)
		}
		out[strings.Join(segments, "/")] = operations
	}
	return out, nil
}

func singular(collection string) string {
	if collection == "ledgerEntries" {
		return "ledgerEntry"
	}
	return strings.TrimSuffix(collection, "s")
}

// complete adds to one operation what every operation has, and what some have.
func complete(op object, names map[string]string) {
	given, _ := op["parameters"].([]any)
	for _, each := range given {
		parameter, _ := each.(object)
		if name, ok := names[fmt.Sprint(parameter["name"])]; ok && parameter["in"] == "path" {
			parameter["name"] = name
			parameter["schema"] = object{"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
		}
	}
	id, _ := op["operationId"].(string)
	if _, ok := op["summary"]; !ok {
		op["summary"] = words(id)
	}
	for _, name := range headersOf(id, op) {
		given = append(given, object{"$ref": "#/components/parameters/" + name})
	}
	if len(given) > 0 {
		op["parameters"] = given
	}
	answers, _ := op["responses"].(object)
	for _, code := range problemsOf(op) {
		answers[code] = object{"$ref": "#/components/responses/" + code}
	}
	if id == watch {
		ok, _ := answers["200"].(object)
		ok["description"] = "Events as they come: answer, chunk, ended. A stream that was cut goes on after Last-Event-ID."
		ok["content"] = object{
			"text/event-stream":    object{"schema": object{"type": "string"}},
			"application/x-ndjson": object{"schema": object{"$ref": "#/components/schemas/mashgate.v1.WatchInformationRequestResponse"}},
		}
	}
}

const watch = "InformationService_WatchInformationRequest"

// words turns EpisodeService_GetEpisode into "Get episode".
func words(operationID string) string {
	_, name, _ := strings.Cut(operationID, "_")
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// headersOf are the headers that stand in for fields of the message.
func headersOf(id string, op object) []string {
	headers := []string{"RequestId"}
	for _, each := range []struct{ field, header string }{{"etag", "IfMatch"}, {"requestId", "IdempotencyKey"}} {
		if bodyHas(op, each.field) {
			headers = append(headers, each.header)
		}
	}
	if id == watch {
		headers = append(headers, "LastEventId")
	}
	return headers
}

// bodyHas tells whether the body of an operation has a field of its own of that name.
func bodyHas(op object, field string) bool {
	at := any(op)
	for _, step := range []string{"requestBody", "content", "application/json", "schema", "properties", field} {
		inner, ok := at.(object)
		if !ok {
			return false
		}
		at = inner[step]
	}
	return at != nil
}

func problemsOf(op object) []string {
	codes := []string{"400", "401", "403", "404", "429", "503", "default"}
	if _, changes := op["requestBody"]; changes {
		codes = append(codes, "409", "412", "413", "415", "428")
	}
	slices.Sort(codes)
	return codes
}
