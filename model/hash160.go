package model

// Hash160 returns RIPEMD-160 of SHA-256 of b: what P2PKH and P2WPKH commit to
// of a public key, and P2SH of a redeem script. It does not allocate.
func Hash160(b []byte) [20]byte { return hash160(b) }
