package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// indexOf clusters a chain. A heuristic of the program's own reads the index.
func indexOf(ctx context.Context, src sources.Set, net model.Network, h *heuristics.Heuristic) (*cluster.Index, error) {
	var x *cluster.Index
	ask := &heuristics.Heuristic{
		Name: "accuracy", Doc: "reads the clusters", Version: 1, Requires: []*heuristics.Heuristic{h},
		Index: func(_ context.Context, s *heuristics.Scan) (any, error) {
			x = cluster.Of(s)
			return nil, nil
		},
	}
	e, err := heuristics.New(src, []*heuristics.Heuristic{ask}, heuristics.Options{Network: net})
	if err != nil {
		return nil, err
	}
	_, err = e.Open(ctx, heuristics.Scope{})
	return x, err
}

// sets is a union-find over addresses that asks nothing before it joins.
type sets map[model.Address]model.Address

func (s sets) root(a model.Address) model.Address {
	for {
		p, ok := s[a]
		if !ok || p == a {
			return a
		}
		a = p
	}
}

// everyJoint joins the owners of the inputs of every transaction, as clusterings
// did before there were coinjoins.
func everyJoint(c chain) sets {
	s := sets{}
	for _, b := range c {
		for _, tx := range b.Txs {
			for i := range tx.Inputs {
				if r, first := s.root(tx.Inputs[i].Owner), s.root(tx.Inputs[0].Owner); !tx.Coinbase() && r != first {
					s[r] = first
				}
			}
		}
	}
	return s
}

// clustering compares the clusters of the chain with its wallets.
func clustering(ctx context.Context, w io.Writer, r *regtest) error {
	src := sources.Set{Blocks: r.blocks}
	guarded, err := indexOf(ctx, src, model.Regtest, cluster.Heuristic)
	if err != nil {
		return err
	}
	p := cluster.DefaultParams()
	p.Change, p.ChangeDelay = true, 0 // the chain is shorter than the delay
	weak, err := indexOf(ctx, src, model.Regtest, cluster.New(p))
	if err != nil {
		return err
	}
	naive := everyJoint(r.blocks)
	var seen []model.Address
	for id := range guarded.Addresses() {
		if a := guarded.At(uint32(id)); r.wallet[a] != "" {
			seen = append(seen, a)
		}
	}
	ways := []struct {
		name string
		same func(a, b model.Address) bool
	}{
		{"coinjoins excluded", guarded.Same},
		{"coinjoins excluded, predictions of change followed", weak.Same},
		{"nothing excluded", func(a, b model.Address) bool { return naive.root(a) == naive.root(b) }},
	}
	fmt.Fprintf(w, "Population: regtest. Wasabi 2 on a test network, %d blocks, %d of the addresses of ten wallets that appear in them, %d coinjoins; Wilson intervals at 95 %%.\n",
		len(r.blocks), len(seen), len(r.mixes))
	fmt.Fprintf(w, "Clustering by joint signatures; pairs of addresses. %d joint transactions, %d of them excluded.\n\n", guarded.Counts().Joint, len(guarded.Skips()))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "clustering\tright\twrong\tmissed\tprecision\trecall")
	for _, v := range ways {
		n := pairs(seen, r.wallet, v.same)
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%s\n", v.name, n.right, n.wrong, n.missed, share(n.right, n.right+n.wrong), share(n.right, n.right+n.missed))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nPopulation: regtest, as above. Each wallet: its addresses, the clusters that they are in, and pairs of an address of the wallet with any other.\n\n")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "wallet\taddresses\t\tclusters\tprecision\trecall")
	wallets := map[string][]model.Address{}
	for _, a := range seen {
		wallets[r.wallet[a]] = append(wallets[r.wallet[a]], a)
	}
	for _, name := range slices.Sorted(maps.Keys(wallets)) {
		for _, v := range []int{0, 2} {
			var n counts
			heads := 0
			for i, a := range wallets[name] {
				first := true
				for j, b := range wallets[name] {
					first = first && (j >= i || !ways[v].same(a, b))
				}
				if first {
					heads++
				}
				for _, b := range seen {
					if a != b {
						n.add(ways[v].same(a, b), r.wallet[b] == name)
					}
				}
			}
			// Pairs within the wallet were met from both sides.
			n.right, n.missed = n.right/2, n.missed/2
			fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%s\t%s\n", name, len(wallets[name]), ways[v].name, heads, share(n.right, n.right+n.wrong), share(n.right, n.right+n.missed))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}

// counts of pairs: in one cluster and of one wallet, in one cluster only, of one
// wallet only.
type counts struct{ right, wrong, missed int }

func (n *counts) add(same, one bool) {
	switch {
	case same && one:
		n.right++
	case same:
		n.wrong++
	case one:
		n.missed++
	}
}

func pairs(as []model.Address, wallet map[model.Address]string, same func(a, b model.Address) bool) (n counts) {
	for i, a := range as {
		for _, b := range as[:i] {
			n.add(same(a, b), wallet[a] == wallet[b])
		}
	}
	return n
}

// share writes k of n as a share with its Wilson interval. Pairs of addresses hang
// together, so that intervals over them are too narrow; they say what so many
// independent cases would show.
func share(k, n int) string {
	if n == 0 {
		return "none"
	}
	low, high := calibration.Wilson(k, n)
	return fmt.Sprintf("%s (%s-%s)", percent(k, n), tenths(low), tenths(high))
}

func percent(k, n int) string { return fmt.Sprintf("%.1f %%", 100*float64(k)/float64(n)) }

func tenths(p model.Probability) string {
	return fmt.Sprintf("%.1f", 100*float64(p)/float64(model.Certain))
}
