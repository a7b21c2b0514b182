package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// snapshot is what lies in a folder, by path: a hash of each file, where each link leads to.
func snapshot(root string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch {
		case entry.IsDir():
			out[name] = "folder"
		case entry.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(path)
			out[name] = "link to " + to
			return err
		case entry.Type().IsRegular():
			b, err := os.ReadFile(path)
			out[name] = fmt.Sprintf("%x", sha256.Sum256(b))
			return err
		default:
			out[name] = entry.Type().String()
		}
		return nil
	})
	return out, err
}

// owned are folders that hold results of the program, which a call with that folder as --out may replace.
var owned = []string{"trained", "torch", "study", "part1", "part2", "diagnosed"}

// changes tells what the call should not have done to files.
func (c *call) changes(before, after map[string]string) []string {
	var problems []string
	may := c.out()
	inside := func(path, folder string) bool {
		return path == folder || strings.HasPrefix(path, folder+string(filepath.Separator))
	}
	isOwned := false
	for _, folder := range owned {
		isOwned = isOwned || inside(may, folder)
	}
	for path, was := range before {
		now, there := after[path]
		name := strings.TrimPrefix(path, "in/")
		switch {
		case there && now == was, inside(path, "cache"), isOwned && inside(name, may):
		case may == "predicted.npz" && name == may: // an earlier result of predict
		case there && now != was:
			problems = append(problems, "changed: "+path)
		case !there:
			problems = append(problems, "removed: "+path)
		}
	}
	for path := range after {
		name := strings.TrimPrefix(path, "in/")
		_, was := before[path]
		switch {
		case was, may == "..": // a new file in the folder around, where the call was told to write
		case inside(path, "cache"), inside(name, may), inside(name, strings.TrimSuffix(may, ".npz")), inside(may, name), inside(name, "results"):
		default:
			problems = append(problems, "new: "+path)
		}
	}
	sort.Strings(problems)
	return problems[:min(len(problems), 12)]
}
