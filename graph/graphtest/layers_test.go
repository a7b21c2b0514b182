package graphtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"testing"
)

// A layer is a type of package graph with a method Class.
func TestLayersHasEveryKind(t *testing.T) {
	there := map[string]bool{}
	for _, e := range Layers() {
		there[reflect.TypeOf(e.Layer).Name()] = true
		if _, err := e.Model().Shapes(); err != nil {
			t.Error(err)
		}
	}
	for _, l := range OfLosses() {
		there[reflect.TypeOf(l).Name()] = true
	}
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Class" {
				continue
			}
			found++
			if kind, ok := f.Recv.List[0].Type.(*ast.Ident); !ok || !there[kind.Name] {
				t.Errorf("%s: Layers has no example of this layer: %v", name, f.Recv.List[0].Type)
			}
		}
	}
	if found != len(there) {
		t.Errorf("package graph has %d kinds of layers, Layers %d", found, len(there))
	}
}
