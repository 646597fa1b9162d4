package bundle

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// How long one request to a publisher may take: to begin to answer, and in all.
const (
	answerTimeout = 10 * time.Second
	fetchTimeout  = time.Minute
)

// HTTPOptions says where a publisher is.
type HTTPOptions struct {
	// URL is the folder that holds the two files: https://gateway.example/v1/hubs/north/policy.
	URL string
	// TLS verifies the server and, where it wants to know who asks, shows this machine's certificate; nil for the host's own roots.
	TLS *tls.Config
	// PlainLoopback allows http to this machine itself, for tests and demonstrations.
	PlainLoopback bool
}

// HTTPSource looks at a server. It follows no redirect: the one that was named answers, or nobody does.
func HTTPSource(o HTTPOptions) (Source, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errors.New("bundle: the publisher's address is no URL of a folder")
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !o.PlainLoopback || !loopback(base.Hostname())) {
		return nil, errors.New("bundle: the publisher's address must begin with https://")
	}
	client := &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS.Clone(), ForceAttemptHTTP2: true,
			ResponseHeaderTimeout: answerTimeout, TLSHandshakeTimeout: answerTimeout, IdleConnTimeout: fetchTimeout,
			DisableCompression: true, // a bundle is compressed already, and its bytes are what was signed
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &server{
		client:    client,
		statement: fetched{url: base.JoinPath(StatementName).String(), limit: maxToken},
		bundle:    fetched{url: base.JoinPath(BundleName).String(), limit: maxArchive},
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type server struct {
	settling
	client            *http.Client
	statement, bundle fetched
}

func (s *server) Poll(ctx context.Context) (Published, bool, error) {
	statement, err := s.statement.get(ctx, s.client)
	if err != nil {
		return Published{}, false, fmt.Errorf("bundle: asking for the policy in force: %w", err)
	}
	archive, err := s.bundle.get(ctx, s.client)
	if err != nil {
		return Published{}, false, fmt.Errorf("bundle: asking for the policy in force: %w", err)
	}
	published, changed := s.settle(Published{Statement: statement, Bundle: archive})
	return published, changed, nil
}

// fetched is a file on a server that is sent again only when it is another.
type fetched struct {
	url     string
	limit   int64
	etag    string
	content []byte
}

func (f *fetched) get(ctx context.Context, client *http.Client) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, err
	}
	if f.etag != "" {
		request.Header.Set("If-None-Match", f.etag)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && f.etag != "":
		return f.content, nil
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers %s", f.url, response.Status)
	}
	content, err := readAtMost(response.Body, f.limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.url, err)
	}
	f.etag, f.content = response.Header.Get("ETag"), content
	return content, nil
}
