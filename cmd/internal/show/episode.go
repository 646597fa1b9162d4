package show

import (
	"io"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// Episode prints an episode: where it stands, who it is about, which answers the family gave.
func Episode(w io.Writer, e *mashgatev1.Episode) error {
	p := &page{w: w}
	names := SubjectNames(e)
	p.line("%s", e.GetName())
	p.line("  stage %s, rating %s, level of need %d, basis %s", Words(e.GetStage().String(), "STAGE_"), e.GetRating(), e.GetLevelOfNeed(), e.GetBasis())
	p.line("  concerns: %s", strings.ReplaceAll(strings.Join(e.GetConcerns(), ", "), "_", " "))
	if facts := factWords(e.GetFacts()); facts != "" {
		p.line("  recorded: %s", facts)
	}
	p.line("  decision due %s, etag %s", moment(e.GetDecisionDueTime()), e.GetEtag())
	p.line("  assigned: %s", strings.Join(e.GetAssignees(), ", "))
	p.line("  people:")
	for _, s := range e.GetSubjects() {
		note := ""
		if s.GetSafeAddress() {
			note = ", whereabouts protected"
		}
		p.line("    %s: %s%s", s.GetId(), names.of(s.GetId()), note)
	}
	if len(e.GetConsents()) > 0 {
		p.line("  consents, oldest first:")
	}
	for _, c := range e.GetConsents() {
		p.line("    %s: %s, from %s, %s", Words(c.GetKind().String(), "CONSENT_KIND_"), Words(c.GetStatus().String(), "CONSENT_STATUS_"),
			names.of(c.GetGiver()), c.GetRecordTime())
	}
	if o := e.GetOutcome(); o != nil {
		p.line("  outcome: %s", strings.ReplaceAll(o.GetCode(), "_", " "))
	}
	return p.err
}

func factWords(f *mashgatev1.EpisodeFacts) string {
	var set []string
	f.ProtoReflect().Range(func(d protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set = append(set, strings.ReplaceAll(string(d.Name()), "_", " "))
		return true
	})
	return strings.Join(set, ", ")
}
