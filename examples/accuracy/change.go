package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/goldwash/goldwash/heuristics/change"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/coinjoin/shape"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/blockfile"
)

// tally counts what a rule named, and how often it was right.
type tally struct{ named, right int }

// votes lets every rule vote on the transactions of a chain.
type votes struct {
	book *change.Book
	p    change.Params
}

func readVotes(ctx context.Context, b sources.BlockReader) (*votes, error) {
	v := &votes{change.NewBook(false), change.DefaultParams()}
	return v, each(ctx, b, v.book.Add)
}

func (v *votes) predict(tx *model.Tx) change.Prediction {
	f, _ := v.book.Facts(tx, v.p, nil)
	f.Collaborative = change.Collaborative(tx, shape.DefaultParams())
	return change.Predict(tx, &f, v.p)
}

func each(ctx context.Context, b sources.BlockReader, f func(*model.Tx) error) error {
	for blk, err := range b.Blocks(ctx, sources.Range{}) {
		if err != nil {
			return err
		}
		for _, tx := range blk.Txs {
			if err := f(tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// spendable lists the outputs that can be spent.
func spendable(tx *model.Tx) (outs []int) {
	for i := range tx.Outputs {
		if tx.Outputs[i].Spendable() {
			outs = append(outs, i)
		}
	}
	return outs
}

// regtestChange tests the rules where the wallets tell the change.
func regtestChange(ctx context.Context, w io.Writer, r *regtest) error {
	v, err := readVotes(ctx, r.blocks)
	if err != nil {
		return err
	}
	var rules, mixed [change.Count]tally
	var all, mixedAll tally
	known, unknown, mixes := 0, 0, 0
	err = each(ctx, r.blocks, func(tx *model.Tx) error {
		if tx.Coinbase() || len(spendable(tx)) < 2 {
			return nil
		}
		p := v.predict(tx)
		if r.mixes[tx.ID] {
			mixes++
			count(&p, -1, &mixed, &mixedAll)
			return nil
		}
		out, ok := r.changeOf(tx)
		if !ok {
			unknown++
			return nil
		}
		known++
		count(&p, out, &rules, &all)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Population: regtest. Wasabi 2 on a test network: %s whose change the wallets tell; %d of outside wallets, of which nothing is known, and %d coinjoins are left out.\n", words.Plural(known, "transaction"), unknown, mixes)
	fmt.Fprintf(w, "Change, each rule and the vote. So few cases show nothing but that the rules run.\n")
	if err := table(w, known, &rules, all, v.p); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nPopulation: regtest, the %d coinjoins, in each of which many outputs are change. A rule that names one cannot be right or wrong; the vote must name none.\n\n", mixes)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "rule\tnamed an output")
	for _, rule := range change.Rules() {
		if n := mixed[rule].named; n > 0 {
			fmt.Fprintf(t, "%s\t%d of %d\n", rule, n, mixes)
		}
	}
	fmt.Fprintf(t, "vote, lead of %d\t%d of %d\n", v.p.Lead, mixedAll.named, mixes)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w)
	return err
}

// changeOf tells the change of a payment from the wallets: where they own inputs,
// the one output to an address that the wallet of the inputs made for change; where
// they own none, the one output that is not theirs.
func (r *regtest) changeOf(tx *model.Tx) (out int, ok bool) {
	payer := r.wallet[tx.Inputs[0].Owner]
	for i := range tx.Inputs {
		if r.wallet[tx.Inputs[i].Owner] != payer {
			return 0, false
		}
	}
	n, theirs := 0, 0
	for _, i := range spendable(tx) {
		a := tx.Outputs[i].Owner
		if r.wallet[a] != "" {
			theirs++
		}
		if payer != "" && r.wallet[a] == payer && r.internal[a] || payer == "" && r.wallet[a] == "" {
			out, n = i, n+1
		}
	}
	return out, n == 1 && theirs > 0
}

// count adds a prediction's votes, and what came of them.
func count(p *change.Prediction, out int, rules *[change.Count]tally, all *tally) {
	add := func(t *tally, named int) {
		t.named++
		if named == out {
			t.right++
		}
	}
	for _, v := range p.Votes {
		if !v.Abstains() {
			add(&rules[v.Rule], v.Out)
		}
	}
	if p.Accepted() && !p.Self {
		add(all, p.Out)
	}
}

// table prints for each rule that named an output how often it did, how often it
// was right, and beside it what was published about another population; and which
// rules named none.
func table(w io.Writer, of int, rules *[change.Count]tally, all tally, p change.Params) error {
	fmt.Fprintf(w, "The last two columns are published ones, of %s. They do not speak of the population of this table.\n\n", change.Population)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "rule\tnamed\tright\tprecision\tTPR\tpublished precision\tpublished TPR")
	row := func(name string, n tally, a change.Accuracy, ok bool) {
		precision, tpr := "none", "none"
		if ok {
			precision, tpr = percent(int(a.Precision), int(model.Certain)), percent(int(a.TPR), int(model.Certain))
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\t%s\n", name, n.named, n.right, share(n.right, n.named), share(n.right, of), precision, tpr)
	}
	var silent []string
	for _, r := range change.Rules() {
		if rules[r].named == 0 {
			silent = append(silent, r.String())
			continue
		}
		a, ok := r.Published()
		row(r.String(), rules[r], a, ok)
	}
	a, ok := change.PublishedVote(p.Lead)
	row(fmt.Sprintf("vote, lead of %d", p.Lead), all, a, ok)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nRules that named no output: %s.\n", strings.Join(silent, ", "))
	return err
}

// earlyChange tests the rules on the first blocks, where the clusters of joint
// signatures of the whole file tell the change of some payments.
func earlyChange(ctx context.Context, w io.Writer, name string) error {
	c, err := blockfile.Open(ctx, []string{name}, blockfile.Options{})
	if err != nil {
		return fmt.Errorf("the blocks of 2009: %w", err)
	}
	defer c.Close()
	x, err := indexOf(ctx, c.Set(), model.Mainnet, cluster.Heuristic)
	if err != nil {
		return err
	}
	v, err := readVotes(ctx, c)
	if err != nil {
		return err
	}
	v.p.Blind = true
	var rules, selves [change.Count]tally
	var all, allSelves tally
	payments, self, known, several := 0, 0, 0, 0
	err = each(ctx, c, func(tx *model.Tx) error {
		outs := spendable(tx)
		if tx.Coinbase() || len(outs) < 2 {
			return nil
		}
		payments++
		own, n := -1, 0
		for _, i := range outs {
			if x.Same(tx.Outputs[i].Owner, tx.Inputs[0].Owner) {
				own, n = i, n+1
			}
		}
		if n > 1 {
			several++
		}
		if n != 1 {
			return nil
		}
		p := v.predict(tx)
		if p.Votes[change.SelfChange].Out == own {
			self++
			count(&p, own, &selves, &allSelves)
			return nil
		}
		known++
		count(&p, own, &rules, &all)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Population: real. Bitcoin's main network, blocks 0 to 14131 (2009): of %s of two outputs or more, %d that send one output back to an address that they spend, and no other to the payer's cluster. Left out are %d that send several there, and %d that send none.\n",
		words.Plural(payments, "payment"), self, several, payments-self-known-several)
	fmt.Fprintf(w, "Change, each rule and the vote. The rule self_change is right by definition; the others vote as if they did not see it, and those about new scripts abstain.\n")
	if err := table(w, self, &selves, allSelves, v.p); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nPopulation: real. The same blocks: %s with one output in the cluster that joint signatures of the whole file make of the inputs, which is at no address that they spend.\n", words.Plural(known, "payment"))
	fmt.Fprintf(w, "Change, each rule and the vote. Change that was never spent beside other coins of the payer is not in this population. The rule clustered is not asked.\n")
	return table(w, known, &rules, all, v.p)
}
