package torch

import (
	"path"
	"regexp"
	"strings"
)

// source says where an operation stands in the user's code.
type source struct {
	module string // path of the innermost module: enc.0; empty for the outermost
	class  string // that module's: torch.nn.modules.conv.Conv2d
	line   string // model.py:23; empty where the file has no stack traces
}

var frame = regexp.MustCompile(`File "([^"\n]*)", line ([0-9]+), in`)

func sourceOf(n *schemaNode) source {
	var s source
	// key,path,class;key,path,class ...: from the outermost to the innermost
	stack := strings.Split(n.Metadata.Modules, ";")
	if parts := strings.Split(stack[len(stack)-1], ","); len(parts) == 3 {
		s.module, s.class = plainName(parts[1]), parts[2]
	}
	for _, f := range frame.FindAllStringSubmatch(n.Metadata.Stack, -1) {
		if file := strings.ReplaceAll(f[1], `\`, "/"); !ofPyTorch(file) {
			s.line = plainName(path.Base(file) + ":" + f[2])
		}
	}
	return s
}

// ofPyTorch tells whether a file is one of PyTorch's own, or of our package, which calls a loss.
func ofPyTorch(file string) bool {
	return strings.HasSuffix(file, "/dcae/_export.py") || strings.HasPrefix(file, "torch/") || strings.Contains(file, "-packages/torch/") || strings.HasPrefix(file, "<")
}

// ofLibrary tells whether the module is one of PyTorch's layers, and not the user's.
func (s source) ofLibrary() bool { return strings.HasPrefix(s.class, "torch.nn.modules.") }

// plainName leaves out what would break a line, and cuts off what is too long for a name.
func plainName(s string) string {
	const longest = 200
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '/' || r == '\\' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return s
}
