package commingle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
)

// What opposing counsel would ask of the finding about one transaction, and what it
// must answer.
func TestWhatCounselAsks(t *testing.T) {
	for _, c := range []struct {
		file      string
		says, not []string
	}{
		{
			"c1_slip",
			[]string{
				"fact attributed: bc1q59s6yryuy36ge9pt4davwtenh6adpdt9k703zc is Kestrel's: 0.90 by label", "was paid by mining, by Northpool: 0.",
				"Were the coins mined, and was this a payout? not known for certain: probability 0.", "was no payout",
				"refuted: The pool's record that it made no such payout", "held: they lie at an address whose key the label gives to the actor",
				"payjoin? no: the amounts do not fit", "label Northpool", "label Kestrel", "reason 0: ownership: ", "reason 5: two parties or a custodian can sign",
			},
			[]string{"not tested", "counter found"},
		},
		{
			"c1_another_actor_among_the_inputs",
			[]string{"Two parties signed: ", "Beta's by a label with confidence 0.40", "another actor's, not counted as attributed", "label Beta", "figure attributed 35000000"},
			[]string{"is Beta's: 0.40 by label"},
		},
		{
			"c1_small_receipt_of_a_surer_payout",
			[]string{"mined"},
			[]string{"at most"},
		},
		{
			"c1_input_of_unknown_value",
			[]string{"payjoin? not tested: the owner or the value of an input is unknown", "fact mined share: at most 0.2096", "fact attributed share: at most 0.7904", "fact other share: at least 0.0000", "unseen: Whether it is a payjoin: not tested"},
			[]string{"counter the shape of a payjoin", "whose owner is unknown"},
		},
		{
			"c1_input_of_unknown_owner",
			[]string{"keys? not tested for 1 of 3 inputs, whose owner is unknown", "cap: the owner of an input is unknown", "of those 2 of 3 whose owner is known", "fact mined share: at most"},
			[]string{"counter the shape of a payjoin", "keys? no: no label"},
		},
		{
			"c1_weak_label_of_a_custodian",
			[]string{"counter found: a label with less than even confidence, 0.01, that ", "is a custodian's: Junk", "label Junk"},
			nil,
		},
		{
			"c1_two_names_on_one_address",
			[]string{"is Beta's and not Alpha's, by a label with confidence 0.89", "label Alpha", "label Beta"},
			nil,
		},
		{
			"c1_label_of_no_role",
			[]string{"unknown: the label does not say whether it is a key or an account.", "is the actor's account at a custodian"},
			[]string{"held:"},
		},
		{
			"c1_payout_address_is_labelled_too",
			[]string{"; it is Kestrel's too: 0.90 by label", "figure mined 9280000", "figure attributed 35000000"},
			nil,
		},
		{
			"c1_payout_straight_to_the_actors_address",
			[]string{"figure mined 9280000", "figure attributed 35000000"},
			nil,
		},
	} {
		t.Run(c.file, func(t *testing.T) {
			fs := sweep(t, session(t, "testdata/"+c.file+".ledger"))
			fs = slices.DeleteFunc(fs, func(f model.Finding) bool { return f.Kind != Kind })
			if len(fs) != 1 {
				t.Fatalf("%d findings", len(fs))
			}
			text := told(&fs[0])
			for _, s := range c.says {
				if !strings.Contains(text, s) {
					t.Errorf("does not say %q:\n%s", s, text)
				}
			}
			for _, s := range c.not {
				if strings.Contains(text, s) {
					t.Errorf("says %q:\n%s", s, text)
				}
			}
			for _, s := range []string{"Kestrel", "Northpool", "BTC", "mined"} {
				if strings.Contains(fs[0].Claim, s) {
					t.Errorf("the claim is to be about keys, and says %q: %q", s, fs[0].Claim)
				}
			}
		})
	}
}

// told writes a finding out, a line for each statement.
func told(f *model.Finding) string {
	var b strings.Builder
	for _, x := range f.Amounts {
		fmt.Fprintf(&b, "figure %s %d\n", x.Role, int64(x.Amount))
	}
	for _, x := range f.Facts {
		fmt.Fprintf(&b, "fact %s: %s\n", x.Name, x.Value)
	}
	for _, x := range f.Premises {
		fmt.Fprintf(&b, "premise %s %s %s\n", x.Text, x.Question, x.Answer)
	}
	for _, x := range f.Alternatives {
		fmt.Fprintf(&b, "alternative %s %s\n", x.Text, x.WhyNot)
	}
	for _, x := range f.Counter {
		if x.Found {
			b.WriteString("counter found: ")
		} else {
			b.WriteString("counter ")
		}
		fmt.Fprintln(&b, x.Text)
	}
	for _, x := range f.RefutedBy {
		fmt.Fprintf(&b, "refuted: %s\n", x)
	}
	for _, x := range f.Unseen {
		fmt.Fprintf(&b, "unseen: %s\n", x)
	}
	for _, x := range f.Labels {
		fmt.Fprintf(&b, "label %s\n", x.Entity)
	}
	for i, x := range f.Confidence.Reasons {
		fmt.Fprintf(&b, "reason %d: %s\n", i, x)
	}
	for _, e := range f.Evidence {
		for _, x := range e.Items {
			fmt.Fprintf(&b, "item %s: %s\n", x.Role, x.Note)
		}
	}
	fmt.Fprintf(&b, "cap: %s\n", f.Score.CapReason)
	return b.String()
}

// A claim is no surer than the least sure of what it names, and does without what it
// does not need.
func TestWhatTheClaimNames(t *testing.T) {
	p := DefaultParams()
	mined := func(percent int, v model.Amount) Coin {
		return Coin{Class: Mined, Mining: model.Percent(percent), Value: v, Known: true}
	}
	own := func(entity string, percent int, v model.Amount) Coin {
		c := Coin{Class: Own, Value: v, Known: true}
		c.Actor.Entity, c.Actor.Confidence = entity, model.Percent(percent)
		return c
	}
	for _, c := range []struct {
		name       string
		coins      []Coin
		mined, own model.Amount
		want       model.Probability
	}{
		{"two receipts of weight", []Coin{mined(97, 5_000_000), mined(88, 5_000_000), own("K", 90, 10_000_000)}, 10_000_000, 10_000_000, 792_000},
		{"a speck of a surer payout", []Coin{mined(97, 20_001), mined(88, 9_000_000), own("K", 90, 10_000_000)}, 9_020_001, 10_000_000, 792_000},
		{"a speck of a less sure payout", []Coin{mined(97, 9_000_000), mined(88, 20_001), own("K", 90, 10_000_000)}, 9_000_000, 10_000_000, 873_000},
		{"a rival of weight", []Coin{mined(100, 9_000_000), own("K", 90, 10_000_000), own("B", 40, 3_000_000)}, 9_000_000, 10_000_000, 400_000},
		{"a rival without", []Coin{mined(100, 9_000_000), own("K", 90, 10_000_000), own("B", 40, 30_000)}, 9_000_000, 10_000_000, 900_000},
		{"the surest has next to nothing", []Coin{mined(100, 9_000_000), own("K", 90, 30_000), own("B", 80, 10_000_000)}, 9_000_000, 10_000_000, 800_000},
		{"a doubtful address of the same actor", []Coin{mined(100, 9_000_000), own("K", 90, 10_000_000), own("K", 30, 5_000_000)}, 9_000_000, 10_000_000, 900_000},
	} {
		x := &Commingling{Kind: Kind, Coins: c.coins}
		if !x.settle(&p) || !p.material(x) {
			t.Errorf("%s: not material", c.name)
		}
		if x.Mined != c.mined || x.Own != c.own || x.Confidence != c.want {
			t.Errorf("%s: mined %d, attributed %d, confidence %v, want %d, %d, %v", c.name, x.Mined, x.Own, x.Confidence, c.mined, c.own, c.want)
		}
	}
}

// A receipt of mining at the actor's own address is not silently the actor's.
func TestAllOfItMinedIsNoted(t *testing.T) {
	s := session(t, "testdata/silent_all_of_it_mined.ledger")
	sweep(t, s)
	if n := notes(s)["receipt of mining at an actor's own address, spent with no other coins of the actor: counted as the actor's, not as mined"]; n != 2 {
		t.Errorf("recorded %d times: %v", n, notes(s))
	}
}
