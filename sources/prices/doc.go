// Package prices reads daily exchange rates from CSV files, for valuing amounts
// at the day of their transaction.
//
// A file has a header and one of two shapes, told apart by it:
//
//	date,currency,rate          date,USD,EUR
//	2022-08-18,USD,23212.74     2022-08-18,23212.74,22997.10
//
// The long shape may also have the columns source and network; a network is
// mainnet where none is given, for the coins of test networks have no price. In
// the wide shape every column but the date is a currency by its three letters,
// and an empty field is a rate that is not known. Dates are days in UTC. Fields
// are divided by commas, semicolons or tabs, lines that begin with # are
// comments, and gzipped files are read too.
//
// Rates are exact decimals of at most twelve digits on either side of the point,
// greater than zero, without thousands separators, signs or exponents. Nothing is
// rounded here: [model.Price.Of] multiplies exactly and rounds once.
//
// A day has one rate or none. [Set.Prices] returns the zero [model.Price] for a
// day that the files do not have, never the rate of another. Two rates for one
// day that disagree are an error that names both lines; a report must not depend
// on which file came first.
package prices
