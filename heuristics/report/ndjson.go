package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/goldwash/goldwash/model"
)

// maxLine bounds one line of NDJSON: a payout with every output of a full
// block, and some.
const maxLine = 64 << 20

// Encoder writes messages as NDJSON. It is not safe for concurrent use.
type Encoder struct{ enc *json.Encoder }

// NewEncoder returns an encoder that writes to w.
func NewEncoder(w io.Writer) *Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &Encoder{enc}
}

// Encode writes one message. A message with no field set, or with two, is an
// error.
func (e *Encoder) Encode(m Message) error {
	if n := m.fields(); n != 1 {
		return fmt.Errorf("report: message with %d fields set, want one", n)
	}
	return e.enc.Encode(m)
}

// Decode reads messages from NDJSON. Keys that this version does not know are
// ignored within a message; a line without a known key is an error, which names
// the line and is the last element. Lines without text are passed over, and one
// of more than 64 MiB is an error. It checks no finding: [model.Finding.Validate]
// does. Addresses are of the network of their finding, or of the run message
// before them.
func Decode(r io.Reader) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		net := model.Mainnet
		sc := bufio.NewScanner(r)
		sc.Buffer(make([]byte, 0, 64<<10), maxLine)
		line := 0
		for sc.Scan() {
			line++
			if len(bytes.TrimSpace(sc.Bytes())) == 0 {
				continue
			}
			var m Message
			err := json.Unmarshal(sc.Bytes(), &m)
			if err == nil && m.fields() != 1 {
				err = fmt.Errorf("%d known keys, want one", m.fields())
			}
			if err != nil {
				yield(Message{}, fmt.Errorf("report: line %d: %w", line, err))
				return
			}
			m.settle(&net)
			if !yield(m, nil) {
				return
			}
		}
		if err := sc.Err(); err != nil {
			if errors.Is(err, bufio.ErrTooLong) {
				err = fmt.Errorf("longer than %d bytes", maxLine)
			}
			yield(Message{}, fmt.Errorf("report: line %d: %w", line+1, err))
		}
	}
}

// settle puts the addresses of a run and of its failures on the network of the
// run, since the test networks share their texts.
func (m *Message) settle(net *model.Network) {
	switch {
	case m.Run != nil:
		*net = m.Run.Network
		for i := range m.Run.Scope.Seeds {
			on(&m.Run.Scope.Seeds[i], *net)
		}
		for i := range m.Run.Scope.Actors {
			on(&m.Run.Scope.Actors[i].On, *net)
		}
	case m.Failure != nil:
		on(&m.Failure.Subject, *net)
	}
}

// on reads an address anew, as one of the network. One that cannot be of it is
// left as it is.
func on(r *model.Ref, net model.Network) {
	if a, ok := r.Address(); ok {
		if a, err := model.ParseAddress(a.String(), net); err == nil {
			*r = model.RefAddress(a)
		}
	}
}
