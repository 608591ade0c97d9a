package model

import "slices"

// Clone returns a copy that shares no memory with f that its methods or users
// could write to.
func (f *Finding) Clone() Finding {
	c := *f
	c.Related = slices.Clone(f.Related)
	c.Score.Factors = slices.Clone(f.Score.Factors)
	c.Score.Open = clonePtr(f.Score.Open)
	c.Confidence.Reasons = slices.Clone(f.Confidence.Reasons)
	c.Amounts = slices.Clone(f.Amounts)
	for i := range c.Amounts {
		c.Amounts[i].Fiat = clonePtr(c.Amounts[i].Fiat)
	}
	c.Facts = slices.Clone(f.Facts)
	c.Evidence = slices.Clone(f.Evidence)
	for i := range c.Evidence {
		c.Evidence[i].Items = cloneItems(c.Evidence[i].Items)
	}
	c.Parts = cloneItems(f.Parts)
	c.Labels = slices.Clone(f.Labels)
	for i := range c.Labels {
		c.Labels[i].Derivation = slices.Clone(c.Labels[i].Derivation)
	}
	c.Premises = slices.Clone(f.Premises)
	c.Alternatives = slices.Clone(f.Alternatives)
	c.Counter = slices.Clone(f.Counter)
	for i := range c.Counter {
		c.Counter[i].Items = cloneItems(c.Counter[i].Items)
	}
	c.RefutedBy = slices.Clone(f.RefutedBy)
	c.Unseen = slices.Clone(f.Unseen)
	c.Search = slices.Clone(f.Search)
	c.Chance = clonePtr(f.Chance)
	c.Without = slices.Clone(f.Without)
	c.Sensitivity = slices.Clone(f.Sensitivity)
	c.ErrorRates = slices.Clone(f.ErrorRates)
	c.Parameters = slices.Clone(f.Parameters)
	return c
}

func cloneItems(is []Item) []Item {
	is = slices.Clone(is)
	for i := range is {
		if m := clonePtr(is[i].Value); m != nil {
			m.Fiat = clonePtr(m.Fiat)
			is[i].Value = m
		}
	}
	return is
}

func clonePtr[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
