package model

// AppendBinary appends the kind and the bytes of what r names, always 37 bytes. It
// is for digests and keys: the same reference gives the same bytes everywhere, and
// no two references give the same.
func (r Ref) AppendBinary(b []byte) ([]byte, error) {
	return append(append(b, byte(r.kind)), r.data[:]...), nil
}
