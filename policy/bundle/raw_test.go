package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"testing"

	opabundle "github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/mashgate/mashgate/policy"
	"github.com/mashgate/mashgate/policy/bundle"
)

// hashOf is the hash that OPA wants of a file.
func hashOf(t *testing.T, name string, content []byte) string {
	t.Helper()
	var value any = content
	if opabundle.IsStructuredDoc(name) {
		if err := util.UnmarshalJSON(content, &value); err != nil {
			t.Fatal(err)
		}
	}
	hasher, err := opabundle.NewSignatureHasher(opabundle.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := hasher.HashFile(value)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum)
}

func publicPEM(t *testing.T, key bundle.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// unsignedID writes into .manifest the id that the pack has by now.
func unsignedID(a *archive) {
	a.t.Helper()
	var says map[string]any
	content := &a.entries[a.at(".manifest")].content
	if err := json.Unmarshal(*content, &says); err != nil {
		a.t.Fatal(err)
	}
	parts := policy.Parts{Modules: map[string][]byte{}, Data: map[string]any{}, Schemas: map[string]any{}}
	metadata, err := json.Marshal(says["metadata"])
	if err != nil {
		a.t.Fatal(err)
	}
	if err := json.Unmarshal(metadata, &parts.Manifest); err != nil {
		a.t.Fatal(err)
	}
	for _, e := range a.entries {
		name := e.header.Name
		switch {
		case len(name) > 5 && name[len(name)-5:] == ".rego":
			parts.Modules[name] = e.content
		case name == "data.json":
			err = util.UnmarshalJSON(e.content, &parts.Data)
		case len(name) > 8 && name[:8] == "schemas/":
			var schema any
			err = util.UnmarshalJSON(e.content, &schema)
			parts.Schemas[name[8:len(name)-5]] = schema
		}
		if err != nil {
			a.t.Fatal(err)
		}
	}
	pack, err := policy.NewPack(parts)
	if err != nil {
		a.t.Fatal(err)
	}
	says["revision"] = pack.ID()
	if *content, err = json.Marshal(says); err != nil {
		a.t.Fatal(err)
	}
}

// sparse is an archive of a few hundred bytes with a file that says it is a terabyte of nothing (PAX sparse format 1.0).
func sparse(t *testing.T) []byte {
	t.Helper()
	const size = int64(1) << 40
	block := make([]byte, 512)
	copy(block, fmt.Sprintf("1\n%d\n0\n", size))
	var records bytes.Buffer
	for _, kv := range [][2]string{
		{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "huge.rego"}, {"GNU.sparse.realsize", fmt.Sprint(size)},
	} {
		records.WriteString(paxRecord(kv[0], kv[1]))
	}
	var raw bytes.Buffer
	writeEntry(t, &raw, tar.TypeXHeader, "PaxHeaders/huge.rego", records.Bytes())
	writeEntry(t, &raw, tar.TypeReg, "GNUSparseFile/huge.rego", block)
	raw.Write(make([]byte, 1024))
	return zipped(t, raw.Bytes())
}

func paxRecord(key, value string) string {
	size := len(key) + len(value) + 3
	size += len(fmt.Sprint(size))
	record := fmt.Sprintf("%d %s=%s\n", size, key, value)
	if len(record) != size {
		record = fmt.Sprintf("%d %s=%s\n", len(record), key, value)
	}
	return record
}

// writeEntry writes one USTAR entry by hand: the library's writer makes no such headers.
func writeEntry(t *testing.T, out *bytes.Buffer, kind byte, name string, content []byte) {
	t.Helper()
	header := make([]byte, 512)
	copy(header, name)
	copy(header[100:], "0000644\x00")
	copy(header[108:], "0000000\x00")
	copy(header[116:], "0000000\x00")
	copy(header[124:], fmt.Sprintf("%011o\x00", len(content)))
	copy(header[136:], "00000000000\x00")
	copy(header[148:], "        ")
	header[156] = kind
	copy(header[257:], "ustar\x0000")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))
	out.Write(header)
	out.Write(content)
	if odd := len(content) % 512; odd > 0 {
		out.Write(make([]byte, 512-odd))
	}
}

func zipped(t *testing.T, raw []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	_, err := packed.Write(raw)
	if err := errors.Join(err, packed.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hidden is an archive with something behind its end, where readers stop.
func hidden(t *testing.T) []byte {
	t.Helper()
	var raw bytes.Buffer
	writeEntry(t, &raw, tar.TypeReg, "data.json", []byte("{}"))
	raw.Write(make([]byte, 1024))
	raw.WriteString("read by nobody")
	return zipped(t, raw.Bytes())
}
