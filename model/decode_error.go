package model

import (
	"errors"
	"fmt"
	"io"
)

// DecodeError says what is wrong with serialised bytes, and where.
type DecodeError struct {
	Offset int    // of the item that could not be read, from the first byte
	What   string // what was being read, such as "script of output 1 of transaction 3"
	Err    error
}

// Error returns "offset N: reading WHAT: why".
func (e *DecodeError) Error() string {
	return fmt.Sprintf("offset %d: reading %s: %v", e.Offset, e.What, e.Err)
}

// Unwrap returns the reason: io.ErrUnexpectedEOF for a truncation.
func (e *DecodeError) Unwrap() error { return e.Err }

// item adds the index of an input or output to what was being read.
func (e *DecodeError) item(i int) *DecodeError {
	e.What = fmt.Sprintf("%s %d", e.What, i)
	return e
}

// inTx adds the index of the transaction.
func (e *DecodeError) inTx(i int) {
	e.What = fmt.Sprintf("%s of transaction %d", e.What, i)
}

// ErrTrailing is in the error of a block or transaction that is whole but is
// followed by more bytes; the Offset of its [DecodeError] is where it ends. A
// reader of files that pad their blocks may cut there and decode again.
var ErrTrailing = errors.New("more bytes follow")

var (
	errNotCanonical = errors.New("not in its shortest form")
	errNoInputs     = errors.New("a transaction without inputs")
	errNoOutputs    = errors.New("a transaction without outputs")
	errNoWitness    = errors.New("marked as having witnesses, but all are empty")
	errNoCoinbase   = errors.New("the first transaction is not a coinbase")
	errNullPrevout  = errors.New("spends the null outpoint, as only a coinbase may")
)

func truncated(at int, what string, item ...int) *DecodeError {
	e := &DecodeError{at, what, io.ErrUnexpectedEOF}
	for _, i := range item {
		e.item(i)
	}
	return e
}

func trailing(at int, what string, n int) *DecodeError {
	return &DecodeError{at, what, fmt.Errorf("%w: %d", ErrTrailing, n)}
}

func tooMany(at int, what string, count uint64, left int) *DecodeError {
	return &DecodeError{at, what, fmt.Errorf("%d cannot fit in the %d bytes left", count, left)}
}

func badValue(at, i int, value uint64) *DecodeError {
	why := fmt.Errorf("%d is not within 0 to %d", int64(value), int64(MaxMoney))
	if value <= uint64(MaxMoney) {
		why = fmt.Errorf("the outputs together pass %d", int64(MaxMoney))
	}
	return (&DecodeError{at, "value of output", why}).item(i)
}
