package heuristics

import (
	"errors"
	"fmt"

	"github.com/goldwash/goldwash/model"
	"github.com/goldwash/goldwash/sources"
)

// ErrSkip is returned by Run where the heuristic does not apply to the subject.
// It is counted, and it is no failure.
var ErrSkip = errors.New("does not apply")

// ErrEvaluationBudget says that the budget of an evaluation is spent. It is of
// kind [sources.ErrBudget], but ends that evaluation alone: a heuristic that
// catches it may go on with what it has and call [Pass.Partial]. A budget that
// the sources have of their own, as [sources.Limit] sets one, ends the run and is
// not to be caught.
var ErrEvaluationBudget = fmt.Errorf("%w of the evaluation", sources.ErrBudget)

// endsRun reports whether the error of a failure means that nothing after it is
// worth trying: the sources' own budget is spent, or they follow another chain.
func endsRun(err error) bool {
	return errors.Is(err, sources.ErrBudget) || errors.Is(err, sources.ErrReorg)
}

// PassError says that one evaluation failed; the run goes on. A failure is no
// evidence of absence: the coverage counts it.
type PassError struct {
	Heuristic string
	Subject   model.Ref // zero where the failure is of Index or Finish
	Err       error
	Stack     []byte // where Run panicked
}

// Error returns "heuristic subject: reason".
func (e *PassError) Error() string {
	if e.Subject.IsZero() {
		return fmt.Sprintf("%s: %v", e.Heuristic, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Heuristic, e.Subject, e.Err)
}

// Unwrap returns the reason.
func (e *PassError) Unwrap() error { return e.Err }
