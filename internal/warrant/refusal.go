package warrant

import "errors"

// Code says why a warrant is refused. The codes stand in the agency's journal and go back to the gateway.
type Code string

// Why a warrant is refused.
const (
	Malformed       Code = "malformed"
	ForbiddenHeader Code = "forbidden_header"
	UnknownKey      Code = "unknown_key"
	WrongAlgorithm  Code = "wrong_algorithm"
	Altered         Code = "altered"
	WrongIssuer     Code = "wrong_issuer"
	WrongAudience   Code = "wrong_audience"
	Expired         Code = "expired"
	NotYetValid     Code = "not_yet_valid"
	WrongMethod     Code = "wrong_method"
	WrongPeer       Code = "wrong_peer"
	WrongBody       Code = "wrong_body"
	// Replayed, NotLocated and BeyondWarrant are found by the agency, which keeps what has been used and who was located.
	Replayed   Code = "replayed"
	NotLocated Code = "not_located"
	// BeyondWarrant is a warrant for what the organisation does not hold, or for somebody the warrant does not name.
	BeyondWarrant Code = "beyond_warrant"
)

// Refusal is the error for a warrant that is not accepted. It holds nothing of what the token said.
type Refusal struct { //nolint:errname // a warrant is refused: warrant.Refusal says so
	Code Code
	// Cause is for the process's own eyes.
	Cause error
}

// Refuse makes a refusal.
func Refuse(code Code, cause string) *Refusal { return &Refusal{Code: code, Cause: errors.New(cause)} }

func (r *Refusal) Error() string {
	return "warrant: refused: " + string(r.Code) + ": " + r.Cause.Error()
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }
