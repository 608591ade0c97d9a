package deposit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/ledger"
)

// row is what a test wants of one finding.
type row struct {
	Tx, Kind, Payer, Amount, To, Payee, Hops, Score string
}

func rows(t *testing.T, f *ledger.File, fs []model.Finding) []row {
	t.Helper()
	fact := func(g *model.Finding, name string) string {
		for _, v := range g.Facts {
			if v.Name == name {
				return v.Value
			}
		}
		return ""
	}
	var out []row
	for i := range fs {
		g := &fs[i]
		id, _ := g.Subject.Tx()
		name, _ := f.TxName(id)
		r := row{Tx: name, Kind: g.Kind, Amount: g.Amounts[0].Amount.String(), Payee: fact(g, "payee"), Hops: fact(g, "hops"), Score: g.Score.Probability.String()}
		r.To, _ = f.Owner(g.Evidence[0].Items[0].Address)
		if who, _, ok := strings.Cut(g.Claim, " paid "); ok && g.Kind != KindReturned {
			r.Payer = who
		}
		out = append(out, r)
	}
	return out
}

func kestrelFindings(t *testing.T) (*ledger.File, []model.Finding) {
	t.Helper()
	f, err := kestrel.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	return f, heuristictest.Findings(t, heuristictest.Open(t, f, heuristics.Scope{}, Heuristic))
}

func TestKestrel(t *testing.T) {
	f, fs := kestrelFindings(t)
	var attributed, others []row
	for _, r := range rows(t, f, fs) {
		if r.Kind == KindUnattributed {
			others = append(others, r)
		} else {
			attributed = append(attributed, r)
		}
	}
	want := []row{
		{"t4", Kind, "Kestrel", "0.35000000", "D1", "labelled", "0, direct", "0.81"},
		{"t6", Kind, "Kestrel", "0.25000000", "D2", "inferred", "2", "0.46656"},
		{"t10", Kind, "Kestrel", "0.10000000", "SK", "labelled", "2", "0.288"},
		{"t14", Kind, "Kestrel", "0.40000000", "D1", "labelled", "0, direct", "0.81"},
		{"t17", Kind, "Kestrel", "0.50000000", "D7", "inferred", "1", "0.5832"},
		{"t20", Kind, "Kestrel", "0.15000000", "D2", "inferred", "3", "0.373248"},
		{"t20r", KindReturned, "", "0.14990000", "X6", "", "", ""},
		{"t21", Kind, "Kestrel", "0.05927300", "D1", "labelled", "4", "0.331776"},
	}
	for i := range attributed {
		if attributed[i].Kind == KindReturned {
			attributed[i].Score = ""
		}
	}
	if diff := cmp.Diff(want, attributed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// Half of what t17 spends was mined: of the stolen coins, by haircut, so much
	// reached the marketplace.
	if got := figure(one(t, f, fs, "t17"), "attributed by haircut"); got != "0.26239223" {
		t.Errorf("attributed part of t17 %s BTC", got)
	}
	// The marketplace's other customers, by addresses that are inferred.
	to := map[string]bool{}
	for _, r := range others {
		to[r.To] = true
	}
	if diff := cmp.Diff(map[string]bool{"olga": true, "pete": true, "ruth": true, "sven": true}, to); diff != "" {
		t.Errorf("unattributed (-want +got)\n%s", diff)
	}
}
