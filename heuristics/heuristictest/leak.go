package heuristictest

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// watch calls f in a goroutine of its own and returns the stacks of the
// goroutines, started by it or by those, that outlive it; nothing where there
// are none. A profile label tells them from the goroutines of other tests.
func watch(f func()) (left string) {
	const key = "heuristictest"
	done := make(chan struct{})
	value := fmt.Sprintf("%p", done)
	go func() {
		defer close(done)
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(key, value)))
		f()
	}()
	<-done
	mark := fmt.Sprintf("%q:%q", key, value)
	// One that is about to end may need some turns to do so, and where the
	// machine is busy some time. Only what is stuck is waited for to the end.
	for wait := time.Microsecond; wait < time.Second; wait *= 2 {
		if left = labelled(mark); left == "" {
			return ""
		}
		runtime.Gosched()
		<-time.After(wait)
	}
	return left
}

// labelled returns the stacks of the goroutines that carry a label.
func labelled(mark string) string {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return err.Error()
	}
	var found []string
	for _, stack := range strings.Split(b.String(), "\n\n") {
		if strings.Contains(stack, mark) {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}
