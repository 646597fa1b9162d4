package demo_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/simulate"
	ledgerv1 "github.com/mashgate/mashgate/proto/gen/mashgate/ledger/v1"
)

// journeyDecisions is how long the history is that the journey's change is tried on.
const journeyDecisions = 20_000

// TestJourney runs policy/journey.sh, which stops at the first thing that is not as expected, and holds the report of its simulation to
// the ledger: exactly the changes that the ledger lets one reckon by hand are in it, and no other.
func TestJourney(t *testing.T) {
	out := t.TempDir()
	script := exec.CommandContext(t.Context(), "bash", filepath.Join("..", "..", "..", "policy", "journey.sh"))
	script.Env = append(os.Environ(), "JOURNEY_OUT="+out)
	script.Cancel = func() error { return script.Process.Signal(os.Interrupt) } // the script ends what it started
	if said, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	report, ledger := readFile(t, out, "report.json"), readLedger(t, readFile(t, out, "ledger.json"))
	run := historyOf(t, report)
	if run.Decisions < journeyDecisions || run.Errors+run.Unreadable+run.Erased+run.Anew > 0 || run.Requests.Decided < 200 {
		t.Errorf("%d decisions about %d requests; errors %d, unreadable %d, erased %d, anew %d",
			run.Decisions, run.Requests.Decided, run.Errors, run.Unreadable, run.Erased, run.Anew)
	}
	want := changed(t, before(t, ledger, report))
	if len(want) < 4 {
		t.Errorf("by the ledger %d kinds of change are expected: too few to tell", len(want))
	}
	if diff := cmp.Diff(want, rowsOf(run)); diff != "" {
		t.Errorf("changes (-reckoned from the ledger +simulated):\n%s", diff)
	}
	if q := run.Requests; q.Opened+q.Stopped+q.ToldMore+q.ToldLess+q.ReadsOpened+q.ReadsStopped > 0 || len(run.Gates)+len(run.Obligations) > 0 {
		t.Errorf("a tier cell changed gates or obligations: %+v %v %v", q, run.Gates, run.Obligations)
	}
}

func readFile(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(text)
}

// readLedger reads pages of entries that follow one another.
func readLedger(t *testing.T, text []byte) []*ledgerv1.Entry {
	t.Helper()
	var all []*ledgerv1.Entry
	for pages := json.NewDecoder(bytes.NewReader(text)); ; {
		var page json.RawMessage
		if err := pages.Decode(&page); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var entries ledgerv1.ListEntriesResponse
		if err := protojson.Unmarshal(page, &entries); err != nil {
			t.Fatal(err)
		}
		all = append(all, entries.GetEntries()...)
	}
	for i, e := range all {
		if e.GetSequence() != int64(i+1) {
			t.Fatalf("entry %d stands where %d should: the copy is not whole", e.GetSequence(), i+1)
		}
	}
	return all
}

// before are the entries that were on the ledger when the report was made: it is on the ledger itself, by its digest.
func before(t *testing.T, ledger []*ledgerv1.Entry, report []byte) []*ledgerv1.Entry {
	t.Helper()
	sum := sha256.Sum256(report)
	at := slices.IndexFunc(ledger, func(e *ledgerv1.Entry) bool {
		return e.GetKind() == "policy_drafted" && e.GetDigest() == hex.EncodeToString(sum[:])
	})
	if at < 0 {
		t.Fatal("the report is not on the ledger")
	}
	return ledger[:at]
}

func historyOf(t *testing.T, text []byte) simulate.Outcome {
	t.Helper()
	var report simulate.Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	for _, run := range report.Runs {
		if run.Kind == simulate.History {
			return run
		}
	}
	t.Fatal("the report holds no run over the history")
	return simulate.Outcome{}
}

func rowsOf(run simulate.Outcome) map[simulate.Change]int64 {
	rows := map[simulate.Change]int64{}
	for _, row := range run.Changes {
		rows[row.Change] = row.Count
	}
	return rows
}

// tierC are the categories of the row that the journey's overlay changes (domain.md section 3); under a MASH episode, and under no other
// basis, its cell is a review by the holder.
var tierC = []string{"csc.assessments", "csc.placement", "pol.convictions", "prb.risk"}

// alwaysMasked are the categories of which something is masked whatever is decided (domain.md section 3).
var alwaysMasked = []string{"csc.placement"}

// changed reckons by hand what a permit in that cell would have changed. Two things on the ledger show the cell at work: an
// organisation was asked for the category, to hold it for review; and it then said that it has something, which was held for that
// reason. Each would have come out as a permit.
func changed(t *testing.T, ledger []*ledgerv1.Entry) map[simulate.Change]int64 {
	t.Helper()
	want := map[simulate.Change]int64{}
	for _, e := range ledger {
		for _, item := range e.GetItems() {
			c := simulate.Change{
				Organisation: e.GetOrganisation(), Category: item.GetCategory(), Basis: "mash", Direction: simulate.Wider,
				Was: policy.Review, Now: eased(item),
			}
			held := item.GetEffect() == string(policy.Review) && slices.Contains(tierC, item.GetCategory())
			switch {
			case held && e.GetKind() == "request_intent":
				c.What = simulate.AskLimits
			case held && e.GetKind() == "answer" && slices.Contains(item.GetReasons(), "narrative_held"):
				c.What = simulate.Released
			default:
				continue
			}
			want[c]++
		}
	}
	return want
}

func eased(item *ledgerv1.Item) policy.Effect {
	if slices.Contains(alwaysMasked, item.GetCategory()) || len(item.GetMasks()) > 0 {
		return policy.Redact
	}
	return policy.Permit
}
