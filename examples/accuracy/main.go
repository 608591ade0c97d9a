// Accuracy measures how often clustering and the prediction of change are right on
// chains whose truth is known, and prints tables.
//
//	go run ./examples/accuracy -data ../shared/data
//
// The folder, which GOLDWASH_DATA may name too, holds public data that are no part
// of this project: wasabi2-regtest, a regtest chain with the wallet of every
// address, and blocks/mainnet-0-14131.blk.dat.gz, the first blocks of 2009. The
// first line of each table names the population that it is about. Figures of one
// population do not carry over to another.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	data := flag.String("data", defaultData(), "folder with the public test data (environment GOLDWASH_DATA)")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *data); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

func defaultData() string {
	if dir := os.Getenv("GOLDWASH_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "shared", "data")
}

// run prints every table for the data in a folder.
func run(ctx context.Context, w io.Writer, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "wasabi2-regtest")); err != nil {
		return fmt.Errorf("no test data in %s (%w): state the folder that holds wasabi2-regtest with -data or GOLDWASH_DATA", dir, err)
	}
	wasabi, err := readRegtest(filepath.Join(dir, "wasabi2-regtest"))
	if err != nil {
		return err
	}
	if err := clustering(ctx, w, wasabi); err != nil {
		return err
	}
	if err := regtestChange(ctx, w, wasabi); err != nil {
		return err
	}
	return earlyChange(ctx, w, filepath.Join(dir, "blocks", "mainnet-0-14131.blk.dat.gz"))
}
