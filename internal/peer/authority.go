package peer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// DemoMark is the mark of authorities that the demo and tests make; a server that is not a demo refuses it.
const DemoMark = "DEMO"

// validity is how long made certificates live: a demo or a test, not a deployment.
const validity = 24 * time.Hour

// Authority makes certificates at run time for demo and tests. Its key lives in memory only.
type Authority struct {
	key  crypto.Signer
	cert *x509.Certificate
	mark string
}

// NewAuthority makes a certificate authority whose mark stands in every certificate it signs.
func NewAuthority(mark string) (*Authority, error) {
	if mark == "" {
		return nil, errors.New("peer: an authority made at run time needs a mark")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("peer: making an authority: %w", err)
	}
	template, err := newTemplate(mark, "authority")
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	cert, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Authority{key: key, cert: cert, mark: mark}, nil
}

// Issue makes the certificate of a machine. Hosts are host names and addresses for clients that know no URI identities (browsers).
func (a *Authority) Issue(who Identity, hosts ...string) (Material, error) {
	if !who.valid() {
		return Material{}, fmt.Errorf("peer: %q is not a machine", who)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Material{}, fmt.Errorf("peer: making a key: %w", err)
	}
	template, err := newTemplate(a.mark, string(who.Kind)+" "+who.Name)
	if err != nil {
		return Material{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.URIs = []*url.URL{{Scheme: scheme, Host: string(who.Kind), Path: "/" + who.Name}}
	addHosts(template, hosts)
	cert, err := sign(template, a.cert, key.Public(), a.key)
	if err != nil {
		return Material{}, err
	}
	return newMaterial(tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}, []*x509.Certificate{a.cert})
}

func addHosts(template *x509.Certificate, hosts []string) {
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, host)
	}
}

func newTemplate(mark, name string) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, fmt.Errorf("peer: making a serial number: %w", err)
	}
	serial[0] &= 0x7f // a serial number is positive (RFC 5280, 4.1.2.2)
	now := time.Now()
	template := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{mark}, CommonName: mark + " " + name},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(validity),
	}
	template.SerialNumber = new(big.Int).SetBytes(serial)
	return template, nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("peer: signing a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// Write puts the material into files of a folder that only its owner can read, for machines that run as processes of their own.
func (m Material) Write(dir string) (Files, error) {
	if m.leaf == nil {
		return Files{}, errors.New("peer: there is no certificate to write")
	}
	key, err := x509.MarshalPKCS8PrivateKey(m.certificate.PrivateKey)
	if err != nil {
		return Files{}, fmt.Errorf("peer: writing a key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Files{}, fmt.Errorf("peer: writing certificates: %w", err)
	}
	files := Files{
		Certificate: filepath.Join(dir, "certificate.pem"), Key: filepath.Join(dir, "key.pem"), Authority: filepath.Join(dir, "authority.pem"),
	}
	var certificate, authority []byte
	for _, der := range m.certificate.Certificate {
		certificate = append(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	for _, cert := range m.authority {
		authority = append(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return files, errors.Join(
		os.WriteFile(files.Certificate, certificate, 0o600),
		os.WriteFile(files.Key, keyPEM, 0o600),
		os.WriteFile(files.Authority, authority, 0o600),
	)
}
