package model_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goldwash/goldwash/model"
)

func TestDecodeBlockGenesis(t *testing.T) {
	raw := unhex(t, genesis)
	blk, err := model.DecodeBlock(raw, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	if blk.Ref.Hash != model.Mainnet.Genesis() {
		t.Errorf("hash %s, want %s", blk.Ref.Hash, model.Mainnet.Genesis())
	}
	tx := blk.Txs[0]
	if want := "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"; tx.ID.String() != want {
		t.Errorf("txid %s, want %s", tx.ID, want)
	}
	if !tx.Coinbase() || tx.Outputs[0].Value != model.Mainnet.Subsidy(0) || tx.Outputs[0].Owner.Kind() != model.P2PK {
		t.Errorf("coinbase %v pays %s to %s", tx.Coinbase(), tx.Outputs[0].Value, tx.Outputs[0].Owner)
	}
	if tx.Size != 204 || tx.Weight != 4*204 {
		t.Errorf("size %d, weight %d", tx.Size, tx.Weight)
	}
	if tx.Inputs[0].OwnerBy != model.OwnerUnknown || tx.Inputs[0].SigHash != 0 {
		t.Errorf("a coinbase input has owner %s and signatures %s", tx.Inputs[0].Owner, tx.Inputs[0].SigHash)
	}
	// Version 1 declares no height: the number it begins with is its Bits.
	want := model.BlockRef{Hash: blk.Ref.Hash, Time: 1_231_006_505, Bits: 0x1d00ffff, Known: model.KnownHash | model.KnownTime | model.KnownBits}
	if diff := cmp.Diff(want, blk.Ref); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := model.AppendBlock(nil, blk); !bytes.Equal(got, raw) {
		t.Errorf("written back:\n%x, want\n%x", got, raw)
	}
}

// compareBytes lets a missing slice equal an empty one and addresses compare.
var compareBytes = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b model.Address) bool { return a == b })}

func TestDecodeBlockReadsWhatAppendBlockWrites(t *testing.T) {
	want := smallBlock(t)
	raw := model.AppendBlock(nil, want)
	got, err := model.DecodeBlock(raw, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	// What a raw block tells beyond the fields that it was written from.
	want.Ref = model.BlockRef{Hash: got.Ref.Hash, Height: 500_000, Time: 1_513_622_125, Bits: want.Header.Bits,
		Known: model.KnownHash | model.KnownHeight | model.KnownTime | model.KnownBits}
	for i, tx := range want.Txs {
		tx.Block = want.Ref
		tx.Block.Pos, tx.Block.Known = int32(i), want.Ref.Known|model.KnownPos
		tx.Size = int32(len(model.AppendTx(nil, tx)))
		for o := range tx.Outputs {
			tx.Outputs[o].Owner = model.AddressOf(tx.Outputs[o].Script, model.Mainnet)
		}
	}
	p2pkh, p2wpkh := address(t, keyP2PKH), address(t, keyP2WPKH)
	plain, mixed := want.Txs[1], want.Txs[2]
	plain.Inputs[0].Owner, plain.Inputs[0].OwnerBy, plain.Inputs[0].SigHash = p2pkh, model.OwnerUnlocking, model.SigAll
	mixed.Inputs[0].Owner, mixed.Inputs[0].OwnerBy, mixed.Inputs[0].SigHash = p2pkh, model.OwnerUnlocking, model.SigAll
	mixed.Inputs[1].Owner, mixed.Inputs[1].OwnerBy, mixed.Inputs[1].SigHash = p2wpkh, model.OwnerUnlocking, model.SigSingle|model.SigAnyoneCanPay
	want.Txs[0].Weight = 4*want.Txs[0].Size - 3*(2+1+1+32)
	plain.Weight = 4 * plain.Size
	mixed.Weight = 4*mixed.Size - 3*(2+1+1+1+9+1+33)
	if diff := cmp.Diff(want, got, compareBytes); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again := model.AppendBlock(nil, got); !bytes.Equal(again, raw) {
		t.Errorf("written back:\n%x, want\n%x", again, raw)
	}
	for i, tx := range got.Txs {
		alone, err := model.DecodeTx(model.AppendTx(nil, tx), model.Mainnet)
		if err != nil {
			t.Fatalf("transaction %d: %v", i, err)
		}
		if diff := cmp.Diff(tx, alone, compareBytes, cmpopts.IgnoreFields(model.Tx{}, "Block")); diff != "" || alone.Block != (model.BlockRef{}) {
			t.Errorf("transaction %d alone: block %+v (-want +got)\n%s", i, alone.Block, diff)
		}
	}
}

func address(t testing.TB, s string) model.Address {
	t.Helper()
	a, err := model.ParseAddress(s, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHeightIsBelievedOnlyWhereItBinds(t *testing.T) {
	for _, c := range []struct {
		name    string
		net     model.Network
		version int32
		script  string
		height  int32
		known   bool
	}{
		{"version 2 from the first height", model.Mainnet, 2, "035b7a03", 227_931, true},
		{"version 2 before it", model.Mainnet, 2, "035a7a03", 0, false},
		{"version 1", model.Mainnet, 1, "0320a107", 0, false},
		{"version bits", model.Mainnet, 0x20000000, "0320a107", 500_000, true},
		{"negative version", model.Mainnet, -1, "0320a107", 0, false},
		{"no number", model.Mainnet, 2, "2f7461672f", 0, false},
		{"regtest from 1", model.Regtest, 4, "5100", 1, true},
		{"regtest 0", model.Regtest, 4, "0000", 0, false},
		{"testnet", model.Testnet3, 2, "027752", 21_111, true},
	} {
		blk := smallBlock(t)
		blk.Header.Version = c.version
		blk.Txs[0].Inputs[0].Script = unhex(t, c.script)
		got, err := model.DecodeBlock(model.AppendBlock(nil, blk), c.net)
		if err != nil {
			t.Fatal(err)
		}
		if got.Ref.Height != c.height || got.Ref.Has(model.KnownHeight) != c.known {
			t.Errorf("%s: height %d, known %v; want %d, %v", c.name, got.Ref.Height, got.Ref.Has(model.KnownHeight), c.height, c.known)
		}
	}
}

// Every way of cutting a block short is a truncation with an offset within
// what is there, and leaves the view empty.
func TestDecodeTruncated(t *testing.T) {
	raw := model.AppendBlock(nil, smallBlock(t))
	var v model.BlockView
	for n := range raw {
		if err := v.Decode(raw); err != nil {
			t.Fatal(err)
		}
		err := v.Decode(raw[:n])
		var d *model.DecodeError
		if !errors.As(err, &d) {
			t.Fatalf("%d of %d bytes: %v", n, len(raw), err)
		}
		if d.Offset > n || d.What == "" {
			t.Errorf("%d bytes: %v", n, err)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "cannot fit") {
			t.Errorf("%d bytes: %v; want a truncation", n, err)
		}
		if len(v.Txs)+len(v.Ins)+len(v.Outs) != 0 || v.Header != (model.BlockHeader{}) || v.Hash() != (model.BlockHash{}) {
			t.Fatalf("%d bytes: the view is not empty after %v", n, err)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	small := model.AppendBlock(nil, smallBlock(t))
	header := small[:80]
	// A block of one coinbase in parts, each of which a case may replace.
	const (
		version = "01000000"
		null    = "0000000000000000000000000000000000000000000000000000000000000000ffffffff"
		other   = "1100000000000000000000000000000000000000000000000000000000000000ffffffff"
		in      = null + "0151" + "ffffffff"
		out     = "0100000000000000" + "0151"
		lock    = "00000000"
		coin    = version + "01" + in + "01" + out + lock // 4+1+42+1+10+4 = 62 bytes
	)
	for _, c := range []struct{ name, body, want string }{
		{"trailing byte", "01" + coin + "00", "offset 143: reading end of block: more bytes follow: 1"},
		{"no transactions", "00", "offset 80: reading transaction count: the first transaction is not a coinbase"},
		{"count beyond the bytes", "fdffff" + coin, "offset 80: reading transaction count: 65535 cannot fit in the 62 bytes left"},
		{"count of 2^64-1", "ffffffffffffffffff" + coin, "offset 80: reading transaction count: 18446744073709551615 cannot fit in the 62 bytes left"},
		{"count of 1 in three bytes", "fd0100" + coin, "offset 80: reading transaction count: not in its shortest form: 1 in 3 bytes"},
		{"count of 65535 in five bytes", "feffff0000" + coin, "offset 80: reading transaction count: not in its shortest form: 65535 in 5 bytes"},
		{"count of 2^32-1 in nine bytes", "ffffffffff00000000" + coin, "offset 80: reading transaction count: not in its shortest form: 4294967295 in 9 bytes"},
		{"no coinbase", "01" + version + "01" + other + "0151ffffffff" + "01" + out + lock, "offset 81: reading transaction 0: the first transaction is not a coinbase"},
		{"coinbase of two inputs", "01" + version + "02" + in + in + "01" + out + lock, "offset 81: reading transaction 0: the first transaction is not a coinbase"},
		{"second coinbase", "02" + coin + coin, "offset 143: reading transaction 1: spends the null outpoint, as only a coinbase may"},
		{"null among other inputs", "02" + coin + version + "02" + other + "0151ffffffff" + in + "01" + out + lock, "offset 143: reading transaction 1: spends the null outpoint, as only a coinbase may"},
		{"no inputs, no outputs", "01" + version + "0000" + strings.Repeat("00", 60), "offset 85: reading input count of transaction 0: a transaction without inputs"},
		{"no outputs", "01" + version + "01" + in + "00" + lock + "00000000000000000000", "offset 128: reading output count of transaction 0: a transaction without outputs"},
		{"flag 2", "01" + version + "0002" + "01" + in + "01" + out + lock, "offset 86: reading segwit flag of transaction 0: 0x02, want 0x01"},
		{"marker, then no inputs", "01" + version + "000100" + strings.Repeat("00", 60), "offset 87: reading input count of transaction 0: a transaction without inputs"},
		{"marker, but empty witnesses", "01" + version + "0001" + "01" + in + "01" + out + "00" + lock, "offset 141: reading witnesses of transaction 0: marked as having witnesses, but all are empty"},
		{"input count beyond the bytes", "01" + version + "0a" + in + "01" + out + lock, "offset 85: reading input count of transaction 0: 10 cannot fit in the 57 bytes left"},
		{"output count beyond the bytes", "01" + version + "01" + in + "0a" + out + lock, "offset 128: reading output count of transaction 0: 10 cannot fit in the 14 bytes left"},
		{"witness count beyond the bytes", "01" + version + "0001" + "01" + in + "01" + out + "fdffff" + lock, "offset 141: reading witness count of input 0 of transaction 0: 65535 cannot fit in the 4 bytes left"},
		{"script length not canonical", "01" + version + "01" + null + "fd0100" + "51" + "ffffffff" + "01" + out + lock, "offset 122: reading script length of input 0 of transaction 0: not in its shortest form: 1 in 3 bytes"},
		{"output script length not canonical", "01" + version + "01" + in + "01" + "0100000000000000" + "fd0100" + "51" + lock, "offset 137: reading script length of output 0 of transaction 0: not in its shortest form: 1 in 3 bytes"},
		{"witness item length not canonical", "01" + version + "0001" + "01" + in + "01" + out + "01fd0100aa" + lock, "offset 142: reading witness item length of input 0 of transaction 0: not in its shortest form: 1 in 3 bytes"},
		{"unlocking script of 2^64-1 bytes", "01" + version + "01" + null + "ffffffffffffffffff" + "01" + out + lock, "offset 131: reading script of input 0 of transaction 0: unexpected EOF"},
		{"locking script of 2^63 bytes", "01" + version + "01" + in + "01" + "0100000000000000" + "ff0000000000000080" + lock, "offset 146: reading script of output 0 of transaction 0: unexpected EOF"},
		{"script up to the sequence", "01" + version + "01" + null + "14" + "51ffffffff" + "01" + out + lock, "offset 143: reading sequence of input 0 of transaction 0: unexpected EOF"},
		{"witness item beyond the end", "01" + version + "0001" + "01" + in + "01" + out + "0105" + lock, "offset 143: reading witness item of input 0 of transaction 0: unexpected EOF"},
		{"value below zero", "01" + version + "01" + in + "01" + "ffffffffffffffff" + "0151" + lock, "offset 129: reading value of output 0 of transaction 0: -1 is not within 0 to 2100000000000000"},
		{"value above the limit", "01" + version + "01" + in + "01" + "0140075af0750700" + "0151" + lock, "offset 129: reading value of output 0 of transaction 0: 2100000000000001 is not within 0 to 2100000000000000"},
		{"sum above the limit", "01" + version + "01" + in + "02" + "0040075af0750700" + "0151" + out + lock, "offset 139: reading value of output 1 of transaction 0: the outputs together pass 2100000000000000"},
	} {
		_, err := model.DecodeBlock(append(header[:80:80], unhex(t, c.body)...), model.Mainnet)
		var d *model.DecodeError
		if !errors.As(err, &d) || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
	if _, err := model.DecodeBlock(append(header[:80:80], unhex(t, "01"+coin)...), model.Mainnet); err != nil {
		t.Errorf("the block that the cases start from: %v", err)
	}
	if err := new(model.BlockView).Decode(make([]byte, model.MaxBlockSize+1)); err == nil || !strings.Contains(err.Error(), "4000001 bytes, more than 4000000") {
		t.Errorf("a block too large: %v", err)
	}
	// A reader of padded files can cut where the block ends.
	err := new(model.BlockView).Decode(append(small[:len(small):len(small)], 0, 0, 0))
	var d *model.DecodeError
	if !errors.Is(err, model.ErrTrailing) || !errors.As(err, &d) || d.Offset != len(small) {
		t.Errorf("padding: %v", err)
	}
}

// Scripts, witness items and counts of every width of length are written and
// read back.
func TestLengthsOfEveryWidth(t *testing.T) {
	for _, n := range []int{0, 1, 0xfc, 0xfd, 0xffff, 0x10000, 0x10001} {
		tx := smallBlock(t).Txs[2]
		tx.Inputs[0].Script, tx.Outputs[0].Script = make([]byte, n), make([]byte, n)
		tx.Inputs[1].Witness = [][]byte{make([]byte, n), {1}}
		tx.Outputs = append(tx.Outputs, make([]model.Output, n)...)
		raw := model.AppendTx(nil, tx)
		got, err := model.DecodeTx(raw, model.Mainnet)
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if len(got.Inputs[0].Script) != n || len(got.Outputs[0].Script) != n || len(got.Inputs[1].Witness[0]) != n || len(got.Outputs) != n+2 {
			t.Errorf("%d: read back as %d, %d, %d, %d", n, len(got.Inputs[0].Script), len(got.Outputs[0].Script), len(got.Inputs[1].Witness[0]), len(got.Outputs)-2)
		}
		if !bytes.Equal(model.AppendTx(nil, got), raw) {
			t.Errorf("%d: written back, the transaction differs", n)
		}
		for _, cut := range []int{5, 40, len(raw) / 2, len(raw) - 5} {
			if _, err := model.DecodeTx(raw[:cut], model.Mainnet); err == nil {
				t.Errorf("%d: %d of %d bytes are a transaction", n, cut, len(raw))
			}
		}
	}
}

func TestDecodeTxErrors(t *testing.T) {
	raw := model.AppendTx(nil, smallBlock(t).Txs[2])
	for n := range raw {
		if _, err := model.DecodeTx(raw[:n], model.Mainnet); err == nil {
			t.Errorf("%d of %d bytes are a transaction", n, len(raw))
		}
	}
	if _, err := model.DecodeTx(append(raw[:len(raw):len(raw)], 0), model.Mainnet); !errors.Is(err, model.ErrTrailing) {
		t.Errorf("trailing byte: %v", err)
	}
	if _, err := model.DecodeTx(make([]byte, model.MaxBlockSize+1), model.Mainnet); err == nil {
		t.Error("a transaction larger than a block is read")
	}
	two := smallBlock(t).Txs[2]
	two.Inputs[1].Prev = model.Outpoint{Vout: 1<<32 - 1}
	if _, err := model.DecodeTx(model.AppendTx(nil, two), model.Mainnet); err == nil || !strings.Contains(err.Error(), "null outpoint") {
		t.Errorf("null outpoint among others: %v", err)
	}
	if tx, err := model.DecodeTx(model.AppendTx(nil, smallBlock(t).Txs[0]), model.Mainnet); err != nil || !tx.Coinbase() {
		t.Errorf("a coinbase alone: %v", err)
	}
}

func TestViewOutlivesTheNextDecode(t *testing.T) {
	blk := smallBlock(t)
	raw := model.AppendBlock(nil, blk)
	var v model.BlockView
	if err := v.Decode(raw); err != nil {
		t.Fatal(err)
	}
	tx := v.Tx(2, model.Mainnet, model.BlockRef{Height: 7, Known: model.KnownHeight})
	before := model.AppendTx(nil, tx)
	if err := v.Decode(unhex(t, genesis)); err != nil {
		t.Fatal(err)
	}
	if after := model.AppendTx(nil, tx); !bytes.Equal(before, after) || model.HashTx(tx) != blk.Txs[2].ID {
		t.Error("a transaction changed with the next Decode")
	}
	if want := (model.BlockRef{Height: 7, Pos: 2, Known: model.KnownHeight | model.KnownPos}); tx.Block != want {
		t.Errorf("block %+v, want %+v", tx.Block, want)
	}
	// Appending to a script must not write into the block.
	_ = append(tx.Inputs[0].Script, 0xff)
	_ = append(tx.Inputs[1].Witness[0], 0xff)
	_ = append(tx.Outputs[0].Script, 0xff)
	if !bytes.Equal(raw, model.AppendBlock(nil, blk)) {
		t.Error("an append to a script wrote into the block")
	}
}

func TestSweepDoesNotAllocate(t *testing.T) {
	raw := model.AppendBlock(nil, smallBlock(t))
	var v model.BlockView
	var witness [][]byte
	var sink byte
	if n := testing.AllocsPerRun(100, func() {
		if err := v.Decode(raw); err != nil {
			t.Fatal(err)
		}
		h := v.Hash()
		sink ^= h[0]
		for i := range v.Txs {
			id := v.TxID(i)
			sink ^= id[0]
		}
		for i := range v.Ins {
			witness = v.AppendWitness(witness[:0], i)
			owner, _ := model.UnlockingOwner(v.InScript(i), witness, model.Mainnet)
			prev := v.Prev(i)
			sink ^= byte(owner.Kind()) ^ prev.Tx[0] ^ byte(model.SigHashOf(v.InScript(i), witness))
		}
		for i := range v.Outs {
			sink ^= byte(model.AddressOf(v.OutScript(i), model.Mainnet).Kind())
		}
	}); n != 0 {
		t.Errorf("%v allocations for a block", n)
	}
	_ = sink
}

func TestMerkleRoot(t *testing.T) {
	if got := model.MerkleRoot(nil); got != ([32]byte{}) {
		t.Errorf("of nothing: %x", got)
	}
	one := model.TxID{1}
	if got := model.MerkleRoot([]model.TxID{one}); got != one {
		t.Errorf("of one: %x", got)
	}
	// The known weakness: an odd list and the same list with its end repeated.
	ids := []model.TxID{{1}, {2}, {3}}
	if model.MerkleRoot(ids) != model.MerkleRoot(append(ids, model.TxID{3})) {
		t.Error("three ids, and the same with the third repeated, have different roots")
	}
	if diff := cmp.Diff([]model.TxID{{1}, {2}, {3}}, ids[:3]); diff != "" {
		t.Errorf("the list was changed (-want +got)\n%s", diff)
	}
}

func fuzzSeeds(f *testing.F) (blocks, txs [][]byte) {
	f.Helper()
	g, err := hex.DecodeString(genesis)
	if err != nil {
		f.Fatal(err)
	}
	blk := smallBlock(f)
	blocks = [][]byte{g, model.AppendBlock(nil, blk)}
	for _, tx := range blk.Txs {
		txs = append(txs, model.AppendTx(nil, tx))
	}
	return blocks, txs
}

func FuzzDecodeBlock(f *testing.F) {
	blocks, _ := fuzzSeeds(f)
	for _, b := range blocks {
		f.Add(b)
		f.Add(b[:len(b)-9])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept := bytes.Clone(raw)
		blk, err := model.DecodeBlock(raw, model.Mainnet)
		if !bytes.Equal(kept, raw) {
			t.Fatal("the parser wrote into its input")
		}
		if err != nil {
			checkDecodeError(t, err, len(raw))
			return
		}
		if got := model.AppendBlock(nil, blk); !bytes.Equal(got, raw) {
			t.Fatalf("%x is written back as %x", raw, got)
		}
		for i, tx := range blk.Txs {
			if tx.Coinbase() != (i == 0) || tx.ID != model.HashTx(tx) || int(tx.Block.Pos) != i {
				t.Fatalf("transaction %d: coinbase %v, id %s, position %d", i, tx.Coinbase(), tx.ID, tx.Block.Pos)
			}
		}
	})
}

func FuzzDecodeTx(f *testing.F) {
	_, txs := fuzzSeeds(f)
	for _, tx := range txs {
		f.Add(tx)
		f.Add(tx[:len(tx)-5])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := model.DecodeTx(raw, model.Mainnet)
		if err != nil {
			checkDecodeError(t, err, len(raw))
			return
		}
		if got := model.AppendTx(nil, tx); !bytes.Equal(got, raw) {
			t.Fatalf("%x is written back as %x", raw, got)
		}
		if tx.ID != model.HashTx(tx) {
			t.Fatalf("id %s, but the fields hash to %s", tx.ID, model.HashTx(tx))
		}
		if sum, ok := tx.OutputValue(); !ok || sum < 0 || sum > model.MaxMoney {
			t.Fatalf("outputs of %s, %v", sum, ok)
		}
		if int(tx.Size) != len(raw) || tx.Weight < tx.Size || tx.Weight > 4*tx.Size {
			t.Fatalf("%d bytes: size %d, weight %d", len(raw), tx.Size, tx.Weight)
		}
		// The same transaction in a block, behind a coinbase.
		if tx.Coinbase() {
			return
		}
		blk := smallBlock(t)
		b := model.AppendBlock(nil, &model.Block{Header: blk.Header, Txs: []*model.Tx{blk.Txs[0], tx}})
		in, err := model.DecodeBlock(b, model.Mainnet)
		if err != nil {
			null := false
			for i := range tx.Inputs {
				null = null || tx.Inputs[i].Prev.Null()
			}
			if !null {
				t.Fatal(err)
			}
			return
		}
		if in.Txs[1].ID != tx.ID {
			t.Fatalf("id %s in a block, %s alone", in.Txs[1].ID, tx.ID)
		}
	})
}

func checkDecodeError(t *testing.T, err error, n int) {
	t.Helper()
	var d *model.DecodeError
	if !errors.As(err, &d) || d.Offset < 0 || d.Offset > n || d.What == "" || d.Err == nil {
		t.Fatalf("%d bytes: %v", n, err)
	}
}
