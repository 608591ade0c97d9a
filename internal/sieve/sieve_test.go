package sieve_test

import (
	"encoding/binary"
	"testing"

	"github.com/goldwash/goldwash/internal/sieve"
	"github.com/goldwash/goldwash/model"
)

func address(i int) model.Address {
	program := make([]byte, 22)
	program[1] = 20
	binary.LittleEndian.PutUint64(program[2:], uint64(i))
	return model.AddressOf(program, model.Mainnet)
}

func TestSieve(t *testing.T) {
	for _, n := range []int{0, 1, 10, 1000, 50_000} {
		s := sieve.New(n)
		for i := range n {
			s.Add(address(i))
		}
		for i := range n {
			if !s.May(address(i)) {
				t.Fatalf("of %d addresses, number %d is not let pass", n, i)
			}
		}
		passed, others := 0, 100_000
		for i := range others {
			if s.May(address(n + i)) {
				passed++
			}
		}
		if passed > others/100 {
			t.Errorf("with %d addresses, %d of %d others pass", n, passed, others)
		}
	}
	var none sieve.Sieve
	if none.May(address(1)) || none.May(model.Address{}) {
		t.Error("the zero value lets an address pass")
	}
}
