package heuristics

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Options are the settings of an engine. The zero value is useful.
type Options struct {
	Network model.Network
	// Workers is how many evaluations run at a time; 0 means one for each
	// processor. Findings do not depend on it.
	Workers int
	// Lookups is the budget of each evaluation; 0 means DefaultLookups.
	Lookups int64
	// Memory bounds the remembered results, in bytes, roughly; 0 means
	// DefaultMemory. Half as much again may go to the blocks of a scope that
	// fits, so that it is read once. Findings do not depend on it.
	Memory int64
	// Currency in which amounts are valued where prices are loaded; "" means
	// USD, and "-" none.
	Currency string
	// Replay is the command that repeats the run. Every finding carries it, so
	// it must not name what findings do not depend on: workers, memory, caches.
	Replay string
	// ErrorRates returns the rates of error that somebody has measured of a
	// version of a heuristic, for a kind of its findings; calibration.Table has
	// such a method. Findings hold them in place of those that are not measured.
	// It must always answer the same, and is called concurrently; nil answers
	// nothing.
	ErrorRates func(heuristic string, version int, kind string) []model.ErrorRate
	// Population names what the data are a sample of, as rates name theirs. A
	// rate of that very population makes a finding better founded than one of
	// another does, see [model.Grade].
	Population string
	Observer   Observer
}

// Defaults of [Options].
const (
	DefaultLookups = 20_000
	DefaultMemory  = 512 << 20
)

// Engine runs a list of heuristics over a set of sources. It is immutable and
// safe for concurrent use; all state is in sessions.
type Engine struct {
	src    sources.Set
	has    sources.Capability
	opt    Options
	hs     []*Heuristic // what is listed and what that requires; requirements first
	listed []bool
	byName map[string]int
	// requires holds, for each heuristic, what it requires itself.
	requires [][]int
	rules    []model.Digest // of each heuristic with everything that it requires
}

// New makes an engine. It reports every problem of the list at once: invalid
// descriptions, two instances of one name, requirements in a circle, needs that
// the sources do not meet.
func New(src sources.Set, hs []*Heuristic, o Options) (*Engine, error) {
	if o.Workers < 0 || o.Lookups < 0 || o.Memory < 0 {
		return nil, errors.New("heuristics: options must not be negative")
	}
	if o.Lookups == 0 {
		o.Lookups = DefaultLookups
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	switch o.Currency {
	case "":
		o.Currency = "USD"
	case "-":
		o.Currency = ""
	}
	e := &Engine{src: src, has: src.Has(), opt: o, byName: map[string]int{}}
	if err := e.resolve(hs); err != nil {
		return nil, err
	}
	return e, e.digestRules()
}

// resolve orders the heuristics so that requirements come first, in the order
// of the list.
func (e *Engine) resolve(list []*Heuristic) error {
	var errs []error
	instances := map[string]*Heuristic{}
	for i, h := range list {
		if h == nil {
			errs = append(errs, fmt.Errorf("heuristics: item %d of the list is nil", i))
			continue
		}
		if old, ok := instances[h.Name]; ok && old != h {
			errs = append(errs, fmt.Errorf("heuristic %q: two instances in the list", h.Name))
		}
		instances[h.Name] = h
	}
	listed := map[string]bool{}
	for name := range instances {
		listed[name] = true
	}
	const visiting = -1
	var visit func(h *Heuristic, path []string)
	visit = func(h *Heuristic, path []string) {
		// An instance in the list replaces the default of its name. Without
		// one, two different defaults of a name are a conflict.
		if mine, ok := instances[h.Name]; !ok {
			instances[h.Name] = h
		} else if listed[h.Name] {
			h = mine
		} else if mine != h {
			errs = append(errs, fmt.Errorf("heuristic %q: two instances are required (by %s); list the one to use", h.Name, strings.Join(path, " > ")))
		}
		switch at, ok := e.byName[h.Name]; {
		case ok && at == visiting:
			errs = append(errs, fmt.Errorf("heuristic %q requires itself: %s", h.Name, strings.Join(append(path, h.Name), " > ")))
			return
		case ok:
			return
		}
		e.byName[h.Name] = visiting
		if err := h.validate(); err != nil {
			errs = append(errs, err)
		}
		if lacks := h.Needs &^ e.has; lacks != 0 {
			errs = append(errs, fmt.Errorf("heuristic %q needs %v, which no source has", h.Name, lacks))
		}
		for _, r := range h.Requires {
			if r != nil {
				visit(r, append(path, h.Name))
			}
		}
		e.byName[h.Name] = len(e.hs)
		e.hs = append(e.hs, h)
	}
	for _, h := range list {
		if h != nil {
			visit(h, nil)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	e.listed = make([]bool, len(e.hs))
	e.requires = make([][]int, len(e.hs))
	for i, h := range e.hs {
		e.listed[i] = listed[h.Name]
		for _, r := range h.Requires {
			e.requires[i] = append(e.requires[i], e.byName[r.Name])
		}
	}
	return nil
}

// rule is what identifies how a heuristic decides.
type rule struct {
	Name       string            `json:"name"`
	Version    int               `json:"version"`
	Parameters []model.Parameter `json:"parameters"`
	Requires   []model.Digest    `json:"requires"`
}

func (e *Engine) digestRules() error {
	e.rules = make([]model.Digest, len(e.hs))
	for i, h := range e.hs {
		r := rule{h.Name, h.Version, h.Params, nil}
		for _, q := range e.requires[i] {
			r.Requires = append(r.Requires, e.rules[q])
		}
		d, err := model.CanonicalDigest(r)
		if err != nil {
			return err
		}
		e.rules[i] = d
	}
	return nil
}

// Heuristics returns what the engine runs, requirements first: the listed ones
// and what they require, as resolved.
func (e *Engine) Heuristics() []*Heuristic { return slices.Clone(e.hs) }

// Listed reports whether the heuristic of the name was in the list, so that its
// findings are yielded.
func (e *Engine) Listed(name string) bool {
	i, ok := e.byName[name]
	return ok && e.listed[i]
}

// Options returns the options with defaults filled in.
func (e *Engine) Options() Options { return e.opt }

// Rules returns the digest of a heuristic's name, version and parameters and of
// everything that it requires.
func (e *Engine) Rules(name string) model.Digest {
	if i, ok := e.byName[name]; ok {
		return e.rules[i]
	}
	return model.Digest{}
}
