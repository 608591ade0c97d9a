package suite_test

import (
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/labels"
)

// chain makes blocks that are shaped like those of mainnet in 2021: most
// transactions spend one or two outputs and pay somebody and a change, some
// gather, some pay many, and the types of scripts are mixed as they were. Beside
// strangers there are pools with tags, who pay their members each day in a chain of
// transactions, two exchanges that take deposits, gather them and pay withdrawals
// in batches, a marketplace of hash power, an actor who buys there and is a
// member of a pool, and a few CoinJoins. It is the same each time.
type chain struct {
	raw    []byte // as in a block file
	blocks int
	txs    int
	labels []model.Label
	tags   []model.Tag
	scope  heuristics.Scope

	rng    uint64
	height int32
	time   uint32
	prev   model.BlockHash
	pend   []*model.Tx // of the block at hand

	people    []wallet
	pools     []miner
	exchanges []exchange
	market    wallet
	actor     wallet
	young     []young // coinbases
	fees      model.Amount
	buf       []byte
}

// wallet is somebody with outputs to spend. Mostly change goes to new addresses.
type wallet struct {
	kind  model.ScriptKind
	coins []held
	last  key
}

type key struct {
	kind    model.ScriptKind
	script  []byte // of outputs
	unlock  []byte
	witness [][]byte
}

type held struct {
	out   model.Outpoint
	value model.Amount
	by    key
}

type young struct {
	of *wallet
	held
}

type miner struct {
	name    string
	tag     string
	share   int // of blocks, in percent
	own     wallet
	members []key
}

type exchange struct {
	hot     wallet
	waiting []held // deposits of customers
}

const (
	firstHeight = 700_000
	perDay      = 48 // blocks, for more days in fewer blocks
)

// next is the next number of a xorshift generator.
func (c *chain) next() uint64 {
	c.rng ^= c.rng << 13
	c.rng ^= c.rng >> 7
	c.rng ^= c.rng << 17
	return c.rng
}

func (c *chain) below(n int) int { return int(c.next() % uint64(n)) }

// noise fills n bytes.
func (c *chain) noise(n int) []byte {
	b := make([]byte, (n+7)/8*8)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], c.next())
	}
	return b[:n]
}

func push(b, data []byte) []byte { return append(append(b, byte(len(data))), data...) }

// signature has the form of one that signs everything.
func (c *chain) signature() []byte {
	s := append([]byte{0x30, 0x44, 0x02, 0x20, 0x11}, c.noise(31)...)
	s = append(append(s, 0x02, 0x20, 0x22), c.noise(31)...)
	return append(s, 0x01)
}

func (c *chain) public() []byte { return append([]byte{2 + byte(c.next()&1)}, c.noise(32)...) }

// key makes a new address and what unlocks it.
func (c *chain) key(kind model.ScriptKind) key {
	k := key{kind: kind}
	switch kind {
	case model.P2PKH:
		k.unlock = push(push(nil, c.signature()), c.public())
	case model.P2SH: // P2WPKH in P2SH
		k.witness = [][]byte{c.signature(), c.public()}
		inner, _ := model.UnlockingOwner(nil, k.witness, model.Mainnet)
		program, _ := inner.Script()
		k.unlock = push(nil, program)
	case model.P2WSH: // two of three
		script := []byte{0x52}
		for range 3 {
			script = push(script, c.public())
		}
		k.witness = [][]byte{{}, c.signature(), c.signature(), append(script, 0x53, 0xae)}
	case model.P2TR:
		k.witness = [][]byte{c.noise(64)}
		k.script = append([]byte{0x51, 32}, c.noise(32)...)
		return k
	default:
		k.witness = [][]byte{c.signature(), c.public()}
	}
	owner, ok := model.UnlockingOwner(k.unlock, k.witness, model.Mainnet)
	if !ok || owner.Kind() != kind {
		panic("no address of " + kind.String() + " but " + owner.Kind().String())
	}
	k.script, _ = owner.Script()
	return k
}

// kind draws a type of script by its frequency.
func (c *chain) kind() model.ScriptKind {
	switch n := c.below(100); {
	case n < 45:
		return model.P2WPKH
	case n < 65:
		return model.P2TR
	case n < 80:
		return model.P2PKH
	case n < 94:
		return model.P2SH
	}
	return model.P2WSH
}

// address returns where somebody is paid: mostly a new address.
func (c *chain) address(w *wallet) key {
	if w.last.script == nil || c.below(100) < 70 {
		w.last = c.key(w.kind)
	}
	return w.last
}

// pay is an output of a transaction to make.
type pay struct {
	to    key
	value model.Amount
	keep  *[]held // whose coin it becomes
}

// send makes a transaction of the block at hand.
func (c *chain) send(ins []held, outs []pay, data []byte) *model.Tx {
	t := &model.Tx{Version: 2}
	for _, in := range ins {
		t.Inputs = append(t.Inputs, model.Input{Prev: in.out, Sequence: 0xfffffffd, Script: in.by.unlock, Witness: in.by.witness})
	}
	for _, o := range outs {
		t.Outputs = append(t.Outputs, model.Output{Value: o.value, Script: o.to.script})
	}
	if data != nil {
		t.Outputs = append(t.Outputs, model.Output{Script: push([]byte{0x6a}, data)})
	}
	t.ID = model.HashTx(t)
	for i, o := range outs {
		if o.keep != nil {
			*o.keep = append(*o.keep, held{model.Outpoint{Tx: t.ID, Vout: uint32(i)}, o.value, o.to})
		}
	}
	c.pend = append(c.pend, t)
	return t
}

// take removes coins of a wallet, the oldest of some first, and sums them.
func (c *chain) take(from *[]held, n int) (coins []held, sum model.Amount) {
	n = min(n, len(*from))
	for range n {
		i := c.below(len(*from))
		coin := (*from)[i]
		(*from)[i] = (*from)[len(*from)-1]
		*from = (*from)[:len(*from)-1]
		coins, sum = append(coins, coin), sum+coin.value
	}
	return coins, sum
}

const fee = 2000

// person returns somebody with so many coins, if there is one at hand.
func (c *chain) person(coins int) *wallet {
	var best *wallet
	for range 8 {
		w := &c.people[c.below(len(c.people))]
		if len(w.coins) >= coins {
			return w
		}
		if best == nil || len(w.coins) > len(best.coins) {
			best = w
		}
	}
	return best
}

// ordinary makes a transaction of a stranger.
func (c *chain) ordinary() {
	ins, payees := 1, 1
	change, data := true, []byte(nil)
	switch n := c.below(1000); {
	case n < 560: // one in, two out
	case n < 680:
		change = false
	case n < 790:
		ins = 2
	case n < 850:
		ins, change = 2, false
	case n < 910:
		ins = 3 + c.below(6)
	case n < 925:
		ins, change = 10+c.below(60), false
	case n < 955:
		payees = 2 + c.below(8)
	case n < 960:
		payees = 20 + c.below(100)
	default:
		data = c.noise(20)
	}
	w := c.person(ins)
	if len(w.coins) == 0 {
		return
	}
	coins, sum := c.take(&w.coins, ins)
	if sum < model.Amount(payees)*20_000 {
		w.coins = append(w.coins, coins...)
		return
	}
	left := sum - fee
	var outs []pay
	for range payees {
		value := left
		if change {
			each := sum / model.Amount(payees+1)
			value = each/10 + model.Amount(c.next()%uint64(each*8/10))
		}
		to := &c.people[c.below(len(c.people))]
		switch n := c.below(1000); {
		case n < 60: // a customer of an exchange pays in
			x := &c.exchanges[c.below(len(c.exchanges))]
			outs = append(outs, pay{c.key(x.hot.kind), value, &x.waiting})
		case n < 62:
			outs = append(outs, pay{c.address(&c.market), value, &c.market.coins})
		default:
			outs = append(outs, pay{c.address(to), value, &to.coins})
		}
		left -= value
	}
	if left > 600 {
		outs = append(outs, pay{c.address(w), left, &w.coins})
		if c.below(2) == 0 {
			i, j := c.below(len(outs)), c.below(len(outs))
			outs[i], outs[j] = outs[j], outs[i]
		}
	}
	c.fees += fee
	c.send(coins, outs, data)
}

// trade lets an exchange gather deposits and pay customers.
func (c *chain) trade(x *exchange) {
	if len(x.waiting) > 60 {
		coins, sum := c.take(&x.waiting, 20+c.below(40))
		c.send(coins, []pay{{c.address(&x.hot), sum - fee, &x.hot.coins}}, nil)
		c.fees += fee
	}
	if len(x.hot.coins) == 0 {
		return
	}
	coins, sum := c.take(&x.hot.coins, 1+c.below(3))
	left := sum - fee
	n := 1 + c.below(20)
	if c.below(12) == 0 {
		n = 40 + c.below(80)
	}
	if left < model.Amount(n)*5_000 {
		x.hot.coins = append(x.hot.coins, coins...)
		return
	}
	var outs []pay
	for range n {
		value := 2_000 + model.Amount(c.next()%uint64(left/model.Amount(n+1)))
		to := &c.people[c.below(len(c.people))]
		outs = append(outs, pay{c.address(to), value, &to.coins})
		left -= value
	}
	c.send(coins, append(outs, pay{c.address(&x.hot), left, &x.hot.coins}), nil)
	c.fees += fee
}

// mixing makes a Whirlpool mix of five.
func (c *chain) mixing() {
	const each = 1_000_000
	var ins []held
	var outs []pay
	for range 5 {
		w := c.person(1)
		if len(w.coins) == 0 || w.coins[len(w.coins)-1].value < each+400 {
			return
		}
		coin := w.coins[len(w.coins)-1]
		w.coins = w.coins[:len(w.coins)-1]
		ins = append(ins, coin)
		outs = append(outs, pay{c.key(model.P2WPKH), each, &w.coins})
		if rest := coin.value - each - 400; rest > 600 {
			outs = append(outs, pay{c.key(model.P2WPKH), rest, &w.coins})
		}
	}
	c.send(ins, outs, nil)
}

// settle lets a pool pay its members in a chain of transactions.
func (c *chain) settle(m *miner) {
	coins, sum := c.take(&m.own.coins, len(m.own.coins))
	for link := 0; link < 4 && sum > 10*model.Coin; link++ {
		left := sum - fee
		var outs []pay
		for k := range 60 {
			to := m.members[(link*60+k)%len(m.members)]
			value := 2_000_000 + model.Amount(c.next()%4_000_000)
			keep := &c.people[(link*60+k)%len(c.people)].coins
			if k == 7 && link == 0 {
				keep = &c.actor.coins
			}
			outs = append(outs, pay{to, value, keep})
			left -= value
		}
		var rest []held
		c.send(coins, append(outs, pay{c.address(&m.own), left, &rest}), nil)
		coins, sum = rest, left
		c.fees += fee
	}
	m.own.coins = append(m.own.coins, coins...)
}

// order lets the actor buy hash power.
func (c *chain) order() {
	coins, sum := c.take(&c.actor.coins, 2)
	if sum < 100_000 {
		c.actor.coins = append(c.actor.coins, coins...)
		return
	}
	c.send(coins, []pay{
		{c.address(&c.market), sum / 2, &c.market.coins},
		{c.address(&c.actor), sum - sum/2 - fee, &c.actor.coins},
	}, nil)
	c.fees += fee
}

// mine closes the block at hand.
func (c *chain) mine() {
	draw, m := c.below(100), (*miner)(nil)
	for i := range c.pools {
		if draw -= c.pools[i].share; draw < 0 {
			m = &c.pools[i]
			break
		}
	}
	script := push(nil, []byte{byte(c.height), byte(c.height >> 8), byte(c.height >> 16)})
	own := &c.people[c.below(len(c.people))]
	if m != nil {
		script, own = append(script, m.tag...), &m.own
	}
	script = append(script, c.noise(8)...)
	value := 625_000_000 + c.fees
	k := c.address(own)
	coinbase := &model.Tx{
		Version: 1,
		Inputs:  []model.Input{{Prev: model.Outpoint{Vout: 1<<32 - 1}, Script: script, Sequence: 1<<32 - 1}},
		Outputs: []model.Output{{Value: value, Script: k.script}, {Script: push([]byte{0x6a}, c.noise(36))}},
	}
	coinbase.ID = model.HashTx(coinbase)
	c.young = append(c.young, young{own, held{model.Outpoint{Tx: coinbase.ID}, value, k}})
	if len(c.young) > 100 { // a coinbase may not be spent before
		old := c.young[0]
		old.of.coins = append(old.of.coins, old.held)
		c.young = c.young[1:]
	}
	b := &model.Block{
		Header: model.BlockHeader{Version: 0x20000000, Prev: c.prev, Time: c.time, Bits: 0x170f48e4, Nonce: uint32(c.next())},
		Txs:    append([]*model.Tx{coinbase}, c.pend...),
	}
	ids := make([]model.TxID, len(b.Txs))
	for i, t := range b.Txs {
		ids[i] = t.ID
	}
	b.Header.MerkleRoot = model.MerkleRoot(ids)
	c.buf = model.AppendBlock(c.buf[:0], b)
	head := sha256.Sum256(c.buf[:80])
	c.prev = sha256.Sum256(head[:])
	magic := model.Mainnet.Magic()
	c.raw = append(c.raw, magic[:]...)
	c.raw = binary.LittleEndian.AppendUint32(c.raw, uint32(len(c.buf)))
	c.raw = append(c.raw, c.buf...)
	c.blocks++
	c.txs += len(b.Txs)
	c.pend, c.fees = c.pend[:0], 0
	c.height++
	c.time += 86_400 / perDay
}

func (c *chain) label(k key, entity string, category model.Category, role model.Role) model.Label {
	return model.Label{
		On: model.RefAddress(model.AddressOf(k.script, model.Mainnet)), Entity: entity, Category: category, Role: role,
		Confidence: model.Percent(90), Source: "test",
	}
}

// newChain makes so many blocks of so many transactions each, about.
func newChain(blocks, perBlock int) *chain {
	c := &chain{rng: 0x9e3779b97f4a7c15, height: firstHeight, time: 1_631_000_000}
	c.people = make([]wallet, max(blocks*perBlock/12, 200))
	for i := range c.people {
		c.people[i].kind = c.kind()
	}
	for i, name := range []string{"Northpool", "Southpool", "Eastpool"} {
		m := miner{name: name, tag: "/" + name + "/", share: 40 - 12*i, own: wallet{kind: model.P2PKH}}
		m.own.last = c.key(model.P2PKH)
		for range 300 {
			m.members = append(m.members, c.key(c.kind()))
		}
		c.pools = append(c.pools, m)
		c.tags = append(c.tags, model.Tag{Bytes: []byte(m.tag), Entity: name, Confidence: model.Percent(97), Source: "test"})
		c.labels = append(c.labels, c.label(m.own.last, name, model.MiningPool, model.RoleCoinbase))
	}
	for _, name := range []string{"Portmere", "Coalbrook"} {
		x := exchange{hot: wallet{kind: model.P2WPKH}}
		x.hot.last = c.key(model.P2WPKH)
		c.labels = append(c.labels, c.label(x.hot.last, name, model.Exchange, model.RoleHot))
		c.exchanges = append(c.exchanges, x)
	}
	c.market.kind, c.actor.kind = model.P2SH, model.P2WPKH
	c.market.last, c.actor.last = c.key(model.P2SH), c.key(model.P2WPKH)
	c.labels = append(c.labels, c.label(c.market.last, "HashBazaar", model.HashMarketplace, model.RoleDeposit))
	c.pools[0].members[7] = c.actor.last
	stated := c.label(c.actor.last, "Subject", model.Actor, model.RoleKey)
	c.scope = heuristics.Scope{Actors: []model.Label{stated}, Seeds: []model.Ref{stated.On}}

	// Coins from before the chain was read, for everybody.
	for i := range c.people {
		for range 2 {
			w := &c.people[i]
			w.coins = append(w.coins, held{model.Outpoint{Tx: model.TxID(c.noise(32))}, 100_000 + model.Amount(c.next()%50_000_000), c.address(w)})
		}
	}
	for i := range c.exchanges {
		x := &c.exchanges[i]
		for range 20 {
			k := x.hot.last
			x.hot.coins = append(x.hot.coins, held{model.Outpoint{Tx: model.TxID(c.noise(32))}, 20 * model.Coin, k})
		}
	}
	for n := range blocks {
		for len(c.pend) < perBlock {
			c.ordinary()
			switch k := c.below(1000); {
			case k < 12:
				c.trade(&c.exchanges[k&1])
			case k == 13:
				c.mixing()
			}
		}
		if n%perDay == perDay-1 {
			for i := range c.pools {
				c.settle(&c.pools[i])
			}
		}
		if n%12 == 5 {
			c.order()
		}
		c.mine()
	}
	return c
}

// write puts the chain into a block file and returns its path.
func (c *chain) write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blk00000.dat")
	if err := os.WriteFile(path, c.raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// labelSet returns the labels and tags as a source.
func (c *chain) labelSet() *labels.Set { return labels.Of("synthetic", c.labels, c.tags) }
