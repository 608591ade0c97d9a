package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// following is the clustering that follows predictions of change.
func following() cluster.Params {
	p := cluster.DefaultParams()
	p.Change = true
	return p
}

func TestLedgersWithChange(t *testing.T) {
	heuristictest.Run(t, cluster.New(following()), "testdata/change/*.ledger")
}

// TestGuards compares clusters and refusals with what the ledgers say, and sees
// to it that without predictions nothing of it happens.
func TestGuards(t *testing.T) {
	files, err := filepath.Glob("testdata/change/*.ledger")
	if err != nil || len(files) == 0 {
		t.Fatalf("no ledgers: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ledger"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			checkGuards(t, string(text))
		})
	}
}

func checkGuards(t *testing.T, text string) {
	t.Helper()
	f := heuristictest.Ledger(t, text)
	p := following()
	if v, ok := line(text, "smaller"); ok {
		p.ChangeSmaller, _ = strconv.Atoi(v)
	}
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{Network: f.Ledger.Network()}, cluster.New(p))
	want, ok := line(text, "clusters")
	if !ok {
		t.Fatal("the ledger does not say which clusters it makes")
	}
	if diff := cmp.Diff(sorted(want, "|"), partition(f, x)); diff != "" {
		t.Errorf("clusters (-want +got)\n%s", diff)
	}
	want, _ = line(text, "refused")
	want = strings.ReplaceAll(want, ", retracted", " retracted")
	if diff := cmp.Diff(sorted(want, ","), refusals(f, x)); diff != "" {
		t.Errorf("refusals (-want +got)\n%s", diff)
	}
	if n := x.Counts(); int(n.Refused) != len(x.Refusals()) || int(n.Predicted) != len(x.Refusals())+len(x.Changes()) {
		t.Errorf("%d predictions, %d refused; %d links and %d refusals", n.Predicted, n.Refused, len(x.Changes()), len(x.Refusals()))
	}
	base := indexOf(t, f.Ledger.Set(), heuristics.Options{Network: f.Ledger.Network()}, cluster.Heuristic)
	if len(base.Changes()) != 0 || len(base.Refusals()) != 0 || base.Counts().Predicted != 0 {
		t.Error("predictions are followed though nobody asked")
	}
	for id := range base.Addresses() {
		for other := range id {
			a, b := base.At(uint32(id)), base.At(uint32(other))
			if base.Same(a, b) && !x.Same(a, b) {
				t.Errorf("%v and %v signed together, and a prediction parts them", a, b)
			}
		}
	}
}

func refusals(f *ledger.File, x *cluster.Index) []string {
	var out []string
	for _, r := range x.Refusals() {
		tx, _ := f.TxName(r.Link.Tx)
		s := tx + " " + string(r.Guard)
		if by, ok := f.TxName(r.By); ok {
			s += " by " + by
		}
		if r.Retracted {
			s += " retracted"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// TestCLU1: a co-spend outranks a prediction, which is retracted; the log names
// both transactions and the constraint.
func TestCLU1(t *testing.T) {
	text, err := os.ReadFile("testdata/change/a_joint_signature_outranks_a_prediction.ledger")
	if err != nil {
		t.Fatal(err)
	}
	checkGuards(t, string(text))
	f := heuristictest.Ledger(t, string(text))
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(following()))
	for _, alone := range []string{"d", "e", "f"} {
		if n := x.Size(address(t, f, alone)); n != 1 {
			t.Errorf("%s is in a cluster of %d", alone, n)
		}
	}
	t4, _ := f.Tx("t4")
	t5, _ := f.Tx("t5")
	r := x.Refusals()[0]
	got := []any{r.Link.Tx, r.By, r.Constraint, r.Retracted, r.Payer, r.Payment, r.Link.A, r.Link.B}
	want := []any{t4, t5, t4, true, address(t, f, "f"), address(t, f, "g"), address(t, f, "f"), address(t, f, "h")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("link, by, constraint, retracted, payer, payment, from, to (-want +got)\n%s", diff)
	}
	if r.Link.For < 7 && r.Link.Lead < 6 {
		t.Errorf("%d votes, lead %d", r.Link.For, r.Link.Lead)
	}
}

// TestCLU1b: of two predictions that contradict each other the new one is refused.
func TestCLU1b(t *testing.T) {
	text, err := os.ReadFile("testdata/change/a_second_prediction_does_not_outrank_the_first.ledger")
	if err != nil {
		t.Fatal(err)
	}
	checkGuards(t, string(text))
	f := heuristictest.Ledger(t, string(text))
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(following()))
	if h := address(t, f, "h"); !x.Same(address(t, f, "f"), h) || x.Same(h, address(t, f, "g")) {
		t.Error("want f with h, and g alone")
	}
	r := x.Refusals()[0]
	t4, _ := f.Tx("t4")
	if r.Retracted || r.Constraint != t4 || r.Link.Lead != 6 {
		t.Errorf("%+v, want the second prediction refused by the first's constraint", r)
	}
}

// TestExplain: what links two addresses is told as transactions, weaker ones only
// where there is no other way, and the same from both ends.
func TestExplain(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx ab: new(a) 1 new(b) 1 => x 2
tx bc: new(b) 1 new(c) 1 => x 2
tx cd: new(c) 1 new(d) 1 => x 2
tx pay: new(a) 10.12345678 => s 1, d rest
tx peel: new(d) 10.12345678 => s#2 1, e rest
height 802000
tx end: new(k) 1 => l 1`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(following()))
	for _, v := range []struct{ a, b, want string }{
		{"a", "b", "ab a-b"},
		{"a", "d", "ab a-b, bc b-c, cd c-d"}, // not by the one prediction
		{"a", "e", "ab a-b, bc b-c, cd c-d, change peel d-e"},
		{"a", "a", ""},
		{"a", "s", ""},
		{"a", "unseen", ""},
	} {
		show := func(a, b string) (out []string) {
			for _, l := range x.Explain(address(t, f, a), address(t, f, b)) {
				tx, _ := f.TxName(l.Tx)
				from, _ := f.Owner(l.A)
				to, _ := f.Owner(l.B)
				s := fmt.Sprintf("%s %s-%s", tx, from, to)
				if l.Type == cluster.Change {
					s = "change " + s
					if l.For == 0 || len(l.Votes) != l.For || l.Lead < 6 {
						t.Errorf("%s: %d votes %v, lead %d", s, l.For, l.Votes, l.Lead)
					}
				}
				if !l.Block.Has(model.KnownHeight) || l.Block.Height < 800_000 || l.Rule == "" {
					t.Errorf("%s: block %+v, rule %q", s, l.Block, l.Rule)
				}
				out = append(out, s)
			}
			return out
		}
		got := show(v.a, v.b)
		if s := strings.Join(got, ", "); s != v.want {
			t.Errorf("%s to %s: %q, want %q", v.a, v.b, s, v.want)
		}
		back := show(v.b, v.a)
		slices.Reverse(back)
		for i := range back {
			head, step, _ := strings.Cut(back[i], "-")
			k := strings.LastIndex(head, " ")
			back[i] = head[:k+1] + step + "-" + head[k+1:]
		}
		if diff := cmp.Diff(got, back); diff != "" {
			t.Errorf("%s to %s and back differ\n%s", v.a, v.b, diff)
		}
	}
	peel, _ := f.Tx("peel")
	d, e := address(t, f, "d"), address(t, f, "e")
	if x.LinkedWithout(peel, d, e) || x.LinkedWithoutLink(cluster.Change, peel, d, e) || !x.LinkedWithoutLink(cluster.Cospend, peel, d, e) {
		t.Error("without the prediction d and e must be apart, and without a joint signature that is none together")
	}
}

// TestLinksOfOneTransaction: a transaction that joins its inputs and whose change
// is predicted makes two links, and one can be left out without the other.
func TestLinksOfOneTransaction(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx t: new(a:p2pkh) 6 new(b:p2pkh) 6.12345678 fee=0.0001 => s:p2pkh 10, c:p2pkh rest
height 802000
tx end: new(k) 1 => l 1`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(following()))
	a, b, c := address(t, f, "a:p2pkh"), address(t, f, "b:p2pkh"), address(t, f, "c:p2pkh")
	if x.Size(a) != 3 {
		t.Fatalf("a cluster of %d, want a, b and c; skips %v, refusals %+v", x.Size(a), x.Skips(), x.Refusals())
	}
	tx, _ := f.Tx("t")
	type way struct{ ab, ac, bc bool }
	see := func(linked func(a, b model.Address) bool) way { return way{linked(a, b), linked(a, c), linked(b, c)} }
	for _, v := range []struct {
		name   string
		linked func(a, b model.Address) bool
		want   way
	}{
		{"without the transaction", func(a, b model.Address) bool { return x.LinkedWithout(tx, a, b) }, way{}},
		{"without the joint signature", func(a, b model.Address) bool { return x.LinkedWithoutLink(cluster.Cospend, tx, a, b) }, way{ac: true}},
		{"without the prediction", func(a, b model.Address) bool { return x.LinkedWithoutLink(cluster.Change, tx, a, b) }, way{ab: true}},
	} {
		if diff := cmp.Diff(v.want, see(v.linked), cmp.AllowUnexported(way{})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", v.name, diff)
		}
	}
}

// spends makes a transaction at a height that spends one output of each address.
func spends(n, height int, outs []model.Output, owners ...model.Address) *model.Tx {
	tx := &model.Tx{
		ID: model.TxID{byte(n), byte(n >> 8), 1}, Version: 2, Outputs: outs,
		Block: model.BlockRef{Height: int32(height), Known: model.KnownHeight},
	}
	for i, a := range owners {
		tx.Inputs = append(tx.Inputs, model.Input{
			Prev: model.Outpoint{Tx: model.TxID{byte(n), byte(n >> 8), 2}, Vout: uint32(i)}, Owner: a, OwnerBy: model.OwnerPrevout,
			Sequence: 0xffffffff, Value: 1 << 40, ValueKnown: true,
		})
	}
	return tx
}

// TestOrderOfTransactions: joint signatures may stand in any order, before or
// after predictions, and the clusters are the same; only predictions among
// themselves have an order. Each result is compared with one that is made as
// slowly and plainly as can be.
func TestOrderOfTransactions(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	p := following()
	p.ChangeDelay = 0
	base := cluster.DefaultParams()
	refused, kept := 0, 0
	for trial := range 150 {
		n := 6 + r.IntN(20)
		who := make([]model.Address, n)
		for i := range who {
			who[i] = model.AddressOf(append([]byte{0, 20, byte(i)}, make([]byte, 19)...), model.Mainnet)
		}
		var joint, pays []*model.Tx
		for k := range r.IntN(n) {
			a, b := r.IntN(n), r.IntN(n)
			joint = append(joint, spends(k, 0, []model.Output{{Value: 1000, Owner: who[r.IntN(n)]}}, who[a], who[b]))
		}
		type pred struct{ payer, payment, change int }
		var preds []pred
		for k := range 1 + r.IntN(n) {
			to := r.Perm(n)[:3]
			preds = append(preds, pred{to[0], to[1], to[2]})
			pays = append(pays, spends(1000+k, 0, []model.Output{{Value: 1e9, Owner: who[to[1]]}, {Value: 123_456_789, Owner: who[to[2]]}}, who[to[0]]))
		}
		want := plain(n, func(f func(a, b int)) {
			for _, tx := range joint {
				f(slices.Index(who, tx.Inputs[0].Owner), slices.Index(who, tx.Inputs[1].Owner))
			}
		}, len(preds), func(i int) (int, int, int) { return preds[i].payer, preds[i].payment, preds[i].change })
		var first string
		for order := range 4 {
			txs := slices.Clone(pays)
			for _, i := range r.Perm(len(joint)) {
				txs = slices.Insert(txs, r.IntN(len(txs)+1), joint[i])
			}
			// Payments at one height would disprove each other's freshness;
			// the delay of 0 blocks lets later ones be.
			var chain blocks
			for i, tx := range txs {
				c := *tx
				c.Block.Height = int32(800_000 + i)
				chain = append(chain, &model.Block{Ref: c.Block, Txs: []*model.Tx{&c}})
			}
			x := indexOf(t, sources.Set{Blocks: chain}, heuristics.Options{}, cluster.New(p))
			got := groups(x, who)
			if got != want {
				t.Fatalf("trial %d: clusters %s, want %s; refusals %+v", trial, got, want, x.Refusals())
			}
			bare := groups(indexOf(t, sources.Set{Blocks: chain}, heuristics.Options{}, cluster.New(base)), who)
			if order == 0 {
				first = bare
				refused, kept = refused+len(x.Refusals()), kept+len(x.Changes())
			}
			if bare != first {
				t.Fatalf("trial %d: joint signatures alone make %s in one order and %s in another", trial, first, bare)
			}
			for _, l := range x.Changes() {
				if !x.Same(l.A, l.B) {
					t.Fatalf("trial %d: a link that stands does not join", trial)
				}
			}
		}
	}
	if refused < 100 || kept < 100 {
		t.Errorf("%d predictions refused and %d kept: the test proves little", refused, kept)
	}
}

// plain makes clusters by renaming members: joint signatures first, then each
// prediction in order if no pair that an earlier one, or itself, keeps apart would be
// together.
func plain(n int, joint func(func(a, b int)), preds int, at func(i int) (payer, payment, change int)) string {
	set := make([]int, n)
	for i := range set {
		set[i] = i
	}
	join := func(set []int, a, b int) {
		from, to := set[a], set[b]
		for i := range set {
			if set[i] == from {
				set[i] = to
			}
		}
	}
	joint(func(a, b int) { join(set, a, b) })
	var apart [][2]int
	for i := range preds {
		payer, payment, change := at(i)
		if set[payer] == set[payment] {
			continue // contradicted by what stands: it falls, and forbids nothing
		}
		apart = append(apart, [2]int{payer, payment})
		try := slices.Clone(set)
		join(try, payer, change)
		if !slices.ContainsFunc(apart, func(p [2]int) bool { return try[p[0]] == try[p[1]] }) {
			set = try
		}
	}
	return name(n, func(i, j int) bool { return set[i] == set[j] })
}

func groups(x *cluster.Index, who []model.Address) string {
	return name(len(who), func(i, j int) bool { return x.Same(who[i], who[j]) })
}

// name writes a partition: for each member the least that it is with.
func name(n int, same func(i, j int) bool) string {
	out := make([]int, n)
	for i := range out {
		for out[i] < i && !same(i, out[i]) {
			out[i]++
		}
	}
	return fmt.Sprint(out)
}

func FuzzFollowing(f *testing.F) { heuristictest.Fuzz(f, cluster.New(following())) }

// TestAConstraintMovesWithItsCluster: what may not be one party stays apart when
// either joins others first, whichever is the larger.
func TestAConstraintMovesWithItsCluster(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx p1: new(a#1) 10.12345678 fee=0.0001 => g 1, a#2 rest
tx p2: p1.1 fee=0.0001 => s#1 1, a#3 rest
tx q1: p1.0 new(z:p2pkh) 9.12345678 fee=0.0001 => s#2 2, g#2 rest
height 802000
tx r: p2.1 fee=0.0001 => s#3 1, g#2 rest
height 804000
tx end: new(k) 1 => l 1`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(following()))
	if a, g := address(t, f, "a#1"), address(t, f, "g#2"); x.Size(a) != 3 || x.Size(g) != 3 || x.Same(a, g) {
		t.Errorf("clusters of %d and %d, same %v; want a#1 to a#3, and g, z and g#2; refusals %+v", x.Size(a), x.Size(g), x.Same(a, g), x.Refusals())
	}
	r := x.Refusals()
	p1, _ := f.Tx("p1")
	if len(r) != 1 || r[0].Guard != cluster.NegativeEdge || r[0].Constraint != p1 || r[0].Payment != address(t, f, "g") {
		t.Errorf("refusals %+v, want one by the constraint of p1", r)
	}
}

// TestFindingsWithChange: a finding about a seed says how far predictions of change
// are part of it, and which of them were refused or retracted by what.
func TestFindingsWithChange(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx j: new(a) 1 new(b) 1 => shop 2
tx pay: new(b) 10.12345678 => shop 1, c rest
tx wrong: new(a) 9.12345678 => d 1, e rest
height 803000
tx both: wrong.0 wrong.1 => z rest
height 806000
tx end: new(k) 1 => l 1`)
	a := address(t, f, "a")
	scope := heuristics.Scope{Seeds: []model.Ref{model.RefAddress(a)}}
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, scope, cluster.New(following())))
	if len(fs) != 1 {
		t.Fatalf("%d findings, want one", len(fs))
	}
	got := &fs[0]
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(got.Claim, "linked with 2 other addresses by joint signatures and by 1 prediction of change") {
		t.Errorf("claim %q", got.Claim)
	}
	p := following()
	if want := p.Cospend.Times(p.Votes.Right); got.Score.Probability != want {
		t.Errorf("probability %v, want %v", got.Score.Probability, want)
	}
	pay, _ := f.Tx("pay")
	if e := got.Evidence; len(e) != 1 || len(e[0].Items) != 1 || e[0].Items[0].On != model.RefOutpoint(model.Outpoint{Tx: pay, Vout: 1}) {
		t.Errorf("evidence %+v, want the prediction", e)
	}
	wrong, _ := f.Tx("wrong")
	both, _ := f.Tx("both")
	c := got.Counter[len(got.Counter)-1]
	if !c.Found || len(c.Items) != 1 || c.Items[0].On != model.RefTx(wrong) || !strings.Contains(c.Items[0].Note, "retracted, by transaction "+both.String()) {
		t.Errorf("counter-evidence %+v, want the retraction with both transactions", c)
	}
	plain := heuristictest.Findings(t, heuristictest.Open(t, f, scope, cluster.Heuristic))
	if len(plain) != 1 || strings.Contains(plain[0].Claim, "change") || plain[0].Score.Probability != p.Cospend {
		t.Errorf("without predictions: %+v", plain)
	}
}

// TestPredictionsAlone: a finding about addresses that no transaction signs for
// together does not say that one does, and its score does not rest on it.
func TestPredictionsAlone(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx other: new(x) 1 new(y) 1 => z 2
tx pay: new(b) 10.12345678 => shop 1, c rest
height 802000
tx end: new(k) 1 => l 1`)
	scope := heuristics.Scope{Seeds: []model.Ref{model.RefAddress(address(t, f, "c"))}}
	fs := heuristictest.Findings(t, heuristictest.Open(t, f, scope, cluster.New(following())))
	if len(fs) != 1 {
		t.Fatalf("%d findings, want one", len(fs))
	}
	if err := fs[0].Validate(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(fs[0].Claim, "is linked with 1 other address by 1 prediction of change") {
		t.Errorf("claim %q", fs[0].Claim)
	}
	if want := following().Votes.Right; fs[0].Score.Probability != want {
		t.Errorf("probability %v, want %v", fs[0].Score.Probability, want)
	}
}

// TestSkippedPayment: a transaction that the caller lists joins nobody by its
// change either, also where one address alone signs it.
func TestSkippedPayment(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
tx pay: new(b) 10.12345678 => shop 1, c rest
height 802000
tx end: new(k) 1 => l 1`)
	pay, _ := f.Tx("pay")
	b, c := address(t, f, "b"), address(t, f, "c")
	p := following()
	if x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(p)); !x.Same(b, c) || x.LinkedWithout(pay, b, c) {
		t.Fatal("want b and c joined by the payment alone")
	}
	p.Skip = []model.TxID{pay}
	if x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(p)); x.Same(b, c) || len(x.Changes()) > 0 {
		t.Errorf("the listed payment joins all the same: %+v", x.Changes())
	}
}

// TestWithoutIsNoNewClustering: what is left of a cluster without a link is what its
// other links make of it. A clustering that never had the link may join more, and,
// where labels then refuse what they let pass before, also part what is left here.
func TestWithoutIsNoNewClustering(t *testing.T) {
	f := heuristictest.Ledger(t, `
fill
label Ann: addr(a) category=actor confidence=0.9
label Carl: addr(c) category=actor confidence=0.9
label Ann: addr(d) category=actor confidence=0.9
tx ab: new(a) 1 new(b) 1 => x 2
tx bc: new(b) 1 new(c) 1 => x 2
tx bd: new(b) 1 new(d) 1 => x 2
tx be: new(b) 1 new(e) 1 => x 2`)
	x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.Heuristic)
	ab, _ := f.Tx("ab")
	p := cluster.DefaultParams()
	p.Skip = []model.TxID{ab}
	fresh := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(p))
	b := address(t, f, "b")
	for _, v := range []struct {
		other       string
		left, fresh bool
	}{
		{"a", false, false}, {"c", false, true}, {"d", true, false}, {"e", true, true},
	} {
		o := address(t, f, v.other)
		if got := x.LinkedWithout(ab, b, o); got != v.left {
			t.Errorf("without ab, b is linked with %s: %v, want %v", v.other, got, v.left)
		}
		if got := fresh.Same(b, o); got != v.fresh {
			t.Errorf("made anew without ab, b is with %s: %v, want %v", v.other, got, v.fresh)
		}
	}
}

// TestRebuildAndExplain: without labels and predictions, what is left without a
// transaction is what a clustering that skips it makes; and each step of an
// explanation is a transaction that does what the step says, from one end to the
// other.
func TestRebuildAndExplain(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	follow := following()
	follow.ChangeDelay = 0
	steps, changes := 0, 0
	for trial := range 40 {
		n := 6 + r.IntN(14)
		who := make([]model.Address, n)
		for i := range who {
			who[i] = model.AddressOf(append([]byte{0, 20, byte(i)}, make([]byte, 19)...), model.Mainnet)
		}
		by := map[model.TxID]*model.Tx{}
		var chain blocks
		for k := range 2 * n {
			to := r.Perm(n)[:4]
			tx := spends(k, 800_000+k, []model.Output{{Value: 1e9, Owner: who[to[0]]}, {Value: 123_456_789, Owner: who[to[1]]}}, who[to[2]])
			if r.IntN(2) == 0 {
				tx = spends(k, 800_000+k, []model.Output{{Value: 1000, Owner: who[to[0]]}}, who[to[2]], who[to[3]])
			}
			by[tx.ID] = tx
			chain = append(chain, &model.Block{Ref: tx.Block, Txs: []*model.Tx{tx}})
		}
		x := indexOf(t, sources.Set{Blocks: chain}, heuristics.Options{}, cluster.Heuristic)
		for id := range by {
			p := cluster.DefaultParams()
			p.Skip = []model.TxID{id}
			fresh := indexOf(t, sources.Set{Blocks: chain}, heuristics.Options{}, cluster.New(p))
			left := name(n, func(i, j int) bool { return x.LinkedWithout(id, who[i], who[j]) })
			if made := groups(fresh, who); left != made {
				t.Fatalf("trial %d: without %v %s is left, and a new clustering makes %s", trial, id, left, made)
			}
		}
		x = indexOf(t, sources.Set{Blocks: chain}, heuristics.Options{}, cluster.New(follow))
		for _, a := range who {
			for _, b := range who {
				at := a
				path := x.Explain(a, b)
				for _, l := range path {
					tx := by[l.Tx]
					spendsIt := func(a model.Address) bool {
						return slices.ContainsFunc(tx.Inputs, func(in model.Input) bool { return in.Owner == a })
					}
					paysIt := func(a model.Address) bool { return tx.Outputs[len(tx.Outputs)-1].Owner == a }
					ok := l.A == at
					switch l.Type {
					case cluster.Cospend:
						ok = ok && spendsIt(l.A) && spendsIt(l.B)
					case cluster.Change:
						ok = ok && (spendsIt(l.A) && paysIt(l.B) || spendsIt(l.B) && paysIt(l.A))
						changes++
					}
					if !ok {
						t.Fatalf("trial %d: from %v to %v by %+v, at %v", trial, a, b, l, at)
					}
					at = l.B
					steps++
				}
				if joined := a != b && x.Same(a, b); joined && at != b || !joined && len(path) > 0 {
					t.Fatalf("trial %d: joined %v, and the way from %v to %v ends at %v", trial, joined, a, b, at)
				}
			}
		}
	}
	if steps < 1000 || changes < 100 {
		t.Errorf("%d steps, %d of them of change: the test proves little", steps, changes)
	}
}

// TestOrderOfGuards: of two guards that refuse one prediction the first in the order
// is named.
func TestOrderOfGuards(t *testing.T) {
	const both = "tx f: new(f) 1 new(f#2) 1 => x 2\ntx h: new(h) 1 new(h#2) 1 => y 2\n"
	const pay = "tx t1: new(f) 10.12345678 => g 1, h rest\n"
	const end = "height 802000\ntx end: new(k) 1 => l 1"
	for _, v := range []struct{ name, text, want string }{
		{"negative before label", "label Ann: addr(f) category=actor\nlabel Carl: addr(h) category=actor\n" + pay + "tx j: t1.0 t1.1 => z rest\n" + end, "t1 negative_edge by j"},
		{"label before big", "label Ann: addr(f) category=actor\nlabel Carl: addr(h) category=actor\n" + both + pay + end, "t1 label_conflict"},
		{"big before late", both + pay, "t1 big_with_big"},
		{"late before custodian", "label Portmere: addr(f) category=exchange\n" + pay, "t1 late_merge"},
		{"custodian", "label Portmere: addr(f) category=exchange\n" + pay + end, "t1 custodian"},
	} {
		f := heuristictest.Ledger(t, "fill\n"+v.text)
		p := following()
		p.ChangeSmaller = 1
		x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(p))
		if diff := cmp.Diff([]string{v.want}, refusals(f, x)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", v.name, diff)
		}
	}
}
