package rollout

import (
	"log/slog"
	"time"
)

// State is how far a draft has come. It follows from what is there; nothing sets it.
type State string

// The states, in order; a rejected draft goes no further.
const (
	StateDraft     State = "draft"
	StateChecked   State = "checked"
	StateTested    State = "tested"
	StateSimulated State = "simulated"
	StateApproved  State = "approved"
	StateSigned    State = "signed"
	StateActivated State = "activated"
	StateRejected  State = "rejected"
)

// approvers is how many people have to say yes, neither of them the author.
const approvers = 2

// Ref names a draft.
type Ref struct{ Hub, ID string }

// Draft is a pack on its way into force.
type Draft struct {
	Ref
	// Revision is the id the pack will have in force; Title and Version are its manifest's.
	Revision, Title, Version string
	// Author is the id of a person.
	Author string
	// Note is what the author wrote for the approvers. It never goes onto the ledger.
	Note       string
	CreateTime time.Time
	// Check, Test and Simulation are the reports, exactly as they are digested. A list leaves them out.
	Check, Test, Simulation []byte
	// Checked and Tested tell that the report found nothing that stands in the way.
	Checked, Tested bool
	// ReportDigest is what approvers say yes to; "" until all three reports are there.
	ReportDigest string
	// Widens tells that the simulation found something that would be asked or released and was not before.
	Widens bool
	// SimulatedAgainst is the number of the activation that was in force.
	SimulatedAgainst int64
	// Approvals are those of ReportDigest; of any other there are none.
	Approvals []Approval
	// Bundle and KeyID are the digest of the signed bundle and the key that signed it.
	Bundle, KeyID string
	// Activation is the number of the activation that brought it into force, or will.
	Activation int64
	// Rejected is the code of the reason for which it was ended.
	Rejected string

	// content is the digest of the unsigned bundle.
	content        string
	authorIdentity string
}

// Approval is one person's yes to one report.
type Approval struct {
	// Person is the id of the approver.
	Person       string
	ReportDigest string
	Time         time.Time
}

// State is how far the draft has come.
func (d Draft) State() State {
	switch {
	case d.Rejected != "":
		return StateRejected
	case d.Activation != 0:
		return StateActivated
	case !d.Checked:
		return StateDraft
	case !d.Tested:
		return StateChecked
	case d.ReportDigest == "":
		return StateTested
	case len(d.Approvals) < approvers:
		return StateSimulated
	case d.Bundle == "":
		return StateApproved
	default:
		return StateSigned
	}
}

// LogValue keeps what a person wrote out of logs.
func (d Draft) LogValue() slog.Value {
	return slog.GroupValue(slog.String("hub", d.Hub), slog.String("draft", d.ID), slog.String("state", string(d.State())))
}
