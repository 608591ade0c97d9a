// Package mixtest reads the lines in which the data folder holds real CoinJoins
// with their prevouts, for tests.
package mixtest

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
)

// Read returns the transactions of a file such as "wasabi1.txt.gz". Their block's
// hash, time and their position in it are known, its height is not.
func Read(t testing.TB, name string) []*model.Tx {
	t.Helper()
	var txs []*model.Tx
	for i, line := range strings.Split(strings.TrimSpace(string(realdata.Read(t, "coinjoin/"+name))), "\n") {
		tx, err := parse(line)
		if err != nil {
			t.Fatalf("%s:%d: %v", name, i+1, err)
		}
		txs = append(txs, tx)
	}
	return txs
}

// At returns a copy of tx in a block of the height.
func At(tx *model.Tx, height int32) *model.Tx {
	c := *tx
	c.Block.Height = height
	c.Block.Known |= model.KnownHeight
	return &c
}

func parse(line string) (*model.Tx, error) {
	f := strings.Split(line, ":::")
	if len(f) < 6 {
		return nil, fmt.Errorf("%d fields, want at least 6", len(f))
	}
	tx := &model.Tx{Version: 2}
	var err error
	if tx.ID, err = model.ParseTxID(f[0]); err != nil {
		return nil, err
	}
	if tx.Block.Hash, err = model.ParseBlockHash(f[1]); err != nil {
		return nil, err
	}
	pos, err := strconv.ParseInt(f[2], 10, 32)
	if err != nil {
		return nil, err
	}
	if tx.Block.Time, err = strconv.ParseInt(f[3], 10, 64); err != nil {
		return nil, err
	}
	tx.Block.Pos, tx.Block.Known = int32(pos), model.KnownHash|model.KnownPos|model.KnownTime
	for _, s := range strings.Split(f[4], "}{") {
		prev, rest, _ := strings.Cut(s, "+")
		p := strings.Split(prev, "-")
		if len(p) != 3 {
			return nil, fmt.Errorf("input %q", s)
		}
		in := model.Input{ValueKnown: true, OwnerBy: model.OwnerPrevout, Sequence: 0xfffffffd}
		if in.Prev, err = model.ParseOutpoint(p[0] + ":" + p[1]); err != nil {
			return nil, err
		}
		out, err := output(p[2] + "+" + rest)
		if err != nil {
			return nil, err
		}
		in.Value, in.Owner = out.Value, out.Owner
		tx.Inputs = append(tx.Inputs, in)
	}
	for _, s := range strings.Split(f[5], "}{") {
		out, err := output(s)
		if err != nil {
			return nil, err
		}
		tx.Outputs = append(tx.Outputs, out)
	}
	return tx, nil
}

func output(s string) (model.Output, error) {
	p := strings.Split(s, "+")
	if len(p) != 3 {
		return model.Output{}, fmt.Errorf("output %q", s)
	}
	v, err := strconv.ParseInt(p[0], 10, 64)
	if err != nil {
		return model.Output{}, err
	}
	script, err := hex.DecodeString(p[1])
	if err != nil {
		return model.Output{}, err
	}
	return model.Output{Value: model.Amount(v), Owner: model.AddressOf(script, model.Mainnet), Script: script}, nil
}
