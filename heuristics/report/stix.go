package report

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
)

// stixNamespace is the namespace of deterministic ids of STIX 2.1, section 2.9:
// 00abedb4-aa42-466c-9c01-fed23315a9b7.
var stixNamespace = [16]byte{0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7}

// STIXWallet returns the id of the STIX object "cryptocurrency-wallet" of the
// community's extension whose value is the text of an address, as
// [model.Address.String] writes it: a UUID of version 5 over the canonical JSON of
// the one property that contributes, {"value":ADDRESS}. The same address has the
// same id everywhere. Whether the text is an address is not checked. The
// extension's own example hashes the bare text instead, so that other tools may
// know the same address by another id.
func STIXWallet(value string) string {
	var name bytes.Buffer
	enc := json.NewEncoder(&name)
	enc.SetEscapeHTML(false)
	// Addresses are letters and digits, which canonical JSON does not escape.
	if err := enc.Encode(map[string]string{"value": value}); err != nil {
		panic("report: " + err.Error()) // a map of strings has a form
	}
	return "cryptocurrency-wallet--" + uuid5(stixNamespace, bytes.TrimSuffix(name.Bytes(), []byte("\n")))
}

// uuid5 returns the UUID of version 5 (RFC 9562, section 5.5). SHA-1 names things
// here; nothing is secured by it.
func uuid5(space [16]byte, name []byte) string {
	h := sha1.New()
	h.Write(space[:])
	h.Write(name)
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	x := hex.EncodeToString(u)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
