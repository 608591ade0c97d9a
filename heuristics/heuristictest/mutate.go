package heuristictest

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// mutant is a ledger being changed, transaction by transaction. Changes may make
// it odd but not inconsistent: nothing is spent twice and nothing out of
// nothing.
type mutant struct {
	net    model.Network
	blocks []*model.Block
	labels []model.Label
	tags   []model.Tag
	prices []model.Price
	ops    []byte
}

// mutate returns a ledger changed as the bytes say, a few bytes for each
// change; no bytes change nothing.
func mutate(l *ledger.Ledger, ops []byte) (*ledger.Ledger, error) {
	m, err := take(l)
	if err != nil {
		return nil, err
	}
	const most = 64 // changes; more make no odder ledgers
	m.ops = ops
	for n := 0; len(m.ops) > 0 && n < most; n++ {
		m.change()
	}
	m.settle()
	return ledger.New(m.net, m.blocks, ledger.Contents{Labels: m.labels, Tags: m.tags, Prices: m.prices})
}

// take copies what a ledger holds.
func take(l *ledger.Ledger) (*mutant, error) {
	ctx := context.Background()
	m := &mutant{net: l.Network()}
	days := map[int64]bool{}
	for b, err := range l.Blocks(ctx, sources.Range{}) {
		if err != nil {
			return nil, err
		}
		own := &model.Block{Header: b.Header, Ref: b.Ref}
		for _, tx := range b.Txs {
			t := *tx
			t.Inputs, t.Outputs = slices.Clone(tx.Inputs), slices.Clone(tx.Outputs)
			own.Txs = append(own.Txs, &t)
		}
		m.blocks = append(m.blocks, own)
		at := time.Unix(b.Ref.Time, 0)
		if day := b.Ref.Time / 86_400; !days[day] {
			days[day] = true
			ps, err := l.Prices(ctx, m.net, "USD", []time.Time{at})
			if err != nil {
				return nil, err
			}
			if !ps[0].IsZero() {
				m.prices = append(m.prices, ps[0])
			}
		}
	}
	for b, err := range l.Find(ctx, "") {
		if err != nil {
			return nil, err
		}
		m.labels = append(m.labels, b)
	}
	for t, err := range l.Tags(ctx) {
		if err != nil {
			return nil, err
		}
		m.tags = append(m.tags, t)
	}
	return m, nil
}

// next takes a number from 0 to n-1 off the bytes.
func (m *mutant) next(n int) int {
	if len(m.ops) == 0 || n <= 0 {
		return 0
	}
	b := m.ops[0]
	m.ops = m.ops[1:]
	return int(b) % n
}

// tx picks a transaction; nil where there is none.
func (m *mutant) tx() *model.Tx {
	if len(m.blocks) == 0 {
		return nil
	}
	txs := m.blocks[m.next(len(m.blocks))].Txs
	return txs[m.next(len(txs))]
}

// change makes one change.
func (m *mutant) change() {
	op := m.next(12)
	t := m.tx()
	if t == nil {
		return
	}
	in, out := &t.Inputs[m.next(len(t.Inputs))], m.output(t)
	switch {
	case op == 0 && !t.Coinbase(): // nothing is known of what an input spends
		in.Value, in.ValueKnown, in.Owner, in.OwnerBy = 0, false, model.Address{}, model.OwnerUnknown
		in.Prev.Tx[0] ^= 0xff
	case op == 1 && !t.Coinbase(): // it comes from outside the ledger
		in.Prev.Tx[1] ^= 0xff
	case op == 2: // it pays an owner of another transaction
		other := m.output(m.tx())
		out.Script, out.Owner = other.Script, other.Owner
	case op == 3: // a payment becomes smaller, and the fee larger
		out.Value = out.Value * model.Amount(m.next(256)) / 256
	case op == 4: // it is split in equal parts
		n := 2 + m.next(40)
		part := out.Value / model.Amount(n)
		out.Value = part
		for range n - 1 {
			t.Outputs = append(t.Outputs, model.Output{Value: part, Script: out.Script, Owner: out.Owner})
		}
	case op == 5: // two outputs are paid to one owner
		other := m.output(t)
		out.Script, out.Owner = other.Script, other.Owner
	case op == 6: // two outputs change owners
		other := m.output(t)
		out.Script, other.Script = other.Script, out.Script
		out.Owner, other.Owner = other.Owner, out.Owner
	case op == 7: // null data
		script := []byte{0x6a, 2, byte(m.next(256)), byte(m.next(256))}
		t.Outputs = append(t.Outputs, model.Output{Script: script, Owner: model.AddressOf(script, m.net)})
	case op == 8: // one that no form knows
		out.Script = []byte{0x51, byte(m.next(256))}
		out.Owner = model.AddressOf(out.Script, m.net)
	case op == 9: // signatures
		in.SigHash = model.SigHash(m.next(256))
	case op == 10 && len(m.labels) > 0: // a label moves, or says other things
		b := &m.labels[m.next(len(m.labels))]
		switch m.next(4) {
		case 0:
			b.On = model.RefAddress(out.Owner)
		case 1:
			b.Category = categories[m.next(len(categories))]
		case 2:
			b.Role = roles[m.next(len(roles))]
		case 3:
			b.Confidence = model.Percent(m.next(101))
		}
	case op == 11: // a new label
		m.labels = append(m.labels, model.Label{
			On: model.RefAddress(out.Owner), Entity: string(rune('A' + m.next(4))), Category: categories[m.next(len(categories))],
			Role: roles[m.next(len(roles))], Confidence: model.Percent(m.next(101)), Source: "mutation",
		})
	}
}

// output picks an output of a transaction; every one has some.
func (m *mutant) output(t *model.Tx) *model.Output {
	if len(t.Outputs) == 0 {
		t.Outputs = append(t.Outputs, model.Output{Owner: model.AddressOf(nil, m.net)})
	}
	return &t.Outputs[m.next(len(t.Outputs))]
}

var categories = []model.Category{
	model.HashMarketplace, model.CloudMining, model.MiningPool, model.Exchange, model.Custodian, model.Mixer,
	model.PaymentProcessor, model.Gambling, model.Actor, "a category of nobody's",
}

var roles = []model.Role{
	"", model.RoleDeposit, model.RoleHot, model.RoleCold, model.RolePayout, model.RoleCollector, model.RoleCoinbase,
	model.RoleKey, model.RoleAccount, "a role of nobody's",
}

// settle makes the ledger consistent again: ids and hashes are those of what is
// there now, and what spends an output has its value and owner.
func (m *mutant) settle() {
	now := map[model.TxID]*model.Tx{} // by the id that it had
	renamed := map[model.TxID]model.TxID{}
	spent := map[model.Outpoint]bool{}
	stood := map[model.TxID]bool{}
	var prev *model.Block
	for _, b := range m.blocks {
		var ids []model.TxID
		for _, t := range b.Txs {
			for i := range t.Inputs {
				in := &t.Inputs[i]
				if in.Prev.Null() {
					continue
				}
				if from, ok := now[in.Prev.Tx]; ok {
					o := &from.Outputs[in.Prev.Vout]
					in.Prev.Tx = from.ID
					in.Value, in.ValueKnown, in.Owner, in.OwnerBy = o.Value, true, o.Owner, model.OwnerPrevout
				}
				for spent[in.Prev] { // an outside one that a change has made twice
					in.Prev.Tx[2]++
				}
				spent[in.Prev] = true
			}
			m.balance(t)
			old := t.ID
			t.ID = model.HashTx(t)
			for stood[t.ID] {
				t.LockTime++
				t.ID = model.HashTx(t)
			}
			stood[t.ID] = true
			now[old], renamed[old] = t, t.ID
			ids = append(ids, t.ID)
		}
		b.Header.MerkleRoot = model.MerkleRoot(ids)
		if prev != nil && b.Ref.Height == prev.Ref.Height+1 {
			b.Header.Prev = prev.Ref.Hash
		}
		b.Ref.Hash = hash(&b.Header)
		for i, t := range b.Txs {
			t.Block = b.Ref
			t.Block.Pos, t.Block.Known = int32(i), b.Ref.Known|model.KnownPos
		}
		prev = b
	}
	for i := range m.labels {
		on := m.labels[i].On
		if o, ok := on.Outpoint(); ok {
			m.labels[i].On = model.RefOutpoint(model.Outpoint{Tx: renamedOr(renamed, o.Tx), Vout: o.Vout})
		} else if id, ok := on.Tx(); ok && on.Kind() == model.KindTx {
			m.labels[i].On = model.RefTx(renamedOr(renamed, id))
		}
	}
}

func renamedOr(renamed map[model.TxID]model.TxID, id model.TxID) model.TxID {
	if now, ok := renamed[id]; ok {
		return now
	}
	return id
}

// balance cuts outputs down to what the inputs bring, or the subsidy.
func (m *mutant) balance(t *model.Tx) {
	left, known := t.InputValue()
	if t.Coinbase() {
		// Without the fees, so that a smaller fee elsewhere does no harm.
		left, known = m.net.Subsidy(t.Block.Height), true
	}
	if !known {
		return
	}
	for i := range t.Outputs {
		o := &t.Outputs[i]
		o.Value = min(o.Value, left)
		left -= o.Value
	}
}

func hash(h *model.BlockHeader) model.BlockHash {
	raw := model.AppendBlock(nil, &model.Block{Header: *h})[:80]
	once := sha256.Sum256(raw)
	return sha256.Sum256(once[:])
}
