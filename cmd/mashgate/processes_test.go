package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/mashgate/mashgate/cmd/internal/agencyhost"
	"github.com/mashgate/mashgate/cmd/internal/demo"
	"github.com/mashgate/mashgate/cmd/internal/dial"
	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/city"
	mashgatev1 "github.com/mashgate/mashgate/proto/gen/mashgate/v1"
)

// mainEnv makes this test binary the command itself.
const mainEnv = "MASHGATE_TEST_MAIN"

// patience bounds every wait for something that must happen.
const patience = time.Minute

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is the command in a process of its own.
type process struct {
	*exec.Cmd

	lines chan string
}

// startProcess starts the command; it is killed at the latest when the test ends.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), os.Args[0], args...), lines: make(chan string, 1000)}
	p.Env = append(os.Environ(), mainEnv+"=1")
	log, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for scanner := bufio.NewScanner(log); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // it may have ended by itself
		<-read
		_ = p.Wait()
	})
	return p
}

// waitFor returns the first line of its log that has text in it.
func (p *process) waitFor(t *testing.T, text string) string {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				t.Fatalf("it ended without a word of %q", text)
			}
			if strings.Contains(line, text) {
				return line
			}
		case <-late:
			t.Fatalf("no word of %q", text)
		}
	}
}

// terminate ends it as a service manager does, and wants it to end well.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	for range p.lines { // to its end
	}
	if state, err := p.Process.Wait(); err != nil || !state.Success() {
		t.Errorf("it ended as %v, %v", state, err)
	}
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func agencyFile(dir, organisation string) string {
	return filepath.Join(dir, "agencies", organisation, "agency.yaml")
}

// startAgency runs one of a demo's agencies as `mashgate agency`, on a store of its own, and returns where it listens.
func startAgency(t *testing.T, dir, organisation string) (*process, string) {
	t.Helper()
	config, err := agencyhost.Load(agencyFile(dir, organisation))
	if err != nil {
		t.Fatal(err)
	}
	config.Data = filepath.Join(t.TempDir(), organisation)
	file := filepath.Join(t.TempDir(), "agency.yaml")
	if err := config.Write(file); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "agency", organisation, "--config", file)
	var said struct{ Organisation, Address string }
	if line := p.waitFor(t, "agency serves"); json.Unmarshal([]byte(line), &said) != nil || said.Organisation != organisation {
		t.Fatalf("it does not say where it listens: %s", line)
	}
	return p, said.Address
}

// TestAgenciesAsProcesses: two agencies run as processes of their own and answer like the others. When one is killed in the middle of a
// request, it has not answered, and all others have.
func TestAgenciesAsProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	processes := map[string]*process{}
	h, err := demo.Start(t.Context(), demo.Options{Dir: dir, Change: func(c *gateway.Config) {
		c.Timeouts.Locate, c.Timeouts.Leg = 3*time.Second, 6*time.Second
		for i, o := range c.Hubs[0].Organisations {
			if o.ID == "police" || o.ID == "education" {
				processes[o.ID], c.Hubs[0].Organisations[i].Address = startAgency(t, dir, o.ID)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	before, err := demo.Showcase(t.Context(), h, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, organisation := range []string{"police", "education"} {
		if !slices.Contains(kinds(before, organisation), "ANSWER_KIND_RECORDS") {
			t.Errorf("%s as a process of its own answers %v", organisation, kinds(before, organisation))
		}
	}
	processes["police"].signal(t, syscall.SIGSTOP) // it takes the question and does not answer
	after, err := tell(t, h, func() { processes["police"].signal(t, syscall.SIGKILL) })
	if err != nil {
		t.Fatal(err)
	}
	compare(t, before, after)
}

// tell plays the showcase and calls asked as soon as the request is on its way.
func tell(t *testing.T, h *demo.Hub, asked func()) (demo.Told, error) {
	t.Helper()
	families, err := city.LoadFamilies()
	if err != nil {
		t.Fatal(err)
	}
	return demo.Tell(t.Context(), h, families[0], demo.Cast{
		Referrer: "rita", Triage: "tom", Worker: "sara", Requester: "sara",
		Dial: func(person string) (demo.Line, error) {
			conn, err := dial.Open(h.Profile(person))
			return lineThatTells{conn, asked}, err
		},
	}, io.Discard)
}

// lineThatTells says when a request was taken.
type lineThatTells struct {
	*grpc.ClientConn

	asked func()
}

func (l lineThatTells) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	err := l.ClientConn.Invoke(ctx, method, args, reply, opts...)
	if err == nil && method == mashgatev1.InformationService_RequestInformation_FullMethodName {
		l.asked()
	}
	return err
}

// kinds are an organisation's answers about the family, in the order of the form.
func kinds(told demo.Told, organisation string) []string {
	var all []string
	for _, s := range told.Episode.GetSubjects() {
		for _, a := range told.Picture.GetAnswers() {
			if a.GetOrganisation() == organisation && a.GetSubject() == s.GetId() {
				all = append(all, a.GetKind().String())
			}
		}
	}
	return all
}

func compare(t *testing.T, before, after demo.Told) {
	t.Helper()
	for _, organisation := range append(city.Organisations(), "hospital") {
		want, got := kinds(before, organisation), kinds(after, organisation)
		if organisation == "police" {
			if len(got) != len(want) || slices.ContainsFunc(got, func(kind string) bool { return kind != "ANSWER_KIND_NOT_ANSWERED" && kind != "ANSWER_KIND_ERROR" }) {
				t.Errorf("police, killed, answers %v", got)
			}
			continue
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s answers %v, and with police killed %v", organisation, want, got)
		}
	}
	if !after.Picture.GetComplete() {
		t.Error("the request has not ended")
	}
	notPolice := func(told demo.Told) []string {
		var refs []string
		for _, r := range told.Picture.GetChronology() {
			if r.GetOrganisation() != "police" {
				refs = append(refs, r.GetRef())
			}
		}
		return refs
	}
	if want, got := notPolice(before), notPolice(after); !slices.Equal(want, got) {
		t.Errorf("the others' records were %v, and are with police killed %v", want, got)
	}
	// Police could have said that somebody hides: until they answer, nobody's address is shown.
	for _, m := range after.Picture.GetHousehold() {
		for _, a := range m.GetAttributes() {
			if a.GetAttribute() == "address" {
				t.Errorf("an address of %s is shown, though nobody knows whether it is safe to", m.GetRole())
			}
		}
	}
}
