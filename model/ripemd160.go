package model

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// RIPEMD-160 after the description of Dobbertin, Bosselaers and Preneel (1996).
// It stands here because the standard library has none and golang.org/x/crypto
// would raise versions in every program that embeds this one, for the sake of
// a hash that only ever sees 32 bytes. It is needed for one thing: the HASH160
// of keys and scripts that an input shows.

// The two lines of the compression: which word of the message each of the 80
// steps takes, and by how many bits it rotates.
var (
	ripemdWordLeft = [80]uint8{
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8,
		3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12,
		1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2,
		4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13,
	}
	ripemdWordRight = [80]uint8{
		5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12,
		6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2,
		15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13,
		8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14,
		12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11,
	}
	ripemdRotateLeft = [80]uint8{
		11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8,
		7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12,
		11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5,
		11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12,
		9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6,
	}
	ripemdRotateRight = [80]uint8{
		8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6,
		9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11,
		9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5,
		15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8,
		8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11,
	}
	ripemdAddLeft  = [5]uint32{0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e}
	ripemdAddRight = [5]uint32{0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0}
)

// ripemd160 hashes b. It does not allocate.
func ripemd160(b []byte) [20]byte {
	h := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	size := uint64(len(b))
	for ; len(b) >= 64; b = b[64:] {
		ripemdBlock(&h, (*[64]byte)(b))
	}
	// The padding: one bit, zeros, the length in bits. It takes a second
	// block where fewer than eight bytes are left for the length.
	var last [64]byte
	n := copy(last[:], b)
	last[n] = 0x80
	if n >= 56 {
		ripemdBlock(&h, &last)
		last = [64]byte{}
	}
	binary.LittleEndian.PutUint64(last[56:], size<<3)
	ripemdBlock(&h, &last)

	var sum [20]byte
	for i, w := range h {
		binary.LittleEndian.PutUint32(sum[4*i:], w)
	}
	return sum
}

func ripemdBlock(h *[5]uint32, b *[64]byte) {
	var x [16]uint32
	for i := range x {
		x[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	a, b1, c, d, e := h[0], h[1], h[2], h[3], h[4]
	aa, bb, cc, dd, ee := a, b1, c, d, e
	for round := range 5 {
		kl, kr := ripemdAddLeft[round], ripemdAddRight[round]
		for j := 16 * round; j < 16*round+16; j++ {
			var fl, fr uint32
			switch round {
			case 0:
				fl, fr = b1^c^d, bb^(cc|^dd)
			case 1:
				fl, fr = b1&c|^b1&d, bb&dd|cc&^dd
			case 2:
				fl, fr = (b1|^c)^d, (bb|^cc)^dd
			case 3:
				fl, fr = b1&d|c&^d, bb&cc|^bb&dd
			case 4:
				fl, fr = b1^(c|^d), bb^cc^dd
			}
			t := bits.RotateLeft32(a+fl+x[ripemdWordLeft[j]&15]+kl, int(ripemdRotateLeft[j])) + e
			a, b1, c, d, e = e, t, b1, bits.RotateLeft32(c, 10), d
			t = bits.RotateLeft32(aa+fr+x[ripemdWordRight[j]&15]+kr, int(ripemdRotateRight[j])) + ee
			aa, bb, cc, dd, ee = ee, t, bb, bits.RotateLeft32(cc, 10), dd
		}
	}
	h[0], h[1], h[2], h[3], h[4] = h[1]+c+dd, h[2]+d+ee, h[3]+e+aa, h[4]+a+bb, h[0]+b1+cc
}

// hash160 is RIPEMD-160 of SHA-256: what P2PKH, P2WPKH and P2SH commit to.
func hash160(b []byte) [20]byte {
	h := sha256.Sum256(b)
	return ripemd160(h[:])
}
