package records_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
	"github.com/goldwash/goldwash/sources/records"
	"github.com/goldwash/goldwash/sources/sourcetest"
)

// The books of a ledger by way of JSON Lines.
func TestContract(t *testing.T) {
	sourcetest.Test(t, func(t *testing.T, l *ledger.Ledger) sources.Set {
		var b strings.Builder
		for e, err := range l.Entries(t.Context(), sources.EntryQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			writeLine(t, &b, e)
		}
		s, err := records.Read(strings.NewReader(b.String()), "ledger.jsonl", records.Options{Kind: sources.EntryOrder, Service: "any"}, l.Network())
		if err != nil {
			t.Fatal(err)
		}
		return sources.Of(s)
	}, sourcetest.Options{})
}

// writeLine writes an entry under the library's own names.
func writeLine(t testing.TB, b *strings.Builder, e sources.Entry) {
	m := map[string]string{
		"kind": e.Kind.String(), "service": e.Service, "account": e.Account, "order": e.Order, "pool": e.Pool, "worker": e.Worker,
		"address": e.Address.String(), "custodian": e.Custodian, "network": e.Network.String(),
	}
	for k, at := range map[string]time.Time{"time": e.Time, "until": e.Until, "dated": e.Dated} {
		if !at.IsZero() {
			m[k] = at.Format(time.RFC3339)
		}
	}
	if e.AmountKnown {
		m["amount"] = e.Amount.String()
	}
	if o, ok := e.On.Outpoint(); ok {
		m["outpoint"] = o.String()
	} else if id, ok := e.On.Tx(); ok {
		m["tx"] = id.String()
	}
	if e.Confidence != 0 {
		m["confidence"] = e.Confidence.String()
	}
	if err := json.NewEncoder(b).Encode(m); err != nil {
		t.Fatal(err)
	}
}
