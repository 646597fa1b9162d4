package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
	"github.com/mashgate/mashgate/policy/rules"
)

// tokenEnv names a key file, and makes this test binary the command in front of a token that keeps it.
const tokenEnv = "MASHCTL_TEST_TOKEN"

func TestMain(m *testing.M) {
	if key := os.Getenv(tokenEnv); key != "" {
		if err := signAsAToken(key, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func signAsAToken(key, inHex string) error {
	digest, err := hex.DecodeString(inHex)
	if err != nil {
		return err
	}
	signer, err := bundle.FileSigner(key, "")
	if err != nil {
		return err
	}
	signature, err := signer.Sign(context.Background(), digest)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(signature)
	return err
}

// overlay writes the smallest pack there is: a manifest over the built-in one.
func overlay(t *testing.T) (folder, hub string) {
	t.Helper()
	pack, err := policy.ReadPack(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	hub = pack.Manifest().Hub
	folder = t.TempDir()
	manifest := "name: ours\nversion: \"1.2\"\nhub: " + hub + "\nbase: default\nreview_date: 2026-11-01\n"
	if err := os.WriteFile(filepath.Join(folder, "manifest.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, hub
}

func TestAPackIsBuiltSignedVerifiedAndPublished(t *testing.T) {
	pack, hub := overlay(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }

	key := inJSON(t, "policy", "keygen", "--out", in("sign.key"))
	id, _ := key["key_id"].(string)
	if info, err := os.Stat(in("sign.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
	if r := mashctl(t, "policy", "keygen", "--out", in("sign.key")); r.code != exitUsage {
		t.Errorf("a key was written over another: %d %s", r.code, r.errors)
	}

	if r := ok(t, "policy", "build", pack, "-o", in("unsigned.tar.gz")); !strings.Contains(r.out, "not signed") {
		t.Errorf("build says %s", r.out)
	}
	ok(t, "policy", "sign", in("unsigned.tar.gz"), "--key", in("sign.key"), "--scope", hub, "-o", in("signed.tar.gz"))
	got := inJSON(t, "policy", "verify", in("signed.tar.gz"), "--keys", dir, "--scope", hub)
	files, _ := got["files"].([]any)
	if got["name"] != "ours" || got["version"] != "1.2" || got["key_id"] != id || got["hub"] != hub || !slices.Contains(files, any("release.rego")) {
		t.Errorf("verify says %v", got)
	}
	if r := ok(t, "policy", "verify", in("signed.tar.gz"), "--keys", dir, "--scope", hub); !strings.Contains(r.out, "is sound") ||
		!strings.Contains(r.out, id) {
		t.Errorf("verify says %s", r.out)
	}

	refusals := map[string][]string{
		string(bundle.Unsigned):   {"policy", "verify", in("unsigned.tar.gz"), "--keys", dir, "--scope", hub},
		string(bundle.WrongScope): {"policy", "verify", in("signed.tar.gz"), "--keys", dir, "--scope", "elsewhere"},
		string(bundle.WrongHub):   {"policy", "sign", in("unsigned.tar.gz"), "--key", in("sign.key"), "--scope", "elsewhere", "-o", in("x")},
	}
	for code, args := range refusals {
		if r := mashctl(t, args...); r.code != exitInvalid || !strings.Contains(r.errors, "reason: "+code) {
			t.Errorf("mashctl %v: exit code %d: %s", args, r.code, r.errors)
		}
	}
	if _, err := os.Stat(in("x")); err == nil {
		t.Error("what was refused was written")
	}

	publish := func(number string, more ...string) ran {
		return mashctl(t, append([]string{
			"policy", "publish", in("www"), "--bundle", in("signed.tar.gz"), "--number", number, "--scope", hub, "--key", in("sign.key"),
		}, more...)...)
	}
	if r := publish("3", "--at", "2026-11-23T09:00:00Z"); r.code != exitOK || !strings.Contains(r.out, "number 3") {
		t.Errorf("publish: %d %s%s", r.code, r.out, r.errors)
	}
	if r := publish("3"); r.code != exitInvalid || !strings.Contains(r.errors, string(bundle.OlderThanActive)) {
		t.Errorf("a number twice: %d %s", r.code, r.errors)
	}
	if r := publish("4", "--at", "soon"); r.code != exitUsage {
		t.Errorf("a time that is none: %d %s", r.code, r.errors)
	}
	keys, err := bundle.ReadKeyFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	published, changed, err := bundle.FolderSource(in("www")).Poll(t.Context())
	if err != nil || !changed {
		t.Fatalf("following the folder: %t, %v", changed, err)
	}
	statement, err := bundle.OpenStatement(published.Statement, keys, hub)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := bundle.Open(published.Bundle, keys, hub)
	if err != nil {
		t.Fatal(err)
	}
	if err := statement.Match(opened); err != nil || statement.Number != 3 || statement.ActivateTime.Format("15:04") != "09:00" {
		t.Errorf("published: %+v, %v", statement, err)
	}
}

func TestACommandSignsForMashctl(t *testing.T) {
	pack, hub := overlay(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	ok(t, "policy", "keygen", "--out", in("token.key"), "--key-id", "hsm")
	ok(t, "policy", "build", pack, "-o", in("unsigned.tar.gz"))
	token, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(tokenEnv, in("token.key"))
	ok(t, "policy", "sign", in("unsigned.tar.gz"), "--signer-command", token+" "+bundle.DigestArgument, "--public", in("hsm.pem"),
		"--scope", hub, "-o", in("signed.tar.gz"))
	if got := inJSON(t, "policy", "verify", in("signed.tar.gz"), "--keys", dir, "--scope", hub); got["key_id"] != "hsm" {
		t.Errorf("signed by %v", got["key_id"])
	}
	if r := mashctl(t, "policy", "sign", in("unsigned.tar.gz"), "--signer-command", "true", "--public", in("hsm.pem"), "--scope", hub,
		"-o", in("x.tar.gz")); r.code != exitFailed || !strings.Contains(r.errors, "signing command true") {
		t.Errorf("a command that says nothing: %d %s", r.code, r.errors)
	}
}

func TestWrongUseOfBundleCommands(t *testing.T) {
	pack, hub := overlay(t)
	broken := t.TempDir()
	for name, args := range map[string][]string{
		"build without -o":         {"policy", "build", pack},
		"keygen without --out":     {"policy", "keygen"},
		"keygen with a path as id": {"policy", "keygen", "--out", filepath.Join(broken, "k"), "--key-id", "../k"},
		"sign without a key":       {"policy", "sign", "x", "--scope", hub, "-o", "y"},
		"sign with two keys":       {"policy", "sign", "x", "--key", "a", "--signer-command", "b", "--public", "c", "--scope", hub, "-o", "y"},
		"a command without public": {"policy", "sign", "x", "--signer-command", "b", "--scope", hub, "-o", "y"},
		"sign without a scope":     {"policy", "sign", "x", "--key", "a", "-o", "y"},
		"verify without keys":      {"policy", "verify", "x", "--scope", hub},
		"verify with no keys":      {"policy", "verify", "x", "--keys", broken, "--scope", hub},
		"publish without number":   {"policy", "publish", broken, "--bundle", "x", "--key", "a", "--scope", hub},
	} {
		if r := mashctl(t, args...); r.code != exitUsage {
			t.Errorf("%s: exit code %d: %s", name, r.code, r.errors)
		}
	}
	if r := mashctl(t, "policy", "build", broken, "-o", filepath.Join(broken, "b")); r.code != exitFailed {
		t.Errorf("a folder that is no pack was built: %d %s", r.code, r.errors)
	}
}
