package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/internal/words"
	"github.com/goldwash/goldwash/model"
)

const (
	width  = 78 // of a line; addresses and ids are never broken or shortened
	indent = 12
	// maxParts is how many parts of a subject the text lists one by one.
	maxParts = 12
)

// Text writes a finding for people: the word before the number, the claim,
// what it rests on, what speaks for and against it, what was not seen.
// Addresses and transaction ids stand in full. Of a subject with many parts,
// such as the outputs of a payout, it counts them by class and lists those at
// addresses that about, where not nil, says to be of interest. It returns the
// first error of w.
//
// Some facts stand elsewhere than among the facts: "deposits" and "rounds" behind the
// amount "paid in", "payouts" and "R" behind "paid out", "path" on a line of its own,
// and "given the label" and "who the party is" under the labels.
func Text(w io.Writer, f *model.Finding, about func(model.Address) bool) error {
	p := &printer{w: w, about: about, coin: f.Network.Symbol()}
	p.head(f)
	p.field("Claim", f.Claim)
	p.field("", model.Disclaimer)
	if f.Partial {
		p.field("Partial", "A budget ended the search for evidence; there may be more.")
	}
	p.given(f)
	p.place(f)
	p.amounts(f)
	p.facts(f)
	p.evidence(f)
	p.parts(f)
	p.against(f)
	for i, a := range f.Alternatives {
		p.field(once(i, "Or else"), stop(a.Text)+" Not excluded: "+a.WhyNot)
	}
	p.doubt(f)
	for i, pr := range f.Premises {
		p.field(once(i, "Premises"), stop(pr.Text)+" "+stop(pr.Question)+" "+upper(pr.Answer))
	}
	for i, u := range f.Unseen {
		p.field(once(i, "Unseen"), u)
	}
	for i, e := range f.ErrorRates {
		p.field(once(i, "Errors"), errorRate(e, f.ErrorRates))
	}
	for i, r := range f.RefutedBy {
		p.field(once(i, "Refuted by"), r)
	}
	p.field("Confidence", f.Confidence.Level+": "+strings.Join(f.Confidence.Reasons, "; "))
	p.field("Statement", f.ID.String())
	p.field("Body", f.Digest.String())
	p.field("Rules", fmt.Sprintf("%s %d, %s", f.Heuristic, f.Version, f.Rules))
	if f.Data != (model.Digest{}) {
		p.field("Data", f.Data.String())
	}
	if s := place(model.BlockRef{Known: f.AsOf.Known & (model.KnownHeight | model.KnownHash), Height: f.AsOf.Height, Hash: f.AsOf.Hash}); s != "" {
		p.field("Tip", s)
	}
	if f.Replay != "" {
		p.field("Replay", f.Replay)
	}
	p.line("")
	return p.err
}

// RunText writes what was run on what, as the head of a report.
func RunText(w io.Writer, r *Run) error {
	p := &printer{w: w}
	head := fmt.Sprintf("%s %s on %v", r.Tool, r.Version, r.Network)
	if r.Tip.Has(model.KnownHeight) {
		head += fmt.Sprintf(", up to block %d", r.Tip.Height)
	}
	p.line(head)
	for _, s := range r.Sources {
		from := "  from " + s.Provider + " " + s.Name
		if s.Note != "" {
			from += ": " + s.Note
		}
		p.line(from)
	}
	for _, a := range r.Scope.Actors {
		p.line(fmt.Sprintf("  stated: %s is an address of %s, %s", a.On.ID(), a.Entity, a.Confidence.Short()))
	}
	p.line("")
	return p.err
}

// FailureText writes a failure on one line.
func FailureText(w io.Writer, f *Failure) error {
	p := &printer{w: w}
	s := "FAILED  " + f.Heuristic
	if !f.Subject.IsZero() {
		s += " on " + f.Subject.Kind().String() + " " + f.Subject.ID()
	}
	p.line(s + ": " + f.Error)
	return p.err
}

type printer struct {
	w     io.Writer
	about func(model.Address) bool
	coin  string // what a whole coin of the network is called
	err   error
}

// line writes one line. All text goes through it, and so through Printable.
func (p *printer) line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, strings.TrimRight(Printable(s), " ")+"\n")
	}
}

// field writes a name and its text, wrapped.
func (p *printer) field(name, text string) { p.hang(name, indent, text) }

// hang writes text wrapped behind a lead, which stands on the first line only.
func (p *printer) hang(lead string, at int, text string) {
	line := pad(lead, at)
	used := false
	for _, word := range strings.Fields(Printable(text)) {
		n := utf8.RuneCountInString(line) + utf8.RuneCountInString(word)
		if used && n+1 > width {
			p.line(line)
			line, used = strings.Repeat(" ", at), false
		}
		if used {
			line += " "
		}
		line += word
		used = true
	}
	p.line(line)
}

func pad(s string, n int) string {
	if k := utf8.RuneCountInString(s); k < n {
		return s + strings.Repeat(" ", n-k)
	}
	return s + " "
}

// Printable replaces every character by a space that a terminal obeys rather
// than shows: control characters, line breaks among them, and those that turn
// the direction of writing or have no width. Labels, tags and the names of files
// are written by strangers. Bytes that are not UTF-8 become U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
}

func once(i int, name string) string {
	if i == 0 {
		return name
	}
	return ""
}

// capital writes a name as the head of a line.
func capital(s string) string { return upper(strings.ReplaceAll(s, "_", " ")) }

// upper begins a text with a capital.
func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

// stop ends a sentence that others follow. It leaves the beginning alone, which
// may be an address.
func stop(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".?!:") {
		return s
	}
	return s + "."
}

func (p *printer) head(f *model.Finding) {
	number := f.Score.Probability.Short()
	if f.Score.RangeOver != "" {
		number += " (" + f.Score.Low.Short() + "-" + f.Score.High.Short() + ")"
	}
	p.line(fmt.Sprintf("%s  %s, %s   analytic confidence: %s", strings.ToUpper(f.Kind), f.Score.Likelihood, number, f.Confidence.Level))
}

// given says what the number takes from labels.
func (p *printer) given(f *model.Finding) {
	for i, l := range f.Labels {
		s := fmt.Sprintf("%s is labelled %s, %s", l.On.ID(), l.Entity, words.Slug(l.Category))
		if l.Role != "" {
			s += ", " + string(l.Role)
		}
		s += fmt.Sprintf(": %s, %s", l.Confidence.Short(), l.Source)
		if l.Method != "" {
			s += ", " + words.Slug(l.Method)
		}
		if !l.Asserted.IsZero() {
			s += " " + l.Asserted.UTC().Format(time.DateOnly)
		}
		p.field(once(i, "Given"), s+".")
	}
	if len(f.Labels) > 0 {
		p.field("", "Were the labels certain: "+f.Score.Given.Short()+".")
	}
	for _, d := range f.Facts {
		if i := slices.Index(given, d.Name); i == 0 {
			p.field("", stop(d.Value))
		} else if i > 0 {
			p.field("", upper(d.Name)+": "+stop(d.Value))
		}
	}
	for _, x := range f.Score.Factors {
		p.field("", fmt.Sprintf("Factor %s: %s.", x.Name, x.Probability.Short()))
	}
	if f.Score.Rule == model.ByLogOdds && f.Score.PriorOf != "" {
		p.field("", fmt.Sprintf("Prior %s: %s.", f.Score.Prior.Short(), f.Score.PriorOf))
	}
	if o := f.Score.Open; o != nil {
		p.field("", fmt.Sprintf("Prior: one of %d, with %s that it is none of them. After the evidence, none of them: %s.", o.N, o.Pi0.Short(), f.Score.None.Short()))
	}
	if f.Score.RangeOver != "" {
		p.field("", fmt.Sprintf("From %s to %s: over %s.", f.Score.Low.Short(), f.Score.High.Short(), f.Score.RangeOver))
	}
	if f.Score.CapReason != "" {
		p.field("", fmt.Sprintf("Capped at %s: %s.", f.Score.Cap.Short(), f.Score.CapReason))
	}
}

func (p *printer) place(f *model.Finding) {
	p.field("Subject", f.Subject.Kind().String()+" "+f.Subject.ID())
	if s := place(f.Block); s != "" {
		p.field("Where", s)
	}
}

// place tells where and when, as far as it is known.
func place(b model.BlockRef) string {
	var s []string
	if b.Has(model.KnownHeight) {
		s = append(s, fmt.Sprintf("block %d", b.Height))
	}
	if b.Has(model.KnownHash) {
		s = append(s, b.Hash.String())
	}
	if b.Has(model.KnownTime) {
		s = append(s, "header time "+time.Unix(b.Time, 0).UTC().Format("2006-01-02 15:04")+" UTC")
	}
	if b.Has(model.KnownMedian) && b.Median != b.Time {
		s = append(s, "median time past "+time.Unix(b.Median, 0).UTC().Format("2006-01-02 15:04")+" UTC")
	}
	return strings.Join(s, ", ")
}

// money writes coins, and what they were worth.
func (p *printer) money(m model.Money) string {
	s := m.Amount.String() + " " + p.coin
	if m.Unit != "sat" {
		s = fmt.Sprintf("%d %s", int64(m.Amount), m.Unit)
	}
	if m.Fiat != nil {
		s += "  " + fiat(*m.Fiat)
	}
	return s
}

// fiat writes an amount of money: dollars with their sign, grouped.
func fiat(f model.Fiat) string {
	s := group(f.Amount.StringFixed(f.Places))
	if f.Currency == "USD" {
		return "$" + s
	}
	return s + " " + f.Currency
}

// group puts commas between the thousands.
func group(s string) string {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	whole, frac, point := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		whole += "." + frac
	}
	if neg {
		whole = "-" + whole
	}
	return whole
}

// behind names the facts that stand behind an amount: how many payments it is the
// sum of, and what it comes to.
var behind = map[string][]string{
	"paid in":  {"deposits", "rounds"},
	"paid out": {"payouts", "R"},
}

// path names the fact that tells how the two sides of a finding are joined on the
// ledger. It has a line of its own.
const path = "path"

// given names the facts that stand under the labels.
var given = []string{"given the label", "who the party is"}

// amounts writes what was paid, each with the facts that belong to it.
func (p *printer) amounts(f *model.Finding) {
	for i, a := range f.Amounts {
		if i > 0 && a.Amount == 0 {
			continue
		}
		s := p.money(a.Money)
		for _, name := range behind[words.Slug(a.Role)] {
			for _, d := range f.Facts {
				if d.Name == name {
					s += ", " + counted(d)
				}
			}
		}
		p.field(capital(a.Role), s)
	}
	for _, d := range f.Facts {
		if d.Name == path {
			p.field("Path", d.Value)
		}
	}
}

// counted writes a count before what it counts: "3 deposits"; other facts stand
// behind their name.
func counted(d model.Fact) string {
	switch {
	case d.Value == "" || strings.Trim(d.Value, "0123456789") != "":
		return words.Slug(d.Name) + " " + d.Value
	case d.Value == "1":
		return "1 " + strings.TrimSuffix(words.Slug(d.Name), "s")
	}
	return d.Value + " " + words.Slug(d.Name)
}

// elsewhere reports whether a fact stands in a line other than that of the facts.
func elsewhere(f *model.Finding, d model.Fact) bool {
	return d.Name == path || slices.Contains(given, d.Name) || slices.ContainsFunc(f.Amounts, func(a model.Figure) bool {
		return slices.Contains(behind[words.Slug(a.Role)], d.Name)
	})
}

// facts writes those that do not stand elsewhere. One with a semicolon would run
// into the next, so that it has lines of its own.
func (p *printer) facts(f *model.Finding) {
	var short, long []string
	for _, d := range f.Facts {
		switch s := words.Slug(d.Name) + ": " + d.Value; {
		case elsewhere(f, d):
		case strings.Contains(d.Value, ";"):
			long = append(long, upper(s))
		default:
			short = append(short, s)
		}
	}
	if len(short) > 0 {
		p.field("Facts", strings.Join(short, "; "))
	}
	for i, s := range long {
		p.field(once(i+len(short), "Facts"), s)
	}
}

// doubt writes what would remain without an item, what chance does, and how far
// the parameters may move.
func (p *printer) doubt(f *model.Finding) {
	for i, w := range f.Without {
		s := strings.TrimPrefix(strings.TrimRight(w.Text, ".:"), "without ") + ": "
		switch {
		case w.Kind == "":
			s += "nothing remains"
		case w.Kind != f.Kind:
			s += w.Probability.Short() + ", " + strings.ReplaceAll(w.Kind, "_", " ")
		default:
			s += w.Probability.Short()
		}
		p.field(once(i, "Without"), s+".")
	}
	if c := f.Chance; c != nil {
		s := "p " + pValue(c.P) + ": " + fmt.Sprintf("%d of %d shifts in time do as well (seed %d).", c.AsGood, c.Shifts, c.Seed)
		if c.Correction != "" {
			s += fmt.Sprintf(" Corrected %s: %s", pValue(c.Corrected), stop(c.Correction))
		}
		switch {
		case c.Text != "":
			s += fmt.Sprintf(" %d of %d: %s", c.Fit, c.Of, stop(c.Text))
		case c.Of > 0:
			s += fmt.Sprintf(" %d of %d candidates fit as well by amount.", c.Fit, c.Of)
		}
		p.field("Chance", s)
		p.search(f.Search)
	}
	p.stands(f.Sensitivity)
}

// stands writes how far each parameter may move, and what stands then: once where
// that is the same for all.
func (p *printer) stands(vs []model.Sensitivity) {
	if len(vs) == 0 {
		return
	}
	same := !slices.ContainsFunc(vs, func(v model.Sensitivity) bool { return v.Text != vs[0].Text })
	for i, v := range vs {
		s := words.Slug(v.Parameter) + " " + v.Value + ": from " + v.From
		if v.OpenFrom {
			s += " or less"
		}
		s += " to " + v.To
		if v.OpenTo {
			s += " or more"
		}
		if v.Text != "" && !same {
			s += " (" + strings.TrimRight(v.Text, ".") + ")"
		}
		p.field(once(i, "Stands"), s+".")
	}
	if same && vs[0].Text != "" {
		p.field("", "What stands: "+stop(vs[0].Text))
	}
}

// search writes what was tried, as counts.
func (p *printer) search(fs []model.Fact) {
	var s []string
	for _, d := range fs {
		s = append(s, strings.ReplaceAll(d.Name, "_", " ")+" "+d.Value)
	}
	if len(s) > 0 {
		p.field("", "Searched: "+strings.Join(s, ", ")+".")
	}
}

// pValue writes a chance with three decimals, rounded up, since what counts is how
// far below 0.05 it is; below a thousandth with all that it has.
func pValue(p model.Probability) string {
	if p < 1_000 {
		return p.String()
	}
	return fmt.Sprintf("%d.%03d", (p+999)/model.Certain, (p+999)%model.Certain/1000)
}

func (p *printer) evidence(f *model.Finding) {
	n := 0
	for _, e := range f.Evidence {
		if e.Weight < 0 {
			continue
		}
		n++
		p.item(f, once(n-1, "For"), n, e)
	}
}

func (p *printer) item(f *model.Finding, lead string, n int, e model.Evidence) {
	text := e.Text
	if e.Weight != 0 {
		text += fmt.Sprintf(" (%s: %v nats, %v with the labels' doubt)", e.Family, e.Weight, e.Discounted)
	}
	p.hang(pad(lead, indent-3)+fmt.Sprintf("%2d", n), indent, text)
	for i, it := range e.Items {
		if i == maxParts {
			p.hang("", indent+2, fmt.Sprintf("and %d more, in the JSON form", len(e.Items)-i))
			break
		}
		p.hang("", indent+2, p.itemText(f, it))
	}
}

// itemText writes one item on one line. Inputs and outputs of the subject's own
// transaction go by their index: its id stands above.
func (p *printer) itemText(f *model.Finding, it model.Item) string {
	s := strings.ReplaceAll(it.Role, "_", " ")
	own, _ := f.Subject.Tx()
	tx, _ := it.On.Tx()
	in, isIn := it.On.Inpoint()
	out, isOut := it.On.Outpoint()
	switch {
	case it.On.IsZero():
	case own == tx && isIn:
		s += index(s, "input", in.Vin)
	case own == tx && isOut:
		s += index(s, "output", out.Vout)
	default:
		s += " " + it.On.ID()
	}
	if !it.Address.IsZero() && it.On.Kind() != model.KindAddress {
		s += " at " + it.Address.String()
	}
	if it.Value != nil {
		s += ", " + p.money(*it.Value)
	}
	if it.Note != "" {
		s += ": " + it.Note
	}
	return s
}

// index writes which input or output of the subject has a role, whose name may
// end with the word.
func index(role, what string, n uint32) string {
	if strings.HasSuffix(role, what) {
		return fmt.Sprintf(" %d", n)
	}
	return fmt.Sprintf(" %s %d", what, n)
}

// parts counts the parts of the subject by role, and lists them where they are
// few.
func (p *printer) parts(f *model.Finding) {
	parts := f.Parts
	if len(parts) == 0 {
		return
	}
	type class struct {
		role string
		n    int
		sum  model.Amount
		some bool
	}
	var classes []class
	for _, it := range parts {
		i := slices.IndexFunc(classes, func(c class) bool { return c.role == it.Role })
		if i < 0 {
			i = len(classes)
			classes = append(classes, class{role: it.Role})
		}
		classes[i].n++
		if it.Value != nil {
			if sum, ok := classes[i].sum.Add(it.Value.Amount); ok {
				classes[i].sum, classes[i].some = sum, true
			}
		}
	}
	slices.SortStableFunc(classes, func(a, b class) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.role, b.role))
	})
	var s []string
	for _, c := range classes {
		t := fmt.Sprintf("%d %s", c.n, strings.ReplaceAll(c.role, "_", " "))
		if c.some {
			t += " (" + c.sum.String() + " " + p.coin + ")"
		}
		s = append(s, t)
	}
	p.field("Parts", strings.Join(s, ", "))
	listed := 0
	for _, it := range parts {
		if len(parts) <= maxParts || p.about != nil && !it.Address.IsZero() && p.about(it.Address) && listed < maxParts {
			p.hang("", indent+2, p.itemText(f, it))
			listed++
		}
	}
	if listed < len(parts) {
		p.field("", fmt.Sprintf("Each of the %d with its reason is in the JSON form.", len(parts)))
	}
}

func (p *printer) against(f *model.Finding) {
	n := 0
	for _, e := range f.Evidence {
		if e.Weight < 0 {
			n++
			p.item(f, once(n-1, "Against"), n, e)
		}
	}
	for _, c := range f.Counter {
		if c.Found {
			n++
			p.hang(pad(once(n-1, "Against"), indent-3)+fmt.Sprintf("%2d", n), indent, c.Text)
		}
	}
	var not []string
	for _, c := range f.Counter {
		if !c.Found {
			not = append(not, strings.TrimRight(c.Text, "."))
		}
	}
	if len(not) > 0 {
		p.field(once(n, "Against"), "Looked for, not found: "+strings.Join(not, "; ")+".")
	}
}

// explored says how far an exploration went and where it stopped short.
func (p *printer) explored(x *heuristics.ExploreCoverage) {
	if x == nil {
		return
	}
	p.field("Explored", fmt.Sprintf("%d transactions around the seeds, with %d look-ups; cut in %d places", x.Txs, x.Lookups, len(x.Cut)))
	for i, c := range x.Cut {
		if i == maxParts {
			p.hang("", indent+2, fmt.Sprintf("and %d more, in the JSON form", len(x.Cut)-i))
			break
		}
		p.hang("", indent+2, c.On.ID()+": "+c.Why)
	}
}

// errorRate writes a rate, the population first. All are those of the finding:
// what is not measured on real cases may be on others.
func errorRate(e model.ErrorRate, all []model.ErrorRate) string {
	if !e.Measured {
		s := e.Of + ": not measured"
		if slices.ContainsFunc(all, func(o model.ErrorRate) bool { return o.Measured && o.Simulated && o.Of == e.Of }) {
			s += " on real cases"
		}
		return s + "."
	}
	kind := "real"
	if e.Simulated {
		kind = "simulated"
	}
	s := fmt.Sprintf("%s population %q, %d cases: %s: %s; %s", kind, e.Population, e.N, e.Of,
		calibration.Share("false positives", e.FalsePos, e.N), calibration.Share("false negatives", e.FalseNeg, e.N))
	if e.Reference != "" {
		s += " (" + e.Reference + ")"
	}
	return s + "."
}

// Totals gathers the findings of one run by kind, for the table at the end of a
// report. The zero value is ready. It is not safe for concurrent use.
type Totals struct{ kinds []total }

type total struct {
	kind     string
	n        int
	role     string
	coins    model.Amount
	coin     string // what a whole one is called
	over     bool   // more than an Amount holds
	fiat     decimal.Decimal
	currency string
	unpriced int
	valued   bool
}

// Add counts a finding and its first amount, which is the one that the finding
// is about. What was worth is added in the first currency that a kind has; an
// amount without a price in it is counted as such, never as nothing.
func (t *Totals) Add(f *model.Finding) {
	i, ok := slices.BinarySearchFunc(t.kinds, f.Kind, func(a total, k string) int { return strings.Compare(a.kind, k) })
	if !ok {
		t.kinds = slices.Insert(t.kinds, i, total{kind: f.Kind})
	}
	k := &t.kinds[i]
	k.n++
	if len(f.Amounts) == 0 {
		return
	}
	a := f.Amounts[0]
	k.role, k.coin, k.valued = a.Role, f.Network.Symbol(), true
	sum, ok := k.coins.Add(a.Amount)
	k.coins, k.over = sum, k.over || !ok
	switch {
	case a.Fiat == nil, k.currency != "" && k.currency != a.Fiat.Currency:
		k.unpriced++
	default:
		k.currency = a.Fiat.Currency
		k.fiat = k.fiat.Add(a.Fiat.Amount)
	}
}

// Text writes one line for each kind: how many, and the sum of what they speak
// of, at transaction time.
func (t *Totals) Text(w io.Writer) error {
	p := &printer{w: w}
	if len(t.kinds) == 0 {
		p.line("No findings. The coverage below says what was looked at.")
		return p.err
	}
	p.line("TOTALS")
	for _, k := range t.kinds {
		s := fmt.Sprintf("  %-28s %5d", k.kind, k.n)
		switch {
		case !k.valued:
		case k.over:
			s += "   " + strings.ReplaceAll(k.role, "_", " ") + ": the sum is more than can be counted"
		default:
			s += "   " + strings.ReplaceAll(k.role, "_", " ") + " " + k.coins.String() + " " + k.coin
			if k.currency != "" {
				s += "  " + fiat(model.Fiat{Currency: k.currency, Amount: k.fiat, Places: 2})
			}
			if k.unpriced > 0 && k.currency != "" {
				s += fmt.Sprintf(" (%d without a price)", k.unpriced)
			}
		}
		p.line(s)
	}
	return p.err
}

// CoverageText writes what a session looked at and what it could not see.
func CoverageText(w io.Writer, c heuristics.Coverage) error {
	p := &printer{w: w}
	p.line("COVERAGE")
	where := "everything that the sources have"
	switch {
	case c.To != 0:
		where = fmt.Sprintf("heights %d to %d", c.From, c.To)
	case c.From != 0:
		where = fmt.Sprintf("heights from %d", c.From)
	}
	p.field("Scope", where)
	if s := place(c.Tip); s != "" {
		p.field("Tip", s)
	}
	p.explored(c.Explored)
	p.field("Looked at", fmt.Sprintf("%d blocks, %d transactions, %d inputs", c.Blocks, c.Txs, c.Inputs))
	if c.UnresolvedInputs > 0 || c.UnownedInputs > 0 {
		p.field("Unknown", fmt.Sprintf("the value of %d inputs and the owner of %d: what they spend was not loaded", c.UnresolvedInputs, c.UnownedInputs))
	}
	var ls []string
	for _, l := range c.Labels {
		ls = append(ls, l.Value+" "+strings.ReplaceAll(l.Name, "_", " "))
	}
	p.field("Labels", strings.Join(ls, ", "))
	for _, l := range c.Labels {
		if l.Value == "0" && l.Name == string(model.HashMarketplace) {
			p.field("", "No label of a hash marketplace is loaded: silence about deposits to them means nothing.")
		}
	}
	if c.Lacks != "none" {
		p.field("Without", "the sources lack "+c.Lacks)
	}
	for _, h := range c.Heuristics {
		if h.Offered == 0 && len(h.Notes) == 0 {
			continue
		}
		s := fmt.Sprintf("%d offered, %d filtered, %d ran, %d not applicable", h.Offered, h.Filtered, h.Ran, h.Skipped)
		if h.Partial > 0 {
			s += fmt.Sprintf(", %d partial", h.Partial)
		}
		if h.Failed > 0 {
			s += fmt.Sprintf(", %d FAILED", h.Failed)
		}
		s += fmt.Sprintf(", %d findings, %d look-ups", h.Findings, h.Lookups)
		p.hang("  "+h.Heuristic, 20, s)
		for _, n := range h.Notes {
			p.hang("", 22, fmt.Sprintf("%d: %s", n.Count, n.Text))
		}
	}
	if c.Incomplete {
		p.field("INCOMPLETE", fmt.Sprintf("%d failures; what would have been said without them is not known.", c.Failures))
	}
	return p.err
}
