// Package policy turns findings into what an embedder does about them.
//
// A finding says what was found, how likely it is and how well founded; it has no
// severity, because what is grave depends on who asks. A [Policy] is the asker's:
// rules that give findings of a kind, from a probability and an analytic
// confidence on, an [Action] of the asker's own and a number of points; and levels
// that give an action to the points of all findings about one subject.
//
// Two findings may rest on one transaction: a commingling and a loop both cite the
// one in which coins were spent together. Their evidence counts once: the finding
// that brings more points has it, and the other brings only the part of its points
// that other evidence carries. What is left out is in the result, with the finding
// that has it.
//
// Results do not depend on the order of findings, and each says which rule made
// it and why.
package policy
