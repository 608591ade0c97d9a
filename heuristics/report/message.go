package report

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Protocol is the version of the wire form.
const Protocol = 1

// Message is one line of the wire form: exactly one field is set.
type Message struct {
	Run       *Run                 `json:"run,omitempty"`
	Heuristic *Heuristic           `json:"heuristic,omitempty"`
	Finding   *model.Finding       `json:"finding,omitempty"`
	Failure   *Failure             `json:"failure,omitempty"`
	Progress  *heuristics.Progress `json:"progress,omitempty"`
	Withdrawn *Withdrawn           `json:"withdrawn,omitempty"`
	Coverage  *heuristics.Coverage `json:"coverage,omitempty"`
}

// fields counts the fields that are set.
func (m *Message) fields() int {
	n := 0
	for _, set := range [...]bool{m.Run != nil, m.Heuristic != nil, m.Finding != nil, m.Failure != nil, m.Progress != nil, m.Withdrawn != nil, m.Coverage != nil} {
		if set {
			n++
		}
	}
	return n
}

// Run says what was run on what.
type Run struct {
	Protocol int           `json:"protocol"`
	Tool     string        `json:"tool"`
	Version  string        `json:"version"`
	Sum      string        `json:"module_sum,omitempty"`
	Go       string        `json:"go,omitempty"`
	Network  model.Network `json:"network"`
	// Operator and At are set by the caller: who ran it, and when.
	Operator string               `json:"operator,omitempty"`
	At       time.Time            `json:"at,omitzero"`
	Scope    heuristics.Scope     `json:"scope"`
	Tip      model.BlockRef       `json:"tip,omitzero"`
	Lookups  int64                `json:"lookups_per_evaluation"`
	Currency string               `json:"currency,omitempty"`
	Sources  []sources.Provenance `json:"sources"`
	// Data digests what the session was given beside the chain, as
	// [heuristics.Session.Data] says, and Population is what the data are said to
	// be a sample of.
	Data       model.Digest `json:"data,omitzero"`
	Population string       `json:"population,omitempty"`
	// Replay is the command that repeats the run.
	Replay string `json:"replay,omitempty"`
}

// module is the path of this library, as builds record it.
const module = "github.com/goldwash/goldwash"

// NewRun describes a session. The version is the one that the build recorded
// for this module, or "devel".
func NewRun(s *heuristics.Session, src sources.Set) *Run {
	o := s.Engine().Options()
	r := &Run{
		Protocol: Protocol, Tool: "goldwash", Version: "devel", Network: o.Network, Scope: s.Scope(), Tip: s.Tip(),
		Lookups: o.Lookups, Currency: o.Currency, Sources: src.Provenance, Data: s.Data(), Population: o.Population, Replay: o.Replay,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return r
	}
	r.Go = info.GoVersion
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			r.Version, r.Sum = m.Version, m.Sum
		}
	}
	return r
}

// Heuristic describes one rule of a run, once; findings name it.
type Heuristic struct {
	Name       string            `json:"name"`
	Version    int               `json:"version"`
	Title      string            `json:"title"`
	Doc        string            `json:"doc"`
	URL        string            `json:"url,omitempty"`
	Listed     bool              `json:"listed"` // its findings are yielded; else others use it
	Horizon    string            `json:"horizon"`
	Kinds      []model.Fact      `json:"kinds,omitempty"`
	Requires   []string          `json:"requires,omitempty"`
	Parameters []model.Parameter `json:"parameters,omitempty"`
	Rules      model.Digest      `json:"rules"`
}

// NewHeuristics describes what an engine runs, requirements first.
func NewHeuristics(e *heuristics.Engine) []*Heuristic {
	var out []*Heuristic
	for _, h := range e.Heuristics() {
		d := &Heuristic{
			Name: h.Name, Version: h.Version, Title: h.Title(), Doc: h.Doc, URL: h.URL, Listed: e.Listed(h.Name),
			Horizon: h.Horizon.String(), Parameters: h.Params, Rules: e.Rules(h.Name),
		}
		for _, k := range h.Kinds {
			d.Kinds = append(d.Kinds, model.Fact{Name: k.Name, Value: k.Doc})
		}
		for _, r := range h.Requires {
			d.Requires = append(d.Requires, r.Name)
		}
		out = append(out, d)
	}
	return out
}

// Failure says that one evaluation failed, or that part of the data could not be
// read. Silence means less because of it.
type Failure struct {
	// Heuristic is the one that failed, or "run" or a provider's name where
	// the failure is of no heuristic.
	Heuristic string    `json:"heuristic"`
	Subject   model.Ref `json:"subject"` // null where it is about none
	Error     string    `json:"error"`
}

// NewFailure describes an error of a pass.
func NewFailure(e *heuristics.PassError) *Failure {
	return &Failure{e.Heuristic, e.Subject, fmt.Sprint(e.Err)}
}

// Withdrawn says that a finding no longer holds.
type Withdrawn struct {
	ID      model.Digest `json:"id"`
	Because string       `json:"because"`
}
