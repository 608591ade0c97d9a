package model

// Filter is a condition on transactions that a source can answer natively and
// that every reader can check. All the conditions that are set must hold; the
// zero value lets every transaction through. A list of filters lets through
// what any of them does, and an empty list everything.
//
// A heuristic's filters are necessary conditions: it can say nothing about a
// transaction that they stop.
type Filter struct {
	MinInputs, MinOutputs int  // 0 means no minimum
	MinEqual              int  // so many outputs share one value
	Coinbase              bool // only coinbase transactions
	NotCoinbase           bool // only other transactions
	NullData              bool // some output is null data
	// Pays and Spends ask for an output, or an input of known owner, at an
	// address with a label of one of the categories.
	Pays, Spends []Category
	// From and To bound the height, both included, where To is not 0. A
	// transaction of unknown height fails a bound.
	From, To int32
}

// Match reports whether t passes f. The categories of an address come from the
// caller; a nil function means that nothing is labelled.
func (f *Filter) Match(t *Tx, categories func(Address) []Category) bool {
	if len(t.Inputs) < f.MinInputs || len(t.Outputs) < f.MinOutputs {
		return false
	}
	if f.Coinbase && !t.Coinbase() || f.NotCoinbase && t.Coinbase() {
		return false
	}
	if f.To != 0 && (!t.Block.Has(KnownHeight) || t.Block.Height < f.From || t.Block.Height > f.To) {
		return false
	}
	if f.MinEqual > 1 && !equalOutputs(t, f.MinEqual) {
		return false
	}
	if f.NullData && !hasNullData(t) {
		return false
	}
	if len(f.Pays) > 0 && !anyOutput(t, f.Pays, categories) {
		return false
	}
	return len(f.Spends) == 0 || anyInput(t, f.Spends, categories)
}

// MatchAny reports whether t passes any of the filters, or there are none.
func MatchAny(fs []Filter, t *Tx, categories func(Address) []Category) bool {
	for i := range fs {
		if fs[i].Match(t, categories) {
			return true
		}
	}
	return len(fs) == 0
}

// ByLabel reports whether the filter asks for labels.
func (f *Filter) ByLabel() bool { return len(f.Pays) > 0 || len(f.Spends) > 0 }

func equalOutputs(t *Tx, n int) bool {
	if len(t.Outputs) < n {
		return false
	}
	count := make(map[Amount]int, len(t.Outputs))
	for i := range t.Outputs {
		if count[t.Outputs[i].Value]++; count[t.Outputs[i].Value] >= n {
			return true
		}
	}
	return false
}

func hasNullData(t *Tx) bool {
	for i := range t.Outputs {
		if t.Outputs[i].Owner.Kind() == NullData {
			return true
		}
	}
	return false
}

func anyOutput(t *Tx, want []Category, categories func(Address) []Category) bool {
	if categories == nil {
		return false
	}
	for i := range t.Outputs {
		if shares(want, categories(t.Outputs[i].Owner)) {
			return true
		}
	}
	return false
}

func anyInput(t *Tx, want []Category, categories func(Address) []Category) bool {
	if categories == nil {
		return false
	}
	for i := range t.Inputs {
		if t.Inputs[i].OwnerBy != OwnerUnknown && shares(want, categories(t.Inputs[i].Owner)) {
			return true
		}
	}
	return false
}

func shares(a, b []Category) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
