package commingle

import (
	"context"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
)

// dusting reports whether a coin is one of many small payments of one value that
// its transaction makes: nobody asked for them, and whom they reach says nothing.
func (p *Params) dusting(ctx context.Context, pass *heuristics.Pass, c *Coin) (bool, error) {
	if !c.Known || c.Value > p.DustingSat {
		return false, nil
	}
	txs, err := pass.Txs(ctx, c.Source.Tx)
	if err != nil || txs[0] == nil {
		return false, err
	}
	equal := 0
	for i := range txs[0].Outputs {
		if o := &txs[0].Outputs[i]; o.Value == c.Value && o.Owner.Ownable() {
			equal++
		}
	}
	if equal < p.DustingOutputs {
		return false, nil
	}
	pass.Note("coin of many small payments of one value, which are dust, ignored", 1)
	return true, nil
}

// faceChars is how many characters at either end of an address people compare,
// and those who send dust from a look-alike rely on.
const faceChars = 4

// face returns the ends of an address that a reader would compare: what is the
// same for all addresses of the form is left out.
func face(a model.Address) (string, bool) {
	text := a.String()
	head := 0
	switch a.Kind() {
	case model.P2PKH, model.P2SH:
		head = 1
	case model.P2WPKH, model.P2WSH, model.P2TR:
		head = strings.IndexByte(text, '1') + 2
	default:
		return "", false
	}
	if len(text) < head+2*faceChars {
		return "", false
	}
	return text[:head+faceChars] + text[len(text)-faceChars:], true
}

// faces finds the known address that another looks like.
type faces map[string][]model.Address

func (f faces) add(a model.Address) {
	if s, ok := face(a); ok {
		f[s] = append(f[s], a)
	}
}

// like returns the known address that a looks like and is not; of several, the
// first.
func (f faces) like(a model.Address) (known model.Address, ok bool) {
	s, ok := face(a)
	if !ok {
		return known, false
	}
	for _, k := range f[s] {
		if k == a {
			return model.Address{}, false
		}
		if known.IsZero() || k.Compare(known) < 0 {
			known = k
		}
	}
	return known, !known.IsZero()
}

func lookAlike(known model.Address) string { return "look-alike of " + known.String() + ", ignored" }
