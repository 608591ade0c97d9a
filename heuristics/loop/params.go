package loop

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goldwash/goldwash/heuristics/beneficiary"
	"github.com/goldwash/goldwash/model"
)

const day = 24 * time.Hour

// Params are the parameters. [DefaultParams] has their defaults.
type Params struct {
	// RoundGap is the longest time between two deposits of one round.
	RoundGap time.Duration
	// MinSat is the least that must remain of a round after returns.
	MinSat model.Amount
	// StartWithin is how long after the last deposit of a round the first
	// payout may come, and OrderMax how long an order runs; a round has as many
	// orders as deposits, together at most OrdersMax. Settlement is how long a
	// pool may take after that.
	StartWithin, OrderMax, OrdersMax, Settlement time.Duration
	// RatioMin and RatioMax bound payouts over deposits.
	RatioMin, RatioMax model.Probability
	// The same for contracts of cloud miners: CloudLength is the length of a
	// contract, CloudSettle how long its last payout may take.
	CloudStart, CloudLength, CloudSettle time.Duration
	CloudMin, CloudMax                   model.Probability
	// Ratio is the median of payouts over deposits for a buyer, and Sigma the
	// standard deviation of its logarithm; SigmaAbroad where coins of several
	// ledgers are compared by their value.
	Ratio, Sigma, SigmaAbroad model.Probability
	// Samples is how many beneficiaries there must be for their payouts to
	// give a density; with fewer it is uniform in the logarithm over the
	// observed range, of at least Range.
	Samples int
	Range   model.MicroNats
	// A buyer's payouts start within Start after the last deposit. Those of
	// others do so by chance at the rate observed in StartSpan around the
	// deposit, and at no less than one in StartSpan for each beneficiary. A
	// payout is a start where Quiet passed since the one before, and that much
	// of the data was seen.
	Start, StartSpan, Quiet time.Duration
	// Weights of a last payment below the median with none after it; of
	// residents, who are paid at ResidentRate of the train's rate for Resident
	// before; and of payouts that continue at that rate for Continue after the
	// money is exhausted.
	Stop, ResidentWeight, ContinueWeight model.MicroNats
	ResidentRate                         model.Probability
	Resident, Continue                   time.Duration
	// Train are the parameters of the test for the shape of rented hash power.
	Train beneficiary.Params
	// Repetition is what quantity and start of every further round count for.
	Repetition model.Probability
	// Weights of evidence for one owner. C1 is the likelihood ratio of one
	// transaction that signs for both sides.
	SameCluster, C2, Forwarded, Change model.MicroNats
	C1                                 int64
	// Weights against: the service paid back WithdrawnShare of a round, and a
	// label or behaviour makes the beneficiary a service, a farm or a seller.
	Withdrawn, Labelled model.MicroNats
	WithdrawnShare      model.Probability
	// Pi0 is the least prior probability that the buyer is paid outside the
	// data. It is more where less of what the pools mined is seen in payouts.
	// Findings state their number at Pi0Low and Pi0High too.
	// Where that cannot be measured, because no block of theirs was seen, it is
	// Pi0Unmeasured, and there are taken to be Unmeasured candidates at least:
	// a handful that was seen does not make each of them likely.
	Pi0, Pi0Low, Pi0High, Pi0Unmeasured model.Probability
	Unmeasured                          int
	// CapUnowned is the most that is reported without evidence of one owner,
	// Cap the most with it.
	CapUnowned, Cap model.Probability
	// MinLead is the least probability that is reported, and RivalNats how near
	// others must come to be listed.
	MinLead   model.Probability
	RivalNats model.MicroNats
	// Shifts is how many times the deposits are shifted, by ShiftMin to
	// ShiftMax either way, to see what chance does; Room is how much of such
	// shifts the data must have room for. Seed begins the series of random
	// numbers. Significance is the most that the corrected p may be for a
	// finding to be more than a lead.
	Shifts                   int
	ShiftMin, ShiftMax, Room time.Duration
	Seed                     uint64
	Significance             model.Probability
	// Weeks is for how many weeks cumulative payouts must follow cumulative
	// deposits, and WeeksPaid in how many of them deposits must be.
	Weeks, WeeksPaid int
	// Abroad are beneficiaries on other ledgers, see [Abroad].
	Abroad []Abroad
	// LeaveOut are transactions that are not to be used as evidence.
	LeaveOut []model.TxID
	// MaxRounds bounds how many rounds of an actor and a service are looked at,
	// the largest, and MaxParts what a finding lists of each sort; 0 bounds no
	// rounds.
	MaxRounds, MaxParts int
}

// Abroad is a beneficiary that was found on another ledger, in a session of its
// own. Where any is given, everything is compared by its value in the currency of
// the session at the time of its transaction, which takes prices.
type Abroad struct {
	// Party joins beneficiaries into one candidate, as an account of a pool is
	// that pays several coins; empty for one alone. The caller answers for it.
	Party       string
	Beneficiary *beneficiary.Beneficiary
	// Values are those of its receipts, in hundredths of the currency; a
	// negative one is unknown.
	Values []int64
}

// DefaultParams returns the defaults.
func DefaultParams() Params {
	return Params{
		RoundGap: 72 * time.Hour, MinSat: 20_001,
		StartWithin: 5 * day, OrderMax: 10 * day, OrdersMax: 30 * day, Settlement: 3 * day,
		RatioMin: model.Percent(70), RatioMax: model.Percent(115),
		CloudStart: 14 * day, CloudLength: 365 * day, CloudSettle: 7 * day,
		CloudMin: model.Percent(10), CloudMax: model.Percent(110),
		Ratio: model.Percent(93), Sigma: model.Percent(8), SigmaAbroad: model.Percent(15),
		Samples: 200, Range: model.Nat,
		Start: 3 * day, StartSpan: 90 * day, Quiet: 30 * day,
		Stop: model.Nat, ResidentWeight: -2_300_000, ContinueWeight: -1_600_000,
		ResidentRate: model.Percent(50), Resident: 60 * day, Continue: 14 * day,
		Train:       beneficiary.DefaultParams(),
		Repetition:  model.Percent(80),
		SameCluster: 6 * model.Nat, C1: 200, C2: 4 * model.Nat, Forwarded: 3 * model.Nat, Change: 5 * model.Nat,
		Withdrawn: -3 * model.Nat, WithdrawnShare: model.Percent(70), Labelled: -4 * model.Nat,
		Pi0: model.Percent(50), Pi0Low: model.Percent(20), Pi0High: model.Percent(80), Pi0Unmeasured: model.Percent(80), Unmeasured: 200,
		CapUnowned: model.Percent(80), Cap: model.Percent(99),
		MinLead: model.Percent(5), RivalNats: model.Nat,
		Shifts: 999, ShiftMin: 30 * day, ShiftMax: 365 * day, Room: 60 * day, Seed: 1, Significance: model.Percent(5),
		Weeks: 8, WeeksPaid: 6,
		MaxRounds: 50, MaxParts: 40,
	}
}

// Parameters lists them with their values and where those come from. Those of the
// test of trains stand among the parameters of package beneficiary.
func (p Params) Parameters() []model.Parameter {
	var out []model.Parameter
	add := func(name string, value any, source string) {
		out = append(out, model.Parameter{Name: "loop." + name, Value: fmt.Sprint(value), Origin: model.Chosen, Source: source})
	}
	hours := func(name string, d time.Duration, source string) {
		add(name+"_hours", strconv.FormatInt(int64(d/time.Hour), 10), source)
	}
	const ratio = "the ratio model of section 2.4 of the heuristics reference"
	const weights = "section 12.3 of the heuristics reference"
	hours("round_gap", p.RoundGap, "")
	add("min_sat", int64(p.MinSat), "as in package deposit")
	hours("start_within", p.StartWithin, "one cadence of the pool and the accrual of its least payout")
	out = append(out, model.Parameter{Name: "loop.order_max_hours", Value: strconv.FormatInt(int64(p.OrderMax/time.Hour), 10), Origin: model.Published, Source: "NiceHash: STANDARD orders last at most 10 days"})
	hours("orders_max", p.OrdersMax, "")
	hours("settlement", p.Settlement, "")
	add("ratio_min", p.RatioMin, ratio)
	add("ratio_max", p.RatioMax, ratio)
	hours("cloud_start", p.CloudStart, "")
	hours("cloud_length", p.CloudLength, "contracts of months to years")
	hours("cloud_settle", p.CloudSettle, "")
	add("cloud_ratio_min", p.CloudMin, "")
	add("cloud_ratio_max", p.CloudMax, "")
	add("ratio_median", p.Ratio, ratio)
	add("ratio_sigma", p.Sigma, ratio)
	add("ratio_sigma_abroad", p.SigmaAbroad, ratio)
	add("samples", p.Samples, "")
	add("range_nats", p.Range, "")
	hours("start", p.Start, "")
	hours("start_span", p.StartSpan, "")
	hours("quiet", p.Quiet, "as in package beneficiary")
	add("stop_nats", p.Stop, weights)
	add("resident_nats", p.ResidentWeight, weights)
	add("resident_rate", p.ResidentRate, weights)
	hours("resident", p.Resident, weights)
	add("continue_nats", p.ContinueWeight, weights)
	hours("continue", p.Continue, weights)
	add("repetition", p.Repetition, "discounts habits that strangers share")
	add("same_cluster_nats", p.SameCluster, weights)
	add("c1_ratio", p.C1, weights)
	add("c2_nats", p.C2, weights)
	add("forwarded_nats", p.Forwarded, weights)
	add("change_nats", p.Change, weights)
	add("withdrawn_nats", p.Withdrawn, weights)
	add("withdrawn_share", p.WithdrawnShare, weights)
	add("labelled_nats", p.Labelled, weights)
	add("pi0", p.Pi0, "and no less than what is not seen of what the pools mined")
	add("pi0_unmeasured", p.Pi0Unmeasured, "where no block of the pools was seen")
	add("unmeasured_candidates", p.Unmeasured, "where no block of the pools was seen")
	add("pi0_low", p.Pi0Low, "")
	add("pi0_high", p.Pi0High, "")
	add("cap_without_ownership", p.CapUnowned, "")
	add("cap", p.Cap, "")
	add("min_lead", p.MinLead, "")
	add("rival_nats", p.RivalNats, weights)
	add("permutations", p.Shifts, "")
	hours("shift_min", p.ShiftMin, "")
	hours("shift_max", p.ShiftMax, "")
	hours("shift_room", p.Room, "")
	add("seed", p.Seed, "")
	add("significance", p.Significance, "")
	add("steady_weeks", p.Weeks, "")
	add("steady_weeks_paid", p.WeeksPaid, "")
	add("max_rounds", p.MaxRounds, "")
	add("max_parts", p.MaxParts, "")
	left := make([]string, len(p.LeaveOut))
	for i, id := range p.LeaveOut {
		left[i] = id.String()
	}
	none := func(ss []string) string {
		if len(ss) == 0 {
			return "none"
		}
		return strings.Join(ss, " ")
	}
	add("leave_out", none(left), "given by the caller")
	var abroad []string
	for i := range p.Abroad {
		a := &p.Abroad[i]
		if a.Beneficiary != nil {
			abroad = append(abroad, fmt.Sprintf("%s:%s:%d", a.Party, a.Beneficiary.Head, len(a.Beneficiary.Receipts)))
		}
	}
	add("abroad", none(abroad), "given by the caller")
	return out
}
