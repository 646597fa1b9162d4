// Package ledger keeps what was asked, decided and disclosed, by whom and why. It stands at steps 5 and 10 of the path: an entry is
// written in the transaction of what it records, so that neither can be there without the other. It holds ids, codes and references
// and refuses anything that could be a name or a sentence; nothing in it can be changed or removed afterwards.
package ledger

import (
	"log/slog"
	"slices"
	"time"
)

// Kind says what happened.
type Kind string

// The kinds of entry (ledger_service.proto).
const (
	KindReferral        Kind = "referral"
	KindTriage          Kind = "triage"
	KindEpisode         Kind = "episode"
	KindConsent         Kind = "consent"
	KindOverride        Kind = "override"
	KindBreakGlass      Kind = "break_glass"
	KindOutcome         Kind = "outcome"
	KindRequestIntent   Kind = "request_intent"
	KindRequestRefused  Kind = "request_refused"
	KindAsk             Kind = "ask"
	KindAnswer          Kind = "answer"
	KindDisclosure      Kind = "disclosure"
	KindPictureRead     Kind = "picture_read"
	KindCallDenied      Kind = "call_denied"
	KindWarrantRefused  Kind = "warrant_refused"
	KindCancelled       Kind = "cancelled"
	KindRequestEnded    Kind = "request_ended"
	KindPolicyDrafted   Kind = "policy_drafted"
	KindPolicyApproved  Kind = "policy_approved"
	KindPolicyRejected  Kind = "policy_rejected"
	KindPolicySigned    Kind = "policy_signed"
	KindPolicyActivated Kind = "policy_activated"
	KindPolicyRefused   Kind = "policy_refused"
	KindPolicyTightened Kind = "policy_tightened"
	KindPolicyLifted    Kind = "policy_lifted"
	KindRechecked       Kind = "rechecked"
)

// Kinds returns every kind, in the order in which a request meets them.
func Kinds() []Kind {
	return []Kind{
		KindReferral, KindTriage, KindEpisode, KindConsent, KindOverride, KindBreakGlass, KindOutcome,
		KindRequestIntent, KindRequestRefused, KindAsk, KindAnswer, KindDisclosure, KindPictureRead,
		KindCallDenied, KindWarrantRefused, KindCancelled, KindRequestEnded,
		KindPolicyDrafted, KindPolicyApproved, KindPolicyRejected, KindPolicySigned, KindPolicyActivated, KindPolicyRefused,
		KindPolicyTightened, KindPolicyLifted, KindRechecked,
	}
}

// disclosing are the kinds that put content before somebody's eyes.
var disclosing = []Kind{KindDisclosure, KindPictureRead}

// Entry is one line of the ledger. It holds references and codes, never content.
type Entry struct {
	// Seq is the order in the hub's ledger, from 1 and without gaps. Append sets it.
	Seq int64  `json:"seq"`
	Hub string `json:"hub"`
	// Time is set by Append when zero.
	Time time.Time `json:"time"`
	Kind Kind      `json:"kind"`
	// Actor is who did it: a person, service or agency, by resource name.
	Actor     string `json:"actor"`
	ActorRole string `json:"actor_role"`
	// Episode and Request are bare ids; a referral's entries carry the id that its episode has too.
	Episode      string `json:"episode"`
	Request      string `json:"request"`
	Organisation string `json:"organisation"`
	// Subjects are random ids of the episode's subjects.
	Subjects []string `json:"subjects"`
	Items    []Item   `json:"items"`
	// Reasons are codes, never sentences.
	Reasons  []string `json:"reasons"`
	Revision string   `json:"revision"`
	// Method is the full RPC name, for call_denied.
	Method string `json:"method"`
	// Digest is SHA-256, in hexadecimal, of what the entry stands for and does not hold: the sealed record of the decision it rests on, or
	// the bundle or report of a policy entry. Empty where there is none.
	Digest string `json:"digest"`
	// Commitment is SHA-256(salt ‖ canonical entry) in hexadecimal. Append sets it.
	Commitment string `json:"commitment,omitempty"`
}

// Item is one thing decided or disclosed.
type Item struct {
	// Ref is the holder's opaque reference.
	Ref      string   `json:"ref"`
	Subject  string   `json:"subject"`
	Category string   `json:"category"`
	Effect   string   `json:"effect"`
	Masks    []string `json:"masks"`
	Reasons  []string `json:"reasons"`
}

// LogValue tells which entry it is and keeps whom it is about out of logs.
func (e Entry) LogValue() slog.Value {
	return slog.GroupValue(slog.String("hub", e.Hub), slog.Int64("seq", e.Seq), slog.String("kind", string(e.Kind)))
}

func (k Kind) known() bool { return slices.Contains(Kinds(), k) }
