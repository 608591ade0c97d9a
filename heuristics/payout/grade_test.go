package payout

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/heuristictest"
	"github.com/goldwash/goldwash/model"
)

// A payout is moderately founded where the rule's errors were measured, the label of
// the payer is good, and it is the third round in which it pays some of the same.
func TestGrade(t *testing.T) {
	f := heuristictest.Ledger(t, `
label Northpool: addr(np) category=mining_pool role=payout confidence=0.9
label Southpool: addr(sp) category=mining_pool role=payout confidence=0.45
label Westpool: addr(wp) category=mining_pool role=payout confidence=0.9
height 700100
tx n1: new(np) 50 => nm#1 4653114sat, nm#2 7209828sat, nm#3 7349911sat, nm#4 5472753sat, nm#5 4904915sat, nm#6 4256785sat, nm#7 8466182sat, nm#8 4082996sat, np rest
tx s1: new(sp) 50 => sm#1 8145524sat, sm#2 4716051sat, sm#3 8903791sat, sm#4 5738162sat, sm#5 5985286sat, sm#6 6164079sat, sm#7 7801808sat, sm#8 6501832sat, sp rest
tx w1: new(wp) 50 => wm#1 7331294sat, wm#2 8008654sat, wm#3 4831724sat, wm#4 6990166sat, wm#5 8378062sat, wm#6 5436301sat, wm#7 8239231sat, wm#8 8568234sat, wp rest
height 700110
tx n2: n1.8 => nm#1 8817840sat, nm#2 7919347sat, nm#3 7982539sat, nm#4 8861838sat, nm#5 5603181sat, nm#6 7810124sat, nm#7 7062334sat, nm#8 7412362sat, np rest
tx s2: s1.8 => sm#1 8825333sat, sm#2 8637602sat, sm#3 4106908sat, sm#4 6300218sat, sm#5 7556953sat, sm#6 7901643sat, sm#7 5077536sat, sm#8 5408832sat, sp rest
tx w2: w1.8 => wm#9 4710992sat, wm#10 4153357sat, wm#11 5085071sat, wm#12 7425104sat, wm#13 8599209sat, wm#14 8499193sat, wm#15 8796983sat, wm#16 7678563sat, wp rest
height 700300
tx n3: n2.8 => nm#1 7483282sat, nm#2 8980209sat, nm#3 5380685sat, nm#4 6367876sat, nm#5 4370006sat, nm#6 6989232sat, nm#7 6845407sat, nm#8 6782592sat, np rest
tx s3: s2.8 => sm#1 5149177sat, sm#2 7754260sat, sm#3 5444022sat, sm#4 5472733sat, sm#5 7951590sat, sm#6 6280390sat, sm#7 5195088sat, sm#8 4612604sat, sp rest
tx w3: w2.8 => wm#17 4637001sat, wm#18 8373469sat, wm#19 4218557sat, wm#20 6746146sat, wm#21 5733717sat, wm#22 6014078sat, wm#23 8890397sat, wm#24 8887021sat, wp rest
height 700500
tx n4: n3.8 => nm#1 6829083sat, nm#2 8698966sat, nm#3 6163814sat, nm#4 6084719sat, nm#5 4889593sat, nm#6 6017642sat, nm#7 6964784sat, nm#8 4872794sat, np rest
tx s4: s3.8 => sm#1 8817444sat, sm#2 5942482sat, sm#3 4842194sat, sm#4 4227266sat, sm#5 4015408sat, sm#6 6994636sat, sm#7 8564199sat, sm#8 8259130sat, sp rest
tx w4: w3.8 => wm#25 5074912sat, wm#26 7408738sat, wm#27 7115932sat, wm#28 7778264sat, wm#29 7647781sat, wm#30 6632766sat, wm#31 4560695sat, wm#32 8979255sat, wp rest
`)
	levels := func(fs []model.Finding) map[string]string {
		out := map[string]string{}
		for i := range fs {
			id, _ := fs[i].Subject.Tx()
			name, _ := f.TxName(id)
			out[name] = fs[i].Confidence.Level
		}
		return out
	}
	want := map[string]string{
		"n1": model.Low, "n2": model.Low, "n3": model.Low, "n4": model.Moderate, // n1 and n2 are one round
		"s2": model.Low, "s3": model.Low, "s4": model.Low, // by a weak label
		"w1": model.Low, "w2": model.Low, "w3": model.Low, "w4": model.Low, // always others
	}
	fs := heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, "", "payout", "payout/chain")
	if diff := cmp.Diff(want, levels(fs)); diff != "" {
		t.Errorf("measured (-want +got)\n%s", diff)
	}
	for i := range fs {
		id, _ := fs[i].Subject.Tx()
		if name, _ := f.TxName(id); name != "n4" {
			continue
		}
		if diff := cmp.Diff([]string{
			"no evidence of ownership; rounds: 3",
			"the weakest label that it rests on is held to be right with 0.90",
			"independent sources of its labels: 1",
			"the rate of error is measured, but not on a population like this one",
			"how many of the service's addresses are labelled is not known",
		}, fs[i].Confidence.Reasons); diff != "" {
			t.Errorf("reasons (-want +got)\n%s", diff)
		}
	}
	want["n4"] = model.Low
	if diff := cmp.Diff(want, levels(heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, ""))); diff != "" {
		t.Errorf("not measured (-want +got)\n%s", diff)
	}
}

// The critical questions of a payout stand in it with their answers.
func TestCriticalQuestions(t *testing.T) {
	const (
		corroborated = "Is the pool's tag corroborated by an address?"
		batch        = "Could this be an exchange's batch?"
	)
	pays := func(owner, from string) string {
		return "tx pay: " + from + " fee=0.0003 => m#1..9 0.04113207, m#10..18 0.05234119, m#19..27 0.06345231, m#28..36 0.07456343, m#37..45 0.08567457, " + owner + " rest\n"
	}
	const mined = `tag "/Northpool/" Northpool
tag "/Southpool/" Southpool
height 800000
coinbase cb: tag="/Northpool/" => collector rest
coinbase cb2: tag="/Northpool/" => collector rest
height 800200
tx mv: cb.0 => np rest
tx before: cb2.0 fee=0.0003 => m#1..9 0.05113207, m#10..18 0.04234119, m#19..27 0.05345231, m#28..36 0.0645634, m#37..45 0.0712399, collector rest
`
	const label = "label Northpool: addr(np) category=mining_pool confidence=0.95\n"
	for _, c := range []struct{ name, ledger, corroborated, batch string }{
		{"a label and coins of the pool", label + mined + pays("np", "mv.0"), "^yes: 100.0 % of the coins were mined by Northpool, whom a label names", "^no sign of it"},
		{"a label and coins of another", strings.Replace(label, "Northpool", "Eastpool", 1) + mined + pays("np", "mv.0"), "^no: 100.0 % of the coins were mined by Northpool$", "^no sign of it"},
		{"a label alone", label + pays("np", "new(np) 10"), "^unknown: no tag names who mined the coins; the payer is known by a label alone$", "^no sign of it"},
		{"coins alone", mined + "coinbase more: tag=\"/Northpool/\" => collector rest\nheight 800400\n" + pays("collector", "more.0"), "^unknown: the tags of the coinbase transactions name Northpool", "^no sign of it"},
		{"a custodian", label + "label Portmere: addr(np) category=exchange role=payout confidence=0.9\n" + pays("np", "new(np) 10"), "^unknown: no tag names", "^perhaps: a label names the payer as a custodian"},
		{"a generation transaction", mined + `coinbase pay: tag="/Southpool/" => m#1 0.31113207, m#2 0.42234119, m#3 0.43345231, m#4 0.44456343, m#5 0.45567457, m#6 0.46678211, m#7 0.47789123, m#8 0.48890245, m#9 0.49901367, m#10 0.51012489, m#11 rest` + "\n", "^no: no list names an address", "^no: only who mined the block"},
	} {
		f := heuristictest.Ledger(t, c.ledger)
		pay, _ := f.Tx("pay")
		n := 0
		for _, g := range heuristictest.Graded(t, f, Heuristic, heuristics.Scope{}, "") {
			if id, _ := g.Subject.Tx(); id != pay {
				continue
			}
			n++
			for question, answer := range map[string]string{corroborated: c.corroborated, batch: c.batch} {
				i := slices.IndexFunc(g.Premises, func(p model.Premise) bool { return p.Question == question })
				if i < 0 || !regexp.MustCompile(answer).MatchString(g.Premises[i].Answer) {
					t.Errorf("%s: %q is not answered by %q:\n%v", c.name, question, answer, g.Premises)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s: %d findings", c.name, n)
		}
	}
}
