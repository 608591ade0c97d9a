package labels

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goldwash/goldwash/model"
)

// Confidences of a list of pools.
const (
	poolAddress = model.Probability(950_000)
	poolTag     = model.Probability(970_000)
)

// maxTag is the most bytes that the script of a coinbase input may have.
const maxTag = 100

// pools reads mempool.space's array of pools.
func (p *part) pools() error {
	p.format = "mining pools"
	dec := json.NewDecoder(bytes.NewReader(p.file.Text))
	dec.Token()
	for dec.More() {
		line := p.line(dec)
		var in struct {
			Name, Link      string
			Addresses, Tags []string
		}
		if err := dec.Decode(&in); err != nil {
			return p.jsonError(dec, err)
		}
		pool, err := poolOf(in.Name, in.Link)
		if err != nil {
			return p.errorf(line, 0, "the pool that begins there: %w", err)
		}
		for _, a := range in.Addresses {
			p.poolAddress(pool, a, line)
		}
		for _, tag := range in.Tags {
			if err := p.poolTag(pool, tag, line); err != nil {
				return p.errorf(line, 0, "the pool %q that begins there: %w", clip(pool.name), err)
			}
		}
	}
	return p.end(dec, true)
}

// poolsByKey reads the older form, an object of pools by tag and one of pools by
// address. Keys that stand there twice are both read.
func (p *part) poolsByKey() error {
	p.format = "mining pools by tag and address"
	dec := json.NewDecoder(bytes.NewReader(p.file.Text))
	dec.Token()
	for dec.More() {
		section, err := dec.Token()
		if err != nil {
			return p.jsonError(dec, err)
		}
		if section != "coinbase_tags" && section != "payout_addresses" {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return p.jsonError(dec, err)
			}
			continue
		}
		if t, err := dec.Token(); err != nil || t != json.Delim('{') {
			if err == nil {
				err = fmt.Errorf("%s: want an object", section)
			}
			return p.jsonError(dec, err)
		}
		for dec.More() {
			line := p.line(dec)
			t, err := dec.Token()
			if err != nil {
				return p.jsonError(dec, err)
			}
			key, _ := t.(string)
			var in struct{ Name, Link string }
			if err := dec.Decode(&in); err != nil {
				return p.jsonError(dec, err)
			}
			pool, err := poolOf(in.Name, in.Link)
			if err == nil {
				if section == "coinbase_tags" {
					err = p.poolTag(pool, key, line)
				} else {
					p.poolAddress(pool, key, line)
				}
			}
			if err != nil {
				return p.errorf(line, 0, "%s: %q: %w", section, clip(key), err)
			}
		}
		if _, err := dec.Token(); err != nil {
			return p.jsonError(dec, err)
		}
	}
	return p.end(dec, true)
}

type pool struct{ name, link string }

func poolOf(name, link string) (pool, error) {
	name, err := line(name, maxEntity)
	if err == nil && name == "" {
		err = errors.New("empty")
	}
	if err != nil {
		return pool{}, fmt.Errorf("name: %w", err)
	}
	if link, err = line(link, maxSource); err != nil {
		return pool{}, fmt.Errorf("link: %w", err)
	}
	return pool{name, link}, nil
}

// poolAddress adds an address that a pool's blocks pay. The lists hold some of
// test networks.
func (p *part) poolAddress(pool pool, s string, line int) {
	a, err := model.ParseAddress(strings.TrimSpace(s), p.net)
	if err != nil {
		p.skip(line, p.otherNetwork())
		return
	}
	p.labels = append(p.labels, model.Label{
		On: model.RefAddress(a), Entity: pool.name, Category: model.MiningPool, Role: model.RoleCoinbase,
		Method: model.MethodTag, Confidence: poolAddress, Source: p.file.Stem(), Detail: pool.link,
	})
}

// poolTag adds a tag. It keeps every byte: a space may be part of it. Where bytes
// that are no text were replaced on the way into JSON, no block has the tag.
func (p *part) poolTag(pool pool, tag string, line int) error {
	if strings.ContainsRune(tag, utf8.RuneError) {
		p.skip(line, "tags whose bytes were lost")
		return nil
	}
	if tag == "" || len(tag) > maxTag {
		return fmt.Errorf("a tag of %d bytes, want 1 to %d", len(tag), maxTag)
	}
	p.tags = append(p.tags, model.Tag{Bytes: []byte(tag), Entity: pool.name, Confidence: poolTag, Source: p.file.Stem()})
	return nil
}
