package labels

import (
	"fmt"

	"github.com/goldwash/goldwash/model"
)

// curatedSource is the source of the curated labels.
const curatedSource = "goldwash curated set"

// curatedConfidence is that of the curated set.
const curatedConfidence = model.Probability(900_000)

// curated is every address of a hash-rental or cloud-mining service that was
// found in public sources. The detail names the source.
var curated = []struct {
	address, entity string
	role            model.Role
	method          model.Method
	detail          string
}{
	{"1E16DwuYa3osBRL6WbGoYFcPE4W5t9Y1b8", "Genesis Mining", "", model.MethodClustering,
		"named Genesis-Mining.com by https://www.walletexplorer.com/address/1E16DwuYa3osBRL6WbGoYFcPE4W5t9Y1b8, " +
			"as carried by the GraphSense public WalletExplorer Tag Pack (category service)"},
	{"15NqUTYyUegiPrkd573JUNn4e8vsZ9SGBq", "HashNest", "", model.MethodClustering,
		"named Hashnest.com by https://www.walletexplorer.com/address/15NqUTYyUegiPrkd573JUNn4e8vsZ9SGBq, " +
			"as carried by the GraphSense public WalletExplorer Tag Pack (category exchange: its contracts were traded)"},
	{"1ALA5v7h49QT7WYLcRsxcXqXUqEqaWmkvw", "CloudHashing", "", model.MethodTag,
		"payout address of CloudHashing, https://cloudhashing.com, in the lists of mining pools of mempool.space, bitcoin-data and 0xB10C"},
	{"1CjPR7Z5ZSyWk6WtXvSFgkptmpoi4UM9BC", "GHash.IO", "", model.MethodTag,
		"payout address of GHash.IO in the lists of mining pools of mempool.space, bitcoin-data and 0xB10C; " +
			"both a pool and the mining side of CEX.IO's cloud contracts, see https://cex.io/cloud-mining"},
	{"1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne", "Eobot", model.RoleDeposit, model.MethodTag,
		"payout address of Eobot, https://eobot.com, in the lists of mining pools of mempool.space, bitcoin-data and 0xB10C; " +
			"takes customers' payments, as in block 363703"},
	{"16GsNC3q6KgVXkUX7j7aPxSUdHrt1sN2yN", "Eobot", "", model.MethodTag,
		"payout address of Eobot, https://eobot.com, in the lists of mining pools of mempool.space, bitcoin-data and 0xB10C"},
}

// curatedTags mark blocks found by NiceHash's solo products.
var curatedTags = []string{"/NiceHashSolo", "/NiceHash/", "/NiceHashMining/"}

// Curated returns the small set that comes with the library: every address of a
// hash-rental or cloud-mining service that was found in public sources, and the
// tags by which NiceHash marks its blocks. Each label names its source, and has
// the confidence 0.9. On the test networks the set is empty.
//
// It covers Genesis Mining, HashNest, CloudHashing, GHash.IO and Eobot. What is
// known of them differs. WalletExplorer named the first two by clustering, which
// is not independent of this library's own. The others come from lists of mining
// pools: their addresses are paid by coinbase transactions. One of Eobot's is
// known to take deposits. GHash.IO was a mining pool and, through CEX.IO, a cloud
// miner with one address; the lists of pools call it a pool, and both are true.
//
// For the rest of the trade no address is public: none of Hashing24,
// MiningRigRentals and HashFlare, and of NiceHash no address to which buyers pay
// (1EnJHhq8Jq8vDuZA5ahVh6H4t6jh1mB4rq, often found under its name, belongs to the
// thief of 2017). A search for payments to these services needs labels of one's
// own, such as from a test deposit.
func Curated(net model.Network) *Set {
	if net != model.Mainnet {
		return Of(curatedSource, nil, nil)
	}
	var ls []model.Label
	for _, c := range curated {
		a, err := model.ParseAddress(c.address, net)
		if err != nil {
			panic(fmt.Sprintf("labels: curated set: %v", err))
		}
		ls = append(ls, model.Label{
			On: model.RefAddress(a), Entity: c.entity, Category: model.CloudMining, Role: c.role, Method: c.method,
			Confidence: curatedConfidence, Source: curatedSource, Detail: c.detail,
		})
	}
	var tags []model.Tag
	for _, t := range curatedTags {
		tags = append(tags, model.Tag{Bytes: []byte(t), Entity: "NiceHash", Confidence: curatedConfidence, Source: curatedSource})
	}
	return Of(curatedSource, ls, tags)
}
