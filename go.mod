module github.com/goldwash/goldwash

go 1.25.0

require (
	github.com/btcsuite/btcd/btcutil v1.2.0
	github.com/google/go-cmp v0.7.0
	github.com/shopspring/decimal v1.6.0
	go.yaml.in/yaml/v4 v4.0.0
)
