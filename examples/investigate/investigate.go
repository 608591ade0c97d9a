package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goldwash/goldwash/heuristics"
	"github.com/goldwash/goldwash/heuristics/report"
)

// investigate opens the sources, runs the suite over the scope and writes what
// it finds. The status is exitUsage where the sources cannot be opened, so that
// nothing was looked at, and exitIncomplete where something failed after that.
func (c *config) investigate(ctx context.Context, stdout, stderr io.Writer) (status int, err error) {
	if c.init != "" {
		if err := c.initCase(string(c.init)); err != nil {
			return exitUsage, err
		}
		fmt.Fprintf(stderr, "wrote the case file %s; run it with -case %s\n", c.init, c.init)
		return exitOK, nil
	}
	in, err := c.open(ctx)
	switch {
	case ctx.Err() != nil:
		return exitIncomplete, context.Cause(ctx)
	case err != nil:
		return exitUsage, err
	}
	defer in.close()
	for _, p := range in.problems {
		say(stderr, p.String())
	}
	out := bufio.NewWriterSize(stdout, 1<<16)
	w := c.writer(out)
	o := c.options(in)
	o.Observer = c.observer(w, stderr)
	engine, err := heuristics.New(in.Set, without(c.left), o)
	if err != nil {
		return exitUsage, err
	}
	scope, err := c.scope(ctx, in, stderr)
	if err != nil {
		return exitIncomplete, err
	}
	session, err := engine.Open(ctx, scope)
	if err != nil {
		return exitIncomplete, err
	}
	about := report.NewRun(session, in.Set)
	about.Replay = c.replay()
	w.begin(about, report.NewHeuristics(engine))
	damaged := in.damage()
	for _, e := range damaged {
		w.failure(e)
	}
	var last error
	var first comparedRun
	for f, err := range session.Run(ctx, heuristics.Join(session.Sweep(ctx), heuristics.Refs(c.asked...))) {
		if w.err() != nil {
			break // nobody reads on
		}
		var pass *heuristics.PassError
		switch {
		case errors.As(err, &pass):
			w.failure(pass)
		case err != nil:
			last = err
		default:
			first.add(&f)
			w.finding(&f)
		}
	}
	cov := session.Coverage()
	cov.Failures += int64(len(damaged))
	if last != nil {
		cov.Failures++
		w.failure(&heuristics.PassError{Heuristic: "run", Err: last})
	}
	cov.Incomplete = cov.Failures > 0
	w.end(cov)
	if len(in.without) > 0 && c.format == "text" && !cov.Incomplete {
		beside, err := c.compare(ctx, in, scope, first, in.without)
		if err != nil {
			return exitIncomplete, err
		}
		if err := beside.write(out); err != nil {
			return exitIncomplete, fmt.Errorf("writing: %w", err)
		}
	}
	if err := errors.Join(w.err(), out.Flush()); err != nil {
		return exitIncomplete, fmt.Errorf("writing: %w", err)
	}
	if in.finish != nil {
		if err := in.finish(); err != nil {
			return exitIncomplete, fmt.Errorf("recording: %w", err)
		}
	}
	if in.requests != nil {
		fmt.Fprintf(stderr, "%d requests\n", in.requests())
	}
	if cov.Incomplete {
		return exitIncomplete, last
	}
	return exitOK, nil
}

// options are those of every engine of the program, but for the observer.
func (c *config) options(in *input) heuristics.Options {
	return heuristics.Options{Network: c.net, Workers: c.workers, Lookups: c.budget(in), Currency: c.currency, Replay: c.decides()}
}

// say writes a message for people on standard error, with the name of the
// program before each line.
func say(stderr io.Writer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(stderr, "investigate: %s\n", report.Printable(line))
	}
}

// observer tells progress: as lines on standard error and, in the JSON form, as
// messages.
func (c *config) observer(w writer, stderr io.Writer) heuristics.Observer {
	if !c.progress {
		return heuristics.Observer{}
	}
	return heuristics.Observer{
		Index: func(i heuristics.IndexInfo) {
			if i.Done {
				fmt.Fprintf(stderr, "%s: index of %d transactions\n", i.Heuristic, i.Txs)
			}
		},
		Progress: func(p heuristics.Progress) {
			fmt.Fprintf(stderr, "%s: %d subjects, %d findings, %d failures\n", p.Stage, p.Subjects, p.Findings, p.Failures)
			w.progress(p)
		},
	}
}
