package service

import (
	"fmt"
	"math/bits"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/cluster"
	"github.com/goldwash/goldwash/model"
)

// Index holds what a scope shows of the behaviour of its clusters, as columns.
// It does not change once built and is safe for concurrent use.
type Index struct {
	p        Params
	clusters *cluster.Index
	col      columns
	like     []bool // by cluster
	likes    int
}

// columns hold counts by cluster.
type columns struct {
	singleUse   []uint32 // addresses
	swept       []uint32 // addresses
	sweptPool   []bool   // one of them at least was paid by a fan-out
	mixed       []uint32 // sweeps
	withdrawals []uint32
	services    []uint32 // entities
	poolAddrs   []uint32 // addresses
	pools       []uint32 // payers
	signed      []uint32 // transactions
	hours       []uint32 // a bit for each
	payers      []uint32 // clusters
	payees      []uint32 // scripts
}

// Of returns the index that was built in the session of r.
func Of(r heuristics.Reader) *Index { return heuristics.IndexOf[*Index](r, Heuristic) }

// Like reports whether a's cluster looks like one of a service; it is the Like
// of [Index.Verdict], without its cost.
func (x *Index) Like(a model.Address) bool {
	if id, ok := x.clusters.ID(a); ok {
		return x.like[x.clusters.ClusterOf(id)]
	}
	return labelled(x.clusters.LabelsOn(a), x.p.LabelConfidence) != nil
}

// Likes returns the number of clusters that look like a service's.
func (x *Index) Likes() int { return x.likes }

// Verdict says whether a's cluster looks like one of a service. Of an address
// that the scope does not show, it knows the labels alone.
func (x *Index) Verdict(a model.Address) Verdict {
	label := labelled(x.clusters.Labels(a), x.p.LabelConfidence)
	id, ok := x.clusters.ID(a)
	if !ok {
		return x.p.verdict(label, counts{})
	}
	return x.p.verdict(label, x.col.of(x.clusters.ClusterOf(id)))
}

// labelled returns the label of a service that holds coins for others, the most
// confident one and of these the first; nil without one. What a cluster looks like
// has no time, so that a label protects whatever its bounds.
func labelled(ls []model.Label, least model.Probability) *model.Label {
	var best *model.Label
	for i := range ls {
		l := &ls[i]
		if cluster.Custodial(l, least, model.BlockRef{}) && (best == nil || l.Confidence > best.Confidence) {
			best = l
		}
	}
	return best
}

// counts are the columns of one cluster.
type counts struct {
	singleUse, swept, mixed, withdrawals, services, poolAddrs, pools, signed, hours, payers, payees uint32
	sweptPool                                                                                       bool
}

func (c *columns) of(i uint32) counts {
	return counts{
		c.singleUse[i], c.swept[i], c.mixed[i], c.withdrawals[i], c.services[i], c.poolAddrs[i], c.pools[i], c.signed[i], c.hours[i],
		c.payers[i], c.payees[i], c.sweptPool[i],
	}
}

// decide says whether the counts make a service, without the words.
func (p *Params) decide(n counts) (why string) {
	at := func(v uint32, least int) bool { return int(v) >= least }
	if at(n.swept, p.SweptStrong) && at(n.payers, p.SweptPayers) && n.sweptPool || n.mixed > 0 {
		return Swept
	}
	families := 0
	for _, yes := range [...]bool{
		at(n.singleUse, p.SingleUse) || at(n.swept, p.Swept) && at(n.payers, p.SweptPayers),
		at(n.withdrawals, p.Withdrawals),
		at(n.services, p.Services) || at(n.poolAddrs, p.PoolAddresses) && at(n.pools, p.Pools),
		n.hours == allHours && at(n.signed, p.Signed),
		at(n.payers, p.FanIn) && at(n.payees, p.Payees),
	} {
		if yes {
			families++
		}
	}
	if families >= p.Families {
		return ByVotes
	}
	return ""
}

const allHours = 1<<24 - 1

func (p *Params) verdict(label *model.Label, n counts) Verdict {
	at := func(v uint32, least int) bool { return int(v) >= least }
	name, confidence := "none", "any custodial category"
	if label != nil {
		name = fmt.Sprintf("%s (%s, %s)", label.Entity, label.Category, label.Confidence)
		confidence = p.LabelConfidence.String()
	}
	v := Verdict{Votes: []Vote{
		{"labelled", "label", name, confidence, label != nil},
		{"single_use_addresses", "deposits", num(n.singleUse), num(p.SingleUse), at(n.singleUse, p.SingleUse)},
		{
			"swept_addresses", "deposits", fmt.Sprintf("%d from %d payers", n.swept, n.payers),
			fmt.Sprintf("%d from %d payers", p.Swept, p.SweptPayers),
			at(n.swept, p.Swept) && at(n.payers, p.SweptPayers),
		},
		{
			"mixed_sweep", "deposits", num(n.mixed),
			fmt.Sprintf("1 of %d addresses with one receipt, from %d payers, %d by fan-outs", p.MixedSweep, p.MixedPayers, p.MixedFanOuts),
			n.mixed > 0,
		},
		{"batched_withdrawals", "withdrawals", num(n.withdrawals), num(p.Withdrawals), at(n.withdrawals, p.Withdrawals)},
		{"labelled_payers", "payers", num(n.services), num(p.Services), at(n.services, p.Services)},
		{
			"pool_paid_addresses", "payers", fmt.Sprintf("%d by %d fan-outs' payers", n.poolAddrs, n.pools),
			fmt.Sprintf("%d by %d", p.PoolAddresses, p.Pools),
			at(n.poolAddrs, p.PoolAddresses) && at(n.pools, p.Pools),
		},
		{
			"round_the_clock", "activity", fmt.Sprintf("%d transactions in %d hours of the day", n.signed, bits.OnesCount32(n.hours)),
			fmt.Sprintf("%d in 24", p.Signed), n.hours == allHours && at(n.signed, p.Signed),
		},
		{
			"fan_in_and_out", "flow", fmt.Sprintf("%d payers, %d payees", n.payers, n.payees),
			fmt.Sprintf("%d and %d", p.FanIn, p.Payees), at(n.payers, p.FanIn) && at(n.payees, p.Payees),
		},
	}}
	if label != nil {
		v.Why = Labelled
	} else {
		v.Why = p.decide(n)
	}
	v.Like = v.Why != ""
	return v
}

func num[N uint32 | int](n N) string { return fmt.Sprint(n) }
