// Investigate looks for coins that were laundered through mining.
//
// Without flags it runs an embedded case: an invented actor, two pools, a hash
// marketplace, and bystanders who must not be accused. With flags it reads block
// files or a ledger, and labels, and prints what it finds.
//
//	go run ./examples/investigate
//	go run ./examples/investigate -blocks ~/.bitcoin/blocks -labels pools-v2.json -labels mine.csv
//
// It exits with 0 whether or not there are findings, 2 for bad use, and 1 where
// something failed, so that silence would mean less than it seems.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK         = 0
	exitIncomplete = 1
	exitUsage      = 2
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if err != nil {
		if err != errHelp {
			fmt.Fprintf(stderr, "investigate: %v\n", err)
		}
		return exitUsage
	}
	status, err := c.investigate(ctx, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "investigate: %v\n", err)
		return max(status, exitIncomplete)
	}
	return status
}
