package openapi

func info() object {
	return object{
		"title":   "Mashgate",
		"version": "1",
		"summary": "Share what partners of a safeguarding hub know about a child, and nothing more.",
		"description": "Every call goes through the same checks as over gRPC. Answers are never cached. Errors are problem+json " +
			"(RFC 9457) with a reason code, the fields that are wrong, and the id of the request.",
		"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
	}
}

// problemWords say what each status means here.
var problemWords = map[string]string{
	"400":     "Something in the request is not valid; `fields` names what.",
	"401":     "The access token is missing or does not hold.",
	"403":     "Policy does not allow it. The refusal stands on the ledger.",
	"404":     "There is no such thing, or it is not the caller's to see: deliberately not told apart.",
	"409":     "The state of the resource does not allow it.",
	"412":     "The resource has changed since it was read.",
	"413":     "The body is too long.",
	"415":     "The body is not application/json.",
	"428":     "The change needs the etag that was read.",
	"429":     "Too many calls; Retry-After says when to try again.",
	"503":     "A part that is needed does not work now; nothing has happened.",
	"default": "Any other problem.",
}

func responses() object {
	all := object{}
	for code, words := range problemWords {
		response := object{
			"description": words,
			"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
		}
		if code == "429" || code == "503" {
			response["headers"] = object{"Retry-After": object{"description": "Seconds.", "schema": object{"type": "integer"}}}
		}
		all[code] = response
	}
	return all
}

func problemSchemas() object {
	text := func(words string) object { return object{"type": "string", "description": words} }
	return object{
		"Problem": object{
			"type": "object", "description": "An error (RFC 9457).",
			"required": []any{"type", "title", "status", "detail", "reason", "request_id"},
			"properties": object{
				"type": text("A URN that names the kind of problem."), "title": text("The HTTP status in words."),
				"status": object{"type": "integer"}, "detail": text("What is wrong, in words for people. Never a value that was sent."),
				"reason":     text("A code that programs can act on."),
				"request_id": text("Quote it when you report the problem."),
				"fields":     object{"type": "array", "items": object{"$ref": "#/components/schemas/ProblemField"}},
			},
		},
		"ProblemField": object{
			"type": "object", "description": "One field and what is wrong with it.", "required": []any{"name", "description"},
			"properties": object{"name": text("The field as the body spells it."), "description": text("What is wrong.")},
		},
	}
}

func parameters() object {
	header := func(name, words string) object {
		return object{"name": name, "in": "header", "required": false, "description": words, "schema": object{"type": "string"}}
	}
	return object{
		"RequestId":      header("X-Request-Id", "Your own id for this call, a UUID. The answer carries it, or one that was made."),
		"IfMatch":        header("If-Match", "The quoted etag you read: change only that state."),
		"IdempotencyKey": header("Idempotency-Key", "Your own id for this request; sent again with the same body, it names the same request."),
		"LastEventId":    header("Last-Event-ID", "The id of the last event you have seen. What follows is decided anew."),
	}
}
