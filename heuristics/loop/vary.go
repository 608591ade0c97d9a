package loop

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goldwash/goldwash/model"
)

// leaveOut states what would be concluded without each item.
func (w *telling) leaveOut() {
	add := func(text string, v *verdict) {
		w.Without = append(w.Without, model.LeftOut{Text: text, Kind: v.kind, Probability: v.score.Probability})
	}
	extra := w.extra[w.f.b]
	if w.v.owned {
		signs := 0
		for i := range extra {
			if extra[i].Family == ownershipFamily {
				signs++
			}
		}
		name := w.owner[w.f.b].name()
		if signs > 1 {
			name += ", and every other sign of one owner"
		}
		add("without "+name, w.judge(w.a, w.f, extra, w.people.pi0, true))
	}
	if len(w.counts) < 2 {
		return
	}
	for _, r := range w.counts {
		if g, ok := w.a.only(w.f, func(k int) bool { return k != r }); ok {
			add(fmt.Sprintf("without round %d", w.rounds[r].number), w.judge(w.a, &g, extra, w.people.pi0, false))
		}
	}
	for _, r := range w.counts {
		if g, ok := w.a.only(w.f, func(k int) bool { return k == r }); ok {
			add(fmt.Sprintf("round %d alone", w.rounds[r].number), w.judge(w.a, &g, extra, w.people.pi0, true))
		}
	}
}

func (o owned) name() string {
	if o.tx != (model.TxID{}) {
		return fmt.Sprintf("%s, transaction %s", o.what, o.tx)
	}
	return o.what
}

// stands says what a range is of.
func stands(v *verdict) string {
	return v.kind + ", on the same side of one half; what chance does is not computed anew"
}

// sensitivity finds for each parameter the range in which kind and the side of
// one half stay what they are. Chance is not computed anew.
func (c *cause) sensitivity(f *fitted, v *verdict) []model.Sensitivity {
	holds := func(p Params, pi0 model.Probability) bool {
		r := &rule{Params: p}
		rounds := c.rounds
		if p.RoundGap != c.RoundGap {
			rounds = r.largest(r.rounds(nil, c.party))
		}
		a := r.analyse(c.people, rounds, &p)
		k, ok := a.at[f.b]
		if !ok {
			return false
		}
		d := &cause{search: c.search, party: c.party, rounds: rounds, a: a, extra: c.extra, owner: c.owner, null: c.null, room: c.room, done: true}
		w := d.judge(a, &a.fitted[k], c.extra[f.b], pi0, false)
		return w.kind == v.kind && (w.score.Probability >= model.Percent(50)) == (v.score.Probability >= model.Percent(50))
	}
	var out []model.Sensitivity
	vary := func(name, value string, n int, down, up func(i int) (string, bool)) {
		s := model.Sensitivity{Parameter: name, Value: value, From: value, To: value, OpenFrom: true, OpenTo: true,
			Text: stands(v)}
		for i := range n {
			text, ok := down(i)
			if text == "" {
				break
			}
			if !ok {
				s.OpenFrom = false
				break
			}
			s.From = text
		}
		for i := range n {
			text, ok := up(i)
			if text == "" {
				break
			}
			if !ok {
				s.OpenTo = false
				break
			}
			s.To = text
		}
		out = append(out, s)
	}
	// Probabilities move by steps of hundredths.
	prob := func(name string, get func(*Params) *model.Probability, step, lo, hi int) {
		now := *get(&c.Params)
		at := func(dir int) func(i int) (string, bool) {
			return func(i int) (string, bool) {
				q := int(now) + dir*(i+1)*step*10_000
				if q < lo*10_000 || q > hi*10_000 {
					return "", false
				}
				p := c.Params
				*get(&p) = model.Probability(q)
				pi0 := c.people.pi0
				return model.Probability(q).String(), holds(p, pi0)
			}
		}
		vary("loop."+name, now.String(), 12, at(-1), at(1))
	}
	span := func(name string, get func(*Params) *time.Duration, step time.Duration, lo, hi time.Duration) {
		now := *get(&c.Params)
		text := func(d time.Duration) string { return strconv.FormatInt(int64(d/time.Hour), 10) }
		at := func(dir time.Duration) func(i int) (string, bool) {
			return func(i int) (string, bool) {
				d := now + dir*time.Duration(i+1)*step
				if d < lo || d > hi {
					return "", false
				}
				p := c.Params
				*get(&p) = d
				return text(d), holds(p, c.people.pi0)
			}
		}
		vary("loop."+name+"_hours", text(now), 12, at(-1), at(1))
	}
	c.variedPi0(f, v, &out)
	c.variedLabel(f, v, &out)
	if c.flow != nil {
		return out
	}
	prob("ratio_median", func(p *Params) *model.Probability { return &p.Ratio }, 4, 60, 110)
	prob("ratio_sigma", func(p *Params) *model.Probability {
		if c.people.abroad {
			return &p.SigmaAbroad
		}
		return &p.Sigma
	}, 2, 2, 30)
	prob("ratio_min", func(p *Params) *model.Probability { return &p.RatioMin }, 5, 40, 95)
	prob("ratio_max", func(p *Params) *model.Probability { return &p.RatioMax }, 5, 95, 160)
	prob("repetition", func(p *Params) *model.Probability { return &p.Repetition }, 20, 0, 100)
	span("start_within", func(p *Params) *time.Duration { return &p.StartWithin }, 24*time.Hour, 24*time.Hour, 14*day)
	span("start", func(p *Params) *time.Duration { return &p.Start }, 12*time.Hour, 12*time.Hour, 10*day)
	span("round_gap", func(p *Params) *time.Duration { return &p.RoundGap }, 24*time.Hour, 24*time.Hour, 10*day)
	if v.owned {
		if w := ownership(c.extra[f.b]); w > 0 {
			c.variedOwnership(f, v, w, &out)
		}
	}
	return out
}

// variedPi0 varies the prior that the buyer is paid elsewhere.
func (c *cause) variedPi0(f *fitted, v *verdict, out *[]model.Sensitivity) {
	now := c.people.pi0
	s := model.Sensitivity{Parameter: "loop.pi0", Value: now.String(), From: now.String(), To: now.String(), OpenFrom: true, OpenTo: true,
		Text: stands(v)}
	holds := func(q model.Probability) bool {
		w := c.judge(c.a, f, c.extra[f.b], q, false)
		return w.kind == v.kind && (w.score.Probability >= model.Percent(50)) == (v.score.Probability >= model.Percent(50))
	}
	for q := now; q > model.Percent(5); {
		q -= min(q, model.Percent(5))
		if q = max(q, model.Percent(5)); !holds(q) {
			s.OpenFrom = false
			break
		}
		s.From = q.String()
	}
	for q := now; q < model.Percent(99); {
		if q = min(q+model.Percent(5), model.Percent(99)); !holds(q) {
			s.OpenTo = false
			break
		}
		s.To = q.String()
	}
	*out = append(*out, s)
}

// variedLabel varies what the label of the service is worth.
func (c *cause) variedLabel(f *fitted, v *verdict, out *[]model.Sensitivity) {
	now := v.seed
	s := model.Sensitivity{Parameter: "confidence of the label of the service", Value: now.String(), From: now.String(), To: now.String(), OpenFrom: true, OpenTo: true,
		Text: stands(v)}
	d := *c
	holds := func(q model.Probability) bool {
		d.seed = q
		w := d.judge(c.a, f, c.extra[f.b], c.people.pi0, false)
		return w.kind == v.kind && (w.score.Probability >= model.Percent(50)) == (v.score.Probability >= model.Percent(50))
	}
	for q := now; q > model.Percent(5); {
		q = max(q-min(q, model.Percent(5)), model.Percent(5))
		if !holds(q) {
			s.OpenFrom = false
			break
		}
		s.From = q.String()
	}
	for q := now; q < model.Certain; {
		q = min(q+model.Percent(5), model.Certain)
		if !holds(q) {
			s.OpenTo = false
			break
		}
		s.To = q.String()
	}
	*out = append(*out, s)
}

func ownership(extra []model.Evidence) (w model.MicroNats) {
	for i := range extra {
		if extra[i].Family == ownershipFamily {
			w = max(w, extra[i].Weight)
		}
	}
	return w
}

// variedOwnership varies how much the sign of one owner weighs.
func (c *cause) variedOwnership(f *fitted, v *verdict, now model.MicroNats, out *[]model.Sensitivity) {
	s := model.Sensitivity{Parameter: "loop: weight of ownership in nats", Value: now.String(), From: now.String(), To: now.String(), OpenFrom: true, OpenTo: true,
		Text: stands(v)}
	holds := func(w model.MicroNats) bool {
		x := c.judge(c.a, f, scaled(c.extra[f.b], w, now), c.people.pi0, false)
		return x.kind == v.kind && (x.score.Probability >= model.Percent(50)) == (v.score.Probability >= model.Percent(50))
	}
	for w := now - model.Nat/2; w > 0; w -= model.Nat / 2 {
		if !holds(w) {
			s.OpenFrom = false
			break
		}
		s.From = w.String()
	}
	for w := now + model.Nat/2; w <= model.FamilyCap; w += model.Nat / 2 {
		if !holds(w) {
			s.OpenTo = false
			break
		}
		s.To = w.String()
	}
	*out = append(*out, s)
}

// scaled returns the evidence with that of ownership at another weight, and its
// doubt in proportion.
func scaled(extra []model.Evidence, to, from model.MicroNats) []model.Evidence {
	out := append([]model.Evidence(nil), extra...)
	for i := range out {
		if e := &out[i]; e.Family == ownershipFamily && e.Weight != 0 {
			e.Discounted = e.Discounted * to / from
			e.Weight = to
		}
	}
	return out
}
