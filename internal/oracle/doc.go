// Package oracle compares package model with btcd's wire and txscript: same
// transaction ids, same forms of script, same addresses on real blocks and
// under fuzzing; and it measures both in one run.
//
// It is a module of its own, so that btcd's modules are required by nobody who
// embeds the library. It has tests and benchmarks only:
//
//	go test ./...
//	go test -run TestRatio -v .
//	go test -run '^$' -bench . .
package oracle
