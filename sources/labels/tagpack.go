package labels

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/goldwash/goldwash/model"
)

// Bounds of a TagPack, which is read as a whole: its bytes, its depth, and the
// marks that begin or end a value, which bound the memory that it takes. The
// largest public pack has 4 MB, depth 4 and 450,000 marks.
const (
	maxPack  = 64 << 20
	maxDepth = 16
	maxMarks = 6_000_000
)

// scale is the GraphSense scale of confidence.
var scale = map[string]model.Probability{
	"override":               1_000_000,
	"ownership":              1_000_000,
	"ledger_immanent":        1_000_000,
	"manual_transaction":     900_000,
	"service_api":            700_000,
	"forensic_investigation": 700_000,
	"authority_data":         600_000,
	"trusted_provider":       500_000,
	"service_data":           500_000,
	"forensic":               500_000,
	"untrusted_transaction":  400_000,
	"web_crawl":              200_000,
	"heuristic":              100_000,
	"unknown":                50_000,
}

// methods tells how the creator of a tag came to know, by the same scale.
var methods = map[string]model.Method{
	"ownership":              model.MethodDisclosed,
	"manual_transaction":     model.MethodTestPayment,
	"untrusted_transaction":  model.MethodTestPayment,
	"service_api":            model.MethodDisclosed,
	"service_data":           model.MethodDisclosed,
	"authority_data":         model.MethodAuthority,
	"forensic":               model.MethodReport,
	"forensic_investigation": model.MethodReport,
}

// tagField is a field of a tag that may also stand in the head of the pack.
type tagField int

const (
	tAddress tagField = iota
	tTx
	tLabel
	tSource
	tCurrency
	tNetwork
	tCategory
	tAbuse
	tConcepts
	tConfidence
	tLastmod
	tContext
	tActor
	tagFields // count
)

var tagFieldNames = [tagFields]string{"address", "tx_hash", "label", "source", "currency", "network", "category",
	"abuse", "concepts", "confidence", "lastmod", "context", "actor"}

func tagFieldOf(name string) (tagField, bool) {
	for i, n := range tagFieldNames {
		if n == name {
			return tagField(i), true
		}
	}
	return 0, false
}

// isTagPack reports whether a line begins the list of tags, and one the title or
// the creator.
func isTagPack(text []byte) bool {
	begins := func(key string) bool {
		return bytes.HasPrefix(text, []byte(key)) || bytes.Contains(text, []byte("\n"+key))
	}
	return begins("tags:") && (begins("title:") || begins("creator:"))
}

// tag is a tag, or the head of a pack, by field; nil where it has none.
type tag [tagFields]*yaml.Node

// pack is a TagPack while it is read.
type pack struct {
	p        *part
	title    string
	head     tag
	offScale int
}

func (p *part) tagPack() error {
	p.format = "TagPack"
	if err := p.longLine(); err != nil {
		return err
	}
	root, err := p.yaml()
	if err != nil {
		return err
	}
	k := &pack{p: p, title: p.file.Stem()}
	var tags *yaml.Node
	err = p.mapping(root, "the pack", func(key string, v *yaml.Node) error {
		switch {
		case key == "tags":
			tags = v
			return nil
		case key == "title":
			title, err := p.text(v, key, maxEntity)
			if title != "" {
				k.title = title
			}
			return err
		}
		if f, ok := tagFieldOf(key); ok {
			k.head[f] = v
		}
		return nil
	})
	if err != nil {
		return err
	}
	if tags == nil || tags.Kind != yaml.SequenceNode {
		return p.errorf(root.Line, root.Column, "tags: want a list")
	}
	p.labels = make([]model.Label, 0, len(tags.Content))
	for _, n := range tags.Content {
		t := k.head
		err := p.mapping(n, "a tag", func(key string, v *yaml.Node) error {
			if f, ok := tagFieldOf(key); ok {
				t[f] = v
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := k.tag(n, &t); err != nil {
			return err
		}
	}
	if k.offScale > 0 {
		p.remarks = append(p.remarks, fmt.Sprintf("%d of a confidence that is not on the scale, read as unknown", k.offScale))
	}
	return nil
}

// yaml parses the text to a tree, in which aliases are not followed: nothing
// grows beyond the text.
func (p *part) yaml() (*yaml.Node, error) {
	if n := len(p.file.Text); n > maxPack {
		return nil, p.errorf(0, 0, "a TagPack of %d bytes, more than %d", n, maxPack)
	}
	marks := 0
	for _, c := range []byte("\n,:[{-&*?") {
		marks += bytes.Count(p.file.Text, []byte{c})
	}
	if marks > maxMarks {
		return nil, p.errorf(0, 0, "a TagPack of more than %d values", maxMarks)
	}
	var doc yaml.Node
	if err := yaml.Load(p.file.Text, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth)))); err != nil {
		var e *yaml.LoadError
		if errors.As(err, &e) {
			return nil, p.errorf(e.Mark.Line, e.Mark.Column, "yaml: %s", clip(e.Message))
		}
		return nil, p.errorf(0, 0, "yaml: %w", err)
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, p.errorf(0, 0, "yaml: want one document")
	}
	return doc.Content[0], nil
}

// maxKeys bounds the fields of a tag and of the head.
const maxKeys = 128

// mapping calls f for each key of a mapping; a key that stands there twice is an
// error, and so is a merge key.
func (p *part) mapping(n *yaml.Node, what string, f func(key string, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return p.errorf(n.Line, n.Column, "%s: want a mapping of fields to values", what)
	}
	if len(n.Content) > 2*maxKeys {
		return p.errorf(n.Line, n.Column, "%s: %d fields, more than %d", what, len(n.Content)/2, maxKeys)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return p.errorf(key.Line, key.Column, "%s: want a plain word for a field", what)
		}
		for j := 0; j < i; j += 2 {
			if n.Content[j].Value == key.Value {
				return p.errorf(key.Line, key.Column, "%s: the field %q stands there twice", what, clip(key.Value))
			}
		}
		if err := f(key.Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// scalar returns the text of a value; ok is false where it is a mapping or a
// list. An alias of a text is that text.
func scalar(n *yaml.Node) (s string, ok bool) {
	if n == nil {
		return "", true
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return "", false
	}
	if n.Tag == "!!null" {
		return "", true
	}
	return n.Value, true
}

func (p *part) text(n *yaml.Node, what string, limit int) (string, error) {
	s, ok := scalar(n)
	if !ok {
		return "", p.errorf(n.Line, n.Column, "%s: want a text", what)
	}
	s, err := prose(s, limit)
	if err != nil {
		return "", p.errorf(n.Line, n.Column, "%s: %w", what, err)
	}
	return s, nil
}

// tag adds the label of a tag whose fields the head completes.
func (k *pack) tag(n *yaml.Node, t *tag) error {
	p := k.p
	var s [tagFields]string
	for f := range tagFields {
		if f == tConcepts {
			continue
		}
		limit := maxSource
		if f == tContext {
			limit = maxDetail
		}
		var err error
		if s[f], err = p.text(t[f], tagFieldNames[f], limit); err != nil {
			return err
		}
	}
	for _, f := range [...]tagField{tCurrency, tNetwork} {
		if s[f] != "" && !isBitcoin(s[f]) {
			p.skip(n.Line, otherCurrency)
			return nil
		}
	}
	if s[tCurrency] == "" && s[tNetwork] == "" {
		return p.errorf(n.Line, n.Column, "currency: neither the tag nor the head of the pack has one")
	}
	l := model.Label{Source: k.title}
	switch {
	case s[tAddress] != "" && s[tTx] != "":
		return p.errorf(n.Line, n.Column, "address and tx_hash: want one of them")
	case s[tAddress] != "":
		a, err := model.ParseAddress(s[tAddress], p.net)
		if err != nil {
			p.skip(t[tAddress].Line, p.otherNetwork())
			return nil
		}
		l.On = model.RefAddress(a)
	case s[tTx] != "":
		id, err := model.ParseTxID(s[tTx])
		if err != nil {
			return p.errorf(t[tTx].Line, t[tTx].Column, "tx_hash: %w", err)
		}
		l.On = model.RefTx(id)
	default:
		p.skip(n.Line, "without address or transaction")
		return nil
	}
	var ok bool
	if l.Entity, l.Role, ok = entity(s[tLabel], s[tActor]); !ok {
		return p.errorf(n.Line, n.Column, "label: neither the tag nor the head of the pack has one")
	}
	if len(l.Entity) > maxEntity {
		return p.errorf(t[tLabel].Line, t[tLabel].Column, "label: %d bytes, more than %d", len(l.Entity), maxEntity)
	}
	if s[tLastmod] != "" {
		var err error
		if l.Asserted, err = instant(s[tLastmod]); err != nil {
			return p.errorf(t[tLastmod].Line, t[tLastmod].Column, "lastmod: %w", err)
		}
	}
	words, err := k.words(t, &s)
	if err != nil {
		return err
	}
	category, role := classify(p.o.Categories, words)
	l.Category = category
	orElse(&l.Role, role)
	level := s[tConfidence]
	if level == "" && listsSanctions(s[tSource]) {
		level = "authority_data"
	}
	if l.Confidence, ok = scale[level]; !ok {
		l.Confidence = scale["unknown"]
		if level != "" {
			k.offScale++
		}
	}
	l.Method = methods[level]
	if isClustering(s[tSource]) {
		l.Method = model.MethodClustering
	}
	l.Detail = detail(&s, &l)
	p.labels = append(p.labels, l)
	return nil
}

// entity returns whom a tag names, in the words of its label. A label that
// describes a wallet of its actor, such as "bitfinex BTC cold wallet", tells a
// role and no other party than the actor.
func entity(label, actor string) (name string, role model.Role, ok bool) {
	lower := strings.ToLower(label)
	switch {
	case strings.HasSuffix(lower, "hot wallet"):
		role = model.RoleHot
	case strings.HasSuffix(lower, "cold wallet"):
		role = model.RoleCold
	}
	if label == "" || role != "" && actor != "" {
		label = actor
	}
	return label, role, label != ""
}

// words collects what a tag says of the kind of party: its category first.
func (k *pack) words(t *tag, s *[tagFields]string) ([]string, error) {
	var words []string
	for _, f := range [...]tagField{tCategory, tAbuse} {
		if s[f] != "" {
			words = append(words, s[f])
		}
	}
	if n := t[tConcepts]; n != nil {
		items := []*yaml.Node{n}
		if n.Kind == yaml.SequenceNode {
			items = n.Content
		}
		if len(items) > maxConcepts {
			return nil, k.p.errorf(n.Line, n.Column, "concepts: %d, more than %d", len(items), maxConcepts)
		}
		for _, item := range items {
			w, err := k.p.text(item, "concepts", maxEntity)
			if err != nil {
				return nil, err
			}
			if w != "" {
				words = append(words, w)
			}
		}
	}
	if listsSanctions(s[tSource]) {
		words = append(words, sanction)
	}
	return words, nil
}

const maxConcepts = 64

// host returns the host of a link, and its path.
func host(link string) (name, path string) {
	u, err := url.Parse(link)
	if err != nil {
		return "", ""
	}
	return strings.ToLower(u.Hostname()), strings.ToLower(u.Path)
}

// listsSanctions reports whether a link leads to OFAC's lists and announcements
// of sanctions.
func listsSanctions(link string) bool {
	if !strings.Contains(link, "treas") { // spares most tags the parsing
		return false
	}
	switch name, path := host(link); name {
	case "ofac.treasury.gov", "sanctionssearch.ofac.treas.gov", "sanctionslist.ofac.treas.gov":
		return true
	case "treasury.gov", "www.treasury.gov", "home.treasury.gov":
		return strings.Contains(path, "ofac") || strings.Contains(path, "sanctions")
	}
	return false
}

// isClustering reports whether a link leads to a service that attributes whole
// clusters, which rests on the same co-spending that this library looks at.
func isClustering(link string) bool {
	if !strings.Contains(link, "walletexplorer") {
		return false
	}
	name, _ := host(link)
	return name == "walletexplorer.com" || name == "www.walletexplorer.com"
}

// detail joins what a label has no field for.
func detail(s *[tagFields]string, l *model.Label) string {
	var b strings.Builder
	add := func(what, text string) {
		if text == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(what)
		b.WriteString(text)
	}
	add("", s[tSource])
	if model.Category(s[tCategory]) != l.Category {
		add("category ", s[tCategory])
	}
	add("abuse ", s[tAbuse])
	if s[tActor] != l.Entity {
		add("actor ", s[tActor])
	}
	add("", s[tContext])
	if b.Len() > maxDetail {
		return strings.ToValidUTF8(b.String()[:maxDetail], "")
	}
	return b.String()
}
