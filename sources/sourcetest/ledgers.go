package sourcetest

// texts are the ledgers that Test loads a provider with. Heights do not jump,
// since the chain of a real source has no holes.
var texts = []struct {
	name  string
	empty bool // without blocks
	text  string
}{
	{"chain", false, `
time 2023-07-24 22:00
label HashBazaar: addr(d1) category=hash_marketplace role=deposit method=test_payment confidence=0.9 source="own" detail="a, \"b\"" asserted=2022-07-30 retrieved=2022-08-01 from=2022-01-01
label "Hash-Bazaar Ltd.": addr(d1) category=hash_marketplace role=deposit confidence=0.6 source="list"
label Portmere: addr(d1) category=exchange role=hot confidence=0.3 source="list"
label Northpool: addr(npc) category=mining_pool role=collector confidence=0.97 source="list"
label Tidewater: addr(npc) category=mining_pool role=collector confidence=0.5 source="other list"
label Kestrel: addr(alice) category=actor role=key confidence=0.9 source=stated to=2024-01-01
label Kestrel: tx(mix) category=actor confidence=0.5 source=stated
label Kestrel: out(mix.1) category=actor confidence=0.4 source=stated
tag "/Northpool/" Northpool confidence=0.97
tag "/Northpool/" "Somebody else" confidence=0.4
tag "Tide" Tidewater
tag "\x00\xff\x01" Bytes
price 2023-07-24 USD 29176.91
price 2023-07-25 USD 29227.39
price 2023-07-25 EUR 26441.12
book HashBazaar: deposit account=17 time="2023-07-24 22:40" amount=0.1 on=out(data.2) address=addr(d1) custodian="HashBazaar Ltd." dated=2023-08-01 confidence=0.8
book HashBazaar: order account=17 time="2023-07-24 22:45" until="2023-07-25 22:45" amount=0.09 order="a, \"b\"" pool=Northpool worker=addr(alice).rig7
book HashBazaar: order account=18 time="2023-07-24 22:45" order=o2 pool=Tidewater worker=somebody
book Northpool: worker account=n4 worker=somebody
book Northpool: payout account=n4 time="2023-07-25 01:00" amount=0.05 on=tx(n1) address=addr(alice)
book Northpool: payout account=n4 time="2023-07-25 01:00" amount=0 address=addr(alice#2:p2tr)

// One transaction after the other, with every form of script.
tx f1: new(alice) 1.2 => alice 0.5, alice 0.5, bob:p2pkh rest
tx f2: new 3 => bob:p2sh 1, bob:p2wsh 1, bob:p2tr rest
tx f3: unknown => bob:p2pk 0.5, bob:multisig 0.5
tx f4: unknown(carol) unknown => carol 0.7, carol#2 0.1
coinbase cb1: tag="/Northpool/" extra="00ff01" => npc 6.25
tx mix: f1.0 f2.0!SINGLE|ANYONECANPAY => e1 0.7, e2 0.7, e3:p2tr rest
tx self: f1.1 fee=0.001 => alice 0.2, alice rest
tx data: f1.2 => data "hello", data 0x00ff, d1 0.1
// Two of one block, the second spending the first, and a coinbase with fees.
time 2023-07-24 23:20
tx first: f2.1 fee=0.01 => dave 0.5, d1 rest
time 2023-07-24 23:21
tx second: first.0 first.1 => d1 0.9
time 2023-07-24 23:22
coinbase cb2: tag="Tide" => npc 1, npc#2 rest
time 2023-07-24 23:23
tx third: second.0!NONE f4.0 => alice 1, dave rest
tx fan: cb1.0 version=1 locktime=7 sequence=0xfffffffe => m#1..30 0.05, alice 0.05, alice 0.05, npc rest
tx forms: f2.2 f3.0 f3.1 mix.2!ALL|ANYONECANPAY => alice 1, zoe:p2tr rest
// Midnight: the next price.
time 2023-07-25
tx n1: fan.30 => alice 0.05
tx n2: fan.31 new(alice#2:p2tr) 1 => alice 1, alice#2:p2tr 0.05
tx n3: n1.0 n2.0 => alice 1
tx n4: n3.0 => alice 0.4, data "x", alice rest
tx n5: n4.0 => d1 0.4
tx n6: new(alice) 0.3 => zoe 0.3
tx n7: unknown(alice) => zoe 0.3
tx n8: n4.2 fan.0..9 => d1 rest
coinbase cb3: => npc 6.25, data "commitment"
tx n9: third.0 => npc 0.5, alice 0.5
tx n10: cb3.0 => alice 6
coinbase cb4: tag="/Northpool/" => alice rest
`},
	{"signet", false, `
network signet
label Portmere: addr(x) category=exchange
tx only: new 1 => x 0.4, y:p2tr 0.6
`},
	{"empty", true, ``},
}
