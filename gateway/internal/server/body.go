package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
)

// strictJSON reads and writes JSON as protobuf maps it. Unknown fields are refused, and what is wrong is said without the value: the
// library's own words quote it, and it may be a name.
type strictJSON struct{ *runtime.JSONPb }

func newStrictJSON() strictJSON {
	return strictJSON{&runtime.JSONPb{
		// Everything is written, also what is empty: a false or an empty list is an answer.
		MarshalOptions: protojson.MarshalOptions{EmitUnpopulated: true},
	}}
}

// NewDecoder implements runtime.Marshaler.
func (m strictJSON) NewDecoder(r io.Reader) runtime.Decoder {
	var read bytes.Buffer
	inner := m.JSONPb.NewDecoder(io.TeeReader(r, &read))
	return runtime.DecoderFunc(func(v any) error {
		err := inner.Decode(v)
		if err == nil || errors.Is(err, io.EOF) { // an empty body: the contract's rules say what is missing
			return err
		}
		return errors.New(unreadable(err.Error(), read.Bytes()))
	})
}

const (
	inBody       = " in the body: "
	unknownField = "is not a field of this message"
	wrongKind    = "has a value of the wrong kind"
	twice        = "stands twice"
)

// What protojson says, with a field or type in it. A change of its words costs the field's name, not safety.
var unreadableWords = []struct {
	pattern     *regexp.Regexp
	description string
}{
	{regexp.MustCompile(`unknown field "([A-Za-z0-9_.]{1,80})"`), unknownField},
	{regexp.MustCompile(`unknown field`), unknownField},
	{regexp.MustCompile(`duplicate field "([A-Za-z0-9_.]{1,80})"`), twice},
	{regexp.MustCompile(`invalid value for \w+ field ([A-Za-z0-9_.]{1,80})`), wrongKind},
}

// unreadable says what a decoder could not read, without repeating it.
func unreadable(words string, body []byte) string {
	for _, each := range unreadableWords {
		found := each.pattern.FindStringSubmatch(words)
		if found == nil {
			continue
		}
		field := "a field"
		if len(found) > 1 {
			field = found[1]
		}
		return field + inBody + each.description
	}
	if field := keyBefore(words, body); field != "" {
		return field + inBody + wrongKind
	}
	return "the body could not be read"
}

// Where protojson gives no field, it gives the place of the value; the key stands before it.
var (
	placeWords = regexp.MustCompile(`\(line (\d+):(\d+)\)`)
	keyOfValue = regexp.MustCompile(`"([A-Za-z0-9_]{1,80})"\s*:\s*\[?\s*$`)
)

// keyBefore is the key of the value at the place that a decoder's words name, or "". By then the decoder has found the key to be a field
// of the message.
func keyBefore(words string, body []byte) string {
	place := placeWords.FindStringSubmatch(words)
	if place == nil {
		return ""
	}
	line, _ := strconv.Atoi(place[1])
	column, _ := strconv.Atoi(place[2])
	for ; line > 1; line-- {
		_, after, _ := bytes.Cut(body, []byte("\n"))
		body = after
	}
	at := 0
	for ; column > 1 && at < len(body); column-- { // columns count characters
		_, size := utf8.DecodeRune(body[at:])
		at += size
	}
	key := keyOfValue.FindSubmatch(body[:at])
	if key == nil {
		return ""
	}
	return string(key[1])
}

// takeBody reads the whole body, so that what is too long, no JSON, or more than one JSON value is refused before anything is done.
func takeBody(w http.ResponseWriter, r *http.Request, limit int64) (Problem, bool) {
	if r.Body == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return Problem{}, true
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return refused(http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE", "the body is too long"), false
	case err != nil:
		return refused(http.StatusBadRequest, "INVALID_BODY", "the body could not be read"), false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		return Problem{}, true
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return refused(http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "the body must be application/json"), false
	}
	if !json.Valid(body) {
		return refused(http.StatusBadRequest, "INVALID_BODY", "the body is not one JSON value"), false
	}
	return Problem{}, true
}
