// Package labels reads attributions of addresses from the formats in which
// people have them: who controls an address, how sure the source is, and how it
// knows. [Open] finds the format by a file's content and reads gzipped files
// too.
//
// Labels are claims. Nothing is overwritten: where two lists disagree about an
// address, [Set.Labels] returns both, and [model.Entities] tells how many names
// they give. Only labels that agree in every field are dropped as duplicates.
//
// # Formats
//
//   - CSV with a header. The library's own columns are one of address, script
//     (hexadecimal) and tx, then entity, category, and as far as known role,
//     method, confidence, source, detail, asserted, retrieved, from, to. Times
//     are RFC 3339 or a day such as 2022-07-30, which begins at midnight UTC.
//     Headers that other tools write are recognised by their common names
//     (owner, cluster name, type, note, ...); [Options.Columns] maps the rest.
//     Fields are divided by commas, semicolons or tabs, and lines that begin
//     with # are comments.
//   - JSON: an array of [model.Label] objects as package model writes them, or
//     one such object after another.
//   - GraphSense TagPack, in YAML. A field of the head holds for every tag that
//     does not have its own.
//   - Lists of mining pools in JSON: that of mempool.space (an array of pools
//     with addresses and tags) and its forerunner, an object of coinbase_tags
//     and payout_addresses. They yield labels of role coinbase and, by
//     [Set.Tags], the tags.
//   - Lists of addresses, one a line. A list of sanctioned addresses is known by
//     its name, sanctioned_addresses_XBT.txt; for others [Options] must say whose
//     addresses they are.
//
// # Confidence
//
// A label that states none gets the default of its format: 0.5 for CSV, JSON and
// plain lists, 0.95 for an address and 0.97 for a tag of a list of pools, 0.6
// for a list of sanctioned addresses, and 0.9 in the [Curated] set. TagPacks
// name a level of the GraphSense scale:
//
//	override, ownership, ledger_immanent                      1.00
//	manual_transaction                                        0.90
//	service_api, forensic_investigation                       0.70
//	authority_data                                            0.60
//	trusted_provider, service_data, forensic                  0.50
//	untrusted_transaction                                     0.40
//	web_crawl                                                 0.20
//	heuristic                                                 0.10
//	unknown, no level, and levels that are not on the scale   0.05
//
// # Categories
//
// The words of other formats become the categories that heuristics know:
//
//	exchange                                        exchange
//	miner, mining_pool                              mining_pool
//	mining_service, cloud_mining                    cloud_mining
//	hash_marketplace                                hash_marketplace
//	mixing_service, mixer, coinjoin                 mixer
//	wallet_service, hosted_wallet, escrow_wallet    custodian
//	payment_processor                               payment_processor
//	gambling                                        gambling
//	perpetrator                                     actor
//	an abuse (ransomware, service_hack, ...)        actor
//
// A service stays what it is when it is named with an abuse: a sanctioned mixer
// is a mixer, for its customers' coins are not the coins of one actor. A victim
// never becomes an actor. Every other word (market, service, user, ...) is kept
// as it is, and heuristics give it no meaning; where there is none the category
// is "unknown".
//
// # Roles
//
// Lists of sanctions name addresses that are a person's account at an exchange
// beside those whose key the person holds, and do not say which. Their labels of
// category actor therefore have the role account: following such an address by
// co-spending would accuse the customers of a whole exchange. So does a TagPack
// whose abuse is sanction, or whose source is such a list. State the role in a
// CSV where more is known.
//
// # What is left out
//
// Entries of other currencies, and in lists that strangers made entries whose
// address is not one of the network, are skipped, counted, and told by
// [Set.Skipped] and in the note of [Set.Provenance]. In the library's own formats
// and in plain lists such an entry is an error. Every error is a
// [sources.Error] that names file, line and field.
package labels
