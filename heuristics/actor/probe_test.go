package actor_test
import ("testing";"context";"time"
	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/heuristics/service"
	"github.com/goldwash/goldwash/heuristics/actor"
	"github.com/goldwash/goldwash/internal/kestrel"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)
func TestKestrelProbe(t *testing.T){
	t0 := time.Now()
	f, err := ledger.Parse("kestrel", kestrel.Text())
	if err != nil { t.Fatal(err) }
	t.Log("parse", time.Since(t0))
	peek := &heuristics.Heuristic{
		Name: "peek", Doc: "hands the index to a test", Version: 1, Requires: []*heuristics.Heuristic{cluster.Heuristic, service.Heuristic, actor.Heuristic},
		Index: func(ctx context.Context, s *heuristics.Scan) (any, error) {
			x, sv, ac := cluster.Of(s), service.Of(s), actor.Of(s)
			t.Logf("%d scripts %d clusters largest %d %+v", x.Addresses(), x.Clusters(), x.Largest(), x.Counts())
			for _, k := range x.Skips() { n,_ := f.TxName(k.Tx); t.Log("skip", n, k.Reason, k.Detail) }
			for _, k := range x.Conflicts() { t.Log("conflict", k.A, k.B, k.Labels) }
			name := func(a model.Address) string { n, _ := f.Owner(a); return n }
			t.Log("likes", sv.Likes())
			for c := range x.Clusters() {
				h := x.Head(uint32(c))
				if sv.Like(h) {
					var ms []string
					for _, m := range x.Members(h) { ms = append(ms, name(m)) }
					t.Log("LIKE", sv.Verdict(h).Why, ms)
					for _, v := range sv.Verdict(h).Votes { t.Logf("   %+v", v) }
				} else if x.Size(h) > 1 {
					var ms []string
					for _, m := range x.Members(h) { ms = append(ms, name(m)) }
					t.Log("cluster", ms)
					for _, v := range sv.Verdict(h).Votes { if v.Yes {t.Logf("   %+v", v)} }
				} else { for _, v := range sv.Verdict(h).Votes { if v.Yes {t.Logf("   %v %+v", name(h), v)} } }
			}
			var at model.BlockRef
			for id := range x.Addresses() { a := x.At(uint32(id)); if o, ok := ac.Own(a, at); ok { t.Log("own", name(a), o.Via, o.Confidence, o.Label.On) } else if o, ok := ac.Payer(a, at); ok { t.Log("payer", name(a), o.Via, o.Account) } }
			t.Log(ac.Demoted())
			return nil, nil
		},
	}
	e, err := heuristics.New(f.Ledger.Set(), []*heuristics.Heuristic{peek}, heuristics.Options{})
	if err != nil { t.Fatal(err) }
	t0 = time.Now()
	if _, err := e.Open(context.Background(), heuristics.Scope{}); err != nil { t.Fatal(err) }
	t.Log("open", time.Since(t0))
	_ = sources.Txs
}
