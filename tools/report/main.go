// Command report runs the Go tests and says what a person needs to know: which tests failed and with what output, every skip with
// its reason, and one closing line. A skip whose test is not in the allow list fails the run: nobody overlooks it.
//
//	go run -C tools ./report [go test arguments]
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const allowFile = "report/allowed-skips.txt"

// event is one line of `go test -json` (cmd/test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64
}

type run struct {
	out            map[string][]string
	passed, failed int
	skips          []string
	broken         []string
	refused        []string
	allowed        []string
}

func main() {
	if err := mainErr(os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func mainErr(args []string) error {
	allowed, err := readAllowed()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting go test: %w", err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting go test: %w", err)
	}
	r := &run{out: map[string][]string{}, allowed: allowed}
	readErr := r.read(pipe)
	waitErr := cmd.Wait()
	r.print(time.Since(start))
	return r.verdict(errors.Join(readErr, waitErr))
}

func (r *run) read(pipe io.Reader) error {
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text()) // a build failure's own words
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *run) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		r.out[key] = append(r.out[key], e.Output)
	case "pass":
		if e.Test == "" {
			fmt.Printf("ok    %s (%.1fs)\n", e.Package, e.Elapsed)
		} else {
			r.passed++
		}
	case "skip":
		if e.Test != "" {
			r.skip(key)
		}
	case "fail", "build-fail":
		if e.Test != "" {
			r.failed++
		}
		r.broken = append(r.broken, key)
	}
	if e.Action == "pass" || e.Action == "skip" {
		delete(r.out, key)
	}
}

func (r *run) skip(key string) {
	reason := "no reason given"
	for _, line := range r.out[key] {
		if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "---") && !strings.HasPrefix(t, "===") {
			reason = t
		}
	}
	line := key + ": " + reason
	r.skips = append(r.skips, line)
	if !slices.ContainsFunc(r.allowed, func(a string) bool { return key == a }) {
		r.refused = append(r.refused, line)
	}
}

func (r *run) print(took time.Duration) {
	for _, key := range r.broken {
		fmt.Printf("\nFAIL  %s\n%s", key, strings.Join(r.out[key], ""))
	}
	if len(r.skips) > 0 {
		fmt.Printf("\nSkipped (%d):\n  %s\n", len(r.skips), strings.Join(r.skips, "\n  "))
	}
	if len(r.refused) > 0 {
		fmt.Printf("\nNot in tools/%s, so they fail the run:\n  %s\n", allowFile, strings.Join(r.refused, "\n  "))
	}
	fmt.Printf("\ntook %s\n%d passed, %d failed, %d skipped\n", took.Round(time.Second), r.passed, r.failed, len(r.skips))
}

func (r *run) verdict(runErr error) error {
	switch {
	case r.failed > 0 || len(r.broken) > 0 || len(r.refused) > 0:
		return errors.New("the tests failed")
	case runErr != nil:
		return fmt.Errorf("go test ended badly: %w", runErr)
	case r.passed == 0:
		return errors.New("no test was run")
	}
	return nil
}

// readAllowed reads "package test-name" lines; "#" starts a comment, which should say why.
func readAllowed() ([]string, error) {
	b, err := os.ReadFile(allowFile)
	if err != nil {
		return nil, fmt.Errorf("reading the list of allowed skips: %w", err)
	}
	var list []string
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list, nil
}
