package calibration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// Map corrects probabilities. It is stored as JSON beside what it was fitted on.
type Map struct {
	Name      string `json:"name"`
	Version   int    `json:"version"`
	Heuristic string `json:"heuristic,omitempty"` // whose probabilities it corrects
	// Population is what it was fitted on, and Simulated whether that was made.
	Population string `json:"population"`
	Simulated  bool   `json:"simulated"`
	N          int    `json:"n"`
	// Steps are sorted by From, the first from 0, and never fall.
	Steps []Step `json:"steps"`
}

// Step says that forecasts from From on, up to the next step, come true with Value.
type Step struct {
	From  model.Probability `json:"from"`
	Value model.Probability `json:"value"`
	N     int               `json:"n"` // samples
}

// Most is the highest value of a map, and Certain less it the lowest: a step in
// which all samples came true shows that many did, and not that all do.
const Most = model.MaxReported

// Isotonic fits the nondecreasing steps that are nearest to the samples by squared
// distance (pool adjacent violators: Ayer and others 1955). The caller fills in
// what the map is called and what it was fitted on. Without samples it is an
// error, since a map that changes nothing would pass for a calibrated one.
func Isotonic(samples []Sample) (Map, error) {
	if len(samples) == 0 {
		return Map{}, errors.New("calibration: no samples to fit")
	}
	sorted := slices.Clone(samples)
	slices.SortFunc(sorted, func(a, b Sample) int { return int(a.Forecast) - int(b.Forecast) })
	type block struct {
		from    model.Probability
		hits, n int
	}
	var blocks []block
	for _, s := range sorted {
		hit := 0
		if s.Outcome {
			hit = 1
		}
		if k := len(blocks); k > 0 && blocks[k-1].from == s.Forecast {
			blocks[k-1].hits += hit
			blocks[k-1].n++
			continue
		}
		blocks = append(blocks, block{s.Forecast, hit, 1})
	}
	// Merge each block into the one before while that one is higher.
	pooled := blocks[:0:0]
	for _, b := range blocks {
		for k := len(pooled); k > 0 && pooled[k-1].hits*b.n >= b.hits*pooled[k-1].n; k = len(pooled) {
			b = block{pooled[k-1].from, pooled[k-1].hits + b.hits, pooled[k-1].n + b.n}
			pooled = pooled[:k-1]
		}
		pooled = append(pooled, b)
	}
	m := Map{N: len(samples)}
	for i, b := range pooled {
		if i == 0 {
			b.from = 0
		}
		v := min(max(share(b.hits, b.n), model.Certain-Most), Most)
		m.Steps = append(m.Steps, Step{b.from, v, b.n})
	}
	return m, nil
}

// Apply returns what forecasts of p came to. A map without steps changes nothing.
func (m Map) Apply(p model.Probability) model.Probability {
	i, found := slices.BinarySearchFunc(m.Steps, p, func(s Step, p model.Probability) int { return int(s.From) - int(p) })
	if !found {
		i--
	}
	if i < 0 {
		return p
	}
	return m.Steps[i].Value
}

// Validate reports what is wrong with a map: no name, version or population, no
// steps, or steps that are out of order, fall, or are out of range.
func (m Map) Validate() error {
	var errs []error
	if m.Name == "" || m.Version < 1 || m.Population == "" {
		errs = append(errs, errors.New("name, version and population must be set"))
	}
	if len(m.Steps) == 0 || m.Steps[0].From != 0 {
		errs = append(errs, errors.New("the first step must be from 0"))
	}
	for i, s := range m.Steps {
		switch {
		case s.From > model.Certain || s.Value > model.Certain:
			errs = append(errs, fmt.Errorf("step %d: a probability of more than 1", i))
		case i > 0 && s.From <= m.Steps[i-1].From:
			errs = append(errs, fmt.Errorf("step %d: does not come after step %d", i, i-1))
		case i > 0 && s.Value < m.Steps[i-1].Value:
			errs = append(errs, fmt.Errorf("step %d: a higher forecast is worth less", i))
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("calibration: map %q: %w", m.Name, errors.Join(errs...))
	}
	return nil
}

// maxFile bounds the files that this package reads.
const maxFile = 16 << 20

// ReadMap reads a map as JSON, at most 16 MiB, and validates it. Keys that it does
// not know are an error.
func ReadMap(r io.Reader) (Map, error) {
	var m Map
	if err := readJSON(r, &m); err != nil {
		return Map{}, fmt.Errorf("calibration: map: %w", err)
	}
	return m, m.Validate()
}

func readJSON(r io.Reader, v any) error {
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		// One value and nothing behind it.
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more follows what is read")
		}
	}
	if limited.N <= 0 {
		return fmt.Errorf("larger than %d bytes", maxFile)
	}
	return err
}
