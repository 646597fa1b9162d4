package demo_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/mashgate/mashgate/gateway"
	"github.com/mashgate/mashgate/internal/clock"
)

// gatewayEnv makes this test binary a gateway: it names the file with what the gateway is told.
const gatewayEnv = "MASHGATE_TEST_GATEWAY"

func TestMain(m *testing.M) {
	if path := os.Getenv(gatewayEnv); path != "" {
		if err := serveGateway(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// gatewayFile is what the gateway in a process of its own is told: a configuration without what cannot be written down.
type gatewayFile struct {
	Hubs     []gateway.Hub
	Data     gateway.Data
	Listen   gateway.Listen
	Issuers  []gateway.Issuer
	Limits   gateway.Limits
	Timeouts gateway.Timeouts
}

func fileOf(c gateway.Config) gatewayFile {
	return gatewayFile{c.Hubs, c.Data, c.Listen, c.Issuers, c.Limits, c.Timeouts}
}

// serveGateway runs the gateway and says on standard output where it listens.
func serveGateway(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f gatewayFile
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return gateway.Run(ctx, gateway.Config{
		Hubs: f.Hubs, Data: f.Data, Listen: f.Listen, Issuers: f.Issuers, Limits: f.Limits, Timeouts: f.Timeouts,
		Demo: true, Clock: clock.NewFake(today),
		Ready: func(a gateway.Addresses) {
			if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		},
	})
}

// process is a gateway in a process of its own.
type process struct {
	*exec.Cmd

	at gateway.Addresses
}

// startProcess starts a gateway and waits until it listens; it is killed at the latest when the test ends.
func startProcess(t *testing.T, file string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	p := &process{Cmd: exec.CommandContext(ctx, os.Args[0])}
	var log bytes.Buffer
	p.Env, p.Stderr = append(os.Environ(), gatewayEnv+"="+file), &log
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = p.Wait() // it was killed
		if t.Failed() {
			t.Logf("what the gateway logged:\n%s", log.String())
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &p.at) != nil {
		t.Fatalf("the gateway did not say where it listens: %q, %v", line, err)
	}
	return p
}

// kill ends it as a power cut would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
