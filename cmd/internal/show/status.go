package show

import (
	"io"
	"net/url"
	"slices"

	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Status is what is in force in a hub, what is to come, and who serves it.
type Status struct {
	Active *policyv1.Revision
	// Activations are the latest, newest first.
	Activations []*policyv1.Activation
	Tightenings []*policyv1.Tightening
	Replicas    []*policyv1.Replica
}

// Write prints it.
func (s Status) Write(w io.Writer) error {
	p := &page{w: w}
	p.inForce(s)
	for _, a := range s.Activations {
		switch a.GetState() {
		case policyv1.Activation_STATE_SCHEDULED:
			p.line("To come: activation %d on %s, revision %s, decided by %s.", a.GetNumber(), moment(a.GetActivateTime()), a.GetRevision(), last(a.GetActor()))
		case policyv1.Activation_STATE_PROPOSED:
			p.line("Waits for a second person: activation %d, back to %d, reason %s, proposed by %s (mashctl policy approve-rollback %d).",
				a.GetNumber(), a.GetRolledBackTo(), a.GetReason(), last(a.GetActor()), a.GetNumber())
		}
	}
	p.tightenings(s.Tightenings)
	p.heading("Replicas")
	if len(s.Replicas) == 0 {
		p.line("None has said what it serves.")
	}
	if p.err != nil {
		return p.err
	}
	return s.replicas(w)
}

func (p *page) inForce(s Status) {
	r := s.Active
	signed := "built in, signed by nobody"
	if r.GetKeyId() != "" {
		signed = "signed with key " + r.GetKeyId()
	}
	p.line("In force: %s %s, %s", Printable(r.GetTitle()), Printable(r.GetVersion()), signed)
	p.line("  revision %s", r.GetId())
	reviewed := r.GetReviewDate()
	if reviewed == "" {
		reviewed = "never, as far as it says"
	}
	p.line("  last reviewed %s", reviewed)
	at := slices.IndexFunc(s.Activations, func(a *policyv1.Activation) bool { return a.GetState() == policyv1.Activation_STATE_ACTIVE })
	if at < 0 {
		return
	}
	a := s.Activations[at]
	p.line("  activation %d, %s, since %s, by %s", a.GetNumber(), Words(a.GetKind().String(), "KIND_"), moment(a.GetActivateTime()), last(a.GetActor()))
}

func (p *page) tightenings(all []*policyv1.Tightening) {
	for _, t := range all {
		if t.GetLiftTime() != nil {
			continue
		}
		p.line("Emergency tightening %d since %s, reason %s, by %s:", t.GetNumber(), moment(t.GetCreateTime()), t.GetReason(), last(t.GetActor()))
		for _, rule := range t.GetRules() {
			p.line("  %s", ruleWords(rule))
		}
		if t.GetLiftProposer() != "" {
			p.line("  %s proposes to lift it; another person does so with: mashctl policy lift %d --reason CODE", last(t.GetLiftProposer()), t.GetNumber())
		}
	}
}

// replicas prints a line for each; one that serves something else than what is in force, or refused a bundle, says so.
func (s Status) replicas(w io.Writer) error {
	return table(w, len(s.Replicas), "REPLICA\tKIND\tACTIVATION\tREVISION\tSEEN\tREFUSED", func(i int) []string {
		r := s.Replicas[i]
		kind, refused := "gateway", "–"
		if r.GetPeer() {
			kind = "peer"
		}
		if r.GetRefused() != "" {
			refused = r.GetRefused()
		}
		name, err := url.PathUnescape(last(r.GetName()))
		if err != nil {
			name = last(r.GetName())
		}
		return []string{name, kind, number(r.GetNumber()), r.GetRevision(), day(r.GetSeenTime()), refused}
	})
}

// Activations prints the log, newest first.
func Activations(w io.Writer, all []*policyv1.Activation) error {
	return table(w, len(all), "NUMBER\tSTATE\tKIND\tSINCE\tREVISION\tREASON\tBY", func(i int) []string {
		a := all[i]
		by := last(a.GetActor())
		if a.GetApprover() != "" {
			by += " and " + last(a.GetApprover())
		}
		return []string{
			number(a.GetNumber()), Words(a.GetState().String(), "STATE_"), Words(a.GetKind().String(), "KIND_"), day(a.GetActivateTime()),
			a.GetRevision(), a.GetReason(), by,
		}
	})
}
