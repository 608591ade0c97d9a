package calibration

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// Table is what is known of how often rules are wrong.
type Table struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Rows    []Row  `json:"rows"`
}

// Row is one measurement, or the statement that there is none.
type Row struct {
	// Population is what was measured on, and comes first because nothing
	// after it means anything elsewhere. Simulated says that it was made.
	Population string `json:"population"`
	Simulated  bool   `json:"simulated"`
	// Heuristic and its version made the claims. A row says nothing of another
	// version. Kind is the kind of finding; the empty kind is all of them.
	Heuristic string `json:"heuristic"`
	Version   int    `json:"version"`
	Kind      string `json:"kind,omitempty"`
	Of        string `json:"of"` // what was claimed, in words
	// Measured is false where nobody has measured; the counts are then 0.
	Measured  bool   `json:"measured"`
	N         int    `json:"n,omitempty"`               // cases
	FalsePos  int    `json:"false_positives,omitempty"` // claimed and not so
	FalseNeg  int    `json:"false_negatives,omitempty"` // so and not claimed
	Reference string `json:"reference,omitempty"`       // where it is told, with the date
}

// Rate returns the row as findings carry it. The reference names the table and the
// row, counted from 1.
func (t Table) rate(i int) model.ErrorRate {
	r := &t.Rows[i]
	ref := fmt.Sprintf("table %s %d, row %d", t.Name, t.Version, i+1)
	if r.Reference != "" {
		ref += ", " + r.Reference
	}
	return model.ErrorRate{
		Of: r.Of, Measured: true, Population: r.Population, Simulated: r.Simulated, N: r.N, FalsePos: r.FalsePos, FalseNeg: r.FalseNeg, Reference: ref,
	}
}

// Rates returns what was measured of a version of a heuristic for a kind of its
// findings, those on real populations first, else in the order of the table. Rows
// of that very kind go before, and in place of, rows of all kinds. It is what
// heuristics.Options.ErrorRates asks.
func (t Table) Rates(heuristic string, version int, kind string) []model.ErrorRate {
	for _, of := range [...]string{kind, ""} {
		var real, made []model.ErrorRate
		for i := range t.Rows {
			r := &t.Rows[i]
			if !r.Measured || r.Heuristic != heuristic || r.Version != version || r.Kind != of {
				continue
			}
			if r.Simulated {
				made = append(made, t.rate(i))
			} else {
				real = append(real, t.rate(i))
			}
		}
		if out := slices.Concat(real, made); len(out) > 0 {
			return out
		}
	}
	return nil
}

// Validate reports what is wrong with a table: rows without a population or a
// rule, counts that contradict each other, and two rows that measure the same on
// the same population.
func (t Table) Validate() error {
	var errs []error
	bad := func(i int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("row %d: "+format, append([]any{i + 1}, args...)...))
	}
	if t.Name == "" || t.Version < 1 {
		errs = append(errs, errors.New("name and version must be set"))
	}
	type key struct {
		population, heuristic, kind, of string
		version                         int
		simulated                       bool
	}
	seen := map[key]int{}
	for i, r := range t.Rows {
		if r.Heuristic == "" || r.Version < 1 || r.Of == "" {
			bad(i, "heuristic, version and what is claimed must be set")
		}
		switch counts := r.N != 0 || r.FalsePos != 0 || r.FalseNeg != 0; {
		case !r.Measured && counts:
			bad(i, "has counts and is not measured")
		case r.Measured && r.Population == "":
			bad(i, "is measured on no population")
		case r.Measured && (r.N <= 0 || r.FalsePos < 0 || r.FalseNeg < 0 || r.FalsePos > r.N || r.FalseNeg > r.N):
			bad(i, "%d false positives and %d false negatives of %d cases", r.FalsePos, r.FalseNeg, r.N)
		}
		k := key{r.Population, r.Heuristic, r.Kind, r.Of, r.Version, r.Simulated}
		if old, ok := seen[k]; ok {
			bad(i, "measures what row %d does", old+1)
		}
		seen[k] = i
	}
	if len(errs) > 0 {
		return fmt.Errorf("calibration: table %q: %w", t.Name, errors.Join(errs...))
	}
	return nil
}

// ReadTable reads a table as JSON, at most 16 MiB, and validates it. Keys that it
// does not know are an error.
func ReadTable(r io.Reader) (Table, error) {
	var t Table
	if err := readJSON(r, &t); err != nil {
		return Table{}, fmt.Errorf("calibration: table: %w", err)
	}
	return t, t.Validate()
}

// String writes the table for people: what was measured on real cases, then what
// was measured on simulated ones, each under a line that says so, then what was
// not measured.
func (t Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d\n", t.Name, t.Version)
	for _, part := range [...]struct {
		title string
		in    func(*Row) bool
	}{
		{"Real cases", func(r *Row) bool { return r.Measured && !r.Simulated }},
		{"Simulated cases", func(r *Row) bool { return r.Measured && r.Simulated }},
		{"Not measured", func(r *Row) bool { return !r.Measured }},
	} {
		title := part.title
		for i := range t.Rows {
			r := &t.Rows[i]
			if !part.in(r) {
				continue
			}
			if title != "" {
				fmt.Fprintf(&b, "%s\n", title)
				title = ""
			}
			b.WriteString("  ")
			if r.Population != "" {
				fmt.Fprintf(&b, "%s: ", r.Population)
			}
			fmt.Fprintf(&b, "%s %d", r.Heuristic, r.Version)
			if r.Kind != "" {
				fmt.Fprintf(&b, ", %s", r.Kind)
			}
			fmt.Fprintf(&b, ": %s", r.Of)
			if r.Measured {
				fmt.Fprintf(&b, ": %s; %s; n %d", Share("false positives", r.FalsePos, r.N), Share("false negatives", r.FalseNeg, r.N), r.N)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// Share writes k of n in words, with its interval: "3 false positives, 1.00 %
// (0.34-2.90 %)".
func Share(what string, k, n int) string {
	low, high := Wilson(k, n)
	if n <= 0 {
		return fmt.Sprintf("%d %s", k, what)
	}
	return fmt.Sprintf("%d %s, %s %% (%s-%s %%)", k, what, percent(share(k, n)), percent(low), percent(high))
}

// percent writes hundredths with two decimals.
func percent(p model.Probability) string {
	c := (p + 50) / 100
	return fmt.Sprintf("%d.%02d", c/100, c%100)
}
