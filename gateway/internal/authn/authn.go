// Package authn is the first step of the path: it says who is calling. It trusts the configured issuers' signing keys, the
// configured certificate authority and the hub's directory, and nothing a token says about roles or hubs. It refuses ID tokens,
// symmetric and unsigned tokens, issuers that do not speak for the person's hub, and every way in which a bad token could fall back
// to a weaker identity.
package authn

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/mashgate/mashgate/gateway/internal/directory"
	"github.com/mashgate/mashgate/internal/clock"
	"github.com/mashgate/mashgate/internal/fault"
)

// People finds a person of the directory by what a token proves.
type People interface {
	// ByToken answers a fault of code Unauthenticated for somebody who is not there, or no longer.
	ByToken(ctx context.Context, issuer, subject string) (directory.Person, error)
}

// Config is what an Authenticator needs; all of it is required but the machines and Demo.
type Config struct {
	Issuers []Issuer
	People  People
	// Services and Agencies may call with a certificate, by the name in it, in the hubs named; none means none may.
	Services map[string][]string
	Agencies map[string][]string
	Clock    clock.Clock
	// HTTP fetches the issuers' keys.
	HTTP *http.Client
	// Demo lets loopback issuers, plain HTTP and keys marked DEMO in.
	Demo bool
}

// Authenticator says who is calling. Any number of goroutines may use it.
type Authenticator struct {
	config  Config
	issuers map[string]*issuer
}

// New checks the configuration and reports every problem at once.
func New(config Config) (*Authenticator, error) {
	a := &Authenticator{config: config, issuers: map[string]*issuer{}}
	var problems []error
	if config.People == nil || config.Clock == nil || config.HTTP == nil {
		problems = append(problems, errors.New("authn: directory, clock and HTTP client are required"))
	}
	problems = append(problems, CheckIssuers(config.Issuers, config.Demo))
	for _, each := range config.Issuers {
		a.issuers[each.URL] = newIssuer(each, config)
	}
	return a, errors.Join(problems...)
}

// CheckIssuers finds everything that is wrong with a list of issuers.
func CheckIssuers(issuers []Issuer, demo bool) error {
	var problems []error
	if len(issuers) == 0 {
		problems = append(problems, errors.New("authn: no issuer: nobody could sign in"))
	}
	seen := map[string]bool{}
	for _, each := range issuers {
		if err := each.check(demo); err != nil {
			problems = append(problems, fmt.Errorf("authn: issuer %q: %w", each.URL, err))
		}
		if seen[each.URL] {
			problems = append(problems, fmt.Errorf("authn: issuer %q stands twice", each.URL))
		}
		seen[each.URL] = true
	}
	return errors.Join(problems...)
}

// Authenticate says who is calling. Somebody without any credential is nobody, which is for policy to refuse; a credential that does
// not hold is an error, whatever else was shown beside it.
func (a *Authenticator) Authenticate(ctx context.Context) (Principal, error) {
	machine, err := a.machine(ctx)
	if err != nil {
		return Principal{}, err
	}
	token, given, err := bearer(ctx)
	if err != nil {
		return Principal{}, err
	}
	if !given {
		return machine, nil
	}
	person, err := a.person(ctx, token)
	person.Certificate = machine.Certificate
	return person, err
}

func (a *Authenticator) person(ctx context.Context, token string) (Principal, error) {
	proof, err := a.verify(ctx, token)
	if err != nil {
		return Principal{}, err
	}
	person, err := a.config.People.ByToken(ctx, proof.issuer.URL, proof.subject)
	var known *fault.Error
	switch {
	case errors.As(err, &known) && known.Code == codes.Unauthenticated:
		return Principal{}, known
	case err != nil:
		return Principal{}, fault.Unavailable("DIRECTORY_UNAVAILABLE", "the directory cannot be read now", err)
	case !proof.issuer.speaksFor(person.Hub):
		return Principal{}, refuse("ISSUER_NOT_BOUND", "this issuer does not speak for the person's hub", nil)
	}
	return Principal{Kind: Human, Person: person, Hubs: []string{person.Hub}, Expires: proof.expires}, nil
}

// bearer reads the access token. Two authorization values are refused: it would be unclear which one was meant.
func bearer(ctx context.Context) (token string, given bool, err error) {
	md, _ := metadata.FromIncomingContext(ctx)
	values := md.Get("authorization")
	switch len(values) {
	case 0:
		return "", false, nil
	case 1:
	default:
		return "", false, refuse("BAD_AUTHORIZATION", "more than one authorization was sent", nil)
	}
	scheme, token, found := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !found || !strings.EqualFold(scheme, "bearer") || token == "" {
		return "", false, refuse("BAD_AUTHORIZATION", "authorization must be a bearer access token", nil)
	}
	return token, true, nil
}

// refuse says in public words why a credential does not hold. The cause stays inside: it may quote the token.
func refuse(reason, public string, cause error) error {
	return &fault.Error{Code: codes.Unauthenticated, Reason: reason, Public: public, Private: cause}
}

// skew is how far the issuer's clock and ours may differ.
const skew = 30 * time.Second
