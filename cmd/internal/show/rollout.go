package show

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/mashgate/mashgate/proto/gen/mashgate/policy/v1"
)

// Draft prints a policy draft, how far it has come, and what its next step is.
func Draft(w io.Writer, d *policyv1.Draft) error {
	p := &page{w: w}
	p.line("%s", d.GetName())
	p.line("  %s %s, by %s, %s", Printable(d.GetTitle()), Printable(d.GetVersion()), last(d.GetAuthor()), moment(d.GetCreateTime()))
	if d.GetNote() != "" {
		p.wrapped(2, "“"+d.GetNote()+"”")
	}
	p.line("  revision %s", d.GetRevision())
	p.line("  state: %s", Words(d.GetState().String(), "STATE_"))
	p.reports(d)
	for _, approval := range d.GetApprovals() {
		p.line("  approved by %s, %s", last(approval.GetApprover()), moment(approval.GetTime()))
	}
	if d.GetKeyId() != "" {
		p.line("  signed with key %s", d.GetKeyId())
	}
	if d.GetActivation() != 0 {
		p.line("  activation %d", d.GetActivation())
	}
	p.wrapped(0, nextStep(d))
	return p.err
}

// reports tells what is known of each report; a draft of a list has none of them with it.
func (p *page) reports(d *policyv1.Draft) {
	if d.GetReportDigest() == "" {
		return
	}
	effect := "It changes nothing towards releasing more."
	if d.GetWidens() {
		effect = "IT WIDENS what is asked or released: activating it needs a reason."
	}
	p.line("  simulated against activation %d. %s", d.GetSimulatedAgainst(), effect)
	p.line("  report digest %s", d.GetReportDigest())
}

// nextStep says what happens next, and how.
func nextStep(d *policyv1.Draft) string {
	name := last(d.GetName())
	switch d.GetState() {
	case policyv1.Draft_STATE_DRAFT:
		return "Next: mashctl policy draft check " + name
	case policyv1.Draft_STATE_CHECKED:
		return "Next: mashctl policy draft test " + name
	case policyv1.Draft_STATE_TESTED:
		return "Next: simulate it on what was decided in the past (mashctl policy simulate)."
	case policyv1.Draft_STATE_SIMULATED:
		return fmt.Sprintf("Next: two people, neither of them the author, read the reports and approve (mashctl policy approve %s). %d of 2 have.",
			name, len(d.GetApprovals()))
	case policyv1.Draft_STATE_APPROVED:
		return fmt.Sprintf("Next: mashctl policy bundle %s -o FILE, sign the file, mashctl policy submit %s FILE", name, name)
	case policyv1.Draft_STATE_SIGNED:
		return "Next: mashctl policy activate " + name
	case policyv1.Draft_STATE_ACTIVATED:
		return "It has been activated: mashctl policy status says what is in force."
	default:
		return "It was rejected and goes no further."
	}
}

// Drafts prints a line for each draft.
func Drafts(w io.Writer, drafts []*policyv1.Draft) error {
	return table(w, len(drafts), "DRAFT\tSTATE\tPACK\tVERSION\tAUTHOR\tMADE", func(i int) []string {
		d := drafts[i]
		return []string{
			last(d.GetName()), Words(d.GetState().String(), "STATE_"), d.GetTitle(), d.GetVersion(), last(d.GetAuthor()), moment(d.GetCreateTime()),
		}
	})
}

// Activation prints what a decision to activate came to.
func Activation(w io.Writer, a *policyv1.Activation) error {
	p := &page{w: w}
	switch a.GetState() {
	case policyv1.Activation_STATE_ACTIVE:
		p.line("Activation %d is in force since %s.", a.GetNumber(), moment(a.GetActivateTime()))
	case policyv1.Activation_STATE_SCHEDULED:
		p.line("Activation %d comes into force on %s. A later decision takes its place.", a.GetNumber(), moment(a.GetActivateTime()))
	case policyv1.Activation_STATE_PROPOSED:
		p.line("Activation %d WAITS FOR A SECOND PERSON: mashctl policy approve-rollback %d. Nothing has changed yet.", a.GetNumber(), a.GetNumber())
	default:
		p.line("Activation %d is %s.", a.GetNumber(), Words(a.GetState().String(), "STATE_"))
	}
	p.line("  revision %s", a.GetRevision())
	return p.err
}

// Tightening prints an emergency tightening and where it stands.
func Tightening(w io.Writer, t *policyv1.Tightening) error {
	p := &page{w: w}
	switch {
	case t.GetLiftTime() != nil:
		p.line("Tightening %d was lifted on %s, by %s and %s.", t.GetNumber(), moment(t.GetLiftTime()), last(t.GetLiftProposer()), last(t.GetLifter()))
	case t.GetLiftProposer() != "":
		p.line("Tightening %d IS STILL IN FORCE. %s proposes to lift it; another person does so with: mashctl policy lift %d --reason CODE",
			t.GetNumber(), last(t.GetLiftProposer()), t.GetNumber())
	default:
		p.line("Tightening %d is in force since %s. Lifting it takes two people.", t.GetNumber(), moment(t.GetCreateTime()))
	}
	for _, rule := range t.GetRules() {
		p.line("  %s", ruleWords(rule))
	}
	return p.err
}

// ruleWords says what a rule holds back.
func ruleWords(r *policyv1.TighteningRule) string {
	words := []string{r.GetEffect()}
	for _, part := range []struct {
		what  string
		codes []string
	}{
		{"fields of class", r.GetMasks()}, {"category", r.GetCategories()}, {"organisation", r.GetOrganisations()}, {"basis", r.GetBases()},
		{"label", r.GetLabels()},
	} {
		if len(part.codes) > 0 {
			words = append(words, part.what+" "+strings.Join(part.codes, ", "))
		}
	}
	if len(words) == 1 {
		words = append(words, "everything")
	}
	return strings.Join(words, "; ")
}

// table prints rows under a heading, aligned.
func table(w io.Writer, rows int, heading string, row func(int) []string) error {
	if rows == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, heading)
	for i := range rows {
		cells := row(i)
		for j := range cells {
			cells[j] = Printable(cells[j])
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// last is the id at the end of a resource name.
func last(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// day is a moment, or a dash where there is none.
func day(t *timestamppb.Timestamp) string {
	if t == nil {
		return "–"
	}
	return moment(t)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
