// Package imports holds the test that keeps the shape of the project: which
// package may import what.
package imports

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/goldwash/goldwash"

// layers in the order in which they may be imported: each may import itself and
// those before it.
var layers = []string{"model", "sources", "heuristics", "examples"}

// outside lists what may be imported from outside the standard library, and by
// which packages. A folder stands for itself and everything below it. Adding a
// line raises the versions of everybody who embeds the library.
var outside = map[string]struct{ code, tests []string }{
	// Only the leaves: the root of btcutil drags in packages that newer
	// releases of btcd no longer have.
	"github.com/btcsuite/btcd/btcutil/base58": {code: []string{"model"}},
	"github.com/btcsuite/btcd/btcutil/bech32": {code: []string{"model"}},
	"github.com/shopspring/decimal":           {code: []string{"model", "sources/prices", "sources/ledger", "heuristics/report"}, tests: []string{"model", "sources", "heuristics", "examples"}},
	"github.com/google/go-cmp/cmp":            {code: []string{"heuristics/heuristictest", "sources/sourcetest"}, tests: []string{"."}},
	"github.com/google/go-cmp/cmp/cmpopts":    {code: []string{"heuristics/heuristictest", "sources/sourcetest"}, tests: []string{"."}},
	"go.yaml.in/yaml/v4":                      {code: []string{"sources/labels", "examples/investigate"}},
	"go.yaml.in/yaml/v4/plugin/loaderlimits":  {code: []string{"sources/labels"}},
}

// never lists standard packages that the library does not use: it does not log,
// leaves chance to callers, and has no cgo.
var never = []string{"C", "unsafe", "log", "log/slog", "math/rand", "math/rand/v2", "plugin", "flag", "os/exec"}

type file struct {
	path    string // from the root, with slashes
	dir     string
	test    bool
	imports []string
	ast     *ast.File
}

func files(t *testing.T) (out []file) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil && rel != "." {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		one := file{path: rel, dir: pathDir(rel), test: strings.HasSuffix(p, "_test.go"), ast: f}
		for _, i := range f.Imports {
			v, _ := strconv.Unquote(i.Path.Value)
			one.imports = append(one.imports, v)
		}
		out = append(out, one)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("found only %d files", len(out))
	}
	return out
}

func pathDir(p string) string {
	if i := strings.LastIndex(p, "/"); i >= 0 {
		return p[:i]
	}
	return "."
}

func under(dir string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool {
		return f == "." || dir == f || strings.HasPrefix(dir, f+"/")
	})
}

func layer(dir string) int {
	return slices.IndexFunc(layers, func(l string) bool { return under(dir, []string{l}) })
}

func TestImportsRunOneWay(t *testing.T) {
	for _, f := range files(t) {
		from := layer(f.dir)
		for _, i := range f.imports {
			p, ours := strings.CutPrefix(i, module+"/")
			if !ours || from < 0 {
				continue
			}
			if to := layer(p); to > from {
				t.Errorf("%s imports %s: imports run %s", f.path, i, strings.Join(layers, " <- "))
			}
		}
	}
}

func TestOutsideImportsAreListed(t *testing.T) {
	for _, f := range files(t) {
		for _, i := range f.imports {
			first, _, _ := strings.Cut(i, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(i, module) {
				continue
			}
			rule, ok := outside[i]
			if !ok || !under(f.dir, rule.code) && !(f.test && under(f.dir, rule.tests)) {
				t.Errorf("%s imports %s, which the table does not allow there", f.path, i)
			}
		}
	}
}

func TestLibraryKeepsToItself(t *testing.T) {
	for _, f := range files(t) {
		// Test kits may shuffle.
		kit := strings.HasSuffix(f.dir, "test")
		if l := layer(f.dir); f.test || kit || l < 0 || layers[l] == "examples" {
			continue
		}
		for _, i := range f.imports {
			if slices.Contains(never, i) {
				t.Errorf("%s imports %s", f.path, i)
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if c, ok := n.(*ast.SelectorExpr); ok && layers[layer(f.dir)] != "sources" {
				if x, ok := c.X.(*ast.Ident); ok && x.Name == "time" && (c.Sel.Name == "Now" || c.Sel.Name == "Since") {
					t.Errorf("%s reads the clock: results may not depend on when they are computed", f.path)
				}
			}
			if d, ok := n.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
				t.Errorf("%s has an init function: importing the library must have no effect", f.path)
			}
			return true
		})
	}
}
