package heuristictest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Fuzz runs the heuristic on ledgers that are changed at random at the level of
// transactions: owners, values, equal outputs, unknown prevouts, labels, what
// the sources can do, the budget. The corpus are the ledgers of the package's
// testdata folder and a small one of its own. The heuristic may find what it
// likes and fail where a source does, but it may not panic, its findings must be
// valid, and they may not depend on the order of subjects.
func Fuzz(f *testing.F, h *heuristics.Heuristic) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.ledger")
	if err != nil {
		f.Fatal(err)
	}
	ledgers := []*ledger.Ledger{parse(f, "fuzz", seed).Ledger}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if l := parse(f, name, string(text)).Ledger; size(l) <= 400 { // larger ones take their time and show no more
			ledgers = append(ledgers, l)
		}
	}
	for i := range ledgers {
		for _, ops := range []string{"", "\x04\x02\x01\x00\x00\x09\x0b\x03\x00\x00\x01\x00\x02\x01\x5a", "\x00\x02\x01\x00\x00\x01\x03\x01\x00\x00\x80"} {
			f.Add(uint16(i), []byte(ops), uint16(0), byte(0))
			f.Add(uint16(i), []byte(ops), uint16(sources.Spends|sources.History|sources.Labels|sources.Prices), byte(3))
		}
	}
	f.Fuzz(func(t *testing.T, which uint16, ops []byte, without uint16, budget byte) {
		l, err := mutate(ledgers[int(which)%len(ledgers)], ops)
		if err != nil {
			t.Fatalf("a fault of heuristictest: the changed ledger is not consistent: %v", err)
		}
		c := &checker{reporter: t, h: h, f: &ledger.File{Name: "fuzz", Ledger: l}}
		c.fuzz(lacking(l.Set(), needs(h), sources.Capability(without)), int64(budget))
	})
}

// seed has the parties that the heuristics of this library look for.
const seed = `
label HashBazaar: addr(d1) category=hash_marketplace role=deposit
label Pool: addr(col) category=mining_pool role=payout
label thief: addr(thief#2) category=actor
tag "/Northpool/" Northpool
price 2023-07-24 USD 29176.91
tx theft: new(victim) 0.9 => thief 0.9
tx order: theft.0 fee=0.000024 => d1 0.35, change rest
coinbase cb: tag="/Northpool/" => col 6.25
tx payout: cb.0 => thief#2 0.3, m#1..45 0.01, col rest
tx join: payout.1..5 new(w1) 0.1 => e#1..6 0.02, c1 0.01, c2 0.01
tx mixed: order.1 payout.0 => out 0.8, out2 rest
tx lost: unknown unknown(eve) => eve 0.2, data "x"
`

// size counts inputs and outputs.
func size(l *ledger.Ledger) (n int) {
	for b, err := range l.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			break
		}
		for _, t := range b.Txs {
			n += len(t.Inputs) + len(t.Outputs)
		}
	}
	return n
}

// needs are the capabilities without which h or what it requires is not taken.
func needs(h *heuristics.Heuristic) sources.Capability {
	n := h.Needs
	for _, r := range h.Requires {
		n |= needs(r)
	}
	return n
}

// lacking takes capabilities away, but not blocks and transactions, without
// which there is nothing to run on, and not what is needed.
func lacking(s sources.Set, needed, without sources.Capability) sources.Set {
	without &^= needed
	if without&sources.Spends != 0 {
		s.Spends = nil
	}
	if without&sources.History != 0 {
		s.History = nil
	}
	if without&sources.Labels != 0 {
		s.Labels = nil
	}
	if without&sources.Tags != 0 {
		s.Tags = nil
	}
	if without&sources.Prices != 0 {
		s.Prices = nil
	}
	return s
}

// fuzz checks what holds of every ledger.
func (c *checker) fuzz(src sources.Set, budget int64) {
	c.Helper()
	s := setting{options: heuristics.Options{Workers: 1, Lookups: budget}, wrap: func(sources.Set) sources.Set { return src }}
	base := c.run(s)
	if base.err != nil {
		c.Errorf("the run ends: %v", base.err)
		return
	}
	for _, e := range base.failures {
		if e.Stack != nil || !ofSource(e) {
			c.failure(e)
		}
	}
	for i := range base.findings {
		c.form(&base.findings[i])
	}
	s.order, s.options.Workers, s.options.Memory = 1, 2, 1
	s.name, s.blame = "with subjects in another order", "findings depend on the order of subjects"
	again := c.run(s)
	again.failures = slices.DeleteFunc(again.failures, func(e *heuristics.PassError) bool {
		return slices.ContainsFunc(base.failures, func(b *heuristics.PassError) bool { return b.Error() == e.Error() })
	})
	c.same(s, &base, &again)
}

// ofSource reports whether a failure is that of a source, which a heuristic may
// hand on.
func ofSource(err error) bool {
	var e *sources.Error
	return errors.As(err, &e)
}
