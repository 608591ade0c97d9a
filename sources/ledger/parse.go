package ledger

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// parser reads a text line by line. A line with a problem is reported and
// otherwise left out; what refers to it is left out in silence, so that one
// slip makes one error.
type parser struct {
	name string
	line int
	bad  problems

	net    model.Network
	clock  clock
	fill   bool // heights that the text passes over get empty blocks
	filled int
	bits   uint32 // target of the blocks to come
	byName map[string]*entry
	byLine map[int]*entry
	owners map[model.Address]owner
	places map[owner]place
	points int

	draft  *draft // the block that takes transactions
	blocks []*model.Block

	labels   []model.Label
	tags     []model.Tag
	prices   []model.Price
	priced   map[priceKey]int // line
	books    []sources.Entry
	onLabels []pending
	onBooks  []pending
	onWants  []pending
	wants    []Want
}

// pending is a line that is read when all transactions are known.
type pending struct {
	line  int
	words []word
	text  word
}

// entry is a transaction of the text.
type entry struct {
	name   string
	line   int
	broken bool // the line had a problem
	tx     *model.Tx
	draft  *draft // the block that it is in
	spent  []int  // for each output the line that spends it, or 0
}

// place is the locking script of an owner, with its address.
type place struct {
	address model.Address
	script  []byte
}

func newParser(name string) *parser {
	return &parser{
		bits:   regtestBits,
		name:   name,
		byName: make(map[string]*entry),
		byLine: make(map[int]*entry),
		owners: make(map[model.Address]owner),
		places: make(map[owner]place),
		priced: make(map[priceKey]int),
	}
}

func (p *parser) fail(w word, format string, args ...any) {
	p.bad.addErr(&ParseError{p.name, p.line, w.col, fmt.Sprintf(format, args...)})
}

func (p *parser) text(text string) {
	for rest, more := text, text != ""; more && !p.bad.full(); {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		p.line++
		line = strings.TrimSuffix(line, "\r")
		switch {
		case len(line) > MaxLine:
			p.fail(word{}, "the line has %d bytes, at most %d are read", len(line), MaxLine)
		case !utf8.ValidString(line):
			p.fail(word{}, "the line is not UTF-8")
		default:
			p.readLine(line)
		}
	}
	last := p.line
	p.closeBlock()
	for _, l := range p.onLabels {
		p.line = l.line
		p.readLabel(l.words)
	}
	for _, b := range p.onBooks {
		p.line = b.line
		p.readBook(b.words)
	}
	for _, w := range p.onWants {
		p.line = w.line
		p.readWants(w.text, len(w.words) == 0)
	}
	p.line = last
	for i := range p.prices {
		p.prices[i].Network = p.net
	}
}

func (p *parser) readLine(line string) {
	words, comment, bad := scanLine(line)
	if bad.text != "" {
		p.fail(bad, "the string %s does not end, or is not a Go string", clip(bad.text))
		return
	}
	if comment.text != "" {
		p.readComment(comment, words)
	}
	if len(words) == 0 {
		return
	}
	switch first, args := words[0], words[1:]; first.text {
	case "tx":
		p.readTx(args, first)
	case "coinbase":
		p.readCoinbase(args, first)
	case "time":
		p.readTime(args, first)
	case "height":
		p.readHeight(args, first)
	case "network":
		p.readNetwork(args, first)
	case "label":
		p.onLabels = append(p.onLabels, pending{line: p.line, words: words})
	case "book":
		p.onBooks = append(p.onBooks, pending{line: p.line, words: words})
	case "tag":
		p.readTag(args, first)
	case "price":
		p.readPrice(args, first)
	case "fill":
		p.readFill(args, first)
	case "difficulty":
		p.readDifficulty(args, first)
	default:
		p.fail(first, "unknown directive %q: want tx, coinbase, time, height, difficulty, fill, network, label, book, tag or price", clip(first.text))
	}
}

func (p *parser) readNetwork(args []word, at word) {
	if len(args) != 1 {
		p.fail(at, "network: want one name, such as mainnet")
		return
	}
	net, err := model.ParseNetwork(args[0].text)
	switch {
	case err != nil:
		p.fail(args[0], "%v", err)
	case len(p.byLine) > 0:
		p.fail(at, "network: must stand before the first transaction")
	default:
		p.net = net
	}
}

func (p *parser) readTime(args []word, at word) {
	if len(args) == 0 || len(args) > 2 {
		p.fail(at, "time: want a date, and a time of day where it matters: 2022-08-15 09:10")
		return
	}
	text := args[0].text
	if len(args) == 2 {
		text += " " + args[1].text
	}
	t, err := parseTime(text)
	if err != nil {
		p.fail(args[0], "time: %v", err)
		return
	}
	if err := p.clock.setTime(t.Unix()); err != nil {
		p.fail(args[0], "time %q: %v", clip(text), err)
	}
}

func (p *parser) readHeight(args []word, at word) {
	if len(args) != 1 {
		p.fail(at, "height: want one number")
		return
	}
	h, err := strconv.ParseUint(args[0].text, 10, 31)
	if err != nil || h > maxHeight {
		p.fail(args[0], "height %q: want a number from 0 to %d", clip(args[0].text), maxHeight)
		return
	}
	if err := p.clock.setHeight(int32(h)); err != nil {
		p.fail(args[0], "height %d: %v", h, err)
	}
}

// parseTime reads a date, with a time of day or without, in UTC.
func parseTime(s string) (time.Time, error) {
	for _, layout := range [...]string{time.DateOnly, "2006-01-02 15:04", time.DateTime, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			if y := t.UTC().Year(); y < 2009 || y > 2100 {
				return t, fmt.Errorf("%q: the year is not from 2009 to 2100", s)
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date, or a date and time: 2022-08-15 09:10", clip(s))
}

func (p *parser) readTag(args []word, at word) {
	if len(args) < 2 {
		p.fail(at, `tag: want its bytes and an entity: tag "/Northpool/" Northpool`)
		return
	}
	tag := model.Tag{Confidence: model.Percent(97), Source: "ledger"}
	text, ok := args[0].unquote()
	if !ok || text == "" {
		p.fail(args[0], "tag %s: want some bytes in quotes", clip(args[0].text))
		return
	}
	tag.Bytes = []byte(text)
	if tag.Entity, ok = args[1].unquote(); !ok || tag.Entity == "" || strings.Contains(args[1].text, "=") && args[1].text[0] != '"' {
		p.fail(args[1], "tag: %s is not an entity", clip(args[1].text))
		return
	}
	ok = true
	for _, w := range args[2:] {
		key, value, err := option(w)
		switch {
		case err != nil:
		case key == "confidence":
			tag.Confidence, err = model.ParseProbability(value)
		case key == "source":
			tag.Source = value
		default:
			err = fmt.Errorf("unknown option %q of a tag: want confidence or source", clip(key))
		}
		if err != nil {
			p.fail(w, "%v", err)
			ok = false
		}
	}
	if ok {
		p.tags = append(p.tags, tag)
	}
}

func (p *parser) readPrice(args []word, at word) {
	if len(args) != 3 {
		p.fail(at, "price: want day, currency and rate: price 2022-08-18 USD 23212.74")
		return
	}
	day, err := time.Parse(time.DateOnly, args[0].text)
	if err != nil {
		p.fail(args[0], "price: %q is not a date", clip(args[0].text))
		return
	}
	currency := args[1].text
	if len(currency) < 3 || len(currency) > 8 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		p.fail(args[1], "price: %q is not a currency, such as USD", clip(currency))
		return
	}
	rate, err := parseRate(args[2].text)
	if err != nil {
		p.fail(args[2], "price: %v", err)
		return
	}
	// The network may still be named below; it is set when the text is read.
	key := keyOfPrice(0, currency, day)
	if line, ok := p.priced[key]; ok {
		p.fail(args[0], "price: %s has a price in %s on line %d already", args[0].text, currency, line)
		return
	}
	p.priced[key] = p.line
	p.prices = append(p.prices, model.Price{Currency: currency, Day: day, Rate: rate, Source: "ledger"})
}

// parseRate reads plain decimals only: an exponent could stand for more digits
// than memory holds.
func parseRate(s string) (decimal.Decimal, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(s) > 40 || strings.HasSuffix(s, ".") || strings.Trim(whole+frac, "0123456789") != "" {
		return decimal.Decimal{}, fmt.Errorf("%q is not a rate, such as 23212.74", clip(s))
	}
	d, err := decimal.NewFromString(s)
	if err == nil && !d.IsPositive() {
		err = fmt.Errorf("the rate %s is not positive", s)
	}
	return d, err
}

func (p *parser) readLabel(words []word) {
	at, args := words[0], words[1:]
	if len(args) > 1 && args[1].text == ":" {
		args = append([]word{{args[0].text + ":", args[0].col}}, args[2:]...)
	}
	if len(args) < 2 || !strings.HasSuffix(args[0].text, ":") {
		p.fail(at, "label: want an entity with a colon and what it is on: label HashBazaar: addr(d1) category=hash_marketplace")
		return
	}
	label := model.Label{Confidence: model.Percent(90), Source: "ledger"}
	ok := true
	entity := args[0]
	entity.text = strings.TrimSuffix(entity.text, ":")
	if label.Entity, ok = entity.unquote(); !ok || label.Entity == "" {
		p.fail(entity, "label: %s is not an entity", clip(args[0].text))
		return
	}
	on, good := p.labelled(args[1])
	if !good {
		return
	}
	label.On = on
	hasCategory := false
	for _, w := range args[2:] {
		key, value, err := option(w)
		var t time.Time
		if err == nil {
			switch key {
			case "category":
				label.Category, hasCategory = model.Category(value), true
			case "role":
				label.Role = model.Role(value)
			case "method":
				label.Method = model.Method(value)
			case "confidence":
				label.Confidence, err = model.ParseProbability(value)
			case "source":
				label.Source = value
			case "detail":
				label.Detail = value
			case "asserted", "retrieved", "from", "to":
				t, err = parseTime(value)
				switch key {
				case "asserted":
					label.Asserted = t
				case "retrieved":
					label.Retrieved = t
				case "from":
					label.From = t
				case "to":
					label.To = t
				}
			default:
				err = fmt.Errorf("unknown option %q of a label", clip(key))
			}
		}
		if err != nil {
			p.fail(w, "%v", err)
			ok = false
		}
	}
	if ok && !hasCategory {
		p.fail(at, "label: category= is missing")
		ok = false
	}
	if ok && !label.From.IsZero() && !label.To.IsZero() && !label.From.Before(label.To) {
		p.fail(at, "label: from= is not before to=")
		ok = false
	}
	if ok {
		p.labels = append(p.labels, label)
	}
}

// labelled reads addr(..), tx(..) or out(..). ok is false where it is none,
// which is reported, and where it names a transaction whose line is broken.
func (p *parser) labelled(w word) (on model.Ref, ok bool) {
	if arg, is := w.call("addr"); is {
		a, ok := p.knownAddress(arg)
		return model.RefAddress(a), ok
	}
	if arg, is := w.call("tx"); is {
		e := p.find(arg)
		if e == nil {
			return on, false
		}
		return model.RefTx(e.tx.ID), true
	}
	if arg, is := w.call("out"); is {
		name, index, _ := arg.cut(".")
		e := p.find(name)
		if e == nil {
			return on, false
		}
		n, ok := p.index(e, index)
		return model.RefOutpoint(model.Outpoint{Tx: e.tx.ID, Vout: uint32(n)}), ok
	}
	p.fail(w, "label: %q is not addr(OWNER), addr(ADDRESS), tx(NAME) or out(NAME.N)", clip(w.text))
	return on, false
}

// knownAddress reads an owner that occurs in the text, or an address.
func (p *parser) knownAddress(w word) (model.Address, bool) {
	if a, err := model.ParseAddress(w.text, p.net); err == nil {
		return a, true
	}
	o, err := parseOwner(w.text)
	if err != nil {
		p.fail(w, "%q is neither an owner nor an address on %v", clip(w.text), p.net)
		return model.Address{}, false
	}
	a := p.place(o).address
	if _, ok := p.owners[a]; !ok {
		p.fail(w, "owner %q has no output or input in this ledger", clip(w.text))
		return model.Address{}, false
	}
	return a, true
}

// find returns the sound transaction of a name; nil where there is none, which
// is reported, or where its line is broken.
func (p *parser) find(name word) *entry {
	e, ok := p.byName[name.text]
	if !ok {
		p.fail(name, "unknown transaction %q", clip(name.text))
		return nil
	}
	if e.broken {
		return nil
	}
	return e
}

// index reads the number of an output that the transaction has.
func (p *parser) index(e *entry, w word) (int, bool) {
	n, err := strconv.ParseUint(w.text, 10, 31)
	if err != nil {
		p.fail(w, "%q is not the number of an output", clip(w.text))
		return 0, false
	}
	if n >= uint64(len(e.spent)) {
		p.fail(w, "%s has %d outputs, there is no %s.%d", e.name, len(e.spent), e.name, n)
		return 0, false
	}
	return int(n), true
}

// place returns the locking script of an owner.
func (p *parser) place(o owner) place {
	if at, ok := p.places[o]; ok {
		return at
	}
	script := o.script()
	at := place{model.AddressOf(script, p.net), script}
	p.places[o] = at
	return at
}

// use returns the place of an owner that takes part in a transaction.
func (p *parser) use(o owner) place {
	at := p.place(o)
	p.owners[at.address] = o
	return at
}

// option reads KEY=VALUE, where the value may be a quoted string.
func option(w word) (key, value string, err error) {
	k, v, ok := w.cut("=")
	if !ok || k.text == "" || strings.Contains(k.text, `"`) {
		return "", "", fmt.Errorf("%q is not an option: want KEY=VALUE", clip(w.text))
	}
	if value, ok = v.unquote(); !ok {
		return "", "", fmt.Errorf("%s: the value %s has quotes inside", k.text, clip(v.text))
	}
	return k.text, value, nil
}

// parseAmount reads 0.35 or 35000000sat or 35_000_000sat.
func parseAmount(s string) (model.Amount, error) {
	digits, sat := strings.CutSuffix(s, "sat")
	var a model.Amount
	if sat {
		clean := strings.ReplaceAll(digits, "_", "")
		n, err := strconv.ParseUint(clean, 10, 63)
		if err != nil || strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
			return 0, fmt.Errorf("amount %q: want digits before sat", clip(s))
		}
		a = model.Amount(n)
	} else {
		var err error
		if a, err = model.ParseAmount(s); err != nil {
			return 0, err
		}
	}
	if a < 0 || a > model.MaxMoney {
		return 0, fmt.Errorf("amount %q: not from 0 to 21 million coins", clip(s))
	}
	return a, nil
}

// parseUint32 reads a decimal number, or a hexadecimal one after 0x.
func parseUint32(s string) (uint32, error) {
	base := 10
	digits := s
	if h, ok := strings.CutPrefix(s, "0x"); ok {
		base, digits = 16, h
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number below 2^32", clip(s))
	}
	return uint32(n), nil
}

func parseHex(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not hexadecimal", clip(s))
	}
	return b, nil
}

// clock says when and where the next transaction stands.
type clock struct {
	started    bool // there was a transaction
	time       int64
	height     int32
	nextTime   int64
	nextHeight int32
	timeSet    bool // nextTime is stated
	heightSet  bool
}

const (
	slot        = 600 // seconds between blocks
	startHeight = 800_000
	maxHeight   = 500_000_000 // above, a lock time would be a time
)

// startTime is 2023-07-24 00:00 UTC, the day of mainnet's block 800,000.
const startTime = 1_690_156_800

func (c *clock) setTime(t int64) error {
	if c.started && t < c.time || c.timeSet && t < c.nextTime {
		return fmt.Errorf("time goes back")
	}
	c.nextTime, c.timeSet = t, true
	return nil
}

func (c *clock) setHeight(h int32) error {
	if c.started && h < c.height || c.heightSet && h < c.nextHeight {
		return fmt.Errorf("height goes back")
	}
	c.nextHeight, c.heightSet = h, true
	return nil
}

// next moves to the next transaction. same says that it stands in the block of
// the one before.
func (c *clock) next() (same bool, err error) {
	t, h := int64(startTime), int32(startHeight)
	switch {
	case !c.started:
		if c.timeSet {
			t = c.nextTime
		}
		if c.heightSet {
			h = c.nextHeight
		}
	case c.heightSet && c.nextHeight == c.height:
		same, t, h = true, c.time, c.height
		if c.timeSet {
			if t = c.nextTime; t/slot != c.time/slot {
				err = fmt.Errorf("the time moves on, but height %d stays", h)
				t = c.time
			}
		}
	case c.timeSet && !c.heightSet && c.nextTime/slot == c.time/slot:
		same, t, h = true, c.nextTime, c.height
	default:
		t, h = c.time+slot, c.height+1
		if c.timeSet {
			t = c.nextTime
			h = c.height + int32(max(1, (t-c.time)/slot))
		}
		if c.heightSet {
			h = c.nextHeight
		}
	}
	if h > maxHeight || t > math.MaxUint32 {
		err = cmp.Or(err, fmt.Errorf("the chain has come to its end: height %d", h))
		t, h = c.time, c.height
		same = c.started
	}
	*c = clock{started: true, time: t, height: h}
	return same, err
}
