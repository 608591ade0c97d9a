package labels_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goldwash/goldwash/internal/realdata"
	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources/labels"
)

func open(t testing.TB, names ...string) *labels.Set {
	t.Helper()
	var paths []string
	for _, n := range names {
		paths = append(paths, realdata.Path(t, "labels/"+n))
	}
	s, err := labels.Open(model.Mainnet, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func address(t testing.TB, s string) model.Ref {
	t.Helper()
	a, err := model.ParseAddress(s, model.Mainnet)
	if err != nil {
		t.Fatal(err)
	}
	return model.RefAddress(a)
}

func on(t testing.TB, s *labels.Set, a string) []model.Label {
	t.Helper()
	ls, err := s.Labels(context.Background(), []model.Ref{address(t, a)})
	if err != nil {
		t.Fatal(err)
	}
	return ls[0]
}

func find(t testing.TB, s *labels.Set, c model.Category) []model.Label {
	t.Helper()
	var out []model.Label
	for l, err := range s.Find(context.Background(), c) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}

func tags(t testing.TB, s *labels.Set) []model.Tag {
	t.Helper()
	var out []model.Tag
	for tag, err := range s.Tags(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tag)
	}
	return out
}

// The notes count every file: labels after exact duplicates are dropped, by
// category, what was skipped, and the duplicates.
func TestEveryPublicList(t *testing.T) {
	for _, c := range []struct{ file, note string }{
		{"ofac/sanctioned_addresses_XBT.txt", "list of sanctioned addresses; 434 labels, 434 actor; skipped 1 whose address is not one of mainnet"},
		{"ofac/sanctioned_addresses_ETH.txt", "list of sanctioned addresses; 0 labels; skipped 152 of other currencies"},
		{"ofac/sanctioned_addresses_LTC.txt", "list of sanctioned addresses; 0 labels; skipped 10 of other currencies"},
		{"ofac/sanctioned_addresses_XMR.txt", "list of sanctioned addresses; 0 labels; skipped 3 of other currencies"},
		{"ofac/sanctioned_addresses_ZEC.txt", "list of sanctioned addresses; 0 labels; skipped 3 of other currencies"},
		{"pools/0xB10C-pools.json", "mining pools by tag and address; 149 labels, 149 mining_pool; 142 tags"},
		{"pools/bitcoin-data-pool-list.json", "mining pools; 200 labels, 200 mining_pool; 171 tags"},
		{"pools/mempool-pools-v2.json", "mining pools; 210 labels, 210 mining_pool; 197 tags; skipped 7 whose address is not one of mainnet"},
		{"pools/mempool-pools.json", "mining pools by tag and address; 183 labels, 183 mining_pool; 151 tags"},
		{"tagpacks/binance_hack.yaml", "TagPack; 44 labels, 44 actor"},
		{"tagpacks/blender_io.yaml", "TagPack; 45 labels, 45 mixer"},
		{"tagpacks/chaininfo.yaml", "TagPack; 122 labels, 122 exchange"},
		{"tagpacks/coinjoin_bounty.yaml", "TagPack; 1 labels, 1 user"},
		{"tagpacks/exchange-wallets-bitfinexcom.yaml", "TagPack; 3 labels, 3 exchange; skipped 132 of other currencies"},
		{"tagpacks/hacks.yaml", "TagPack; 608 labels, 403 exchange, 178 actor, 12 custodian, 5 gambling, 5 mining_pool, 5 unknown"},
		{"tagpacks/lazarus.yaml", "TagPack; 20 labels, 20 actor; skipped 1 of other currencies"},
		{"tagpacks/lazarus2.yaml", "TagPack; 6 labels, 6 actor"},
		{"tagpacks/miners.yaml.gz", "TagPack; 37439 labels, 37439 mining_pool"},
		{"tagpacks/miners_additional.yaml", "TagPack; 234 labels, 234 mining_pool"},
		{"tagpacks/mixing_fc2021.yaml", "TagPack; 66 labels, 66 mixer"},
		{"tagpacks/ofac.yaml", "TagPack; 384 labels, 384 actor; skipped 187 of other currencies; skipped 1 whose address is not one of mainnet"},
		{"tagpacks/ransomware.yaml.gz", "TagPack; 7178 labels, 7178 actor"},
		{"tagpacks/ransomwhere.yaml.gz", "TagPack; 7457 labels, 7457 actor"},
		{"tagpacks/samourai.yaml.gz", "TagPack; 36548 labels, 36548 mixer"},
		{"tagpacks/sinbad_io.yaml", "TagPack; 2 labels, 2 mixer"},
		{"tagpacks/walletexplorer.yaml", "TagPack; 386 labels, 133 service, 120 exchange, 58 gambling, 37 mixer, 20 mining_pool, 16 market, 2 custodian"},
		{"tagpacks/wasabi_collector.yaml", "TagPack; 2 labels, 2 mixer"},
	} {
		t.Run(c.file, func(t *testing.T) {
			got := open(t, c.file).Provenance()
			if len(got) != 1 {
				t.Fatalf("%d records of provenance, want one", len(got))
			}
			if diff := cmp.Diff(c.note, got[0].Note); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if got[0].Digest == (model.Digest{}) || !strings.HasSuffix(c.file, "/"+got[0].Name) {
				t.Errorf("provenance %+v", got[0])
			}
		})
	}
}

func TestThreeListsGiveOneAddressThreeEntities(t *testing.T) {
	s := open(t, "pools/mempool-pools-v2.json", "tagpacks/miners.yaml.gz")
	ls := on(t, s, "147SwRQdpCfj5p8PnfsXV2SsVVpVcz3aPq")
	got := model.Entities(ls)
	slices.Sort(got)
	if diff := cmp.Diff([]string{"1THash", "Btc.top", "Canoe"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, l := range ls {
		if l.Category != model.MiningPool {
			t.Errorf("category %q of %q, want a pool", l.Category, l.Entity)
		}
	}
}

func TestThePoolListIsReadWhole(t *testing.T) {
	s := open(t, "pools/mempool-pools-v2.json")
	entities := map[string]bool{}
	for _, l := range find(t, s, model.MiningPool) {
		entities[l.Entity] = true
		if l.Role != model.RoleCoinbase || l.Method != model.MethodTag || l.Confidence != 950_000 || l.Source != "mempool-pools-v2.json" {
			t.Fatalf("label %+v", l)
		}
	}
	// 168 pools hold 217 addresses and 197 tags; seven addresses, each in
	// the name of a developer, are of test networks.
	got := tags(t, s)
	for _, tag := range got {
		entities[tag.Entity] = true
		if tag.Confidence != 970_000 {
			t.Fatalf("tag %+v", tag)
		}
	}
	if want := []labels.Skip{{File: "mempool-pools-v2.json", Reason: "whose address is not one of mainnet", Count: 7, Line: 1573}}; !cmp.Equal(want, s.Skipped()) {
		t.Errorf("skipped (-want +got)\n%s", cmp.Diff(want, s.Skipped()))
	}
	if s.Len() != 217-7 || len(got) != 197 || len(entities) != 168 {
		t.Errorf("%d labels and %d tags of %d pools", s.Len(), len(got), len(entities))
	}
}

func TestTheThiefOfNiceHashIsNoServiceOfNiceHash(t *testing.T) {
	s := open(t, "tagpacks/hacks.yaml", "tagpacks/walletexplorer.yaml", "pools/mempool-pools-v2.json", "pools/0xB10C-pools.json")
	ls := on(t, s, "1EnJHhq8Jq8vDuZA5ahVh6H4t6jh1mB4rq")
	if len(ls) != 1 || ls[0].Category != model.Actor || model.SameEntity(ls[0].Entity, "NiceHash") {
		t.Errorf("labels %+v, want one of an actor that is not NiceHash", ls)
	}
	if ls := on(t, labels.Curated(model.Mainnet), "1EnJHhq8Jq8vDuZA5ahVh6H4t6jh1mB4rq"); ls != nil {
		t.Errorf("the curated set has %+v", ls)
	}
	for _, c := range []model.Category{model.HashMarketplace, model.CloudMining} {
		if ls := find(t, s, c); ls != nil {
			t.Errorf("public lists name %d of %s: %+v", len(ls), c, ls[0])
		}
	}
}

func TestSanctionListsNameAccounts(t *testing.T) {
	for _, f := range []string{"ofac/sanctioned_addresses_XBT.txt", "tagpacks/ofac.yaml", "tagpacks/lazarus.yaml", "tagpacks/lazarus2.yaml"} {
		ls := find(t, open(t, f), "")
		if len(ls) == 0 {
			t.Errorf("%s: no labels", f)
		}
		for _, l := range ls {
			if l.Category != model.Actor || l.Role != model.RoleAccount || l.Confidence != 600_000 || l.Method != model.MethodAuthority {
				t.Fatalf("%s: %+v, want an actor's account at 0.6 by an authority", f, l)
			}
		}
	}
	// Ransomware and hacks are no lists of sanctions, and a sanctioned mixer
	// stays a mixer.
	for _, l := range find(t, open(t, "tagpacks/ransomware.yaml.gz", "tagpacks/binance_hack.yaml"), "") {
		if l.Category != model.Actor || l.Role != "" {
			t.Fatalf("%+v, want an actor of unknown role", l)
		}
	}
	for _, l := range find(t, open(t, "tagpacks/blender_io.yaml", "tagpacks/sinbad_io.yaml"), "") {
		if l.Category != model.Mixer || l.Role != "" {
			t.Fatalf("%+v, want a mixer", l)
		}
	}
}

func TestTheTagOfAnAddressThatIsNoBitcoinAddressIsSkippedByLine(t *testing.T) {
	// An address of another chain stands in OFAC's list for Bitcoin.
	s := open(t, "ofac/sanctioned_addresses_XBT.txt")
	got := s.Skipped()
	if len(got) != 1 || got[0].Count != 1 || got[0].Line == 0 {
		t.Errorf("skipped %+v", got)
	}
}

func TestClusteringIsTold(t *testing.T) {
	for _, l := range find(t, open(t, "tagpacks/walletexplorer.yaml"), "") {
		if l.Method != model.MethodClustering || l.Confidence != 500_000 {
			t.Fatalf("%+v, want vendor clustering at 0.5", l)
		}
	}
}

func TestAWalletOfAnActorIsTheActors(t *testing.T) {
	ls := find(t, open(t, "tagpacks/exchange-wallets-bitfinexcom.yaml"), model.Exchange)
	if got := model.Entities(ls); len(got) != 1 || got[0] != "bitfinex" {
		t.Errorf("entities %q, want one", got)
	}
	roles := map[model.Role]int{}
	for _, l := range ls {
		roles[l.Role]++
	}
	if want := map[model.Role]int{model.RoleHot: 1, model.RoleCold: 2}; !cmp.Equal(want, roles) {
		t.Errorf("roles %v, want %v", roles, want)
	}
}

// Every curated address is one that public lists hold.
func TestTheCuratedSetIsPublic(t *testing.T) {
	s := open(t, "tagpacks/walletexplorer.yaml", "pools/mempool-pools-v2.json", "pools/bitcoin-data-pool-list.json", "pools/0xB10C-pools.json")
	curated := labels.Curated(model.Mainnet)
	if curated.Len() != 6 {
		t.Errorf("%d labels, want six", curated.Len())
	}
	for _, l := range find(t, curated, "") {
		ls, err := s.Labels(context.Background(), []model.Ref{l.On})
		if err != nil {
			t.Fatal(err)
		}
		named := slices.ContainsFunc(ls[0], func(o model.Label) bool {
			return strings.HasPrefix(model.EntityKey(o.Entity), model.EntityKey(l.Entity))
		})
		if !named {
			t.Errorf("%s: %s is not named by %+v", l.On, l.Entity, ls[0])
		}
		if l.Category != model.CloudMining || l.Confidence != 900_000 {
			t.Errorf("%+v", l)
		}
	}
	if ls := on(t, curated, "1MPxhNkSzeTNTHSZAibMaS8HS1esmUL1ne"); len(ls) != 1 || ls[0].Role != model.RoleDeposit {
		t.Errorf("labels of Eobot's address of deposits: %+v", ls)
	}
	public := tags(t, s)
	for _, tag := range tags(t, curated) {
		if !slices.ContainsFunc(public, func(o model.Tag) bool { return string(o.Bytes) == string(tag.Bytes) && o.Entity == "NiceHash" }) {
			t.Errorf("tag %q is in no list", tag.Bytes)
		}
	}
	if n := labels.Curated(model.Regtest).Len(); n != 0 {
		t.Errorf("%d labels on regtest", n)
	}
}

// What is read, written as the library's JSON, and read again is the same.
func TestEveryPublicListSurvivesJSON(t *testing.T) {
	s := open(t, "tagpacks/hacks.yaml", "tagpacks/walletexplorer.yaml", "ofac/sanctioned_addresses_XBT.txt", "pools/mempool-pools-v2.json")
	want := find(t, s, "")
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for i := range want {
		if err := enc.Encode(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	again, err := labels.Read(strings.NewReader(b.String()), "labels.json", model.Mainnet, labels.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, find(t, again, ""), cmp.Comparer(func(a, b model.Ref) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func BenchmarkTagPackOf37439Tags(b *testing.B) {
	path := realdata.Path(b, "labels/tagpacks/miners.yaml.gz")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := labels.Open(model.Mainnet, path); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLabels(b *testing.B) {
	s := open(b, "tagpacks/miners.yaml.gz")
	refs := []model.Ref{address(b, "147SwRQdpCfj5p8PnfsXV2SsVVpVcz3aPq"), address(b, "1BoatSLRHtKNngkdXEeobR76b53LETtpyT")}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Labels(context.Background(), refs); err != nil {
			b.Fatal(err)
		}
	}
}
