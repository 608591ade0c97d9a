// Package esploratest serves a ledger by the HTTP API of Esplora and mempool.space,
// for tests of what reads it:
//
//	server := httptest.NewServer(esploratest.Serve(f.Ledger, esploratest.Options{}))
//	defer server.Close()
//	c, err := esplora.New(server.URL, esplora.Options{})
//
// Paths, forms, orders, paging and the words of errors are those of the real
// servers (Blockstream/electrs and mempool/electrs), including that transactions
// of one block come in the order of their ids. [Options] make it as difficult as
// servers can be, down to lies.
//
// What a ledger does not know the server does not tell: prevouts made outside of
// the ledger have no value unless the text gives one, and heights below the
// first block are not there.
package esploratest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
	"github.com/goldwash/goldwash/sources/ledger"
)

// Options says how the server behaves. The zero value is a good server.
type Options struct {
	// PageSize is the number of transactions on a page; 0 means 25.
	PageSize int
	// Busy refuses addresses with more transactions, as servers do with the
	// words "Too many history entries"; 0 refuses none.
	Busy int
	// Tip is the last height of the chain: transactions above it, coinbases
	// apart, are in the mempool. 0 means that all of the ledger is confirmed.
	Tip int32
	// Genesis tells the network's first block at height 0, where the ledger
	// does not begin: its hash alone, and none of its content.
	Genesis bool
	// Fault says what is wrong with an answer: path is that of the request
	// below the base, and n counts the earlier requests for it. It is called from many
	// goroutines.
	Fault func(path string, n int) Fault
	// RetryAfter is the header of that name where the fault is Slow or Down.
	RetryAfter string
}

// Fault is a way in which an answer goes wrong.
type Fault int

// The faults.
const (
	None     Fault = iota
	Stall          // no answer until the request is given up
	StallMid       // half an answer, and no more until the request is given up
	Drop           // the connection is closed in the middle
	Cut            // the answer ends in the middle as if it were whole
	Huge           // two gigabytes of blanks before it
	Garbage        // no JSON
	Page           // a web page
	Missing        // 404 with a web page, as where the base URL is wrong
	Lie            // another transaction under the same id: a lock time is changed
	Steal          // the prevouts of inputs are somebody else's
	Repeat         // the first page whichever is asked for
	Skip           // without the last transaction of a page
	Broken         // 500
	Slow           // 429
	Down           // 503
)

type server struct {
	o      Options
	net    model.Network
	blocks []*model.Block // up to the tip
	txs    map[model.TxID]*model.Tx
	spent  map[model.Outpoint]model.Inpoint
	// history is by path of the API, newest first; only what is confirmed.
	history map[string][]*model.Tx
	byHash  map[model.BlockHash]*model.Block

	mu    sync.Mutex
	times map[string]int
}

// Serve returns the server, whose base path is "/api" or "/". It panics where a ledger cannot be read, which one in
// memory always can.
func Serve(l *ledger.Ledger, o Options) http.Handler {
	if o.PageSize == 0 {
		o.PageSize = 25
	}
	s := &server{
		o: o, net: l.Network(), times: make(map[string]int),
		txs: make(map[model.TxID]*model.Tx), spent: make(map[model.Outpoint]model.Inpoint),
		history: make(map[string][]*model.Tx), byHash: make(map[model.BlockHash]*model.Block),
	}
	for b, err := range l.Blocks(context.Background(), sources.Range{}) {
		if err != nil {
			panic("esploratest: " + err.Error())
		}
		confirmed := o.Tip == 0 || b.Ref.Height <= o.Tip
		if confirmed {
			s.blocks = append(s.blocks, b)
			s.byHash[b.Ref.Hash] = b
		}
		for _, t := range b.Txs {
			if confirmed || !t.Coinbase() {
				s.add(t, confirmed)
			}
		}
	}
	for _, txs := range s.history {
		slices.SortFunc(txs, func(a, b *model.Tx) int {
			if a.Block.Height != b.Block.Height {
				return int(b.Block.Height - a.Block.Height)
			}
			return bytes.Compare(a.ID[:], b.ID[:])
		})
	}
	return s
}

func (s *server) add(t *model.Tx, confirmed bool) {
	s.txs[t.ID] = t
	paths := make(map[string]bool)
	touch := func(a model.Address, script []byte, ok bool) {
		if !ok {
			return
		}
		h := sha256.Sum256(script)
		paths["/scripthash/"+hex.EncodeToString(h[:])] = true
		if text, ok := addressOf(a); ok {
			paths["/address/"+text] = true
		}
	}
	for i := range t.Outputs {
		touch(t.Outputs[i].Owner, t.Outputs[i].Script, true)
	}
	for i := range t.Inputs {
		in := &t.Inputs[i]
		if in.Prev.Null() {
			continue
		}
		s.spent[in.Prev] = t.Inpoint(i)
		if out, ok := s.prevout(in); ok {
			touch(out.Owner, out.Script, true)
		}
	}
	if confirmed {
		for p := range paths {
			s.history[p] = append(s.history[p], t)
		}
	}
}

// prevout returns what an input spends, as far as the ledger tells it whole.
func (s *server) prevout(in *model.Input) (model.Output, bool) {
	if t := s.txs[in.Prev.Tx]; t != nil {
		return t.Outputs[in.Prev.Vout], true
	}
	script, ok := in.Owner.Script()
	return model.Output{Value: in.Value, Owner: in.Owner, Script: script}, ok && in.ValueKnown && in.OwnerBy == model.OwnerPrevout
}

// addressOf returns the text of scripts that have an address.
func addressOf(a model.Address) (string, bool) {
	text := a.String()
	return text, text != "" && !strings.HasPrefix(text, "script:") && a.Kind() != model.ScriptEmpty
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/api")
	s.mu.Lock()
	n := s.times[path]
	s.times[path] = n + 1
	s.mu.Unlock()
	fault := None
	if s.o.Fault != nil {
		fault = s.o.Fault(path, n)
	}
	switch fault {
	case Stall:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Broken:
		answer(w, http.StatusInternalServerError, "application/json", []byte(`{"error":"failed to read"}`))
		return
	case Slow, Down:
		if s.o.RetryAfter != "" {
			w.Header().Set("Retry-After", s.o.RetryAfter)
		}
		status := http.StatusTooManyRequests
		if fault == Down {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, "text/html", []byte("<html><head><title>Too Many Requests</title></head></html>"))
		return
	case Huge:
		w.Header().Set("Content-Type", "application/json")
		blanks := bytes.Repeat([]byte(" "), 1<<20)
		for range 2 << 10 {
			if _, err := w.Write(blanks); err != nil || r.Context().Err() != nil {
				return
			}
		}
		return
	case Garbage:
		answer(w, http.StatusOK, "application/json", []byte("\x00\xff}{"))
		return
	case Page, Missing:
		status := http.StatusOK
		if fault == Missing {
			status = http.StatusNotFound
		}
		answer(w, status, "text/html; charset=utf-8", []byte("<!doctype html><html><body>not here</body></html>"))
		return
	}
	status, kind, body := s.answer(path, fault)
	half := body[:len(body)/2]
	switch fault {
	case StallMid:
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		w.Write(half)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Drop:
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		w.Write(half)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case Cut:
		body = half
	}
	answer(w, status, kind, body)
}

func answer(w http.ResponseWriter, status int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

// refusal is an answer other than 200.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func notFound(what string) error { return refusal{http.StatusNotFound, what + " not found"} }

func (s *server) answer(path string, fault Fault) (status int, kind string, body []byte) {
	v, err := s.route(strings.Split(strings.TrimPrefix(path, "/"), "/"), fault)
	var no refusal
	switch {
	case errors.As(err, &no):
		return no.status, "text/plain", []byte(no.text)
	case err != nil:
		return http.StatusBadRequest, "text/plain", []byte(err.Error())
	}
	switch v := v.(type) {
	case string:
		return http.StatusOK, "text/plain", []byte(v)
	case []byte:
		return http.StatusOK, "application/octet-stream", v
	}
	body, err = json.Marshal(v)
	if err != nil {
		panic("esploratest: " + err.Error())
	}
	return http.StatusOK, "application/json", body
}

func (s *server) route(p []string, fault Fault) (any, error) {
	nowhere := refusal{http.StatusNotFound, fmt.Sprintf("endpoint does not exist %q", "/"+strings.Join(p, "/"))}
	for len(p) < 5 {
		p = append(p, "")
	}
	switch p[0] {
	case "blocks":
		if p[1] != "tip" {
			return nil, nowhere
		}
		if len(s.blocks) == 0 {
			return nil, notFound("Block")
		}
		tip := s.blocks[len(s.blocks)-1].Ref
		switch p[2] {
		case "height":
			return strconv.Itoa(int(tip.Height)), nil
		case "hash":
			return tip.Hash.String(), nil
		}
	case "block-height":
		h, err := strconv.ParseUint(p[1], 10, 31)
		if err != nil {
			return nil, words("Invalid number")
		}
		return s.hashAt(int32(h))
	case "block":
		hash, err := model.ParseBlockHash(p[1])
		if err != nil {
			return nil, words("Invalid hex string")
		}
		b := s.byHash[hash]
		if b == nil {
			return nil, notFound("Block")
		}
		return s.block(b, p[2], p[3], fault, nowhere)
	case "tx":
		id, err := model.ParseTxID(p[1])
		if err != nil {
			return nil, words("Invalid hex string")
		}
		t := s.txs[id]
		if t == nil {
			return nil, notFound("Transaction")
		}
		return s.tx(t, p[2], p[3], fault, nowhere)
	case "address", "scripthash":
		if p[0] == "address" {
			if a, err := model.ParseAddress(p[1], s.net); err != nil || strings.HasPrefix(p[1], "script:") {
				return nil, words("Address on invalid network")
			} else if text, _ := addressOf(a); text != p[1] {
				return nil, errors.New("base58 error")
			}
		} else if b, err := hex.DecodeString(p[1]); err != nil || len(b) != 32 {
			return nil, words("Invalid scripthash")
		}
		return s.script(s.history["/"+p[0]+"/"+p[1]], p, fault, nowhere)
	}
	return nil, nowhere
}

func (s *server) hashAt(h int32) (any, error) {
	if h == 0 && s.o.Genesis {
		return s.net.Genesis().String(), nil
	}
	i, ok := slices.BinarySearchFunc(s.blocks, h, func(b *model.Block, h int32) int { return int(b.Ref.Height - h) })
	if !ok {
		return nil, notFound("Block")
	}
	return s.blocks[i].Ref.Hash.String(), nil
}

func (s *server) block(b *model.Block, what, at string, fault Fault, nowhere error) (any, error) {
	switch what {
	case "":
		return s.blockJSON(b), nil
	case "raw":
		return model.AppendBlock(nil, b), nil
	case "txids":
		ids := make([]model.TxID, len(b.Txs))
		for i, t := range b.Txs {
			ids[i] = t.ID
		}
		return ids, nil
	case "txs":
		from, err := strconv.ParseUint("0"+at, 10, 31)
		switch {
		case err != nil:
			return nil, words("Invalid number")
		case int(from) >= len(b.Txs):
			return nil, refusal{http.StatusNotFound, "start index out of range"}
		case int(from)%s.o.PageSize != 0:
			return nil, fmt.Errorf("start index must be a multiple of %d", s.o.PageSize)
		}
		return s.page(b.Txs[from:], fault), nil
	}
	return nil, nowhere
}

func (s *server) tx(t *model.Tx, what, at string, fault Fault, nowhere error) (any, error) {
	confirmed := s.byHash[t.Block.Hash] != nil
	switch what {
	case "":
		return s.txJSON(t, fault), nil
	case "raw":
		return model.AppendTx(nil, t), nil
	case "hex":
		return hex.EncodeToString(model.AppendTx(nil, t)), nil
	case "status":
		return s.statusJSON(t), nil
	case "outspends":
		all := make([]spendJSON, len(t.Outputs))
		for i := range all {
			all[i] = s.spendJSON(t.Outpoint(i))
		}
		return all, nil
	case "outspend":
		n, err := strconv.ParseUint(at, 10, 32)
		if err != nil {
			return nil, words("Invalid number")
		}
		return s.spendJSON(model.Outpoint{Tx: t.ID, Vout: uint32(n)}), nil
	case "merkle-proof":
		if !confirmed {
			return nil, refusal{http.StatusNotFound, "Transaction not found or is unconfirmed"}
		}
		return proof(s.byHash[t.Block.Hash], int(t.Block.Pos)), nil
	}
	return nil, nowhere
}

// script answers what is asked of an address or the hash of a script.
func (s *server) script(txs []*model.Tx, p []string, fault Fault, nowhere error) (any, error) {
	if s.o.Busy > 0 && len(txs) > s.o.Busy {
		return nil, words("Too many history entries")
	}
	switch {
	case p[2] == "":
		return map[string]any{
			p[0]:            p[1],
			"chain_stats":   map[string]int{"funded_txo_count": 0, "funded_txo_sum": 0, "spent_txo_count": 0, "spent_txo_sum": 0, "tx_count": len(txs)},
			"mempool_stats": map[string]int{"funded_txo_count": 0, "funded_txo_sum": 0, "spent_txo_count": 0, "spent_txo_sum": 0, "tx_count": 0},
		}, nil
	case p[2] == "txs" && p[3] == "chain":
		if p[4] != "" && fault != Repeat {
			// As the servers do: what is not found has nothing after it, and
			// what is no id is not looked for.
			if id, err := model.ParseTxID(p[4]); err == nil {
				i := slices.IndexFunc(txs, func(t *model.Tx) bool { return t.ID == id })
				if i < 0 {
					i = len(txs) - 1
				}
				txs = txs[i+1:]
			}
		}
		return s.page(txs, fault), nil
	}
	return nil, nowhere
}

func (s *server) page(txs []*model.Tx, fault Fault) []txJSON {
	txs = txs[:min(len(txs), s.o.PageSize)]
	if fault == Skip && len(txs) > 0 {
		txs = txs[:len(txs)-1]
	}
	page := make([]txJSON, len(txs))
	for i, t := range txs {
		page[i] = s.txJSON(t, fault)
	}
	return page
}

// Transport sends requests to the handler without a network, each in the
// goroutine of its caller, so that tests with a clock of their own
// (testing/synctest) can wait for them.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ h http.Handler }

func (t transport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v != http.ErrAbortHandler {
			panic(v)
		}
		if err = r.Context().Err(); err == nil {
			resp = rec.Result()
			resp.Body = io.NopCloser(io.MultiReader(rec.Body, cut{}))
		}
	}()
	in := r.Clone(r.Context())
	in.RequestURI = in.URL.RequestURI()
	t.h.ServeHTTP(rec, in)
	return rec.Result(), nil
}

// cut is the end of a connection that was closed too early.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// words is an error in the words of the real servers.
type words string

func (w words) Error() string { return string(w) }
