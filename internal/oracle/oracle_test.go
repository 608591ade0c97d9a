package oracle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
)

var blockFiles = []string{
	"mainnet-300025", "mainnet-363703", "mainnet-367891", "mainnet-413567", "mainnet-481829",
	"mainnet-514485", "mainnet-702861", "mainnet-951658", "testnet3-928816", "testnet3-928849",
}

// readBlock reads a real block, without the line feed that one file ends in.
func readBlock(t testing.TB, file string) []byte {
	t.Helper()
	raw := realdata.Read(t, "blocks/"+file+".raw.gz")
	var d *model.DecodeError
	if err := new(model.BlockView).Decode(raw); errors.Is(err, model.ErrTrailing) && errors.As(err, &d) {
		raw = raw[:d.Offset]
	}
	return raw
}

func networkOf(file string) (model.Network, *chaincfg.Params) {
	if strings.HasPrefix(file, "testnet3") {
		return model.Testnet3, &chaincfg.TestNet3Params
	}
	return model.Mainnet, &chaincfg.MainNetParams
}

func TestRealBlocksAgree(t *testing.T) {
	for _, file := range blockFiles {
		t.Run(file, func(t *testing.T) {
			net, params := networkOf(file)
			compareBlock(t, readBlock(t, file), net, params)
		})
	}
}

func TestFirstBlocksAgree(t *testing.T) {
	data := realdata.Read(t, "blocks/mainnet-0-14131.blk.dat.gz")
	magic := model.Mainnet.Magic()
	blocks := 0
	for ; len(data) > 8 && bytes.HasPrefix(data, magic[:]); blocks++ {
		n := binary.LittleEndian.Uint32(data[4:])
		compareBlock(t, data[8:8+n], model.Mainnet, &chaincfg.MainNetParams)
		data = data[8+n:]
	}
	if blocks != 14132 {
		t.Errorf("%d blocks compared", blocks)
	}
}

// compareBlock parses a block both ways and compares all that both tell.
func compareBlock(t *testing.T, raw []byte, net model.Network, params *chaincfg.Params) {
	t.Helper()
	var theirs wire.MsgBlock
	if err := theirs.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	ours, err := model.DecodeBlock(raw, net)
	if err != nil {
		t.Fatal(err)
	}
	if ours.Ref.Hash != model.BlockHash(theirs.BlockHash()) {
		t.Errorf("hash %s, btcd %s", ours.Ref.Hash, theirs.BlockHash())
	}
	if len(ours.Txs) != len(theirs.Transactions) {
		t.Fatalf("%d transactions, btcd %d", len(ours.Txs), len(theirs.Transactions))
	}
	for i, tx := range ours.Txs {
		compareTx(t, tx, theirs.Transactions[i])
		for _, out := range tx.Outputs {
			compareScript(t, out.Script, net, params)
		}
	}
}

func compareTx(t *testing.T, ours *model.Tx, theirs *wire.MsgTx) {
	t.Helper()
	if ours.ID != model.TxID(theirs.TxHash()) {
		t.Errorf("txid %s, btcd %s", ours.ID, theirs.TxHash())
	}
	if int(ours.Size) != theirs.SerializeSize() || int(ours.Weight) != 3*theirs.SerializeSizeStripped()+theirs.SerializeSize() {
		t.Errorf("%s: size %d, weight %d; btcd %d, %d stripped", ours.ID, ours.Size, ours.Weight, theirs.SerializeSize(), theirs.SerializeSizeStripped())
	}
	if ours.Version != theirs.Version || ours.LockTime != theirs.LockTime || len(ours.Inputs) != len(theirs.TxIn) || len(ours.Outputs) != len(theirs.TxOut) {
		t.Fatalf("%s: version, lock time, inputs or outputs differ", ours.ID)
	}
	for i := range ours.Inputs {
		a, b := &ours.Inputs[i], theirs.TxIn[i]
		same := a.Prev.Tx == model.TxID(b.PreviousOutPoint.Hash) && a.Prev.Vout == b.PreviousOutPoint.Index &&
			a.Sequence == b.Sequence && bytes.Equal(a.Script, b.SignatureScript) && len(a.Witness) == len(b.Witness)
		for j := range a.Witness {
			same = same && bytes.Equal(a.Witness[j], b.Witness[j])
		}
		if !same {
			t.Errorf("%s: input %d differs", ours.ID, i)
		}
	}
	for i := range ours.Outputs {
		if a, b := &ours.Outputs[i], theirs.TxOut[i]; int64(a.Value) != b.Value || !bytes.Equal(a.Script, b.PkScript) {
			t.Errorf("%s: output %d differs", ours.ID, i)
		}
	}
}

var classes = map[txscript.ScriptClass]model.ScriptKind{
	txscript.NonStandardTy:         model.ScriptOther,
	txscript.PubKeyTy:              model.P2PK,
	txscript.PubKeyHashTy:          model.P2PKH,
	txscript.WitnessV0PubKeyHashTy: model.P2WPKH,
	txscript.ScriptHashTy:          model.P2SH,
	txscript.WitnessV0ScriptHashTy: model.P2WSH,
	txscript.MultiSigTy:            model.Multisig,
	txscript.NullDataTy:            model.NullData,
	txscript.WitnessV1TaprootTy:    model.P2TR,
	txscript.PayToAnchorTy:         model.P2A,
	txscript.WitnessUnknownTy:      model.WitnessUnknown,
}

// compareScript compares form and address of a locking script.
func compareScript(t *testing.T, script []byte, net model.Network, params *chaincfg.Params) {
	t.Helper()
	kind := model.Classify(script).Kind
	class, addrs, _, err := txscript.ExtractPkScriptAddrs(script, params)
	if err != nil {
		t.Fatalf("%x: %v", script, err)
	}
	if theirs := classes[class]; kind != theirs && !explained(script, kind, theirs) {
		t.Fatalf("%x is %s, to btcd %s", script, kind, class)
	}
	switch kind {
	case model.P2PKH, model.P2SH, model.P2WPKH, model.P2WSH, model.P2TR, model.P2A:
	default:
		return
	}
	ours := model.AddressOf(script, net)
	if len(addrs) != 1 || addrs[0].EncodeAddress() != ours.String() {
		t.Fatalf("%x is paid to %s, to btcd %v", script, ours, addrs)
	}
	back, err := address.DecodeAddress(ours.String(), params)
	if err != nil {
		t.Fatalf("btcd cannot read %s: %v", ours, err)
	}
	if again, err := txscript.PayToAddrScript(back); err != nil || !bytes.Equal(again, script) {
		t.Fatalf("%s is %x, to btcd %x, %v", ours, script, again, err)
	}
}

// explained lists where the two differ on purpose. Package model follows Bitcoin
// Core, and calls null data whatever begins with OP_RETURN.
func explained(script []byte, ours, theirs model.ScriptKind) bool {
	switch {
	case ours == model.ScriptEmpty && theirs == model.ScriptOther:
		return true // btcd has no name for it
	case ours == model.NullData && theirs == model.ScriptOther:
		return true // btcd: one push of at most 80 bytes
	case ours == model.WitnessUnknown && theirs == model.ScriptOther:
		return true // btcd never names these
	case ours == model.P2PK && theirs == model.ScriptOther:
		return script[1] == 6 || script[1] == 7 // btcd: no hybrid keys
	case ours == model.ScriptOther && theirs == model.P2PK:
		return script[1] == 6 || script[1] == 7
	case ours == model.ScriptOther && theirs == model.Multisig:
		return !sound(script) // btcd: 0 of n, m above n, and what is no key
	case ours == model.Multisig && theirs == model.ScriptOther:
		s := model.Classify(script)
		return s.N > 16 || s.M > 16 // btcd: numbers by OP_1 to OP_16 alone
	}
	return false
}

// sound reports whether a script that ends in n OP_CHECKMULTISIG asks for 1 to n
// signatures of n keys of a length that keys have.
func sound(script []byte) bool {
	tokens := txscript.MakeScriptTokenizer(0, script)
	tokens.Next()
	m, keys := int(tokens.Opcode())-0x50, 0
	for tokens.Next() && len(tokens.Data()) > 0 {
		k := tokens.Data()
		if !(len(k) == 33 && (k[0] == 2 || k[0] == 3) || len(k) == 65 && (k[0] == 4 || k[0] == 6 || k[0] == 7)) {
			return false
		}
		keys++
	}
	return m >= 1 && m <= keys && keys == int(tokens.Opcode())-0x50
}

// What model accepts, btcd accepts and reads alike. The reverse does not hold:
// btcd reads blocks that consensus forbids.
func FuzzTx(f *testing.F) {
	for _, tx := range seeds() {
		f.Add(tx)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ours, err := model.DecodeTx(raw, model.Mainnet)
		var theirs wire.MsgTx
		r := bytes.NewReader(raw)
		theirErr := theirs.Deserialize(r)
		if err != nil {
			if theirErr == nil && r.Len() == 0 && lawful(&theirs) {
				t.Fatalf("rejected, but btcd reads it: %v", err)
			}
			return
		}
		if theirErr != nil {
			// btcd bounds what it reads more tightly than consensus.
			if me := (*wire.MessageError)(nil); errors.As(theirErr, &me) && strings.Contains(me.Description, "max") {
				return
			}
			t.Fatalf("accepted, but not by btcd: %v", theirErr)
		}
		compareTx(t, ours, &theirs)
		for _, out := range ours.Outputs {
			compareScript(t, out.Script, model.Mainnet, &chaincfg.MainNetParams)
		}
	})
}

// lawful reports whether a transaction that btcd reads keeps the rules of form
// that model checks beyond the encoding.
func lawful(tx *wire.MsgTx) bool {
	if len(tx.TxIn) == 0 || len(tx.TxOut) == 0 {
		return false
	}
	var sum int64
	for _, out := range tx.TxOut {
		if out.Value < 0 || out.Value > int64(model.MaxMoney) {
			return false
		}
		if sum += out.Value; sum > int64(model.MaxMoney) {
			return false
		}
	}
	for _, in := range tx.TxIn {
		if o := in.PreviousOutPoint; o.Index == 1<<32-1 && model.TxID(o.Hash) == (model.TxID{}) && len(tx.TxIn) > 1 {
			return false
		}
	}
	return true
}

func FuzzScript(f *testing.F) {
	for _, tx := range seeds() {
		f.Add(tx)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		compareScript(t, script, model.Mainnet, &chaincfg.MainNetParams)
	})
}

// seeds are a transaction with a witness and scripts of several forms.
func seeds() [][]byte {
	key := append([]byte{2}, make([]byte, 32)...)
	multisig := append(append([]byte{0x51, 33}, key...), 0x51, 0xae)
	p2wsh := append([]byte{0, 32}, make([]byte, 32)...)
	tx := &model.Tx{
		Version: 2,
		Inputs:  []model.Input{{Prev: model.Outpoint{Tx: model.TxID{1}}, Witness: [][]byte{{1}, key}}},
		Outputs: []model.Output{{Value: 7, Script: multisig}, {Script: p2wsh}, {Script: []byte{0x51, 2, 0x4e, 0x73}}, {Script: []byte{0x6a, 1, 1}}},
	}
	return [][]byte{model.AppendTx(nil, tx), multisig, p2wsh, append([]byte{0x51}, p2wsh[1:]...), {0x6a, 0x4c}}
}
