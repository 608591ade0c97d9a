package model_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/big"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
)

// realBlock is a real block and what is known of it from elsewhere.
type realBlock struct {
	file    string
	net     model.Network
	height  int32
	txs     int    // 0: not known from elsewhere
	holds   string // a transaction that is in it
	inputs  int    // of that transaction; 0: not known
	outputs int
}

var realBlocks = []realBlock{
	{"mainnet-300025", model.Mainnet, 300025, 461, "205751ff10c189df5821aea53a1957a11d88a205ad3a6970fdfdde7289d49505", 0, 0},
	{"mainnet-363703", model.Mainnet, 363703, 0, "ece98044645318d3cfc42016aade266b4af9f66a80144f81c3d18d44334ef95e", 0, 0},
	{"mainnet-367891", model.Mainnet, 367891, 420, "", 0, 0},
	{"mainnet-413567", model.Mainnet, 413567, 0, "491b65e2d4d3f3b17c590ac5e54e1542439c5e10da5c7bb26f060f36728b79ec", 0, 149},
	{"mainnet-481829", model.Mainnet, 481829, 0, "", 0, 0},
	{"mainnet-514485", model.Mainnet, 514485, 0, "b554d76738f9d0dcfbd23623d165ecb1bbca981a9d383acc36fb5792bef9aef2", 14, 1469},
	{"mainnet-702861", model.Mainnet, 702861, 0, "5c2f55fc17854a18f447d74e32356c9ff6faf43bf937ed13611857b2bb3fef3a", 100, 122},
	{"mainnet-951658", model.Mainnet, 951658, 374, "5df72165537f4281d32eca07396d6a6a60cc72b76260740074b7ef5a89602820", 2, 4},
	{"testnet3-928816", model.Testnet3, 928816, 0, "", 0, 0},
	{"testnet3-928849", model.Testnet3, 928849, 0, "", 0, 0},
}

// readBlock reads the bytes of a real block. One of the files ends in a line
// feed, which is cut as a reader of files would.
func readBlock(t testing.TB, file string) []byte {
	t.Helper()
	raw := realdata.Read(t, "blocks/"+file+".raw.gz")
	var d *model.DecodeError
	if err := new(model.BlockView).Decode(raw); errors.Is(err, model.ErrTrailing) && errors.As(err, &d) {
		if rest := raw[d.Offset:]; file != "mainnet-413567" || string(rest) != "\n" {
			t.Fatalf("%s: %v", file, err)
		}
		raw = raw[:d.Offset]
	}
	return raw
}

func decodeReal(t testing.TB, file string, net model.Network) (*model.Block, []byte) {
	t.Helper()
	raw := readBlock(t, file)
	blk, err := model.DecodeBlock(raw, net)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return blk, raw
}

func findTx(t testing.TB, blk *model.Block, txid string) *model.Tx {
	t.Helper()
	for _, tx := range blk.Txs {
		if tx.ID.String() == txid {
			return tx
		}
	}
	t.Fatalf("block %s has no transaction %s", blk.Ref.Hash, txid)
	return nil
}

func TestRealBlocks(t *testing.T) {
	for _, c := range realBlocks {
		t.Run(c.file, func(t *testing.T) {
			blk, raw := decodeReal(t, c.file, c.net)
			if !blk.Ref.Has(model.KnownHeight|model.KnownHash|model.KnownTime) || blk.Ref.Height != c.height || blk.Ref.Has(model.KnownMedian) {
				t.Errorf("place %+v, want height %d", blk.Ref, c.height)
			}
			if !meetsTarget(blk.Ref.Hash, blk.Header.Bits) {
				t.Errorf("hash %s is above the target %08x of its header", blk.Ref.Hash, blk.Header.Bits)
			}
			var ids []model.TxID
			for _, tx := range blk.Txs {
				ids = append(ids, tx.ID)
				if model.HashTx(tx) != tx.ID {
					t.Errorf("%s: its fields hash to %s", tx.ID, model.HashTx(tx))
				}
			}
			if root := model.MerkleRoot(ids); root != blk.Header.MerkleRoot {
				t.Errorf("the ids have the Merkle root %x, the header %x", root, blk.Header.MerkleRoot)
			}
			if !bytes.Equal(model.AppendBlock(nil, blk), raw) {
				t.Error("written back, the block differs")
			}
			if c.txs != 0 && len(blk.Txs) != c.txs {
				t.Errorf("%d transactions, want %d", len(blk.Txs), c.txs)
			}
			if c.holds != "" {
				tx := findTx(t, blk, c.holds)
				if c.inputs != 0 && len(tx.Inputs) != c.inputs || c.outputs != 0 && len(tx.Outputs) != c.outputs {
					t.Errorf("%s has %d inputs and %d outputs, want %d and %d", tx.ID, len(tx.Inputs), len(tx.Outputs), c.inputs, c.outputs)
				}
			}
			checkTexts(t, blk, c.net)
			checkOwnersInBlock(t, blk)
			checkTruncations(t, raw)
		})
	}
}

// meetsTarget is the proof of work: it ties the bytes of a header to the chain
// without anything else being known.
func meetsTarget(hash model.BlockHash, bits uint32) bool {
	target := new(big.Int).Lsh(big.NewInt(int64(bits&0x7fffff)), 8*uint(bits>>24-3))
	slices.Reverse(hash[:])
	return new(big.Int).SetBytes(hash[:]).Cmp(target) <= 0
}

// checkOwnersInBlock compares the owners inferred for inputs that spend outputs
// of the same block: there the truth is at hand without a companion file.
func checkOwnersInBlock(t *testing.T, blk *model.Block) {
	t.Helper()
	owners := map[model.Outpoint]model.Address{}
	kinds := map[string][2]int{}
	for _, tx := range blk.Txs {
		for i := range tx.Inputs {
			in := &tx.Inputs[i]
			truth, ok := owners[in.Prev]
			if !ok {
				continue
			}
			n := kinds[truth.Kind().String()]
			n[0]++
			if in.OwnerBy == model.OwnerUnlocking {
				n[1]++
				if in.Owner != truth {
					t.Errorf("%s input %d belongs to %s, but %s is inferred", tx.ID, i, truth, in.Owner)
				}
			}
			kinds[truth.Kind().String()] = n
			switch truth.Kind() {
			case model.P2PKH, model.P2SH, model.P2WPKH, model.P2WSH:
				if in.OwnerBy == model.OwnerUnknown {
					t.Errorf("%s input %d shows its owner %s, but none is inferred", tx.ID, i, truth)
				}
			}
		}
		for i := range tx.Outputs {
			owners[tx.Outpoint(i)] = tx.Outputs[i].Owner
		}
	}
	t.Logf("inputs that spend outputs of the block, and owners inferred, by kind: %v", kinds)
}

// checkTexts reads the text of every address back and compares its script.
func checkTexts(t *testing.T, blk *model.Block, net model.Network) {
	t.Helper()
	for _, tx := range blk.Txs {
		for _, out := range tx.Outputs {
			a, err := model.ParseAddress(out.Owner.String(), net)
			if err != nil || a != out.Owner {
				t.Fatalf("%s: %s reads as %s, %v", tx.ID, out.Owner, a, err)
			}
			if script, ok := a.Script(); ok && !bytes.Equal(script, out.Script) {
				t.Fatalf("%s: %s is the script %x, not %x", tx.ID, a, script, out.Script)
			}
		}
	}
}

// checkTruncations cuts a block at a thousand places.
func checkTruncations(t *testing.T, raw []byte) {
	t.Helper()
	var v model.BlockView
	for n := len(raw) - 1; n > 0; n -= max(1, len(raw)/1000) {
		var d *model.DecodeError
		if err := v.Decode(raw[:n]); !errors.As(err, &d) || d.Offset > n {
			t.Fatalf("%d of %d bytes: %v", n, len(raw), err)
		}
	}
}

func TestRealTradeOfTwoParties(t *testing.T) {
	blk, _ := decodeReal(t, "mainnet-951658", model.Mainnet)
	tx := findTx(t, blk, "5df72165537f4281d32eca07396d6a6a60cc72b76260740074b7ef5a89602820")
	if got := tx.Inputs[0].SigHash; got != model.SigSingle|model.SigAnyoneCanPay || !got.MultiParty() {
		t.Errorf("input 0 is signed %s", got)
	}
	if got := tx.Inputs[1].SigHash; !got.OnlyAll() {
		t.Errorf("input 1 is signed %s", got)
	}
	if tx.Inputs[0].OwnerBy != model.OwnerUnknown {
		t.Errorf("a key-path spend of taproot shows no owner, but %s is inferred", tx.Inputs[0].Owner)
	}
	if in := tx.Inputs[1]; in.OwnerBy != model.OwnerUnlocking || in.Owner.Kind() != model.P2SH {
		t.Errorf("input 1 belongs to %s by %s", in.Owner, in.OwnerBy)
	}
	var values []model.Amount
	for _, out := range tx.Outputs {
		if out.Owner.Kind() != model.NullData {
			values = append(values, out.Value)
		}
	}
	if diff := cmp.Diff([]model.Amount{507_606, 546, 2_741_081}, values); diff != "" {
		t.Errorf("values (-want +got)\n%s", diff)
	}
}

func TestRealPayoutInputs(t *testing.T) {
	blk, _ := decodeReal(t, "mainnet-514485", model.Mainnet)
	tx := findTx(t, blk, "b554d76738f9d0dcfbd23623d165ecb1bbca981a9d383acc36fb5792bef9aef2")
	inputs := map[string]int{}
	for _, in := range tx.Inputs {
		if in.OwnerBy != model.OwnerUnlocking || in.ValueKnown || !in.SigHash.OnlyAll() {
			t.Errorf("input of %s: by %s, value known %v, signed %s", in.Owner, in.OwnerBy, in.ValueKnown, in.SigHash)
		}
		inputs[in.Owner.String()]++
	}
	if inputs["1Hz96kJKF2HLPGY15JWLB5m9qGNxvt8tHJ"] != 7 || inputs["147SwRQdpCfj5p8PnfsXV2SsVVpVcz3aPq"] != 2 || len(inputs) != 5 {
		t.Errorf("inputs from %v", inputs)
	}
	if sum, ok := tx.OutputValue(); !ok || sum.String() != "204.01696712" {
		t.Errorf("outputs of %s, %v", sum, ok)
	}
}

func TestRealEqualOutputs(t *testing.T) {
	blk, _ := decodeReal(t, "mainnet-702861", model.Mainnet)
	tx := findTx(t, blk, "5c2f55fc17854a18f447d74e32356c9ff6faf43bf937ed13611857b2bb3fef3a")
	equal := 0
	for _, out := range tx.Outputs {
		if out.Value == 10_944_832 {
			equal++
		}
		if out.Owner.Kind() != model.P2WPKH {
			t.Errorf("an output of kind %s", out.Owner.Kind())
		}
	}
	if equal != 60 {
		t.Errorf("%d outputs of 0.10944832", equal)
	}
	for i, in := range tx.Inputs {
		if in.OwnerBy != model.OwnerUnlocking || in.Owner.Kind() != model.P2WPKH {
			t.Errorf("input %d: %s by %s", i, in.Owner.Kind(), in.OwnerBy)
		}
	}
}

// spent is an output that a block spends, as a companion file tells.
type spent struct {
	value  model.Amount
	script []byte
}

// readSpent reads the outputs that a block spends, in the order of its inputs.
func readSpent(t testing.TB, file string) (outs []spent) {
	t.Helper()
	if path.Ext(file) == ".spent" {
		var list []struct {
			Txout struct {
				Value  int64
				Script string `json:"script_pubkey"`
			}
		}
		if err := json.Unmarshal(realdata.Read(t, "blocks/"+file+".gz"), &list); err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			outs = append(outs, spent{model.Amount(o.Txout.Value), unhex(t, o.Txout.Script)})
		}
		return outs
	}
	for b := realdata.Read(t, "blocks/"+file+".gz"); len(b) > 0; {
		if len(b) < 9 || b[8] > 0xfd {
			t.Fatalf("%s: %d bytes left: %x", file, len(b), b[:min(20, len(b))])
		}
		value, n, at := binary.LittleEndian.Uint64(b), int(b[8]), 9
		if n == 0xfd {
			n, at = int(binary.LittleEndian.Uint16(b[9:])), 11
		}
		outs = append(outs, spent{model.Amount(value), b[at : at+n]})
		b = b[at+n:]
	}
	return outs
}

// An owner inferred from what unlocks an output is never another than the owner
// by the output itself; and it is found for nearly every output that shows one.
func TestUnlockingOwnerAgainstPrevouts(t *testing.T) {
	for _, c := range []struct {
		block, spent string
		net          model.Network
		// By kind of the spent output: how many inputs, and for how many an
		// owner is inferred.
		want map[string][2]int
	}{
		{"mainnet-300025", "mainnet-300025.undo", model.Mainnet, map[string][2]int{"multisig": {3, 0}, "p2pkh": {1424, 1424}}},
		{"mainnet-367891", "mainnet-367891.spent", model.Mainnet, map[string][2]int{"empty": {20000, 0}, "p2pkh": {810, 810}, "p2sh": {7, 7}}},
		{"testnet3-928816", "testnet3-928816.undo", model.Testnet3, map[string][2]int{"p2pkh": {58, 58}, "p2sh": {5, 5}, "p2wpkh": {8629, 8629}}},
		{"testnet3-928849", "testnet3-928849.undo", model.Testnet3, map[string][2]int{"p2pkh": {76, 76}, "p2sh": {9, 9}, "p2wpkh": {8509, 8509}}},
	} {
		blk, _ := decodeReal(t, c.block, c.net)
		outs := readSpent(t, c.spent)
		got, k := map[string][2]int{}, 0
		var fees model.Amount
		for _, tx := range blk.Txs[1:] {
			for i := range tx.Inputs {
				in := &tx.Inputs[i]
				truth := model.AddressOf(outs[k].script, c.net)
				fees += outs[k].value
				k++
				n := got[truth.Kind().String()]
				n[0]++
				if in.OwnerBy == model.OwnerUnlocking {
					n[1]++
					if in.Owner != truth {
						t.Errorf("%s input %d belongs to %s, but %s is inferred", tx.ID, i, truth, in.Owner)
					}
				}
				got[truth.Kind().String()] = n
			}
			sum, _ := tx.OutputValue()
			fees -= sum
		}
		if k != len(outs) {
			t.Errorf("%s: %d inputs, but %d spent outputs", c.block, k, len(outs))
		}
		if reward, _ := blk.Txs[0].OutputValue(); c.net == model.Mainnet && reward != fees+c.net.Subsidy(blk.Ref.Height) {
			t.Errorf("%s: the coinbase takes %s, fees are %s", c.block, reward, fees)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: kinds of outputs, inputs and owners inferred (-want +got)\n%s", c.block, diff)
		}
	}
}

// The first 14,132 blocks of mainnet, in which every input can be resolved.
func TestRealFirstBlocks(t *testing.T) {
	data := realdata.Read(t, "blocks/mainnet-0-14131.blk.dat.gz")
	magic := model.Mainnet.Magic()
	owners := map[model.Outpoint]model.Address{}
	blocks, txs, outputs, inputs, inferred, multi := 0, 0, 0, 0, 0, 0
	tip := model.BlockHash{}
	for len(data) > 8 && bytes.HasPrefix(data, magic[:]) {
		n := binary.LittleEndian.Uint32(data[4:])
		blk, err := model.DecodeBlock(data[8:8+n], model.Mainnet)
		if err != nil {
			t.Fatalf("block %d: %v", blocks, err)
		}
		if blk.Header.Prev != tip || !meetsTarget(blk.Ref.Hash, blk.Header.Bits) || blk.Ref.Has(model.KnownHeight) {
			t.Fatalf("block %d: %+v after %s", blocks, blk.Ref, tip)
		}
		tip, data = blk.Ref.Hash, data[8+n:]
		for _, tx := range blk.Txs {
			txs++
			if len(tx.Inputs) > 1 {
				multi++
			}
			for i := range tx.Outputs {
				owners[tx.Outpoint(i)] = tx.Outputs[i].Owner
				outputs++
			}
			if tx.Coinbase() {
				continue
			}
			for _, in := range tx.Inputs {
				truth, ok := owners[in.Prev]
				if ok {
					inputs++
				}
				if in.OwnerBy == model.OwnerUnlocking {
					inferred++
					if in.Owner != truth {
						t.Errorf("%s spends %s, but %s is inferred", tx.ID, truth, in.Owner)
					}
				}
			}
		}
		blocks++
	}
	got := []int{blocks, txs, outputs, inputs, multi}
	if diff := cmp.Diff([]int{14132, 14247, 14282, 865, 72}, got); diff != "" {
		t.Errorf("blocks, transactions, outputs, resolved inputs, transactions of several inputs (-want +got)\n%s", diff)
	}
	// Nearly all of 2009 is paid to bare keys, whose spending shows none.
	if inferred != 8 {
		t.Errorf("owners inferred for %d inputs", inferred)
	}
}

func BenchmarkBlockView(b *testing.B) {
	raw := readBlock(b, "mainnet-702861")
	var v model.BlockView
	var sink byte
	b.Run("scan", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			if err := v.Decode(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("txids", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			if err := v.Decode(raw); err != nil {
				b.Fatal(err)
			}
			for i := range v.Txs {
				id := v.TxID(i)
				sink ^= id[0]
			}
		}
	})
	b.Run("txids and addresses", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			if err := v.Decode(raw); err != nil {
				b.Fatal(err)
			}
			for i := range v.Txs {
				id := v.TxID(i)
				sink ^= id[0]
			}
			for i := range v.Outs {
				a := model.AddressOf(v.OutScript(i), model.Mainnet)
				sink ^= byte(a.Kind())
			}
		}
	})
	b.Run("rich", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := model.DecodeBlock(raw, model.Mainnet); err != nil {
				b.Fatal(err)
			}
		}
	})
	_ = sink
}
