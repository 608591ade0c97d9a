package cluster_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
)

// GraphSense's reference chain of ten transactions, with its clusters: twelve
// where every transaction joins what it spends, thirteen where the one that it
// takes for a coinjoin does not. That one is on the caller's list here, because
// its shape alone, two inputs and four outputs that all differ, tells nothing.
func TestGraphSenseReferenceChain(t *testing.T) {
	text, joint := graphSenseLedger(t)
	f := heuristictest.Ledger(t, text)
	skipped, ok := f.Tx(joint)
	if !ok {
		t.Fatal("the fixture has no coinjoin")
	}
	for _, c := range []struct {
		name string
		skip []model.TxID
		file string
		want int
	}{
		{"every transaction joins", nil, "reference__address_cluster_with_coinjoin.json", 12},
		{"the coinjoin is skipped", []model.TxID{skipped}, "reference__address_cluster.json", 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := cluster.DefaultParams()
			p.Skip = c.skip
			x := indexOf(t, f.Ledger.Set(), heuristics.Options{}, cluster.New(p))
			addresses, clusters := reference(t, c.file)
			distinct := map[int]bool{}
			for _, k := range clusters {
				distinct[k] = true
			}
			if len(distinct) != c.want {
				t.Fatalf("the reference has %d clusters, want %d", len(distinct), c.want)
			}
			for i := range addresses {
				for j := range addresses[:i] {
					if got, want := x.Same(addresses[i], addresses[j]), clusters[i] == clusters[j]; got != want {
						t.Errorf("%v and %v in one cluster: %v, the reference says %v", addresses[i], addresses[j], got, want)
					}
				}
			}
		})
	}
}

// lines decodes a file of one JSON value a line.
func lines[T any](t *testing.T, name string) (out []T) {
	t.Helper()
	sc := bufio.NewScanner(bytes.NewReader(realdata.Read(t, "fixtures/graphsense-utxo/"+name)))
	for sc.Scan() {
		var v T
		if err := json.Unmarshal(sc.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, v)
	}
	return out
}

// reference reads the addresses and the cluster of each.
func reference(t *testing.T, file string) (as []model.Address, clusters []int) {
	t.Helper()
	ids := lines[struct {
		AddressID int
		Address   string
	}](t, "reference__address_ids.json")
	of := map[int]int{}
	for _, l := range lines[struct{ AddressID, ClusterID int }](t, file) {
		of[l.AddressID] = l.ClusterID
	}
	for _, l := range ids {
		k, ok := of[l.AddressID]
		if !ok {
			t.Fatalf("address %d has no cluster", l.AddressID)
		}
		if l.Address == "coinbase" {
			// The reference counts where new coins come from as an address;
			// the zero address here, which is in no cluster.
			as, clusters = append(as, model.Address{}), append(clusters, k)
			continue
		}
		a, err := model.ParseAddress(l.Address, model.Mainnet)
		if err != nil {
			t.Fatal(err)
		}
		as, clusters = append(as, a), append(clusters, k)
	}
	return as, clusters
}

// graphSenseLedger writes the chain in the ledger language. Outputs of several
// addresses are left to an owner without meaning, as the reference leaves them out.
func graphSenseLedger(t *testing.T) (text, joint string) {
	t.Helper()
	type end struct {
		Address []string
		Value   int64
	}
	var b strings.Builder
	for _, tx := range lines[struct {
		TxID               int
		Coinbase, Coinjoin bool
		Inputs, Outputs    []end
	}](t, "test_txs.json") {
		name := fmt.Sprintf("t%d", tx.TxID)
		if tx.Coinjoin {
			joint = name
		}
		fmt.Fprintf(&b, "tx %s:", name)
		if tx.Coinbase {
			b.WriteString(" new")
		}
		for _, in := range tx.Inputs {
			if len(in.Address) != 1 {
				b.WriteString(" unknown")
				continue
			}
			fmt.Fprintf(&b, " new(addr(%s)) %dsat", in.Address[0], in.Value)
		}
		b.WriteString(" =>")
		for i, out := range tx.Outputs {
			who := "several"
			if len(out.Address) == 1 {
				who = "addr(" + out.Address[0] + ")"
			}
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, " %s %dsat", who, out.Value)
		}
		b.WriteString("\n")
	}
	return b.String(), joint
}
