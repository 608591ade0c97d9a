package model_test

import (
	"testing"

	"github.com/goldwash/goldwash/model"
)

func TestCoinbaseHeight(t *testing.T) {
	for _, c := range []struct {
		script string
		want   int32
		ok     bool
	}{
		{"00", 0, true},
		{"51", 1, true},
		{"60", 16, true},
		{"0111", 17, true},
		{"017f", 127, true},
		{"028000", 128, true},
		{"02ff7f", 32767, true},
		{"03008000", 32768, true},
		{"03c4440a2f7461672f", 672964, true}, // /tag/ follows
		{"0320a107", 500_000, true},
		{"04ffffff7f", 1<<31 - 1, true},

		{"", 0, false},
		{"61", 0, false},                      // OP_NOP
		{"4f", 0, false},                      // -1
		{"50", 0, false},                      // OP_RESERVED
		{"0100", 0, false},                    // 0 has OP_0
		{"0110", 0, false},                    // 16 has OP_16
		{"0180", 0, false},                    // negative zero
		{"0181", 0, false},                    // -1
		{"021100", 0, false},                  // 17 in two bytes
		{"0420a10700", 0, false},              // 500,000 in four bytes
		{"0500ffffff00", 0, false},            // beyond int32, and not minimal
		{"0500000080ff", 0, false},            // negative
		{"05ffffffff00", 0, false},            // 2^32-1
		{"0320a1", 0, false},                  // cut short
		{"4c0320a107", 0, false},              // PUSHDATA1
		{"04ffff001d0104", 486_604_799, true}, // the genesis block: the bits of its header
	} {
		h, ok := model.CoinbaseHeight(unhex(t, c.script))
		if h != c.want || ok != c.ok {
			t.Errorf("CoinbaseHeight(%s) = %d, %v; want %d, %v", c.script, h, ok, c.want, c.ok)
		}
	}
}

func TestCoinbaseTag(t *testing.T) {
	for _, c := range []struct {
		script string
		height int32
		known  bool
		tag    string
		offset int
	}{
		{"\x03\x20\xa1\x07/tag/", 500_000, true, "/tag/", 4},
		{"\x03\x20\xa1\x07", 500_000, true, "", 4},
		{"\x01\x11/tag/", 17, true, "/tag/", 2},
		{"\x51/tag/", 1, true, "/tag/", 1},
		{"\x00/tag/", 0, true, "/tag/", 1},
		{"\x02\x80\x00/tag/", 128, true, "/tag/", 3},
		// A push of another number, or of the same in another form, belongs
		// to what the miner wrote.
		{"\x03\x20\xa1\x07/tag/", 500_001, true, "\x03\x20\xa1\x07/tag/", 0},
		{"\x03\x20\xa1\x07/tag/", 500_000, false, "\x03\x20\xa1\x07/tag/", 0},
		{"\x03\x20\xa1\x07/tag/", -1, true, "\x03\x20\xa1\x07/tag/", 0},
		{"\x4c\x03\x20\xa1\x07/tag/", 500_000, true, "\x4c\x03\x20\xa1\x07/tag/", 0},
		{"\x03\x20", 500_000, true, "\x03\x20", 0},
		{"", 500_000, true, "", 0},
	} {
		tag, offset := model.CoinbaseTag([]byte(c.script), c.height, c.known)
		if string(tag) != c.tag || offset != c.offset {
			t.Errorf("CoinbaseTag(%q, %d, %v) = %q, %d; want %q, %d", c.script, c.height, c.known, tag, offset, c.tag, c.offset)
		}
	}
}
