package mutate_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mashgate/mashgate/policy/mutate"
	"github.com/mashgate/mashgate/policy/rules"
)

// sampleSize keeps the sample within seconds. `mashctl policy mutate` tries everything, and so does MASHGATE_MUTATE=all here.
const sampleSize = 12

// TestSampleOfTheDefaultPackIsNoticed draws the same few mutations each time. MASHGATE_MUTATE takes another number, or all.
func TestSampleOfTheDefaultPackIsNoticed(t *testing.T) {
	options := mutate.Options{Pack: rules.FS, Scenarios: scenarios(t, rules.FS), Sample: sampleSize, Seed: 20261122, Workers: 2}
	switch wanted := os.Getenv("MASHGATE_MUTATE"); wanted {
	case "":
	case "all":
		options.Sample = 0
	default:
		n, err := strconv.Atoi(wanted)
		if err != nil {
			t.Fatalf("MASHGATE_MUTATE: %v", err)
		}
		options.Sample = n
	}
	report, err := mutate.Run(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	if !report.OK() {
		t.Error("the pack's tests do not notice every mutation")
	}
}

func scenarios(t *testing.T, pack fs.FS) fs.FS {
	t.Helper()
	sub, err := fs.Sub(pack, "scenarios")
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// variant is the default pack without its tests and scenarios, with the files given in their place.
func variant(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	pack := fstest.MapFS{}
	err := fs.WalkDir(rules.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.rego") || strings.HasPrefix(name, "scenarios/") {
			return err
		}
		source, err := fs.ReadFile(rules.FS, name)
		pack[name] = &fstest.MapFile{Data: source}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range files {
		pack[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return pack
}

const windowTest = `package windows_test

test_years if data.windows.years == {"A": 2, "B": 6, "C": 6, "D": 6}
`

func TestWhatNothingTestsSurvives(t *testing.T) {
	pack := variant(t, map[string]string{"window_test.rego": windowTest, "scenarios/none.txt": ""})
	report, err := mutate.Run(context.Background(), mutate.Options{
		Pack: pack, Scenarios: scenarios(t, pack), Workers: 2, Files: []string{"data/tiers.yaml", "data/windows.yaml"},
	})
	if err != nil {
		t.Fatal(err)
	}
	survived := map[string]bool{}
	for _, survivor := range report.Survivors {
		survived[fmt.Sprint(survivor)] = true
	}
	if !survived["data/tiers.yaml: cells.B.early_help.effect: permit instead of deny"] {
		t.Error("a cell that nothing tests did not survive")
	}
	if survived["data/windows.yaml: years.A: 3 instead of 2"] {
		t.Error("a window that is tested survived")
	}
	if report.OK() || report.Tried != report.Possible {
		t.Errorf("%d of %d tried, OK %v", report.Tried, report.Possible, report.OK())
	}
}

func TestAPackThatFailsUnmutatedIsRefused(t *testing.T) {
	pack := variant(t, map[string]string{"window_test.rego": strings.Replace(windowTest, `"A": 2`, `"A": 9`, 1), "scenarios/none.txt": ""})
	_, err := mutate.Run(context.Background(), mutate.Options{Pack: pack, Scenarios: scenarios(t, pack), Sample: 1})
	if err == nil || !strings.Contains(err.Error(), "test_years") {
		t.Errorf("got %v, want an error that names the failing test", err)
	}
}
