package authn

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
)

// Issuer is an OpenID Connect provider that signs people in for some hubs.
type Issuer struct {
	// URL is the issuer exactly as its tokens say it.
	URL string
	// Audience is what access tokens for this gateway must name.
	Audience string
	// Algorithms are the signature algorithms it may use; asymmetric ones only.
	Algorithms []string
	// Hubs are those it may speak for.
	Hubs []string
}

// asymmetric is every algorithm that a configuration may name. Symmetric ones are left out because whoever can check such a
// signature can also make it (RFC 8725, section 3.1), and none is no signature.
var asymmetric = []jwa.SignatureAlgorithm{
	jwa.ES256(), jwa.ES384(), jwa.ES512(), jwa.PS256(), jwa.PS384(), jwa.PS512(), jwa.RS256(), jwa.RS384(), jwa.RS512(), jwa.EdDSA(),
}

func (i Issuer) check(demo bool) error {
	problems := []error{checkURL(i.URL, demo)}
	if i.Audience == "" {
		problems = append(problems, errors.New("audience is empty: any token of the issuer would do"))
	}
	if len(i.Hubs) == 0 {
		problems = append(problems, errors.New("hubs is empty: the issuer speaks for nobody"))
	}
	if len(i.Algorithms) == 0 {
		problems = append(problems, errors.New("algorithms is empty"))
	}
	for _, name := range i.Algorithms {
		if _, ok := algorithm(name, i.Algorithms); !ok {
			problems = append(problems, fmt.Errorf("algorithm %q is not an asymmetric signature algorithm", name))
		}
	}
	return errors.Join(problems...)
}

// algorithm finds a signature algorithm among those allowed.
func algorithm(name string, allowed []string) (jwa.SignatureAlgorithm, bool) {
	at := slices.IndexFunc(asymmetric, func(a jwa.SignatureAlgorithm) bool { return a.String() == name })
	if at < 0 || !slices.Contains(allowed, name) {
		return jwa.EmptySignatureAlgorithm(), false
	}
	return asymmetric[at], true
}

// checkURL holds issuers and their key addresses to HTTPS on a host that is not this machine. The demo's own issuer is let through.
func checkURL(raw string, demo bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("is not an absolute URL")
	case demo && u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	case u.Scheme != "https":
		return errors.New("is not HTTPS")
	case loopback(u.Hostname()) && !demo:
		return errors.New("is on this machine")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") ||
		ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// speaksFor tells whether the issuer is bound to the hub.
func (i Issuer) speaksFor(hub string) bool { return hub != "" && slices.Contains(i.Hubs, hub) }
