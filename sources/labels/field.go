package labels

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/goldwash/goldwash/model"
)

// Bounds of a label's fields, in bytes.
const (
	maxEntity = 256
	maxSource = 1024
	maxDetail = 4096
	maxSlug   = 64
)

// line checks a text that is shown in one line. Control characters and those
// that turn the direction of writing could make a report show what it does not
// say.
func line(s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) > limit {
		return "", fmt.Errorf("%d bytes, more than %d", len(s), limit)
	}
	for _, r := range s {
		if unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == unicode.ReplacementChar {
			return "", fmt.Errorf("the character %U is not allowed", r)
		}
	}
	return s, nil
}

// prose is line for texts that may have had several: white space becomes one
// space.
func prose(s string, limit int) (string, error) {
	if strings.ContainsAny(s, "\r\n\t") {
		s = strings.Join(strings.Fields(s), " ")
	}
	return line(s, limit)
}

func isSlug(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= maxSlug
}

func errNoSlug(s string) error {
	return fmt.Errorf("%q is not a word of lower-case letters, digits and _", clip(s))
}

// slug folds a word of another format: "Mining Pool" is mining_pool.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, strings.TrimSpace(s))
}

// instant reads RFC 3339, or a day, which begins at midnight UTC.
func instant(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			if y := t.UTC().Year(); y < 1 || y > 9999 {
				break
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time as in 2022-07-30 or 2022-07-30T12:00:00Z", clip(s))
}

// share reads a decimal from 0 to 1, or a percentage as in "85%".
func share(s string) (model.Probability, error) {
	digits, percent := strings.CutSuffix(s, "%")
	if !percent {
		return model.ParseProbability(s)
	}
	whole, frac, point := strings.Cut(strings.TrimSpace(digits), ".")
	if len(whole) == 0 || len(whole) > 3 || len(frac) > 4 || point && frac == "" {
		return 0, fmt.Errorf("percentage %q: want 0%% to 100%%", clip(s))
	}
	var n model.Probability
	for _, c := range []byte(whole + (frac + "0000")[:4]) {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("percentage %q: want 0%% to 100%%", clip(s))
		}
		n = n*10 + model.Probability(c-'0')
	}
	if n > model.Certain {
		return 0, fmt.Errorf("percentage %q: want 0%% to 100%%", clip(s))
	}
	return n, nil
}

// clip bounds what an error repeats of its input.
func clip(s string) string {
	if len(s) > 100 {
		return s[:97] + "..."
	}
	return s
}

// isBitcoin reports whether a currency or network as other formats spell it is
// the one whose addresses this library reads.
func isBitcoin(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "btc", "xbt", "bitcoin":
		return true
	}
	return false
}

// concepts maps words of other formats to categories, as the package comment
// tells. The words are those of the GraphSense taxonomy and of earlier versions
// of it; the library's own are among them.
var concepts = map[string]model.Category{
	"exchange":          model.Exchange,
	"miner":             model.MiningPool,
	"mining_pool":       model.MiningPool,
	"mining_service":    model.CloudMining,
	"cloud_mining":      model.CloudMining,
	"hash_marketplace":  model.HashMarketplace,
	"mixing_service":    model.Mixer,
	"mixer":             model.Mixer,
	"coinjoin":          model.Mixer,
	"wallet_service":    model.Custodian,
	"hosted_wallet":     model.Custodian,
	"escrow_wallet":     model.Custodian,
	"custodian":         model.Custodian,
	"payment_processor": model.PaymentProcessor,
	"gambling":          model.Gambling,
	"perpetrator":       model.Actor,
	"actor":             model.Actor,
}

// abuses are the words of the same taxonomy for what a perpetrator does. Mixing
// is none: it is a way to use a ledger.
var abuses = map[string]bool{
	"abuse": true, "child_sexual_abuse": true, "extortion": true, "extremism": true, "financial_crime": true,
	"hack": true, "investment_fraud": true, "money_laundering": true, "payment_card_fraud": true, "phishing": true,
	"ponzi_scheme": true, "pyramid_scheme": true, "ransomware": true, "sanction": true, "sanctions": true, "scam": true,
	"service_hack": true, "sextortion": true, "sexual_abuse": true, "stolen_funds": true, "terrorism": true,
	"terrorist_financing": true, "theft": true, "torture": true, "violence": true,
}

// wallets maps words of the same taxonomy to roles.
var wallets = map[string]model.Role{
	"hot_wallet":  model.RoleHot,
	"warm_wallet": model.RoleHot,
	"cold_wallet": model.RoleCold,
}

const sanction, victim, unknown = "sanction", "victim", "unknown"

// classify finds the category and role that a set of words stands for: the word
// of the category first, then abuses and other concepts. own overrules what the
// package knows.
func classify(own map[string]model.Category, words []string) (model.Category, model.Role) {
	var service, first model.Category
	var role model.Role
	abused, hurt := "", false
	for _, word := range words {
		w := slug(word)
		c, known := own[word]
		if !known {
			c, known = concepts[w]
		}
		switch {
		case known && (service == "" || service == model.Actor):
			service = c
		case known:
		case abuses[w]:
			if abused == "" || w == sanction || w == "sanctions" {
				abused = w
			}
		case w == victim:
			hurt = true
		case wallets[w] != "":
			if role == "" {
				role = wallets[w]
			}
		case first == "" && isSlug(w):
			first = model.Category(w)
		}
	}
	switch {
	case hurt && (service == "" || service == model.Actor):
		return victim, role
	case service != "" && service != model.Actor:
		return service, role
	case service == model.Actor || abused != "":
		if role == "" && (abused == sanction || abused == "sanctions") {
			role = model.RoleAccount
		}
		return model.Actor, role
	case first != "":
		return first, role
	}
	return unknown, role
}
