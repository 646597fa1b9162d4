package policy_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/policy"
)

func TestLogsHoldNothingThatPeopleWrote(t *testing.T) {
	revision := compiled(t)
	in := family(revision.Vocabulary())
	in.Requester.Relationships = []policy.Relationship{{Subject: "s1", Kind: "CANARY-1"}}
	in.Episode.Override = &policy.Override{Ground: "delay", Reason: "CANARY-2", By: "CANARY-3"}
	in.Episode.BreakGlass = &policy.BreakGlass{By: "CANARY-4", Reason: "CANARY-5"}
	in.Episode.ConsentPosition = &policy.ConsentPosition{By: "CANARY-6", Reason: "CANARY-7"}
	in.Subjects[0].Born = "2018-01-01"
	in.Consents = []policy.Consent{{Kind: "service", By: "s2", Status: "no", Reason: "CANARY-8", Recorded: in.At}}
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("m", "input", in, "request", open(t, revision, in), "requester", in.Requester, "episode", in.Episode,
			"override", *in.Episode.Override, "glass", in.Episode.BreakGlass, "position", in.Episode.ConsentPosition,
			"subject", in.Subjects[0], "consent", in.Consents[0])
	}
	if strings.Contains(out.String(), "CANARY") || strings.Contains(out.String(), "2018") {
		t.Errorf("logged: %s", out.String())
	}
}
