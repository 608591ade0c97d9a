package esploratest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/goldwash/goldwash/model"
)

// The forms of the API, with the order of keys and the parts for people that the
// servers send.

type txJSON struct {
	ID       model.TxID   `json:"txid"`
	Version  uint32       `json:"version"`
	LockTime uint32       `json:"locktime"`
	Inputs   []inputJSON  `json:"vin"`
	Outputs  []outputJSON `json:"vout"`
	Size     int32        `json:"size"`
	Weight   int32        `json:"weight"`
	SigOps   int          `json:"sigops"` // of mempool.space
	Fee      int64        `json:"fee"`
	Status   statusJSON   `json:"status"`
}

type inputJSON struct {
	Tx         model.TxID  `json:"txid"`
	Vout       uint32      `json:"vout"`
	Prevout    *outputJSON `json:"prevout"`
	Script     string      `json:"scriptsig"`
	Asm        string      `json:"scriptsig_asm"`
	Witness    []string    `json:"witness,omitempty"`
	IsCoinbase bool        `json:"is_coinbase"`
	Sequence   uint32      `json:"sequence"`
}

type outputJSON struct {
	Script  string `json:"scriptpubkey"`
	Asm     string `json:"scriptpubkey_asm"`
	Type    string `json:"scriptpubkey_type"`
	Address string `json:"scriptpubkey_address,omitempty"`
	Value   int64  `json:"value"`
}

type statusJSON struct {
	Confirmed bool             `json:"confirmed"`
	Height    int32            `json:"block_height,omitempty"`
	Hash      *model.BlockHash `json:"block_hash,omitempty"`
	Time      int64            `json:"block_time,omitempty"`
}

type spendJSON struct {
	Spent  bool        `json:"spent"`
	Tx     *model.TxID `json:"txid,omitempty"`
	Vin    *uint32     `json:"vin,omitempty"`
	Status *statusJSON `json:"status,omitempty"`
}

type blockJSON struct {
	ID         model.BlockHash  `json:"id"`
	Height     int32            `json:"height"`
	Version    uint32           `json:"version"`
	Time       uint32           `json:"timestamp"`
	Count      int              `json:"tx_count"`
	Size       int              `json:"size"`
	Weight     int              `json:"weight"`
	MerkleRoot model.TxID       `json:"merkle_root"`
	Prev       *model.BlockHash `json:"previousblockhash"`
	Median     int64            `json:"mediantime"`
	Nonce      uint32           `json:"nonce"`
	Bits       uint32           `json:"bits"`
	Difficulty float64          `json:"difficulty"`
}

type proofJSON struct {
	Height int32        `json:"block_height"`
	Branch []model.TxID `json:"merkle"`
	Pos    int          `json:"pos"`
}

func (s *server) txJSON(t *model.Tx, fault Fault) txJSON {
	fee, _ := t.Fee()
	j := txJSON{
		ID: t.ID, Version: uint32(t.Version), LockTime: t.LockTime, Size: t.Size, Weight: t.Weight, Fee: int64(fee),
		Inputs: make([]inputJSON, len(t.Inputs)), Outputs: make([]outputJSON, len(t.Outputs)), Status: s.statusJSON(t),
	}
	if fault == Lie {
		j.LockTime++
	}
	for i := range t.Inputs {
		in := &t.Inputs[i]
		one := inputJSON{
			Tx: in.Prev.Tx, Vout: in.Prev.Vout, Script: hex.EncodeToString(in.Script), Asm: "OP_0 \"asm\"",
			IsCoinbase: in.Prev.Null(), Sequence: in.Sequence,
		}
		for _, item := range in.Witness {
			one.Witness = append(one.Witness, hex.EncodeToString(item))
		}
		if out, ok := s.prevout(in); ok && !in.Prev.Null() {
			if fault == Steal {
				out.Script = slices.Clone(out.Script)
				out.Script[len(out.Script)/2] ^= 1
				out.Owner = model.AddressOf(out.Script, s.net)
			}
			o := outputOf(&out)
			one.Prevout = &o
		}
		j.Inputs[i] = one
	}
	for i := range t.Outputs {
		j.Outputs[i] = outputOf(&t.Outputs[i])
	}
	return j
}

func outputOf(out *model.Output) outputJSON {
	o := outputJSON{Script: hex.EncodeToString(out.Script), Asm: "OP_0 \u2026", Type: out.Owner.Kind().String(), Value: int64(out.Value)}
	o.Address, _ = addressOf(out.Owner)
	if !out.Owner.Ownable() || len(o.Address) > 7 && o.Address[:7] == "script:" {
		o.Address = ""
	}
	return o
}

func (s *server) statusJSON(t *model.Tx) statusJSON {
	if s.byHash[t.Block.Hash] == nil {
		return statusJSON{}
	}
	return statusJSON{Confirmed: true, Height: t.Block.Height, Hash: &t.Block.Hash, Time: t.Block.Time}
}

func (s *server) spendJSON(o model.Outpoint) spendJSON {
	by, ok := s.spent[o]
	if !ok {
		return spendJSON{}
	}
	status := s.statusJSON(s.txs[by.Tx])
	return spendJSON{Spent: true, Tx: &by.Tx, Vin: &by.Vin, Status: &status}
}

func (s *server) blockJSON(b *model.Block) blockJSON {
	size, weight := len(model.AppendBlock(nil, b)), 0
	for _, t := range b.Txs {
		weight += int(t.Weight)
	}
	j := blockJSON{
		ID: b.Ref.Hash, Height: b.Ref.Height, Version: uint32(b.Header.Version), Time: b.Header.Time, Count: len(b.Txs), Size: size,
		Weight: weight + 4*81, MerkleRoot: b.Header.MerkleRoot, Median: b.Ref.Median, Nonce: b.Header.Nonce, Bits: b.Header.Bits, Difficulty: 4.656542373906925e-10,
	}
	if b.Header.Prev != (model.BlockHash{}) {
		j.Prev = &b.Header.Prev
	}
	return j
}

// proof is the Merkle branch of a transaction.
func proof(b *model.Block, pos int) proofJSON {
	j := proofJSON{Height: b.Ref.Height, Branch: []model.TxID{}, Pos: pos}
	level := make([]model.TxID, len(b.Txs))
	for i, t := range b.Txs {
		level[i] = t.ID
	}
	for ; len(level) > 1; pos /= 2 {
		if len(level)%2 == 1 {
			level = append(level, level[len(level)-1])
		}
		j.Branch = append(j.Branch, level[pos^1])
		next := level[:0:0]
		for i := 0; i < len(level); i += 2 {
			once := sha256.Sum256(slices.Concat(level[i][:], level[i+1][:]))
			next = append(next, sha256.Sum256(once[:]))
		}
		level = next
	}
	return j
}
