// Package kestrel is the embedded case: an invented actor who steals coins, pays
// them to a hash marketplace and a cloud miner, collects payouts from two
// pools, and once spends both together, among bystanders who must not be named
// as the actor. All names are invented; the dates, amounts and prices are those
// of the case in the project's design.
//
// The actor's rows stand in case.ledger as they are. The pools' payouts are made
// by the rules of this file: Northpool pays about fifty members each night, from
// the coinbase outputs that its collector gathers; Tidewater pays twenty
// members in the coinbase itself.
package kestrel

import (
	_ "embed"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/goldwash/goldwash/sources/ledger"
)

//go:embed case.ledger
var rows string

// The case's span. Pool payouts begin in February, so that residents have a
// history before the first deposit.
var (
	first = time.Date(2022, 2, 1, 0, 0, 0, 0, time.UTC)
	last  = time.Date(2023, 2, 22, 0, 0, 0, 0, time.UTC)
)

const (
	firstHeight = 721_400 // of the chain on the first day
	members     = 180     // of Northpool, beside those with a name
	nightly     = 45      // of them paid each night
	tideMembers = 60      // of Tidewater
	tideOutputs = 20      // of each of its coinbases
)

// difficulties are those of mainnet, rounded to four digits, with the day from
// which each holds; what a payout says of the machines behind it depends on
// them.
var difficulties = []struct {
	from string
	d    int64
}{
	{"2022-02-01", 26_690e9}, {"2022-02-17", 27_970e9}, {"2022-03-03", 27_550e9}, {"2022-03-17", 27_450e9}, {"2022-03-31", 28_590e9},
	{"2022-04-13", 28_230e9}, {"2022-04-27", 29_790e9}, {"2022-05-10", 31_250e9}, {"2022-05-25", 29_900e9}, {"2022-06-08", 30_280e9},
	{"2022-06-22", 29_570e9}, {"2022-07-07", 29_150e9}, {"2022-07-21", 27_690e9}, {"2022-08-04", 28_170e9}, {"2022-08-18", 28_350e9},
	{"2022-08-31", 30_980e9}, {"2022-09-13", 32_050e9}, {"2022-09-28", 31_360e9}, {"2022-10-10", 35_610e9}, {"2022-10-24", 36_840e9},
	{"2022-11-07", 36_760e9}, {"2022-11-20", 36_950e9}, {"2022-12-06", 34_240e9}, {"2022-12-19", 35_360e9}, {"2023-01-03", 34_090e9},
	{"2023-01-16", 37_590e9}, {"2023-01-29", 39_350e9}, {"2023-02-12", 39_160e9},
}

// receipt is a payout that the case states: who is paid how much, by the payout
// of which night.
type receipt struct {
	owner string
	sat   int64
}

// stated lists the payouts of Northpool that the case states, first in their
// transaction and in this order.
var stated = map[string][]receipt{
	// Round 1, after 60,000,000 sat paid in.
	"2022-08-20": {{"P1", 7_950_000}}, "2022-08-21": {{"P1", 9_310_000}}, "2022-08-22": {{"P1", 9_275_000}},
	"2022-08-23": {{"P1", 9_280_000}}, "2022-08-24": {{"P1", 9_260_000}}, "2022-08-25": {{"P1", 9_295_000}},
	"2022-08-26": {{"P1", 1_480_000}},
	// Paid to a stranger's published address, at the actor's order.
	"2022-09-03": {{"DORA", 1_480_000}},
	// Round 2, after 40,000,000 sat.
	"2022-10-05": {{"P1", 6_550_000}}, "2022-10-06": {{"P1", 7_480_000}}, "2022-10-07": {{"P1", 7_420_000}},
	"2022-10-08": {{"P1", 7_510_000}}, "2022-10-09": {{"P1", 6_180_000}},
	// Two of the broker's clients mine.
	"2022-11-10": {{"BR#1", 4_120_577}}, "2022-11-12": {{"BR#2", 2_906_331}},
	// Round 4, to a deposit address at an exchange.
	"2022-12-24": {{"PX9", 2_750_000}}, "2022-12-26": {{"PX9", 2_732_000}},
}

// statedTide lists the payouts of Tidewater that the case states, with the
// coinbase in which each stands first.
var statedTide = map[string][]receipt{
	// Two more of the broker's clients.
	"2022-11-09": {{"BR#3", 8_871_200}}, "2022-11-14": {{"BR#4", 12_030_950}},
	// Round 3, after 50,000,000 sat.
	"2022-11-16": {{"P2", 11_200_000}}, "2022-11-18": {{"P2", 12_150_000}}, "2022-11-21": {{"P2", 11_900_000}}, "2022-11-23": {{"P2", 12_250_000}},
}

// Filled returns the text of the case with a block at every height, as on a real
// chain; [Text] leaves out the fifty thousand in which nothing happens.
func Filled() string { return "fill\n" + Text() }

// Text returns the ledger of the case, in the ledger language.
func Text() string {
	var events []event
	events = append(events, caseEvents()...)
	for day, i := first, 0; !day.After(last); day, i = day.AddDate(0, 0, 1), i+1 {
		events = append(events, northpool(day, i)...)
		if wd := day.Weekday(); wd == time.Monday || wd == time.Wednesday || wd == time.Friday {
			events = append(events, tidewater(day, i))
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	var b strings.Builder
	head, _, _ := strings.Cut(rows, "\ntime ")
	fmt.Fprintf(&b, "%s\n\ntime %s\nheight %d\n", head, first.Format(time.DateOnly), firstHeight)
	next := 0
	for _, e := range events {
		for ; next < len(difficulties) && difficulties[next].from <= e.at.Format(time.DateOnly); next++ {
			fmt.Fprintf(&b, "difficulty %d\n", difficulties[next].d)
		}
		fmt.Fprintf(&b, "time %s\n%s\n", e.at.Format("2006-01-02 15:04"), e.lines)
	}
	return b.String()
}

// Ledger returns the case, parsed.
func Ledger() (*ledger.File, error) { return ledger.Parse("kestrel.ledger", Text()) }

// event is some lines of the ledger with their time.
type event struct {
	at    time.Time
	lines string
}

// caseEvents cuts the rows of the case at their times, and fills in the inputs
// that refer to rules.
func caseEvents() []event {
	text := strings.NewReplacer(
		"MIA-PAYOUTS", miaPayouts(),
		"BROKER-CLIENTS", brokerClients(),
		"BROKER-INPUTS", brokerInputs(),
	).Replace(rows)
	_, text, _ = strings.Cut(text, "\ntime ")
	var out []event
	for part := range strings.SplitSeq(text, "\ntime ") {
		when, lines, _ := strings.Cut(part, "\n")
		at, err := time.Parse("2006-01-02 15:04", when)
		if err != nil {
			panic("kestrel: " + err.Error()) // the embedded text is part of the program
		}
		out = append(out, event{at, strings.TrimRight(lines, "\n")})
	}
	return out
}

// northpool returns a day of Northpool: a coinbase that its collector receives,
// and the nightly payout from the coinbase of two days before.
func northpool(day time.Time, i int) []event {
	cb := func(d time.Time) string { return "npcb" + d.Format("20060102") }
	out := []event{{day.Add(10 * time.Minute), fmt.Sprintf("coinbase %s: tag=\"/Northpool/\" => NP rest", cb(day))}}
	if i < 2 {
		return out
	}
	rs := append([]receipt(nil), stated[day.Format(time.DateOnly)]...)
	rs = append(rs, residents(day, i)...)
	for j := range nightly {
		k := (i*nightly + j) % members
		rs = append(rs, receipt{fmt.Sprintf("m#%d", k+1), income(k, i)})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tx np%s: %s.0 fee=31_000sat => ", day.Format("20060102"), cb(day.AddDate(0, 0, -2)))
	for _, r := range rs {
		fmt.Fprintf(&b, "%s %dsat, ", r.owner, r.sat)
	}
	b.WriteString("NP rest")
	return append(out, event{day.Add(2*time.Hour + 10*time.Minute), b.String()})
}

// residents returns what the members with a name are paid on a night.
func residents(day time.Time, i int) []receipt {
	var rs []receipt
	// Rita mines without a break from 11 February, 190 days before round 1. In
	// the week of round 1 she happens to receive nearly what the actor does.
	if n := int(day.Sub(time.Date(2022, 2, 11, 0, 0, 0, 0, time.UTC)).Hours() / 24); n >= 0 {
		rs = append(rs, receipt{"RITA", rita(day, i)})
	}
	if day.Weekday() == time.Wednesday {
		// A shopkeeper with a machine at home.
		rs = append(rs, receipt{"MIA", 1_100_000})
		// A hosting farm and its client, who split every payout 90 to 10.
		whole := income(members, i)
		rs = append(rs, receipt{"HAL", whole * 9 / 10}, receipt{"FARMHAND", whole / 10})
	}
	return rs
}

// rita's payouts of the week of round 1 sum to 55,810,000 sat.
var ritaWeek = map[string]int64{
	"2022-08-20": 7_961_200, "2022-08-21": 7_984_350, "2022-08-22": 7_958_900, "2022-08-23": 7_979_450,
	"2022-08-24": 7_966_700, "2022-08-25": 7_991_150, "2022-08-26": 7_968_250,
}

func rita(day time.Time, i int) int64 {
	if sat, ok := ritaWeek[day.Format(time.DateOnly)]; ok {
		return sat
	}
	return 7_900_000 + noise(991, i, 160_000)
}

// tidewater returns a coinbase of Tidewater, which pays its members in it.
func tidewater(day time.Time, i int) event {
	rs := append([]receipt(nil), statedTide[day.Format(time.DateOnly)]...)
	for j := 0; len(rs) < tideOutputs; j++ {
		k := (i*7 + j) % tideMembers
		rs = append(rs, receipt{fmt.Sprintf("t#%d", k+1), 15_000_000 + noise(5000+k, i, 15_000_000)})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "coinbase twcb%s: tag=\"/Tidewater/\" => ", day.Format("20060102"))
	for j, r := range rs {
		if j == len(rs)-1 {
			fmt.Fprintf(&b, "%s rest", r.owner)
			break
		}
		fmt.Fprintf(&b, "%s %dsat, ", r.owner, r.sat)
	}
	return event{day.Add(14*time.Hour + 30*time.Minute), b.String()}
}

// income is what member k of Northpool receives on night i: spread over nearly
// two decades between members, and by a twentieth from night to night.
func income(k, i int) int64 {
	base := int64(400_000)
	for range noise(k, 0, 24) {
		base = base * 117 / 100
	}
	return base + noise(k, i+1, base/20)
}

// noise returns a number from 0 to n-1 that depends on two others only.
func noise(a, b int, n int64) int64 {
	x := uint64(a)*0x9e3779b97f4a7c15 + uint64(b)*0xbf58476d1ce4e5b9 + 0x94d049bb133111eb
	for range 3 {
		x ^= x >> 31
		x *= 0xd6e8feb86659fd93
	}
	hi, _ := bits.Mul64(x, uint64(n))
	return int64(hi)
}

// miaPayouts names six of Mia's payouts.
func miaPayouts() string {
	var s []string
	for day := time.Date(2022, 9, 21, 0, 0, 0, 0, time.UTC); len(s) < 5; day = day.AddDate(0, 0, 7) {
		s = append(s, fmt.Sprintf("np%s.%d", day.Format("20060102"), place(day, "MIA")))
	}
	return strings.Join(s, " ")
}

// place returns the index of an owner in the payout of a night.
func place(day time.Time, owner string) int {
	i := int(day.Sub(first).Hours() / 24)
	rs := append(append([]receipt(nil), stated[day.Format(time.DateOnly)]...), residents(day, i)...)
	return slices.IndexFunc(rs, func(r receipt) bool { return r.owner == owner })
}

// The broker's twenty-two clients: four are paid by two pools, the others from
// wallets of their own.
const brokerClientCount = 22

func brokerClients() string {
	var b strings.Builder
	at := time.Date(2022, 11, 22, 0, 0, 0, 0, time.UTC)
	for k := 5; k <= brokerClientCount; k++ {
		at = at.Add(3*time.Hour + 20*time.Minute)
		fmt.Fprintf(&b, "\ntime %s\ntx br%d: new(client#%d) fee=1_900sat => BR#%d %dsat", at.Format("2006-01-02 15:04"), k, k, k, 600_000+noise(7000+k, 1, 9_000_000))
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func brokerInputs() string {
	s := []string{"np20221110.0", "np20221112.0", "twcb20221109.0", "twcb20221114.0"}
	for k := 5; k <= brokerClientCount; k++ {
		s = append(s, fmt.Sprintf("br%d.0", k))
	}
	return strings.Join(s, " ")
}
