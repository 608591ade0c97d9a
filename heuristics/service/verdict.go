package service

// Verdict says whether the cluster of an address looks like one of a service
// that holds coins for many customers, and how each vote went.
type Verdict struct {
	Like bool `json:"like"`
	// Why is [Labelled], [Swept] or [ByVotes] where Like is true.
	Why   string `json:"why,omitempty"`
	Votes []Vote `json:"votes"` // all of them, in a fixed order
}

// Vote is one sign of a service, with what was counted and what was needed.
type Vote struct {
	Name      string `json:"name"`
	Family    string `json:"family"` // votes of one family count once
	Value     string `json:"value"`
	Threshold string `json:"threshold"`
	Yes       bool   `json:"yes"`
}

// What decides a [Verdict].
const (
	Labelled = "labelled" // a label on a member
	Swept    = "swept"    // sweeps of many strangers' receipts, some of them from fan-outs
	ByVotes  = "votes"    // votes of enough families
)
