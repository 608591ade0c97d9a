package main

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkRequests tells what an investigation around one address costs at a
// public explorer: requests in all, and for each finding about the actor.
func BenchmarkRequests(b *testing.B) {
	url, labels, f := explorer(b)
	k2, err := f.Address("K2")
	if err != nil {
		b.Fatal(err)
	}
	args := append([]string{"-esplora", url, "-subject", k2.String(), "-format", "json"}, labels...)
	var requests, findings int
	for b.Loop() {
		var out, msg bytes.Buffer
		if status := run(b.Context(), args, &out, &msg); status != exitOK {
			b.Fatal(msg.String())
		}
		if _, err := fmt.Sscanf(msg.String(), "%d requests\n", &requests); err != nil {
			b.Fatal(err)
		}
		findings = bytes.Count(out.Bytes(), []byte(`{"finding":`))
	}
	b.ReportMetric(float64(requests), "requests/op")
	b.ReportMetric(float64(requests)/float64(max(findings, 1)), "requests/finding")
}
