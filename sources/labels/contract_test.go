package labels_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/labels"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

// The labels of a ledger by way of JSON.
func TestContract(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		set := l.Set()
		var text strings.Builder
		enc := json.NewEncoder(&text)
		for label, err := range set.Labels.Find(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			if err := enc.Encode(&label); err != nil {
				t.Fatal(err)
			}
		}
		if text.Len() == 0 {
			text.WriteString("[]")
		}
		p, err := labels.Read(strings.NewReader(text.String()), "labels.json", l.Network(), labels.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return sources.Set{Labels: p}
	}, sourcetest.Options{})
}

// Labels and tags in a set that a program makes by hand.
func TestContractOfASetByHand(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		set := l.Set()
		var ls []model.Label
		for label, err := range set.Labels.Find(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			ls = append(ls, label)
		}
		var ts []model.Tag
		for tag, err := range set.Tags.Tags(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			ts = append(ts, tag)
		}
		return sources.Of(labels.Of("ledger", ls, ts))
	}, sourcetest.Options{})
}
