package heuristics

import (
	"slices"

	"github.com/goldwash/goldwash/model"
)

// marked are the addresses with labels of the categories that filters ask for. Few
// labels are of these, so that a sweep asks the sources about no address to know
// which transactions it can pass by.
type marked struct {
	wanted map[model.Category]bool
	by     map[model.Address][]model.Category
}

func newMarked(hs []*Heuristic) marked {
	m := marked{map[model.Category]bool{}, map[model.Address][]model.Category{}}
	for _, h := range hs {
		for i := range h.Select {
			for _, c := range slices.Concat(h.Select[i].Pays, h.Select[i].Spends) {
				m.wanted[c] = true
			}
		}
	}
	return m
}

func (m *marked) add(l *model.Label) {
	a, ok := l.On.Address()
	if ok && m.wanted[l.Category] && !slices.Contains(m.by[a], l.Category) {
		m.by[a] = append(m.by[a], l.Category)
	}
}

// of returns the categories that filters may ask for.
func (m *marked) of(a model.Address) []model.Category {
	if len(m.by) == 0 {
		return nil
	}
	return m.by[a]
}
