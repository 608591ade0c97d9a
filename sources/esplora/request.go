package esplora

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goldwash/goldwash/sources"
)

// call is what a request is sent for.
type call struct{ op, key string }

func (q call) error(err error) error {
	return &sources.Error{Source: "esplora", Op: q.op, Key: q.key, Err: err}
}

// get asks for a path below the base URL and reads the answer; found is false
// where the server says that there is no such thing. read may be called again
// where the answer is cut off, with the beginning of another.
func (c *Client) get(ctx context.Context, q call, path string, read func(*scanner) error) (found bool, err error) {
	for n := 0; ; n++ {
		r := c.try(ctx, path, read)
		if r.err == nil {
			return r.found, nil
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !r.again || n >= c.retries || r.after > c.o.MaxWait {
			return false, &sources.Error{Source: "esplora", Op: q.op, Key: q.key, RetryAfter: r.after, Err: r.err}
		}
		wait := r.after
		if wait == 0 {
			wait = min(backoff(path, n), c.o.MaxWait)
		}
		if err := sleep(ctx, wait); err != nil {
			return false, err
		}
	}
}

// result is what came of one request.
type result struct {
	found bool
	err   error
	again bool          // the failure may pass
	after time.Duration // after so long, as the server tells
}

func (c *Client) try(ctx context.Context, path string, read func(*scanner) error) result {
	if err := ctx.Err(); err != nil {
		return result{err: err}
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return result{err: ctx.Err()}
	}
	defer func() { <-c.slots }()
	if err := c.pace.wait(ctx); err != nil {
		return result{err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	u := *c.base
	u.Path += path
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return result{err: c.unavailable(ctx, err)}
	}
	req.Header.Set("User-Agent", c.o.UserAgent)
	c.requests.Add(1)
	resp, err := c.o.Client.Do(req)
	if err != nil {
		return result{err: c.unavailable(ctx, err), again: true}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return c.refused(resp)
	}
	s := newScanner(http.MaxBytesReader(nil, resp.Body, c.o.MaxBody))
	err = read(s)
	if err == nil {
		err = s.end()
	}
	var bad *badJSON
	var long *http.MaxBytesError
	switch {
	case err == nil:
		return result{found: true}
	case errors.As(err, &bad):
		return result{err: fmt.Errorf("%w: %v", sources.ErrMalformed, err)}
	case errors.As(err, &long):
		return result{err: fmt.Errorf("%w: the answer has more than the %d bytes of Options.MaxBody", sources.ErrUnavailable, c.o.MaxBody)}
	case err == errCut:
		return result{err: fmt.Errorf("%w: %v", sources.ErrMalformed, err), again: true}
	}
	return result{err: c.unavailable(ctx, err), again: true}
}

// unavailable makes the error of a failed exchange. It keeps the words of the
// reason and not its value, which may hold the URL.
func (c *Client) unavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: no whole answer within the %v of Options.Timeout", sources.ErrUnavailable, c.o.Timeout)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%w: %s", sources.ErrUnavailable, c.shown(err.Error()))
}

// longestReason is how much of a server's words an error repeats.
const longestReason = 200

// refused reads an answer that is none.
func (c *Client) refused(resp *http.Response) result {
	// The rest of a short text is read so that the connection can be used
	// again; what fails here has told enough by its status.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	page := strings.Contains(resp.Header.Get("Content-Type"), "html")
	text := ""
	if !page {
		text = c.shown(string(body))
	}
	reason := fmt.Errorf("%w: the server answers %d", sources.ErrUnavailable, resp.StatusCode)
	if text != "" {
		reason = fmt.Errorf("%w: the server answers %d: %s", sources.ErrUnavailable, resp.StatusCode, text)
	}
	r := result{err: reason}
	switch resp.StatusCode {
	case http.StatusNotFound:
		// Only the API itself knows that there is no such thing. A web page,
		// or a missing path, says that this is not the API.
		if page || strings.HasPrefix(text, "endpoint does not exist") {
			r.err = fmt.Errorf("%w: is the base URL that of the API?", reason)
			return r
		}
		return result{}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.again = true
		r.after = retryAfter(resp.Header)
		c.pace.pause(min(r.after, c.o.MaxWait))
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		r.again = true
	}
	return r
}

// retryAfter reads for how long a server wants to be left alone: seconds, or a
// date, which is measured by the server's own clock where it tells that (RFC
// 9110, 10.2.3). It is 0 where the server does not say.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	const most = 1 << 30
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), most)) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), most*time.Second)
}

// shown makes the words of strangers fit for an error: short, on one line, and
// without what must not be shown.
func (c *Client) shown(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, c.secrets.Replace(s))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > longestReason {
		s = s[:longestReason-3] + "..."
	}
	return s
}

const (
	firstBackoff = 500 * time.Millisecond
	mostBackoff  = 30 * time.Second
)

// backoff is the wait after the n-th failure: doubled each time, and between half
// and all of that, by the path, so that requests that failed together do not come
// together again. It takes no chance, so that a run can be repeated.
func backoff(path string, n int) time.Duration {
	d := mostBackoff
	if n < 6 {
		d = firstBackoff << n
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d", path, n)
	return d/2 + time.Duration(h.Sum32()%1024)*(d/2)/1024
}

// sleep waits, at most as long as the context does.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pace spreads requests over time.
type pace struct {
	every time.Duration
	mu    sync.Mutex
	next  time.Time // no request is sent before
}

// wait waits for the caller's turn.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	at := now
	if p.next.After(now) {
		at = p.next
	}
	p.next = at.Add(p.every)
	p.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}

// pause keeps all requests back for a while.
func (p *pace) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := time.Now().Add(d); at.After(p.next) {
		p.next = at
	}
}

// text reads an answer that is one word, without JSON.
func (s *scanner) line(max int) (string, error) {
	s.buf = s.buf[:0]
	for {
		c, err := s.r.ReadByte()
		switch {
		case err == io.EOF:
			return strings.TrimSpace(string(s.buf)), nil
		case err != nil:
			return "", err
		}
		if s.at++; len(s.buf) == max {
			return "", s.fail("more than the %d bytes of a word", max)
		}
		s.buf = append(s.buf, c)
	}
}
