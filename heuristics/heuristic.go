package heuristics

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// Heuristic describes an analysis. It is a value to be declared, and it is never
// changed once an engine has it. Convention: package heuristics/xyz exports a
// Heuristic with default parameters, a func New(Params) *Heuristic, the type of
// its result, and func Of to read that result inside a pass.
type Heuristic struct {
	// Name identifies the heuristic: lower-case letters, digits and at most
	// one dot, such as "coinjoin.shape". Where an engine is given an instance
	// with other parameters, it replaces the default of the same name
	// everywhere.
	Name string
	// Doc is a title, an empty line, and the method in words: the rule, its
	// source, and when it is wrong.
	Doc string
	URL string
	// Version grows whenever findings may differ for the same data.
	Version int
	// Kinds lists what it may report. A finding of another kind is an error.
	Kinds []Kind
	// Subjects lists the kinds of reference that Run accepts as subjects of a
	// run. Without any, Run serves Ask only.
	Subjects []model.RefKind
	// Needs are capabilities without which it cannot work at all.
	Needs sources.Capability
	// Requires lists the heuristics whose results, indexes or totals it reads.
	Requires []*Heuristic
	// Later lists those of Requires whose indexes Index does not read, nor labels
	// that they derive: it is built without waiting for them, and so may share a
	// reading of the scope that they come too late for.
	Later []*Heuristic
	// Select are filters that every transaction passes about which Run can
	// say anything; nil lets all through. Subjects that fail are counted as
	// filtered.
	Select []model.Filter
	// Params are its public parameters. Every finding prints them.
	Params []model.Parameter
	// Horizon says whether later blocks can change a result.
	Horizon Horizon
	// MaxHops bounds how often Run may ask itself about a parent; 0 to 64.
	MaxHops int

	// Index is called once per session, after the indexes of what it
	// requires, but for Later, and at the same time as others. It reads the scope in ledger
	// order; [IndexOf] reads its result.
	Index func(context.Context, *Scan) (any, error)
	// Run evaluates one subject. It must be a function of the subject, the
	// sources and what it requires: it may be called in any order, from many
	// goroutines, and its result may be forgotten and computed again. It
	// returns ErrSkip where it has nothing to say about the subject. Results
	// are read by [Ask] and, in Finish, by [Results]; nobody may change them.
	Run func(context.Context, *Pass) (any, error)
	// Finish is called once per run, after all passes and after Finish of
	// what it requires; [FinishOf] reads its result.
	Finish func(context.Context, *Totals) (any, error)
}

// Kind is a kind of finding: a family such as "deposit", and optionally a
// variant after a slash.
type Kind struct {
	Name string
	Doc  string // one line: what the claim is, and when it is wrong
}

// Horizon says how far a result depends on the chain.
type Horizon uint8

// Horizons.
const (
	Past Horizon = iota // on the subject and what came before it
	Tip                 // also on what came after, up to the tip
)

// String returns "past" or "tip".
func (h Horizon) String() string {
	if h == Past {
		return "past"
	}
	return "tip"
}

// Title returns the first line of Doc.
func (h *Heuristic) Title() string {
	title, _, _ := strings.Cut(h.Doc, "\n")
	return title
}

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)?$`)
	kindForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)?$`)
)

const maxHops = 64

// validate reports every problem of one heuristic that needs no other.
func (h *Heuristic) validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("heuristic %q: "+format, append([]any{h.Name}, args...)...))
	}
	if !nameForm.MatchString(h.Name) {
		bad("name must be lower-case letters and digits with at most one dot")
	}
	if title, rest, _ := strings.Cut(h.Doc, "\n"); title == "" || rest != "" && !strings.HasPrefix(rest, "\n") {
		bad("doc must be a title, or a title, an empty line and text")
	}
	if h.Version < 1 {
		bad("version must be at least 1")
	}
	if h.Index == nil && h.Run == nil && h.Finish == nil {
		bad("has neither Index, Run nor Finish")
	}
	if len(h.Subjects) > 0 && h.Run == nil {
		bad("has subjects but no Run")
	}
	if h.MaxHops < 0 || h.MaxHops > maxHops {
		bad("MaxHops %d is outside 0 to %d", h.MaxHops, maxHops)
	}
	seen := map[string]bool{}
	for _, k := range h.Kinds {
		if !kindForm.MatchString(k.Name) || k.Doc == "" {
			bad("kind %q must be family or family/variant, with a Doc", k.Name)
		}
		if seen[k.Name] {
			bad("kind %q is listed twice", k.Name)
		}
		seen[k.Name] = true
	}
	params := map[string]bool{}
	for _, p := range h.Params {
		if p.Name == "" || p.Origin == "" || params[p.Name] {
			bad("parameter %q needs a name of its own and an origin", p.Name)
		}
		params[p.Name] = true
	}
	for i, r := range h.Requires {
		if r == nil {
			bad("requirement %d is nil", i)
		}
	}
	for i, l := range h.Later {
		if l == nil || !slices.ContainsFunc(h.Requires, func(r *Heuristic) bool { return r != nil && r.Name == l.Name }) {
			bad("item %d of Later is not among Requires", i)
		}
	}
	return errors.Join(errs...)
}

// later reports whether the heuristic of the name is read only after Index.
func (h *Heuristic) later(name string) bool {
	return slices.ContainsFunc(h.Later, func(l *Heuristic) bool { return l.Name == name })
}

// allows reports whether h may report the kind.
func (h *Heuristic) allows(kind string) bool {
	for _, k := range h.Kinds {
		if k.Name == kind {
			return true
		}
	}
	return false
}

// accepts reports whether h takes references of the kind as subjects.
func (h *Heuristic) accepts(k model.RefKind) bool {
	for _, s := range h.Subjects {
		if s == k {
			return true
		}
	}
	return false
}
