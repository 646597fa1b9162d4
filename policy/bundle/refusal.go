package bundle

import (
	"errors"
	"fmt"
)

// Code says why a bundle or a statement is refused. The codes stand on the ledger, in a metric and in health.
type Code string

// Why a bundle or a statement is refused. The last four are found by whoever holds the activation log and compiles the pack.
const (
	Unsigned       Code = "unsigned"
	WrongSignature Code = "wrong_signature"
	UnknownKey     Code = "unknown_key"
	WrongAlgorithm Code = "wrong_algorithm"
	WrongScope     Code = "wrong_scope"
	// Altered is a file that is not the one that was signed, or one that nobody signed.
	Altered Code = "altered"
	// Incomplete lacks a file that was signed, or one that every bundle has.
	Incomplete Code = "incomplete"
	// Delta is a bundle of changes: OPA cannot verify one, and it decides by what happens to be there already.
	Delta           Code = "delta"
	Malformed       Code = "malformed"
	TooLarge        Code = "too_large"
	WrongHub        Code = "wrong_hub"
	DoesNotCompile  Code = "does_not_compile"
	OlderThanActive Code = "older_than_active"
	NotApproved     Code = "not_approved"
)

// Refusal is the error for what is not accepted.
type Refusal struct {
	Code Code
	// Public is for anybody to read; it repeats nothing that stood in what was refused.
	Public string
	// Cause is for the process's own eyes.
	Cause error
}

// Refuse makes a refusal with the public words of its code.
func Refuse(code Code, cause error) *Refusal {
	return &Refusal{Code: code, Public: words(code), Cause: cause}
}

func refuse(code Code, format string, args ...any) *Refusal {
	return Refuse(code, fmt.Errorf(format, args...))
}

// CodeOf is the code of a refusal, and "" for an error that is none.
func CodeOf(err error) Code {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Code
	}
	return ""
}

func (r *Refusal) Error() string {
	if r.Cause == nil {
		return "bundle: refused: " + string(r.Code)
	}
	return "bundle: refused: " + string(r.Code) + ": " + r.Cause.Error()
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

func words(code Code) string {
	switch code {
	case Unsigned:
		return "The policy is not signed."
	case WrongSignature:
		return "The signature is not of the key that it names."
	case UnknownKey:
		return "The key that signed is not one that this hub trusts."
	case WrongAlgorithm:
		return "It is signed in another way than this hub accepts (ES256 with a key id)."
	case WrongScope:
		return "It was signed for another hub."
	case Altered:
		return "What it holds is not what was signed."
	case Incomplete:
		return "A part of what was signed is missing."
	case Delta:
		return "It is a change to a policy and not a whole one."
	case TooLarge:
		return "It is larger than a policy can be."
	case WrongHub:
		return "The policy in it is another hub's."
	case DoesNotCompile:
		return "The rules in it cannot be used."
	case OlderThanActive:
		return "It is older than the policy in force."
	case NotApproved:
		return "It is not what was approved."
	}
	return "It is not in the form of a signed policy."
}
