package esplora

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Options says how a [Client] asks. The zero value asks for mainnet, politely.
type Options struct {
	// Network is the chain that the server follows. The API does not name it
	// with every answer: ask [Client.Check] once whether it is so.
	Network model.Network
	// Client sends the requests; nil for one without cookies, and with the
	// settings of [http.DefaultTransport]. Proxies, Tor, certificates and credentials are
	// its business. Its Timeout is best left 0, see Timeout below.
	Client *http.Client
	// Parallel is how many requests are under way at once at most; 0 means 4.
	Parallel int
	// Rate is how many requests are sent per second at most. 0 means 4 to a
	// public host, and no limit to one on this machine or a private network;
	// negative means no limit. Requests are spread evenly, without bursts.
	Rate float64
	// MaxBody bounds each answer in bytes, unpacked; 0 means 64 MiB. All
	// pages of one history may have four times as much.
	MaxBody int64
	// MaxPages bounds the pages of one history, of 25 transactions each; 0
	// means 40, which are 1,000 transactions. A busier address is an error.
	MaxPages int
	// Timeout bounds each request from its sending to the last byte of its
	// answer; 0 means a minute. Calls as a whole are bounded by their
	// contexts alone.
	Timeout time.Duration
	// Retries is how often a request is sent again after a failure that may
	// pass; 0 means 4, negative means never.
	Retries int
	// MaxWait bounds one wait before a request is sent again. A server that
	// demands more fails the call at once, with the time in
	// [sources.Error.RetryAfter]. 0 means a minute.
	MaxWait time.Duration
	// UserAgent names the caller to the server; empty means "goldwash".
	UserAgent string
	// Prove asks for the place of each confirmed transaction in its block,
	// and checks that it is in it, by its Merkle branch and the block's
	// header. Position and median time past, which the API does not tell with
	// a transaction, are then known. It costs one more request for each
	// transaction, and one for each block.
	Prove bool
	// RawBlocks makes [Client.Blocks] read each block by one request instead
	// of one for 25 transactions. Its inputs then lack their values, and
	// owners are inferences.
	RawBlocks bool
}

const (
	pageSize     = 25 // of the API; servers may be configured otherwise
	defaultPages = 40
	// maxBlockInfos bounds what is kept about blocks: 200 bytes of each.
	maxBlockInfos = 1 << 14
	// tipAge is how long the servers let caches keep a tip.
	tipAge = 10 * time.Second
)

// Client reads from one server. It is made by [New] and safe for concurrent use,
// by callers who then share its limits. It has no goroutines of its own and need
// not be closed.
type Client struct {
	o       Options
	base    *url.URL // without a slash at its end
	name    string   // of the server, without credentials
	secrets *strings.Replacer
	retries int

	slots    chan struct{} // one for each request under way
	pace     pace
	requests atomic.Int64

	tip    tip
	blocks blockInfos
}

// New returns a client of the server whose API is at the base URL, such as
// "https://mempool.space/api" or "http://localhost:3000"; it sends nothing. User
// and password in the URL are sent with each request, and appear in no error
// and no record.
func New(baseURL string, o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(baseURL))
	var bad []error
	fail := func(format string, args ...any) { bad = append(bad, fmt.Errorf("esplora: "+format, args...)) }
	switch {
	case err != nil:
		// The parser's error repeats the URL, which may hold a password.
		fail("the base URL is malformed")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		fail(`the base URL is not of the form "https://host/path"`)
	case u.RawQuery != "" || u.Fragment != "":
		fail("the base URL has a query or a fragment; put credentials into Options.Client")
	}
	if !slices.Contains(model.Networks(), o.Network) {
		fail("unknown network %v", o.Network)
	}
	if math.IsNaN(o.Rate) || math.IsInf(o.Rate, 0) {
		fail("the rate is %v", o.Rate)
	}
	for _, n := range []struct {
		name  string
		value int64
	}{{"Parallel", int64(o.Parallel)}, {"MaxBody", o.MaxBody}, {"MaxPages", int64(o.MaxPages)},
		{"Timeout", int64(o.Timeout)}, {"MaxWait", int64(o.MaxWait)}} {
		if n.value < 0 {
			fail("%s is negative", n.name)
		}
	}
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	setDefault(&o.Parallel, 4)
	if o.Client == nil {
		o.Client = &http.Client{}
		if t, ok := http.DefaultTransport.(*http.Transport); ok {
			t = t.Clone()
			t.MaxIdleConnsPerHost = o.Parallel // or connections would be made anew all the time
			o.Client.Transport = t
		}
	}
	setDefault(&o.MaxBody, 64<<20)
	setDefault(&o.MaxPages, defaultPages)
	setDefault(&o.Timeout, time.Minute)
	setDefault(&o.MaxWait, time.Minute)
	setDefault(&o.UserAgent, "goldwash")
	if o.Rate == 0 && !private(u.Hostname()) {
		o.Rate = 4
	}
	c := &Client{o: o, retries: o.Retries, slots: make(chan struct{}, o.Parallel)}
	if c.retries == 0 {
		c.retries = 4
	}
	if o.Rate > 0 {
		c.pace.every = time.Duration(min(float64(time.Second)/o.Rate, math.MaxInt64/4))
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	c.base = u
	c.hide()
	return c, nil
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// private reports whether a host is on this machine or a private network, whose
// owner needs no protection from the caller.
func private(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local")
}

// longestName is the longest part of a path that counts as a name; hosts that
// sell access put longer ones there, as keys.
const longestName = 15

// hide finds what must not be shown.
func (c *Client) hide() {
	var pairs []string
	conceal := func(s string) {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s)} {
			if form != "" {
				pairs = append(pairs, form, "***")
			}
		}
	}
	if c.base.User != nil {
		if p, ok := c.base.User.Password(); ok {
			conceal(p)
		}
		conceal(c.base.User.Username())
	}
	parts := strings.Split(c.base.Path, "/")
	for i, p := range parts {
		if len(p) > longestName {
			conceal(p)
			parts[i] = "***"
		}
	}
	c.name = c.base.Scheme + "://" + c.base.Host + strings.Join(parts, "/")
	c.secrets = strings.NewReplacer(pairs...)
}

// Requests counts the HTTP requests that were sent, repeated ones too.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Provenance names the server, without credentials, and the network. Parts of
// its path that could be a key are left out.
func (c *Client) Provenance() []sources.Provenance {
	return []sources.Provenance{{Provider: "esplora", Name: c.name, Note: c.o.Network.String()}}
}

// Set returns the client as a set of sources.
func (c *Client) Set() sources.Set { return sources.Of(c) }

// Check asks the server for the first block of its chain, and returns an error of
// kind [sources.ErrMalformed] where it is not that of the network, and of kind
// [sources.ErrUnavailable] where the server is none of this API.
func (c *Client) Check(ctx context.Context) error {
	q := call{"Check", c.o.Network.String()}
	hash, found, err := c.hashAt(ctx, q, 0)
	switch {
	case err != nil:
		return err
	case !found:
		return q.error(fmt.Errorf("%w: the server has no first block", sources.ErrUnavailable))
	case hash != c.o.Network.Genesis():
		return q.error(fmt.Errorf("%w: the server's chain begins with block %v, which is another network's", sources.ErrMalformed, hash))
	}
	return nil
}

// each calls f for 0 to n-1, so many at a time as there may be requests, and
// returns the error of the least index that has one. The first error ends the
// others.
func (c *Client) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	if n == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		mu    sync.Mutex
		at    = n
		first error
	)
	for range min(n, c.o.Parallel) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || inner.Err() != nil {
					return
				}
				err := f(inner, i)
				if err == nil || ctx.Err() == nil && inner.Err() != nil && errors.Is(err, inner.Err()) {
					continue // done, or ended by the error of another
				}
				mu.Lock()
				if i < at {
					at, first = i, err
				}
				mu.Unlock()
				cancel()
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return first
}
