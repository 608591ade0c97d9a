package model

import (
	"bytes"
	"encoding/json"
	"testing"
)

// slowly is the canonical form by its definition: read as a tree, whose maps are
// written with their keys sorted.
func slowly(t testing.TB, b []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}

func TestCanonicalJSON(t *testing.T) {
	deep := map[string]any{"z": 1, "a": []any{}, "b": map[string]any{}, "<&>": "<\u2028>\"\\\n", "": nil, "é": true, "B": false}
	deep["a"] = []any{deep["b"], "", -1.5e30, []int{}, map[string]any{"y": 1, "x": "\x01"}}
	for _, v := range []any{nil, 1, "", "x", "a<b", []int{}, []int{1, 2}, map[string]int{}, deep, []any{deep, deep}, struct {
		Z, A string
		M    map[string]any
	}{"z", "a", deep}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := canonicalJSON(b)
		if want := slowly(t, b); err != nil || string(got) != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", b, got, err, want)
		}
	}
	for _, s := range []string{``, `{`, `[`, `"`, `"\`, `"\"`, `{"a"}`, `{"a":}`, `[1`, `[1 2`, `[,]`, `{a:1}`, `1]`, `{"a":1`, `[}`} {
		if got, err := canonicalJSON([]byte(s)); err == nil && !json.Valid([]byte(s)) {
			t.Errorf("%q gives %q and no error", s, got)
		}
	}
}

// FuzzCanonicalJSON holds the canonical form against its definition.
func FuzzCanonicalJSON(f *testing.F) {
	f.Add([]byte(`{"b":[1,{"y":"\u003c","x":2.50}],"a":"\u2028\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var tree any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if dec.Decode(&tree) != nil {
			return
		}
		b, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		got, err := canonicalJSON(b)
		if want := slowly(t, b); err != nil || string(got) != want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", b, got, err, want)
		}
	})
}
