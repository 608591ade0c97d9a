package calibration_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldwash/goldwash/heuristics/calibration"
	"github.com/goldwash/goldwash/model"
)

// Whatever a file says, what is read of it is valid and says the same again.
func FuzzRead(f *testing.F) {
	b, err := json.Marshal(table())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"name":"a","version":1,"population":"x","n":1,"steps":[{"from":0.00,"value":0.50,"n":1},{"from":0.50,"value":0.90,"n":2}]}`))
	f.Add([]byte(`{"name":"a","version":1,"rows":[{"population":"p","heuristic":"h","version":1,"of":"o","measured":true,"n":1,"false_positives":2}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tab, err := calibration.ReadTable(bytes.NewReader(b)); err == nil {
			_ = tab.String()
			for _, r := range tab.Rows {
				for _, rate := range tab.Rates(r.Heuristic, r.Version, r.Kind) {
					if !rate.Measured || rate.N <= 0 || rate.Population == "" {
						t.Errorf("%+v", rate)
					}
				}
			}
			again(t, tab, calibration.ReadTable)
		}
		if m, err := calibration.ReadMap(bytes.NewReader(b)); err == nil {
			last := model.Probability(0)
			for p := model.Probability(0); p <= model.Certain; p += 12_345 {
				if v := m.Apply(p); v < last || v > model.Certain {
					t.Errorf("%v becomes %v after %v", p, v, last)
				} else {
					last = v
				}
			}
			again(t, m, calibration.ReadMap)
		}
	})
}

// again writes a value as JSON and wants to read the same.
func again[T any](t *testing.T, v T, read func(r io.Reader) (T, error)) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
