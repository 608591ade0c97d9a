// Package actor attributes addresses.
package actor
