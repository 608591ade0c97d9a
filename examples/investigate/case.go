package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/goldwash/goldwash/model"
)

// caseFile is an investigation in one file, in YAML or JSON: who is looked for,
// why, in what data, with which parameters. The schema is case.schema.json.
type caseFile struct {
	Version    int           `yaml:"goldwash_case"`
	Name       string        `yaml:"name,omitempty"`
	Notes      string        `yaml:"notes,omitempty"`
	Network    string        `yaml:"network,omitempty"`
	Sources    caseSources   `yaml:"sources"`
	Labels     []string      `yaml:"labels,omitempty"`
	Prices     []string      `yaml:"prices,omitempty"`
	Subjects   []caseSubject `yaml:"subjects,omitempty"`
	Range      *caseRange    `yaml:"range,omitempty"`
	Explore    *caseExplore  `yaml:"explore,omitempty"`
	Parameters *caseParams   `yaml:"parameters,omitempty"`
}

// caseSources names where the ledger comes from: one of ledger, blocks, esplora
// and replay, or embedded for the embedded case.
type caseSources struct {
	Embedded bool     `yaml:"embedded,omitempty"`
	Ledger   string   `yaml:"ledger,omitempty"`
	Blocks   []string `yaml:"blocks,omitempty"`
	Spent    []string `yaml:"spent,omitempty"`
	Esplora  string   `yaml:"esplora,omitempty"`
	Replay   string   `yaml:"replay,omitempty"`
}

// caseSubject is an address that is stated to be an actor's own.
type caseSubject struct {
	Address    string `yaml:"address"`
	Confidence string `yaml:"confidence,omitempty"`
	Entity     string `yaml:"entity,omitempty"`
	Notes      string `yaml:"notes,omitempty"`
}

type caseRange struct {
	From int `yaml:"from,omitempty"`
	To   int `yaml:"to,omitempty"`
}

type caseExplore struct {
	Forward int   `yaml:"forward,omitempty"`
	Back    int   `yaml:"back,omitempty"`
	MinSat  int64 `yaml:"min_sat,omitempty"`
	FanOut  int   `yaml:"fan_out,omitempty"`
	FanIn   int   `yaml:"fan_in,omitempty"`
	History int   `yaml:"history,omitempty"`
	Lookups int64 `yaml:"lookups,omitempty"`
}

type caseParams struct {
	Lookups  int64  `yaml:"lookups_per_evaluation,omitempty"`
	Currency string `yaml:"currency,omitempty"`
	Workers  int    `yaml:"workers,omitempty"`
}

const (
	caseVersion = 1
	maxCase     = 4 << 20
)

// readCase reads a case file. YAML holds JSON, so one decoder reads both. Keys
// that the schema does not have are errors, with their line.
func readCase(name string) (*caseFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCase+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxCase {
		return nil, fmt.Errorf("%s: larger than %d MiB", name, maxCase>>20)
	}
	c, err := decodeCase(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c.relativeTo(filepath.Dir(name))
	return c, nil
}

func decodeCase(text []byte) (*caseFile, error) {
	var c caseFile
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("empty")
		}
		return nil, err
	}
	if c.Version != caseVersion {
		return nil, fmt.Errorf("goldwash_case is %d, want %d", c.Version, caseVersion)
	}
	return &c, nil
}

// relativeTo makes the paths of a case relative to the folder that it lies in.
func (c *caseFile) relativeTo(dir string) {
	at := func(p string) string {
		if p == "" || filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, filepath.FromSlash(p))
	}
	all := func(ps []string) {
		for i := range ps {
			ps[i] = at(ps[i])
		}
	}
	c.Sources.Ledger, c.Sources.Replay = at(c.Sources.Ledger), at(c.Sources.Replay)
	all(c.Sources.Blocks)
	all(c.Sources.Spent)
	all(c.Labels)
	all(c.Prices)
}

// applyCase takes what a case file says. Flags that say what the case should say
// are contradictions; flags about the output go with it.
func (c *config) applyCase() error {
	k, err := readCase(string(c.caseName))
	if err != nil {
		return err
	}
	if c.ledger != "" || len(c.blocks)+len(c.spent)+len(c.labels)+len(c.prices)+len(c.subjects) > 0 || c.from != 0 || c.to != 0 || c.esplora != "" || c.replayFile != "" {
		return errors.New("-case says what is looked at, and excludes -ledger, -blocks, -spent, -esplora, -replay, -labels, -prices, -subject, -from and -to")
	}
	c.name, c.notes = k.Name, k.Notes
	if k.Network != "" {
		c.network = k.Network
	}
	s := k.Sources
	c.ledger, c.blocks, c.spent, c.esplora, c.replayFile = once(s.Ledger), s.Blocks, s.Spent, once(s.Esplora), once(s.Replay)
	if s.Embedded != c.embedded() {
		return fmt.Errorf("%s: sources: name one of ledger, blocks, esplora and replay, or embedded: true", c.caseName)
	}
	c.labels, c.prices = k.Labels, k.Prices
	c.stated = k.Subjects
	if r := k.Range; r != nil {
		c.from, c.to = r.From, r.To
	}
	if x := k.Explore; x != nil {
		c.explore = *x
	}
	if p := k.Parameters; p != nil {
		c.lookups = p.Lookups
		if c.currency == "" {
			c.currency = p.Currency
		}
		if c.workers == 0 {
			c.workers = p.Workers
		}
	}
	return nil
}

// label turns a subject of a case into a label.
func (s *caseSubject) label(net model.Network) (model.Label, error) {
	text := s.Address
	if s.Confidence != "" {
		text += "=" + s.Confidence
	}
	l, err := subject(text, net)
	if err != nil {
		return l, err
	}
	if s.Entity != "" {
		l.Entity = s.Entity
	}
	l.Source, l.Detail = "stated in the case file", s.Notes
	return l, nil
}

// initCase writes a case file with what the flags say, for the user to go on
// with.
func (c *config) initCase(name string) error {
	k := caseFile{
		Version: caseVersion, Name: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)),
		Notes: "Why this is looked into, and what is known from elsewhere.", Network: c.network,
		Sources: caseSources{Embedded: c.embedded(), Ledger: string(c.ledger), Blocks: c.blocks, Spent: c.spent, Esplora: string(c.esplora), Replay: string(c.replayFile)},
		Labels:  c.labels, Prices: c.prices,
	}
	for _, a := range c.actors {
		k.Subjects = append(k.Subjects, caseSubject{Address: a.On.ID(), Confidence: a.Confidence.String(), Entity: a.Entity, Notes: "Who says so, and why."})
	}
	slices.SortFunc(k.Subjects, func(a, b caseSubject) int { return strings.Compare(a.Address, b.Address) })
	if c.from != 0 || c.to != 0 {
		k.Range = &caseRange{c.from, c.to}
	}
	text, err := yaml.Marshal(&k)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append([]byte("# A case of goldwash. Paths are relative to this file.\n"), text...))
	return errors.Join(err, f.Close())
}
