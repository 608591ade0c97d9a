package model

import (
	"strings"
	"unicode"
)

// renamed holds the parties that lists still know by an earlier name: the folded
// earlier name, and the name that the party goes by. It is short on purpose:
// each row is a change of name that the operator announced, or two spellings
// that public lists use of one operator at the same addresses.
var renamed = map[string]string{
	// Slush Pool became Braiins Pool in 2022.
	"slush":            "Braiins Pool",
	"slushpool":        "Braiins Pool",
	"slushpoolbraiins": "Braiins Pool",
	"braiins":          "Braiins Pool",
}

// EntityName returns the name that a party goes by: name itself, unless the
// party is known to have changed it.
func EntityName(name string) string {
	if now, ok := renamed[fold(name)]; ok {
		return now
	}
	return name
}

// EntityKey folds an entity's name to its letters and digits in lower case, so
// that "BTC.TOP" and "Btc.top" are one entity, after [EntityName] has brought
// an earlier name up to date. A name without any is its own key.
func EntityKey(name string) string { return fold(EntityName(name)) }

func fold(name string) string {
	key := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	if key == "" {
		return name
	}
	return key
}

// SameEntity reports whether two names mean one entity: their keys agree, as
// [EntityKey] folds them.
func SameEntity(a, b string) bool { return EntityKey(a) == EntityKey(b) }

// Entities returns the distinct entities that the labels name, in the order in
// which they come, each as first spelled; names that [SameEntity] folds together
// count once. More than one means that the labels are in conflict.
func Entities(ls []Label) []string {
	var names, keys []string
next:
	for i := range ls {
		key := EntityKey(ls[i].Entity)
		for _, k := range keys {
			if k == key {
				continue next
			}
		}
		names, keys = append(names, ls[i].Entity), append(keys, key)
	}
	return names
}
