package heuristics_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

func TestNewTellsWhatIsWrong(t *testing.T) {
	nothing := reports("It is %s.")
	valid := func(change func(*heuristics.Heuristic)) []*heuristics.Heuristic {
		h := make1("h", nothing)
		change(h)
		return []*heuristics.Heuristic{h}
	}
	for _, c := range []struct {
		name string
		hs   []*heuristics.Heuristic
		want []string // lines of the error; none where there is none
	}{
		{"nothing at all", nil, nil},
		{"a valid one", valid(func(*heuristics.Heuristic) {}), nil},
		{"the same one twice", append(valid(func(*heuristics.Heuristic) {}), nil)[:1], nil},
		{"nil", []*heuristics.Heuristic{nil}, []string{`heuristics: item 0 of the list is nil`}},
		{"a name in capitals", valid(func(h *heuristics.Heuristic) { h.Name = "Coin" }), []string{`heuristic "Coin": name must be lower-case letters and digits with at most one dot`}},
		{"two dots", valid(func(h *heuristics.Heuristic) { h.Name = "a.b.c" }), []string{`heuristic "a.b.c": name must be lower-case letters and digits with at most one dot`}},
		{"no doc", valid(func(h *heuristics.Heuristic) { h.Doc = "" }), []string{`heuristic "h": doc must be a title, or a title, an empty line and text`}},
		{"a doc without empty line", valid(func(h *heuristics.Heuristic) { h.Doc = "title\ntext" }), []string{`heuristic "h": doc must be a title, or a title, an empty line and text`}},
		{"a doc with text", valid(func(h *heuristics.Heuristic) { h.Doc = "title\n\ntext" }), nil},
		{"no version", valid(func(h *heuristics.Heuristic) { h.Version = 0 }), []string{`heuristic "h": version must be at least 1`}},
		{"nothing to call", valid(func(h *heuristics.Heuristic) { h.Run, h.Subjects = nil, nil }), []string{`heuristic "h": has neither Index, Run nor Finish`}},
		{"subjects for nobody", valid(func(h *heuristics.Heuristic) {
			h.Run, h.Finish = nil, func(context.Context, *heuristics.Totals) (any, error) { return nil, nil }
		}), []string{`heuristic "h": has subjects but no Run`}},
		{"too many hops", valid(func(h *heuristics.Heuristic) { h.MaxHops = 65 }), []string{`heuristic "h": MaxHops 65 is outside 0 to 64`}},
		{"fewer than no hops", valid(func(h *heuristics.Heuristic) { h.MaxHops = -1 }), []string{`heuristic "h": MaxHops -1 is outside 0 to 64`}},
		{"a kind without doc", valid(func(h *heuristics.Heuristic) { h.Kinds = []heuristics.Kind{{Name: "a"}} }), []string{`heuristic "h": kind "a" must be family or family/variant, with a Doc`}},
		{"a kind of three parts", valid(func(h *heuristics.Heuristic) { h.Kinds = []heuristics.Kind{{Name: "a/b/c", Doc: "d"}} }), []string{`heuristic "h": kind "a/b/c" must be family or family/variant, with a Doc`}},
		{"a kind twice", valid(func(h *heuristics.Heuristic) { h.Kinds = append(h.Kinds, h.Kinds[0]) }), []string{`heuristic "h": kind "test" is listed twice`}},
		{"a parameter without origin", valid(func(h *heuristics.Heuristic) { h.Params = []model.Parameter{{Name: "p", Value: "1"}} }), []string{`heuristic "h": parameter "p" needs a name of its own and an origin`}},
		{"a parameter twice", valid(func(h *heuristics.Heuristic) {
			h.Params = []model.Parameter{{Name: "p", Value: "1", Origin: model.Chosen}, {Name: "p", Value: "2", Origin: model.Chosen}}
		}), []string{`heuristic "h": parameter "p" needs a name of its own and an origin`}},
		{"nothing required", valid(func(h *heuristics.Heuristic) { h.Requires = []*heuristics.Heuristic{nil} }), []string{`heuristic "h": requirement 0 is nil`}},
		{"later than not at all", valid(func(h *heuristics.Heuristic) { h.Later = []*heuristics.Heuristic{{Name: "g"}} }), []string{`heuristic "h": item 0 of Later is not among Requires`}},
		{"two of a name", []*heuristics.Heuristic{make1("h", nothing), make1("h", nothing)}, []string{`heuristic "h": two instances in the list`}},
		{"two of a name required", []*heuristics.Heuristic{make1("a", nothing, make1("h", nothing)), make1("b", nothing, make1("h", nothing))},
			[]string{`heuristic "h": two instances are required (by b); list the one to use`}},
		{"needs", valid(func(h *heuristics.Heuristic) { h.Needs = sources.Txs | sources.Spends | sources.Tags }), []string{`heuristic "h" needs Spends|Tags, which no source has`}},
		{"everything at once", []*heuristics.Heuristic{
			{Name: "?"}, nil, make1("a", nothing, &heuristics.Heuristic{Name: "deep", Doc: "d", Run: nothing, Needs: sources.Prices}),
		}, []string{
			`heuristics: item 1 of the list is nil`,
			`heuristic "?": name must be lower-case letters and digits with at most one dot`,
			`heuristic "?": doc must be a title, or a title, an empty line and text`,
			`heuristic "?": version must be at least 1`,
			`heuristic "?": has neither Index, Run nor Finish`,
			`heuristic "deep": version must be at least 1`,
			`heuristic "deep" needs Prices, which no source has`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := sources.Set{Txs: parse(t, "").Ledger}
			_, err := heuristics.New(src, c.hs, heuristics.Options{})
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRequirementsInACircle(t *testing.T) {
	a, b, c := make1("a", reports("")), make1("b", reports("")), make1("c", reports(""))
	a.Requires, b.Requires, c.Requires = []*heuristics.Heuristic{b}, []*heuristics.Heuristic{c}, []*heuristics.Heuristic{a}
	_, err := heuristics.New(sources.Set{}, []*heuristics.Heuristic{a}, heuristics.Options{})
	if err == nil || err.Error() != `heuristic "a" requires itself: a > b > c > a` {
		t.Errorf("got %v", err)
	}
	self := make1("self", reports(""))
	self.Requires = []*heuristics.Heuristic{self}
	if _, err := heuristics.New(sources.Set{}, []*heuristics.Heuristic{self}, heuristics.Options{}); err == nil {
		t.Error("a heuristic that requires itself is taken; to ask itself it need not")
	}
}

func TestOptionsAreCheckedAndFilledIn(t *testing.T) {
	for _, o := range []heuristics.Options{{Workers: -1}, {Lookups: -1}, {Memory: -1}} {
		if _, err := heuristics.New(sources.Set{}, nil, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	for in, want := range map[string]string{"": "USD", "-": "", "EUR": "EUR"} {
		e, err := heuristics.New(sources.Set{}, nil, heuristics.Options{Currency: in})
		if err != nil {
			t.Fatal(err)
		}
		o := e.Options()
		if o.Currency != want || o.Lookups != heuristics.DefaultLookups || o.Memory != heuristics.DefaultMemory {
			t.Errorf("currency %q: options are %+v", in, o)
		}
	}
}

// An instance in the list stands in for the default of its name, however deep
// that is required.
func TestListedInstanceReplacesTheDefault(t *testing.T) {
	f := parse(t, "tx a: new => alice 1")
	base := make1("base", func(context.Context, *heuristics.Pass) (any, error) { return "default", nil })
	middle := make1("middle", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		return heuristics.Ask[string](ctx, p, base, p.Subject, 0)
	}, base)
	top := make1("top", func(ctx context.Context, p *heuristics.Pass) (any, error) {
		return heuristics.Ask[string](ctx, p, middle, p.Subject, 0)
	}, middle)
	mine := make1("base", func(context.Context, *heuristics.Pass) (any, error) { return "mine", nil })

	on := refs(t, f, "a")[0]
	for _, c := range []struct {
		list []*heuristics.Heuristic
		want string
	}{
		{[]*heuristics.Heuristic{top}, "default"},
		{[]*heuristics.Heuristic{top, mine}, "mine"},
		{[]*heuristics.Heuristic{mine, top}, "mine"},
	} {
		s := session(t, f, heuristics.Options{}, c.list...)
		got, _, err := heuristics.Eval[string](context.Background(), s, top, on)
		if err != nil || got != c.want {
			t.Errorf("got %q, %v, want %q", got, err, c.want)
		}
	}
	e := session(t, f, heuristics.Options{}, mine, top).Engine()
	if !e.Listed("base") || !e.Listed("top") || e.Listed("middle") || e.Listed("nobody") {
		t.Error("Listed is wrong")
	}
	var names []string
	for _, h := range e.Heuristics() {
		names = append(names, h.Name)
	}
	if diff := cmp.Diff([]string{"base", "middle", "top"}, names); diff != "" {
		t.Errorf("requirements come first (-want +got)\n%s", diff)
	}
}

// The digest of the rules follows what decides, and nothing else.
func TestRules(t *testing.T) {
	rules := func(change func(base, top *heuristics.Heuristic)) model.Digest {
		base, top := make1("base", reports("")), make1("top", reports(""))
		base.Params = []model.Parameter{{Name: "threshold", Value: "5", Origin: model.Chosen}}
		top.Requires = []*heuristics.Heuristic{base}
		change(base, top)
		e, err := heuristics.New(sources.Set{}, []*heuristics.Heuristic{top}, heuristics.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e.Rules("top")
	}
	same := rules(func(_, _ *heuristics.Heuristic) {})
	if same == (model.Digest{}) {
		t.Fatal("no digest")
	}
	for name, change := range map[string]func(base, top *heuristics.Heuristic){
		"another value of a parameter":    func(base, _ *heuristics.Heuristic) { base.Params[0].Value = "6" },
		"another version":                 func(_, top *heuristics.Heuristic) { top.Version = 2 },
		"another version of what it uses": func(base, _ *heuristics.Heuristic) { base.Version = 2 },
		"another name":                    func(base, _ *heuristics.Heuristic) { base.Name = "other" },
	} {
		if rules(change) == same {
			t.Errorf("%s: the digest is the same", name)
		}
	}
	if rules(func(base, top *heuristics.Heuristic) { base.Doc, top.Doc = "other", "other" }) != same {
		t.Error("another doc: the digest is not the same")
	}
}
