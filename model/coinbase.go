package model

import "bytes"

// CoinbaseHeight reads the block height that a coinbase script begins with
// (BIP 34), as Bitcoin Core encodes it: OP_0, OP_1 to OP_16, or a direct push
// of the number in its shortest form; ok is false for anything else, and for
// numbers below 0 or beyond int32. Whether it may be believed depends on the
// block's version and height: before [Network.BIP34Height] those bytes are
// whatever the miner liked.
func CoinbaseHeight(script []byte) (height int32, ok bool) {
	if len(script) == 0 {
		return 0, false
	}
	switch op := script[0]; {
	case op == op0:
		return 0, true
	case op >= op1 && op <= op16:
		return int32(op-op1) + 1, true
	case op > 4 || int(op) >= len(script):
		// Four bytes hold every height of 31 bits beside the sign bit.
		return 0, false
	}
	num := script[1 : 1+int(script[0])]
	last := num[len(num)-1]
	if last&0x80 != 0 {
		return 0, false // negative
	}
	if last == 0 && (len(num) == 1 || num[len(num)-2]&0x80 == 0) {
		return 0, false // a zero byte that only makes it longer
	}
	for i, b := range num {
		height |= int32(b) << (8 * i)
	}
	if height <= 16 {
		return 0, false // has an opcode of its own
	}
	return height, true
}

// appendHeight appends the script that BIP 34 demands of a coinbase at the
// height, which is not negative: the inverse of [CoinbaseHeight].
func appendHeight(b []byte, height int32) []byte {
	switch {
	case height == 0:
		return append(b, op0)
	case height <= 16:
		return append(b, op1+byte(height)-1)
	}
	at := len(b)
	b = append(b, 0)
	for v := uint32(height); v > 0; v >>= 8 {
		b = append(b, byte(v))
	}
	if b[len(b)-1]&0x80 != 0 {
		b = append(b, 0)
	}
	b[at] = byte(len(b) - at - 1)
	return b
}

// CoinbaseTag returns the part of a coinbase script in which miners name
// themselves, and its offset in the script: what follows the height push where
// the script begins with the one of this height, else the whole script. The
// tag aliases the script.
func CoinbaseTag(script []byte, height int32, heightKnown bool) (tag []byte, offset int) {
	if heightKnown && height >= 0 {
		var buf [6]byte
		if want := appendHeight(buf[:0], height); bytes.HasPrefix(script, want) {
			return script[len(want):], len(want)
		}
	}
	return script, 0
}
