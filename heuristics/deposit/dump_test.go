package deposit

import (
	"encoding/json"
	"os"
	"testing"
)

func TestDump(t *testing.T) {
	f, fs := kestrelFindings(t)
	for i := range fs {
		id, _ := fs[i].Subject.Tx()
		n, _ := f.TxName(id)
		if n == "t20" || n == "t20r" || n=="olga1" {
			g := fs[i]
			g.Parameters, g.Labels = nil, nil
			b, _ := json.MarshalIndent(&g, "", " ")
			os.Stdout.Write(append(b, '\n'))
		}
	}
}
