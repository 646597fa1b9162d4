package authn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"golang.org/x/time/rate"

	"github.com/mashgate/mashgate/internal/clock"
)

const (
	// keysFresh is how long keys are used before the issuer is asked again, so that a key it has withdrawn goes.
	keysFresh = 15 * time.Minute
	// keysStale is how long old keys serve while the issuer cannot be reached.
	keysStale = 2 * time.Hour
	// refreshEvery bounds what a stranger with made-up key ids can make the issuer suffer: one look-up in this time, after a burst.
	refreshEvery = 30 * time.Second
	refreshBurst = 3
	fetchTimeout = 5 * time.Second
	maxKeyBytes  = 1 << 20
)

// demoMark starts the ids of keys that were made for a demonstration.
const demoMark = "DEMO"

var (
	errUnknownKey = errors.New("the issuer has no such key")
	errNoKeys     = errors.New("the issuer's keys cannot be fetched")
	errDemoKey    = errors.New("the key is marked DEMO")
)

// issuer is one provider with its signing keys, fetched when they are needed and again when a token names one that is not there.
type issuer struct {
	Issuer
	clock   clock.Clock
	client  *http.Client
	demo    bool
	limiter *rate.Limiter

	fetching sync.Mutex // one fetch at a time; known keys go on being read meanwhile
	mu       sync.RWMutex
	keys     jwk.Set
	fetched  time.Time
}

func newIssuer(i Issuer, config Config) *issuer {
	return &issuer{
		Issuer: i, clock: config.Clock, client: config.HTTP, demo: config.Demo,
		limiter: rate.NewLimiter(rate.Every(refreshEvery), refreshBurst),
	}
}

// key finds a signing key by its id.
func (i *issuer) key(ctx context.Context, kid string) (jwk.Key, error) {
	if strings.HasPrefix(strings.ToUpper(kid), demoMark) && !i.demo {
		return nil, errDemoKey
	}
	if key, ok := i.known(kid, keysFresh); ok {
		return key, nil
	}
	fetchErr := i.refresh(ctx, kid)
	if key, ok := i.known(kid, keysStale); ok {
		return key, nil
	}
	if fetchErr != nil {
		return nil, fmt.Errorf("%w: %w", errNoKeys, fetchErr)
	}
	return nil, errUnknownKey
}

func (i *issuer) known(kid string, within time.Duration) (jwk.Key, bool) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.keys == nil || i.clock.Now().Sub(i.fetched) > within {
		return nil, false
	}
	return i.keys.LookupKeyID(kid)
}

func (i *issuer) refresh(ctx context.Context, kid string) error {
	i.fetching.Lock()
	defer i.fetching.Unlock()
	if _, ok := i.known(kid, keysFresh); ok { // somebody else was faster
		return nil
	}
	if !i.limiter.AllowN(i.clock.Now(), 1) {
		return nil
	}
	// The caller who happens to be first must not take the keys from everybody by hanging up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	keys, err := i.fetch(ctx)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys, i.fetched = keys, i.clock.Now()
	return nil
}

// fetch reads the discovery document and the keys it points to (OpenID Connect Discovery 1.0, section 4).
func (i *issuer) fetch(ctx context.Context) (jwk.Set, error) {
	var discovery struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	document, err := i.get(ctx, strings.TrimSuffix(i.URL, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document, &discovery); err != nil {
		return nil, fmt.Errorf("reading the discovery document: %w", err)
	}
	if discovery.Issuer != i.URL {
		return nil, errors.New("the discovery document is another issuer's")
	}
	if err := checkURL(discovery.JWKSURI, i.demo); err != nil {
		return nil, fmt.Errorf("jwks_uri %w", err)
	}
	set, err := i.get(ctx, discovery.JWKSURI)
	if err != nil {
		return nil, err
	}
	keys, err := jwk.Parse(set)
	if err != nil {
		return nil, fmt.Errorf("reading the keys: %w", err)
	}
	return keys, nil
}

func (i *issuer) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the issuer: %w", err)
	}
	resp, err := i.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the issuer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeyBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the issuer's answer: %w", err)
	}
	return body, nil
}
