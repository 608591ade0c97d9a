// Package service tells services from wallets.
package service
