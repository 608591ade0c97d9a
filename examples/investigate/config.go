package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/goldwash/goldwash/model"
)

// config is what the command line says.
type config struct {
	args     []string
	ledger   once
	blocks   list
	spent    list
	labels   list
	prices   list
	subjects list
	about    list
	without  list
	from, to int
	network  string
	format   string
	workers  int
	progress bool
	all      bool
	brief    bool

	esplora    once
	record     once
	replayFile once
	caseName   once
	init       once

	// What only a case file says.
	name, notes string
	stated      []caseSubject
	explore     caseExplore
	lookups     int64
	currency    string

	net    model.Network
	actors []model.Label
	asked  []model.Ref  // by -about
	left   []model.TxID // by -without
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	*l = append(*l, s)
	return nil
}

// once is a flag that may be given once, and not empty: an unset variable of the
// shell must not turn into a run of the embedded case.
type once string

func (o *once) String() string { return string(*o) }

func (o *once) Set(s string) error {
	switch {
	case s == "":
		return errors.New("must not be empty")
	case *o != "":
		return errors.New("given twice")
	}
	*o = once(s)
	return nil
}

// parse reads the command line. Where help is asked for it writes that to stderr
// and returns [flag.ErrHelp].
func parse(args []string, stderr io.Writer) (*config, error) {
	c := &config{args: args}
	fs := flag.NewFlagSet("investigate", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // the package writes arguments as they are
	fs.Var(&c.ledger, "ledger", "read a ledger written in the ledger language from `FILE`")
	fs.Var(&c.blocks, "blocks", "read block files from `PATH`: a node's blocks folder, a blk*.dat file or a raw block, also gzipped; repeatable")
	fs.Var(&c.spent, "spent", "read the spent outputs of a single raw block from `FILE`; repeatable")
	fs.Var(&c.esplora, "esplora", "ask the Esplora or mempool.space API at `URL`: around the subjects, or with -from and -to block by block")
	fs.Var(&c.replayFile, "replay", "read what an earlier run recorded from `FILE`, in place of any source")
	fs.Var(&c.record, "record", "record every answer of the sources in `FILE`, so that the run can be replayed")
	fs.Var(&c.caseName, "case", "read what is to be looked at from the case `FILE` (YAML or JSON)")
	fs.Var(&c.init, "init", "write a case `FILE` with what the other flags say, and stop")
	fs.Var(&c.labels, "labels", "read labels from `FILE` (CSV, JSON, TagPack, pools JSON, address list); repeatable")
	fs.Var(&c.prices, "prices", "read daily prices from a CSV `FILE`; repeatable")
	fs.Var(&c.subjects, "subject", "state that `ADDRESS[=confidence]` is an actor's own; repeatable; does not narrow what is looked at")
	fs.Var(&c.about, "about", "say what can be said about `REF`, an address, an output (txid:vout) or a transaction: where its coins come from, how fresh they are; repeatable")
	fs.Var(&c.without, "without", "leave the transaction `TXID` out as evidence, to see what hangs on it: it joins no addresses and closes no loop; repeatable")
	fs.StringVar(&c.currency, "currency", "", "value amounts in this `currency` of the prices, such as EUR; USD if not given")
	fs.IntVar(&c.from, "from", 0, "look at blocks from this `height` on")
	fs.IntVar(&c.to, "to", 0, "look at blocks up to this `height`; 0 means to the tip")
	fs.StringVar(&c.network, "network", "mainnet", "mainnet, testnet3, testnet4, signet or regtest")
	fs.StringVar(&c.format, "format", "text", "text, or json: one object a line")
	fs.IntVar(&c.workers, "workers", 0, "evaluations at a time; 0 means one for each processor; findings do not depend on it")
	fs.BoolVar(&c.progress, "progress", false, "tell progress on standard error")
	fs.BoolVar(&c.all, "all", false, "print every finding in the text, also payouts that touch nobody of interest")
	fs.BoolVar(&c.brief, "brief", false, "print each finding on less than a page: the claim, the strongest items, the strongest doubt, the number")
	fs.Usage = func() {}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, "usage: investigate [flags]\n\nWithout flags it runs the embedded case.\n\n")
		fs.SetOutput(stderr)
		fs.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; -h lists the flags", err)
	}
	if c.caseName != "" {
		if err := c.applyCase(); err != nil {
			return nil, err
		}
	}
	return c, c.check(fs.Args())
}

// check reports every contradiction at once.
func (c *config) check(rest []string) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		bad("unexpected argument %q", rest[0])
	}
	if c.format != "text" && c.format != "json" {
		bad("-format %q: want text or json", c.format)
	}
	if n := c.chains(); n > 1 {
		bad("-ledger, -blocks, -esplora and -replay exclude each other")
	}
	if c.replayFile != "" && (c.record != "" || len(c.labels)+len(c.prices) > 0) {
		bad("-replay reads everything from the recording, and excludes -record, -labels and -prices")
	}
	if c.esplora != "" && len(c.subjects)+len(c.stated)+len(c.about) == 0 && c.to == 0 {
		bad("-esplora needs a -subject or an -about to look around, or -from and -to")
	}
	if len(c.spent) > 0 && len(c.blocks) == 0 {
		bad("-spent goes with -blocks")
	}
	if c.from < 0 || c.to < 0 || c.to != 0 && c.from > c.to || c.to > 1<<30 || c.from > 1<<30 {
		bad("-from %d -to %d: want heights in order", c.from, c.to)
	}
	if c.workers < 0 {
		bad("-workers %d: want 0 or more", c.workers)
	}
	net, err := model.ParseNetwork(c.network)
	if err != nil {
		bad("-network: %w", err)
	}
	c.net = net
	for _, s := range c.about {
		r, err := reference(s, net)
		if err != nil {
			bad("-about: %w", err)
			continue
		}
		c.asked = append(c.asked, r)
	}
	for _, s := range c.without {
		id, err := model.ParseTxID(s)
		if err != nil {
			bad("-without: %w", err)
			continue
		}
		c.left = append(c.left, id)
	}
	for _, s := range c.stated {
		l, err := s.label(net)
		if err != nil {
			bad("subjects: %w", err)
			continue
		}
		c.actors = append(c.actors, l)
	}
	for _, s := range c.subjects {
		l, err := subject(s, net)
		if err != nil {
			bad("-subject: %w", err)
			continue
		}
		if slices.ContainsFunc(c.actors, func(a model.Label) bool { return a.On == l.On }) {
			bad("-subject: %s is stated twice", l.On.ID())
		}
		c.actors = append(c.actors, l)
	}
	return errors.Join(errs...)
}

// reference reads an address, an output or the id of a transaction.
func reference(s string, net model.Network) (model.Ref, error) {
	if id, err := model.ParseTxID(s); err == nil {
		return model.RefTx(id), nil
	}
	if o, err := model.ParseOutpoint(s); err == nil {
		return model.RefOutpoint(o), nil
	}
	a, err := model.ParseAddress(s, net)
	if err != nil {
		return model.Ref{}, fmt.Errorf("%w; nor is it an output, txid:vout, or a txid", err)
	}
	return model.RefAddress(a), nil
}

// subject reads ADDRESS[=confidence].
func subject(s string, net model.Network) (model.Label, error) {
	addr, conf, given := strings.Cut(s, "=")
	a, err := model.ParseAddress(addr, net)
	if err != nil {
		return model.Label{}, err
	}
	p := model.Percent(90)
	if given {
		if p, err = model.ParseProbability(conf); err != nil {
			return model.Label{}, fmt.Errorf("%s: %w", addr, err)
		}
		if p == 0 {
			return model.Label{}, fmt.Errorf("%s: a confidence of 0 states nothing", addr)
		}
	}
	return model.Label{
		On: model.RefAddress(a), Entity: "Subject", Category: model.Actor, Role: model.RoleKey, Method: model.MethodStated,
		Confidence: p, Source: "stated on the command line",
	}, nil
}

// embedded reports whether the embedded case is to be run.
func (c *config) embedded() bool { return c.chains() == 0 }

// chains counts the sources of a ledger that are named.
func (c *config) chains() int {
	n := 0
	for _, named := range [...]bool{c.ledger != "", len(c.blocks) > 0, c.esplora != "", c.replayFile != ""} {
		if named {
			n++
		}
	}
	return n
}

// replay returns the command that repeats the run.
func (c *config) replay() string { return command(c.args) }

// decides returns the command that makes the findings of the embedded case again,
// with what they depend on and nothing else, for the findings to carry. Where
// files are read, or a server, there is none that is the same on every machine:
// then the record of the run has it.
func (c *config) decides() string {
	if !c.embedded() || c.caseName != "" || len(c.labels)+len(c.prices) > 0 {
		return ""
	}
	var args []string
	add := func(name string, values list) {
		for _, v := range slices.Sorted(slices.Values(values)) {
			args = append(args, "-"+name, v)
		}
	}
	add("subject", c.subjects)
	add("about", c.about)
	add("without", c.without)
	if c.from != 0 {
		add("from", list{strconv.Itoa(c.from)})
	}
	if c.to != 0 {
		add("to", list{strconv.Itoa(c.to)})
	}
	if c.currency != "" {
		add("currency", list{c.currency})
	}
	return command(args)
}

func command(args []string) string {
	s := "go run github.com/goldwash/goldwash/examples/investigate"
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`!*?#&|;<>()[]{}~") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		s += " " + a
	}
	return s
}
