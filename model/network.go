package model

import "fmt"

// Network names a chain whose addresses and subsidy this package knows. It is
// an index into a constant table; the zero value is Mainnet.
type Network uint8

// The networks of Bitcoin.
const (
	Mainnet Network = iota
	Testnet3
	Testnet4
	Signet
	Regtest
	networks // count
)

type networkParams struct {
	name     string
	hrp      string // of segwit addresses
	p2pkh    byte   // version byte of base58 addresses
	p2sh     byte
	halving  int32 // blocks between halvings of the subsidy
	bip34    int32 // first height whose coinbase must begin with the height
	magic    [4]byte
	genesis  string
	symbol   string
	baseUnit string
}

var networkTable = [networks]networkParams{
	Mainnet: {name: "mainnet", hrp: "bc", p2pkh: 0x00, p2sh: 0x05, halving: 210_000, bip34: 227_931, magic: [4]byte{0xf9, 0xbe, 0xb4, 0xd9},
		genesis: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", symbol: "BTC", baseUnit: "sat"},
	Testnet3: {name: "testnet3", hrp: "tb", p2pkh: 0x6f, p2sh: 0xc4, halving: 210_000, bip34: 21_111, magic: [4]byte{0x0b, 0x11, 0x09, 0x07},
		genesis: "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943", symbol: "tBTC", baseUnit: "sat"},
	Testnet4: {name: "testnet4", hrp: "tb", p2pkh: 0x6f, p2sh: 0xc4, halving: 210_000, bip34: 1, magic: [4]byte{0x1c, 0x16, 0x3f, 0x28},
		genesis: "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043", symbol: "tBTC", baseUnit: "sat"},
	Signet: {name: "signet", hrp: "tb", p2pkh: 0x6f, p2sh: 0xc4, halving: 210_000, bip34: 1, magic: [4]byte{0x0a, 0x03, 0xcf, 0x40},
		genesis: "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6", symbol: "tBTC", baseUnit: "sat"},
	Regtest: {name: "regtest", hrp: "bcrt", p2pkh: 0x6f, p2sh: 0xc4, halving: 150, bip34: 1, magic: [4]byte{0xfa, 0xbf, 0xb5, 0xda},
		genesis: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", symbol: "tBTC", baseUnit: "sat"},
}

func (n Network) params() *networkParams {
	if n >= networks {
		panic(fmt.Sprintf("model: network %d is not in the table", n))
	}
	return &networkTable[n]
}

// Networks lists every network, in the order of their values.
func Networks() []Network {
	ns := make([]Network, networks)
	for i := range ns {
		ns[i] = Network(i)
	}
	return ns
}

// ParseNetwork reads a network's name: mainnet, testnet3, testnet4, signet or
// regtest.
func ParseNetwork(s string) (Network, error) {
	for i := range networkTable {
		if networkTable[i].name == s {
			return Network(i), nil
		}
	}
	return 0, fmt.Errorf("network %q: want mainnet, testnet3, testnet4, signet or regtest", clip(s))
}

// String returns the network's name, such as "mainnet".
func (n Network) String() string {
	if n >= networks {
		return fmt.Sprintf("network(%d)", uint8(n))
	}
	return networkTable[n].name
}

// MarshalText returns the network's name.
func (n Network) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText is [ParseNetwork].
func (n *Network) UnmarshalText(b []byte) (err error) {
	*n, err = ParseNetwork(string(b))
	return err
}

// Bech32HRP is the human-readable part of the network's segwit addresses.
func (n Network) Bech32HRP() string { return n.params().hrp }

// Magic is the four bytes that begin each of the network's messages and each
// block in a node's block files.
func (n Network) Magic() [4]byte { return n.params().magic }

// Genesis is the hash of the network's first block.
func (n Network) Genesis() BlockHash {
	h, err := ParseBlockHash(n.params().genesis)
	if err != nil {
		panic("model: genesis hash in the table: " + err.Error())
	}
	return h
}

// BIP34Height is the first height at which consensus demands that a coinbase
// script begin with its block's height.
func (n Network) BIP34Height() int32 { return n.params().bip34 }

// Symbol is the ticker of the network's coin: BTC, and tBTC on the test
// networks, whose coins have no price.
func (n Network) Symbol() string { return n.params().symbol }

// Unit is the name of the base unit in which an [Amount] counts: "sat".
func (n Network) Unit() string { return n.params().baseUnit }

// Subsidy returns the new coins that a block at the height may claim, by the
// halving schedule: 50 coins shifted right once every 210,000 blocks (150 on
// regtest). It is 0 for a negative height.
func (n Network) Subsidy(height int32) Amount {
	if height < 0 {
		return 0
	}
	halvings := height / n.params().halving
	if halvings >= 64 {
		return 0
	}
	return (50 * Coin) >> halvings
}
