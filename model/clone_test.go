package model_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/model"
)

// A clone is equal and shares nothing: every slice and pointer that is reachable
// differs.
func TestCloneSharesNothing(t *testing.T) {
	item := model.Item{Role: "r", Value: &model.Money{Amount: 1, Fiat: &model.Fiat{Currency: "USD"}}}
	f := model.Finding{
		Related: []model.Ref{model.RefTx(model.TxID{1})}, Score: model.Score{Factors: []model.Factor{{Name: "f"}}, Open: &model.Open{N: 1}},
		Confidence: model.AnalyticConfidence{Reasons: []string{"r"}}, Amounts: []model.Figure{{Money: *item.Value}},
		Facts: []model.Fact{{}}, Evidence: []model.Evidence{{Items: []model.Item{item}}}, Parts: []model.Item{item},
		Labels: []model.Label{{Derivation: []string{"d"}}}, Premises: []model.Premise{{}}, Alternatives: []model.Alternative{{}},
		Counter: []model.Counter{{Items: []model.Item{item}}}, RefutedBy: []string{""}, Unseen: []string{""}, Search: []model.Fact{{}},
		Chance: &model.Chance{}, Without: []model.LeftOut{{}}, Sensitivity: []model.Sensitivity{{}},
		ErrorRates: []model.ErrorRate{{}}, Parameters: []model.Parameter{{}},
	}
	c := f.Clone()
	if diff := cmp.Diff(f, c); diff != "" {
		t.Errorf("not equal (-want +got):\n%s", diff)
	}
	seen := map[uintptr]string{}
	var walk func(v reflect.Value, path string, note bool)
	walk = func(v reflect.Value, path string, note bool) {
		switch v.Kind() {
		case reflect.Slice, reflect.Pointer:
			if v.IsNil() {
				if note && v.Kind() == reflect.Slice && path != "" && v.Type().Elem().Kind() != reflect.Uint8 {
					t.Errorf("%s is not set by the test", path)
				}
				return
			}
			if old, ok := seen[v.Pointer()]; ok && !note {
				t.Errorf("%s is shared with %s", path, old)
			}
			if note {
				seen[v.Pointer()] = path
			}
			if v.Kind() == reflect.Pointer {
				walk(v.Elem(), path, note)
				return
			}
			for i := range v.Len() {
				walk(v.Index(i), path, note)
			}
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[model.Fiat]() {
				return // a decimal is immutable
			}
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i), path+"."+v.Type().Field(i).Name, note)
				}
			}
		}
	}
	walk(reflect.ValueOf(f), "", true)
	walk(reflect.ValueOf(c), "", false)
}
