// Package cluster joins addresses that sign together.
package cluster
