package model

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Schema is the version of the JSON form of findings.
const Schema = 1

// Finding is a scored, evidenced statement about entities of a ledger. It is a
// hypothesis about control, never a statement that "these coins are those
// coins", and never an identification of a person.
type Finding struct {
	// ID names the statement: it is a digest of heuristic, kind, subject and
	// related entities, and stays the same when numbers change. Digest is of
	// the whole body but Replay. [Finding.Seal] sets both.
	ID     Digest `json:"id"`
	Digest Digest `json:"digest"`
	Schema int    `json:"schema"`

	Network   Network `json:"network"`
	Heuristic string  `json:"heuristic"`
	Version   int     `json:"version"` // of the heuristic
	// Kind is a family and, after a slash, a variant: "deposit",
	// "deposit/unattributed".
	Kind    string `json:"kind"`
	Subject Ref    `json:"subject"`
	Related []Ref  `json:"related,omitempty"` // sorted by Seal

	Claim      string             `json:"claim"` // one sentence from a fixed template
	Score      Score              `json:"score"`
	Confidence AnalyticConfidence `json:"analytic_confidence"`

	Block   BlockRef `json:"block,omitzero"` // where the subject stands on the chain
	Amounts []Figure `json:"amounts,omitempty"`
	// Facts are details of the kind as names and values, in a fixed order:
	// pool, shape, hops.
	Facts    []Fact     `json:"facts,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Parts classify the parts of the subject, such as each output of a
	// payout, with the reason.
	Parts  []Item  `json:"parts,omitempty"`
	Labels []Label `json:"labels_used,omitempty"`

	Premises     []Premise     `json:"premises,omitempty"`
	Alternatives []Alternative `json:"alternatives,omitempty"`
	Counter      []Counter     `json:"counter_evidence,omitempty"`
	RefutedBy    []string      `json:"refuted_by,omitempty"` // what would refute the claim
	Unseen       []string      `json:"unseen,omitempty"`     // what was not seen, and what that costs

	Search []Fact `json:"search,omitempty"` // what was tried, as counts
	// Chance is how often chance alone does as well; nil where that was not
	// computed.
	Chance *Chance `json:"chance,omitempty"`
	// Without lists what the finding would be without an item of evidence, and
	// Sensitivity the range of parameters within which it stands.
	Without     []LeftOut     `json:"without,omitempty"`
	Sensitivity []Sensitivity `json:"sensitivity,omitempty"`

	ErrorRates []ErrorRate `json:"error_rates,omitempty"`
	Parameters []Parameter `json:"parameters,omitempty"`
	// Rules digests the names, versions and parameters of the heuristic and
	// of everything it requires.
	Rules Digest `json:"rules"`
	// Data digests the labels, tags and books that the run was given, and the
	// currency; rates that were used stand in the amounts.
	Data Digest `json:"data,omitzero"`
	// Replay is a command line that makes the finding again. Digest does not
	// cover it: there are many such commands.
	Replay string `json:"replay,omitempty"`
	// AsOf is the tip of the chain that the run was pinned to.
	AsOf    BlockRef `json:"as_of,omitzero"`
	Partial bool     `json:"partial,omitempty"` // a budget ended the search for evidence

	Supersedes       Digest `json:"supersedes,omitzero"`
	WithdrawnBecause string `json:"withdrawn_because,omitempty"`
}

// Figure is an amount that a finding speaks of, with its role: "paid",
// "mined share".
type Figure struct {
	Role string `json:"role"`
	Money
}

// Fact is a named detail.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Evidence is one item that speaks for or against a claim, with its weight.
type Evidence struct {
	// Family groups evidence that is not independent: provenance,
	// recognition, ownership, quantity, timing, repetition.
	Family string `json:"family"`
	Text   string `json:"text"`
	// Weight is the log likelihood ratio if the labels it rests on are true;
	// Discounted counts their doubt. Both are 0 for evidence that is context.
	Weight     MicroNats `json:"weight_micronats"`
	Discounted MicroNats `json:"discounted_micronats"`
	Items      []Item    `json:"items,omitempty"`
}

// Item is a place on the ledger that evidence points at, or a part of a
// finding's subject.
type Item struct {
	On      Ref      `json:"on"`
	Role    string   `json:"role"`
	Address Address  `json:"address,omitzero"`
	Value   *Money   `json:"value,omitempty"` // nil where unknown
	Block   BlockRef `json:"block,omitzero"`
	Note    string   `json:"note,omitempty"` // why it has the role
}

// AnalyticConfidence is how well founded an analysis is, apart from its
// probability (ICD 203).
type AnalyticConfidence struct {
	Level   string   `json:"level"` // low, moderate, high
	Reasons []string `json:"reasons"`
}

// Levels of [AnalyticConfidence].
const (
	Low      = "low"
	Moderate = "moderate"
	High     = "high"
)

// Premise is an assumption that a claim rests on, with the critical question
// that tests it, answered from the ledger at hand.
type Premise struct {
	Text     string `json:"text"`
	Question string `json:"question"`
	Answer   string `json:"answer"` // yes, no, unknown, with the reason
}

// Alternative is another explanation of the same facts.
type Alternative struct {
	Text   string `json:"text"`
	WhyNot string `json:"why_not_excluded"`
}

// Counter is evidence against that was looked for, found or not.
type Counter struct {
	Text  string `json:"text"`
	Found bool   `json:"found"`
	Items []Item `json:"items,omitempty"`
}

// ErrorRate is how often a rule is wrong, on a named population. Measured is
// false where nobody has measured it, which is said rather than left out.
type ErrorRate struct {
	Of         string `json:"of"`
	Measured   bool   `json:"measured"`
	Population string `json:"population,omitempty"`
	Simulated  bool   `json:"simulated,omitempty"`
	N          int    `json:"n,omitempty"`
	FalsePos   int    `json:"false_positives,omitempty"`
	FalseNeg   int    `json:"false_negatives,omitempty"`
	Reference  string `json:"reference,omitempty"`
}

// NotMeasured is the error rate of a rule that nobody has measured.
func NotMeasured(of string) ErrorRate { return ErrorRate{Of: of} }

// Chance is how often chance alone does as well as what was found, by a
// permutation test: the same search with all times of one side shifted.
type Chance struct {
	// P is (1+AsGood)/(1+Shifts), and no less than the room that the data have
	// for shifts allows; Corrected is what remains of it when all that was
	// searched counts, by the rule in Correction.
	P          Probability `json:"p"`
	Corrected  Probability `json:"corrected"`
	Correction string      `json:"correction"`
	Shifts     int         `json:"shifts"`
	AsGood     int         `json:"as_good"`
	Seed       uint64      `json:"seed"`
	// Fit of Of candidates fit as well by amount alone, or as Text says.
	Fit  int    `json:"fit"`
	Of   int    `json:"of"`
	Text string `json:"text,omitempty"`
}

// LeftOut says what would remain of a finding without an item.
type LeftOut struct {
	Text        string      `json:"text"` // what is left out
	Kind        string      `json:"kind"` // what the finding would be; empty if none would remain
	Probability Probability `json:"probability"`
}

// Sensitivity is the range of a parameter within which a conclusion stands, all
// others held.
type Sensitivity struct {
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	// From and To bound the range that was tried and found to hold; OpenFrom
	// and OpenTo say that the search ended there with the conclusion standing.
	From     string `json:"from"`
	To       string `json:"to"`
	OpenFrom bool   `json:"open_from,omitempty"`
	OpenTo   bool   `json:"open_to,omitempty"`
	Text     string `json:"text,omitempty"`
}

// Parameter is one public parameter of a rule.
type Parameter struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin Origin `json:"origin"`
	Source string `json:"source,omitempty"` // for a published value
}

// Origin says where a parameter's value comes from.
type Origin string

// Origins of a [Parameter].
const (
	Chosen    Origin = "chosen"    // an engineering default
	Fitted    Origin = "fitted"    // learned from data
	Published Origin = "published" // from the literature or the operator
)

// Disclaimer belongs beside every finding that is shown to a person.
const Disclaimer = "An investigative lead, not an identification."

// Seal sorts Related, sets Schema and the score's word, and computes ID and
// Digest. It is the last step of making a finding.
func (f *Finding) Seal() error {
	f.Schema = Schema
	// A copy: the slice may be part of a result that others read.
	f.Related = slices.Clone(f.Related)
	slices.SortFunc(f.Related, Ref.Compare)
	id := sha256.New()
	fmt.Fprintf(id, "goldwash finding %d\n%s\n%s\n%s\n", Schema, f.Heuristic, f.Kind, f.Subject)
	for _, r := range f.Related {
		fmt.Fprintf(id, "%s\n", r)
	}
	f.ID = Digest(id.Sum(nil))
	replay := f.Replay
	f.Digest, f.Replay = Digest{}, ""
	d, err := CanonicalDigest(f)
	f.Digest, f.Replay = d, replay
	return err
}

// CanonicalDigest returns the SHA-256 of v's JSON in canonical form: keys
// sorted, no white space, no HTML escapes.
func CanonicalDigest(v any) (Digest, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Digest{}, err
	}
	if b, err = canonicalJSON(b); err != nil {
		return Digest{}, err
	}
	return sha256.Sum256(b), nil
}

// Validate reports every way in which a sealed finding contradicts itself: what
// [Finding.Check] reports, and an ID or digest that its body does not give.
func (f *Finding) Validate() error {
	sealed := *f
	err := f.Check()
	if bad := sealed.Seal(); bad != nil {
		err = errors.Join(err, bad)
	} else if sealed.ID != f.ID || sealed.Digest != f.Digest {
		err = errors.Join(err, errors.New("id or digest is not of this body"))
	}
	return err
}

// Check reports every way in which the body of a finding contradicts itself: a
// missing claim, a score that its evidence does not give.
func (f *Finding) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.Heuristic == "" || f.Kind == "" || f.Subject.IsZero() || f.Claim == "" {
		bad("heuristic, kind, subject and claim must be set")
	}
	if strings.ContainsAny(f.Claim, "\n\r") {
		bad("claim is more than one line")
	}
	switch f.Confidence.Level {
	case Low, Moderate, High:
	default:
		bad("analytic confidence %q is not low, moderate or high", f.Confidence.Level)
	}
	var want Score
	if !f.Score.inRange() {
		bad("score holds a probability of more than 1")
	}
	switch s := f.Score; s.Rule {
	case ByLogOdds:
		want = Combine(s.Prior, s.PriorOf, f.Evidence, s.Cap, s.CapReason)
	case ByProduct:
		want = Product(s.Cap, s.CapReason, s.Factors...)
	case ByOpenWorld:
		if s.Open == nil || s.Open.N <= 0 || s.Open.Pi0 == 0 || s.Open.Pi0 >= Certain {
			bad("score by %q does not say what it is open to", s.Rule)
			break
		}
		want = OpenWorld(*s.Open, f.Evidence, s.Cap, s.CapReason)
	default:
		bad("score rule %q is not known", s.Rule)
	}
	if want.Given != f.Score.Given || want.Probability != f.Score.Probability || want.Likelihood != f.Score.Likelihood || want.None != f.Score.None {
		bad("score says %v (%v given the labels, %q), its evidence gives %v (%v, %q)",
			f.Score.Probability, f.Score.Given, f.Score.Likelihood, want.Probability, want.Given, want.Likelihood)
	}
	for i := range f.Evidence {
		if e := &f.Evidence[i]; !e.discounts() {
			bad("evidence %q weighs %v and counts for %v: doubt of a label never adds weight and never turns it", e.Text, e.Weight, e.Discounted)
		}
	}
	for i := range f.Labels {
		if l := &f.Labels[i]; l.Confidence > Certain {
			bad("label %q has a confidence of more than 1", l.Entity)
		}
	}
	if s := &f.Score; s.RangeOver != "" && (s.Probability < s.Low || s.Probability > s.High) {
		bad("score of %v is not within its own range, %v to %v", s.Probability, s.Low, s.High)
	}
	if f.Schema != Schema {
		bad("schema %d, want %d", f.Schema, Schema)
	}
	return errors.Join(errs...)
}

// discounts reports whether Discounted lies between nothing and Weight, but for
// rounding.
func (e *Evidence) discounts() bool {
	return min(e.Weight, 0)-1 <= e.Discounted && e.Discounted <= max(e.Weight, 0)+1
}

// UnmarshalJSON reads a finding and puts its addresses on its network.
func (f *Finding) UnmarshalJSON(b []byte) error {
	type plain Finding // without this method
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*f = Finding(p)
	f.onNetwork()
	return nil
}

func (f *Finding) onNetwork() {
	net := f.Network
	item := func(is []Item) {
		for i := range is {
			is[i].On = is[i].On.on(net)
			if !is[i].Address.IsZero() {
				is[i].Address.net = net
			}
		}
	}
	f.Subject = f.Subject.on(net)
	for i := range f.Related {
		f.Related[i] = f.Related[i].on(net)
	}
	for i := range f.Evidence {
		item(f.Evidence[i].Items)
	}
	item(f.Parts)
	for i := range f.Counter {
		item(f.Counter[i].Items)
	}
	for i := range f.Labels {
		f.Labels[i].On = f.Labels[i].On.on(net)
	}
}

type blockRefJSON struct {
	Hash   *BlockHash `json:"hash,omitempty"`
	Height *int32     `json:"height,omitempty"`
	Pos    *int32     `json:"position,omitempty"`
	Time   *int64     `json:"time,omitempty"`
	Median *int64     `json:"median_time,omitempty"`
}

// MarshalJSON writes the known fields only.
func (r BlockRef) MarshalJSON() ([]byte, error) {
	var j blockRefJSON
	if r.Has(KnownHash) {
		j.Hash = &r.Hash
	}
	if r.Has(KnownHeight) {
		j.Height = &r.Height
	}
	if r.Has(KnownPos) {
		j.Pos = &r.Pos
	}
	if r.Has(KnownTime) {
		j.Time = &r.Time
	}
	if r.Has(KnownMedian) {
		j.Median = &r.Median
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes; a field that is absent is
// unknown.
func (r *BlockRef) UnmarshalJSON(b []byte) error {
	var j blockRefJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = BlockRef{}
	if j.Hash != nil {
		r.Hash, r.Known = *j.Hash, r.Known|KnownHash
	}
	if j.Height != nil {
		r.Height, r.Known = *j.Height, r.Known|KnownHeight
	}
	if j.Pos != nil {
		r.Pos, r.Known = *j.Pos, r.Known|KnownPos
	}
	if j.Time != nil {
		r.Time, r.Known = *j.Time, r.Known|KnownTime
	}
	if j.Median != nil {
		r.Median, r.Known = *j.Median, r.Known|KnownMedian
	}
	return nil
}

// IsZero reports whether nothing is known.
func (r BlockRef) IsZero() bool { return r.Known == 0 }
