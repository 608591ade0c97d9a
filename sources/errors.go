package sources

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of error, for errors.Is. NotFound is an answer: the source knows
// that it has no such thing. Unavailable is the lack of one.
var (
	ErrNotFound    = errors.New("not found")
	ErrUnavailable = errors.New("unavailable") // the source cannot be asked, or not now
	ErrBudget      = errors.New("budget spent")
	ErrReorg       = errors.New("chain was reorganised") // the source follows another chain than it did
	ErrMalformed   = errors.New("malformed data")        // the source answered nonsense
)

// Error is an error of a source with where it happened. Err wraps one of the
// kinds above; credentials never appear in it.
type Error struct {
	Source     string        // provider, such as "blockfile"
	Op         string        // "Txs", "Blocks"
	Key        string        // what was asked for
	RetryAfter time.Duration // where the source told
	Err        error
}

// Error returns "source: op key: reason".
func (e *Error) Error() string {
	s := e.Source + ": " + e.Op
	if e.Key != "" {
		s += " " + e.Key
	}
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(" (retry after %v)", e.RetryAfter)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
