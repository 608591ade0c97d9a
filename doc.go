// Package goldwash finds cryptocurrency that was laundered through mining.
//
// Coins have a story on the ledger; freshly mined coins have none. Whoever wants
// to lose a story pays stolen coins to a service that rents out mining power, and
// collects clean coins from a mining pool. goldwash reads a ledger and labels,
// finds the pieces of that pattern, and returns scored findings with evidence:
//
//   - deposits: attributed coins reach a hash marketplace or a cloud miner;
//   - payouts: which transactions are pool payouts, and who was paid;
//   - commingling: mined payouts and attributed coins come under one control;
//   - the loop: which beneficiary of payouts is probably the buyer, among all, with
//     chance counted.
//
// It is a library to be embedded. This package holds nothing but this page; the
// work is done by
//
//   - [github.com/goldwash/goldwash/model]: ids, amounts, addresses, transactions,
//     labels and findings, and a zero-copy parser of blocks;
//   - [github.com/goldwash/goldwash/sources]: what a provider of data can do, and
//     middleware; below it one package for each provider: ledger (in memory, and a
//     small language to write ledgers in), blockfile (a node's block files),
//     esplora (an explorer), labels, prices, records (a service's own books);
//   - [github.com/goldwash/goldwash/heuristics]: what a heuristic is, and the engine;
//     below it one package for each heuristic, suite with lists of them, report with
//     writers, screen for a question inside a payment flow, policy and calibration,
//     and heuristictest to test a heuristic of your own.
//
// An investigation, in short:
//
//	chain, err := blockfile.Open(ctx, []string{"blocks/"}, blockfile.Options{})
//	...
//	known, err := labels.Open(model.Mainnet, "pools-v2.json", "mine.csv")
//	...
//	engine, err := heuristics.New(sources.Of(chain, known), suite.Mining(), heuristics.Options{})
//	...
//	session, err := engine.Open(ctx, heuristics.Scope{})
//	...
//	for f, err := range session.Run(ctx, session.Sweep(ctx)) {
//		...
//		fmt.Println(f.Score.Likelihood, f.Claim)
//	}
//	fmt.Println(session.Coverage())
//
// What it does not do: it identifies nobody. A finding is an investigative lead
// about control of coins, with its premises, its alternatives and what was not
// seen. No path on a ledger joins what was paid to a marketplace with what a pool
// paid out, so taint is never traced through either.
package goldwash
