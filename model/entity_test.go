package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntitiesFoldsSpellingsAndKeepsTheFirst(t *testing.T) {
	ls := []Label{{Entity: "Btc.top"}, {Entity: "1THash"}, {Entity: "BTC.TOP"}, {Entity: "Canoe"}, {Entity: "1thash"}}
	if diff := cmp.Diff([]string{"Btc.top", "1THash", "Canoe"}, Entities(ls)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := Entities(ls[:1]); len(got) != 1 {
		t.Errorf("one label names %q", got)
	}
	if got := Entities(nil); got != nil {
		t.Errorf("no labels name %q", got)
	}
}
