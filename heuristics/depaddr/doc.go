// Package depaddr infers which addresses belong to the operator of a labelled one.
package depaddr
