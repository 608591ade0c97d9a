package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
	"github.com/goldwash/goldwash/sources/esplora"
	"github.com/goldwash/goldwash/sources/labels"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/prices"
)

// maxLedger bounds a ledger text.
const maxLedger = 64 << 20

// input is the sources of a run, and what could not be read of them.
type input struct {
	sources.Set
	problems []blockfile.Problem
	requests func() int64 // sent to a server so far; nil where there is none
	recorder *sources.Recorder
	without  [][]model.TxID // what further runs leave out, to be set beside the first
	finish   func() error   // writes the recording; nil where there is none
	close    func()
}

// damage returns the problems that mean that blocks are missing which a file
// should hold, or hold what no valid block does. The other kinds say what the
// files are like: single blocks leave gaps, and a node keeps stale branches.
func (in *input) damage() []*heuristics.PassError {
	var out []*heuristics.PassError
	for _, p := range in.problems {
		switch p.Kind {
		case blockfile.Truncated, blockfile.Garbage, blockfile.Malformed, blockfile.Forged, blockfile.Overspent:
			out = append(out, &heuristics.PassError{Heuristic: "blockfile", Err: errors.New(p.String())})
		}
	}
	return out
}

// open opens what the command line names: the ledger first, then labels and
// prices.
func (c *config) open(ctx context.Context) (*input, error) {
	in := &input{close: func() {}}
	var providers []any
	switch {
	case len(c.blocks) > 0:
		chain, err := blockfile.Open(ctx, c.blocks, blockfile.Options{Network: c.net, Spent: c.spent})
		if err != nil {
			return nil, err
		}
		in.close = func() { chain.Close() }
		in.problems = chain.Problems()
		providers = append(providers, chain)
	case c.replayFile != "":
		return c.openReplay()
	case c.esplora != "":
		client, err := esplora.New(string(c.esplora), esplora.Options{Network: c.net})
		if err != nil {
			return nil, err
		}
		if err := client.Check(ctx); err != nil {
			return nil, err
		}
		in.requests = client.Requests
		providers = append(providers, client)
	default:
		f, err := c.openLedger()
		if err != nil {
			return nil, err
		}
		if f.Ledger.Network() != c.net {
			return nil, fmt.Errorf("the ledger is on %v; say -network %v", f.Ledger.Network(), f.Ledger.Network())
		}
		if c.embedded() && len(c.left) == 0 {
			if in.without, err = leaveOut(f); err != nil {
				return nil, err
			}
		}
		if c.embedded() && len(c.asked) == 0 {
			// Two addresses that a reader of the case asks about: paid by a pool
			// at an exchange, and paid by a cloud miner.
			for _, owner := range []string{"PX9", "Q"} {
				a, err := f.Address(owner)
				if err != nil {
					return nil, err
				}
				c.asked = append(c.asked, model.RefAddress(a))
			}
		}
		providers = append(providers, f.Ledger)
	}
	if !c.embedded() {
		// The services whose addresses are public, with their sources.
		providers = append(providers, labels.Curated(c.net))
	}
	if len(c.labels) > 0 {
		l, err := labels.Open(c.net, c.labels...)
		if err != nil {
			in.close()
			return nil, err
		}
		providers = append(providers, l)
	}
	if len(c.prices) > 0 {
		p, err := prices.Open(c.prices...)
		if err != nil {
			in.close()
			return nil, err
		}
		providers = append(providers, p)
	}
	in.Set = sources.Of(providers...).Wrap(sources.Cache(sources.CacheOptions{}))
	if c.record != "" {
		if err := c.startRecording(in); err != nil {
			in.close()
			return nil, err
		}
	}
	return in, nil
}

// startRecording puts a recorder around everything that answers.
func (c *config) startRecording(in *input) error {
	f, err := os.Create(string(c.record))
	if err != nil {
		return err
	}
	before := in.close
	in.recorder = sources.Record(f, sources.RecordOptions{})
	in.Set = in.Set.Wrap(in.recorder.Middleware)
	in.finish = func() error { return errors.Join(in.recorder.Close(), f.Close()) }
	in.close = func() {
		f.Close() // a second time is harmless
		before()
	}
	return nil
}

// openReplay reads a recording.
func (c *config) openReplay() (*input, error) {
	f, err := os.Open(string(c.replayFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	set, err := sources.Replay(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.replayFile, err)
	}
	return &input{Set: set, close: func() {}}, nil
}

// leaveOut lists what the embedded case is searched without: the transaction that
// spends mined coins with the actor's, and that and the second round.
func leaveOut(f *ledger.File) ([][]model.TxID, error) {
	slip, ok := f.Tx("t16")
	second, okToo := f.Tx("t14")
	if !ok || !okToo {
		return nil, errors.New("the embedded case has no t14 or t16")
	}
	return [][]model.TxID{{slip}, {slip, second}}, nil
}

func (c *config) openLedger() (*ledger.File, error) {
	if c.ledger == "" {
		return kestrel.Ledger()
	}
	name := string(c.ledger)
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLedger+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxLedger {
		return nil, errors.New(name + ": larger than 64 MiB")
	}
	return ledger.Parse(name, string(text))
}
