package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// draft is the block that takes transactions.
type draft struct {
	height int32
	time   int64
	bits   uint32
	txs    []*model.Tx // without the coinbase

	coinbase *entry // of a coinbase line
	script   []byte // of its input
	payments []payment
	at       word
}

const (
	blockVersion      = 0x20000000
	regtestBits       = 0x207fffff // the easiest target that there is
	maxCoinbaseScript = 100        // by consensus
	medianSpan        = 11         // BIP 113
)

// readCoinbase reads the coinbase line of a block. What it pays is settled when
// the block is closed, since it may take the fees.
func (p *parser) readCoinbase(args []word, at word) {
	e, words := p.header(args, at)
	if e == nil {
		return
	}
	left, right, ok := p.sides(words, at)
	if !ok {
		return
	}
	d := p.draft
	if d.coinbase != nil {
		p.fail(at, "the block at height %d has a coinbase on line %d", d.height, d.coinbase.line)
		return
	}
	d.coinbase, d.at = e, at
	script := heightScript(d.height)
	for _, w := range left {
		key, value, err := option(w)
		switch {
		case err != nil:
			p.fail(w, "%v", err)
			ok = false
		case key == "tag":
			script = append(script, value...)
		case key == "extra":
			b, err := parseHex(strings.TrimPrefix(value, "0x"))
			if err != nil {
				p.fail(w, "extra: %v", err)
				ok = false
			}
			script = append(script, b...)
		default:
			p.fail(w, "unknown option %q of a coinbase: want tag or extra", clip(key))
			ok = false
		}
	}
	if len(script) > maxCoinbaseScript {
		p.fail(at, "the coinbase script has %d bytes, at most %d are allowed", len(script), maxCoinbaseScript)
		ok = false
	}
	payments, okOut := p.readOutputs(right, at)
	if !ok || !okOut {
		return
	}
	d.script, d.payments = script, payments
	// Outputs of the coinbase may be named from now on, and are complete
	// when the block is.
	t := &model.Tx{Version: defaultVersion, Inputs: coinbaseInput(script), Outputs: outputs(payments)}
	e.tx, e.spent, e.broken = t, make([]int, len(payments)), false
}

// heightScript is what BIP 34 demands at the beginning of a coinbase script,
// with a zero byte after it where it has one byte only, since consensus demands
// two.
func heightScript(height int32) []byte {
	switch {
	case height == 0:
		return []byte{op0, op0}
	case height <= 16:
		return []byte{op1 + byte(height) - 1, op0}
	}
	num := binary.LittleEndian.AppendUint32(nil, uint32(height))
	for len(num) > 1 && num[len(num)-1] == 0 && num[len(num)-2]&0x80 == 0 {
		num = num[:len(num)-1]
	}
	return push(nil, num)
}

func coinbaseInput(script []byte) []model.Input {
	return []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}, Sequence: 1<<32 - 1, Script: script}}
}

// maxFilled bounds the empty blocks of one text.
const maxFilled = 200_000

func (p *parser) readFill(args []word, at word) {
	switch {
	case len(args) != 0:
		p.fail(args[0], "fill: unexpected %q", clip(args[0].text))
	case p.clock.started:
		p.fail(at, "fill must stand before the first transaction")
	default:
		p.fill = true
	}
}

// readDifficulty reads how hard the blocks from the next transaction's on are.
// The compact form of a target holds three bytes, so the difficulty that the
// blocks have differs from the stated one by less than one part in 30,000.
func (p *parser) readDifficulty(args []word, at word) {
	if len(args) != 1 {
		p.fail(at, "difficulty: want one number")
		return
	}
	d, err := strconv.ParseUint(strings.ReplaceAll(args[0].text, "_", ""), 10, 64)
	if err != nil || d == 0 {
		p.fail(args[0], "difficulty %q: want a whole number from 1", clip(args[0].text))
		return
	}
	p.bits = compactBits(d)
}

// compactBits returns the compact form of the target of a difficulty.
func compactBits(d uint64) uint32 {
	target := new(big.Int).Lsh(big.NewInt(0xffff), 208)
	b := target.Div(target, new(big.Int).SetUint64(d)).Bytes()
	size := len(b)
	b = append(b, 0, 0, 0)
	if b[0] >= 0x80 { // the highest bit is the sign
		b, size = append([]byte{0}, b...), size+1
	}
	return uint32(size)<<24 | uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
}

// fillTo adds empty blocks between the last block and a height, each ten minutes
// after the one before, as far as the time of the next block allows.
func (p *parser) fillTo(height int32, time int64, at word) {
	n := len(p.blocks)
	if !p.fill || n == 0 {
		return
	}
	last := p.blocks[n-1].Ref
	gap := int(height - last.Height - 1)
	if p.filled += max(gap, 0); p.filled > maxFilled {
		p.fail(at, "fill: %d empty blocks, at most %d are allowed", p.filled, maxFilled)
		p.fill = false
		return
	}
	for k := range gap {
		p.draft = &draft{height: last.Height + 1 + int32(k), time: min(last.Time+int64(k+1)*slot, time), bits: last.Bits}
		p.closeBlock()
	}
}

// closeBlock ends the block that takes transactions: it settles the coinbase,
// and with it the header and the place of every transaction.
func (p *parser) closeBlock() {
	d := p.draft
	p.draft = nil
	if d == nil {
		return
	}
	subsidy := p.net.Subsidy(d.height)
	fees, feesKnown := model.Amount(0), true
	for _, t := range d.txs {
		fee, ok := t.Fee()
		feesKnown = feesKnown && ok
		if fees += fee; fees > model.MaxMoney {
			p.fail(word{}, "the fees of the block at height %d, which ends here, pass 21 million coins", d.height)
			return
		}
	}
	line := p.line
	defer func() { p.line = line }()
	var coinbase *model.Tx
	if d.coinbase == nil || d.coinbase.broken {
		at := p.use(owner{defaultMiner, defaultKind})
		coinbase = &model.Tx{
			Version: defaultVersion, Inputs: coinbaseInput(heightScript(d.height)),
			Outputs: []model.Output{{Value: subsidy, Owner: at.address, Script: at.script}},
		}
		p.finish(nil, coinbase)
	} else {
		p.line = d.coinbase.line
		coinbase = d.coinbase.tx
		if !p.mint(d, coinbase, subsidy+fees, feesKnown) {
			d.coinbase.broken = true
			return
		}
		p.finish(d.coinbase, coinbase)
	}

	blk := &model.Block{Txs: append([]*model.Tx{coinbase}, d.txs...)}
	ids := make([]model.TxID, len(blk.Txs))
	for i, t := range blk.Txs {
		ids[i] = t.ID
	}
	blk.Header = model.BlockHeader{
		Version: blockVersion, Prev: p.parent(d.height), MerkleRoot: model.MerkleRoot(ids), Time: uint32(d.time), Bits: d.bits,
	}
	blk.Ref = model.BlockRef{
		Hash: hashHeader(&blk.Header), Height: d.height, Time: d.time, Median: p.median(d.time), Bits: d.bits,
		Known: model.KnownHash | model.KnownHeight | model.KnownTime | model.KnownMedian | model.KnownBits,
	}
	for i, t := range blk.Txs {
		t.Block = blk.Ref
		t.Block.Pos, t.Block.Known = int32(i), t.Block.Known|model.KnownPos
	}
	if n := len(model.AppendBlock(nil, blk)); n > model.MaxBlockSize {
		p.fail(word{}, "the block at height %d, which ends here, has %d bytes, at most %d are allowed", d.height, n, model.MaxBlockSize)
		return
	}
	p.blocks = append(p.blocks, blk)
}

// mint settles what a coinbase pays. Fees of transactions whose inputs have
// unknown values count nothing for rest, and lift the bound.
func (p *parser) mint(d *draft, t *model.Tx, most model.Amount, feesKnown bool) bool {
	sum, rest := model.Amount(0), -1
	for i := range d.payments {
		if d.payments[i].rest {
			rest = i
		}
		if sum += d.payments[i].value; sum > model.MaxMoney {
			p.fail(d.at, "the outputs of %s pass 21 million coins", d.coinbase.name)
			return false
		}
	}
	if sum > most && (feesKnown || rest >= 0) {
		p.fail(d.at, "%s pays %v, more than subsidy and fees of %v", d.coinbase.name, sum, most)
		return false
	}
	if rest < 0 {
		return true
	}
	if most > model.MaxMoney {
		p.fail(d.at, "the outputs of %s pass 21 million coins", d.coinbase.name)
		return false
	}
	t.Outputs[rest].Value = most - sum
	return true
}

// parent is the hash of the block before: for the first block of the ledger one
// that it does not have, unless it is the genesis block.
func (p *parser) parent(height int32) model.BlockHash {
	if n := len(p.blocks); n > 0 {
		return p.blocks[n-1].Ref.Hash
	}
	if height == 0 {
		return model.BlockHash{}
	}
	return sha256.Sum256([]byte("goldwash ledger parent"))
}

// median is the median time past of a block after those of the ledger: the
// median of its time and those of the ten before it (BIP 113, as Bitcoin Core
// reports it for the block).
func (p *parser) median(t int64) int64 {
	times := []int64{t}
	for i := len(p.blocks) - 1; i >= 0 && len(times) < medianSpan; i-- {
		times = append(times, p.blocks[i].Ref.Time)
	}
	slices.Sort(times)
	return times[len(times)/2]
}
