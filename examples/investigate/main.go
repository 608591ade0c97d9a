// Investigate looks for coins that were laundered through mining.
//
// Without flags it runs an embedded case: an invented actor, two pools, a hash
// marketplace, and bystanders who must not be accused. With flags it reads block
// files or a ledger, and labels, and prints what it finds.
//
//	go run ./examples/investigate
//	go run ./examples/investigate -blocks ~/.bitcoin/blocks -labels pools-v2.json -labels mine.csv
//
// Its exit status is
//
//   - 0 with findings or none;
//   - 2 for bad use: flags that are wrong or contradict each other, and files
//     that cannot be read or are not what the flag says. Nothing was looked at;
//   - 1 where something failed, so that silence means less than it seems: an
//     evaluation, the reading of the chain on the way, a part of a block file
//     that is damaged, the writing of the result, or an interrupt. What was
//     found until then is written, and the coverage at the end says that it is
//     incomplete.
//
// Findings go to standard output, everything else to standard error.
package main

import (
	"context"
	"errors"
	"flag"
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

// run is the program, with its arguments and streams given. It returns the exit
// status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		say(stderr, err.Error())
		return exitUsage
	}
	status, err := c.investigate(ctx, stdout, stderr)
	if err != nil {
		say(stderr, err.Error())
	}
	return status
}
