package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// What may stand for a model, for images, for a folder of records, for a place to write to.
var (
	models  = []string{"improved", "sigmoid", "highlr", "trained", "trained/last.keras", "trained/model.keras", "diagnosed", "diagnosed/fixed.keras", "tied.pt2", "torch", "torch/last.safetensors", "torch/model.safetensors"}
	images  = []string{"small.npy", "small.npy", "small.npy", "predicted.npz", "torch.npy", "table.csv", "table.tsv", "pictures", "pictures/deeper", "images-idx3-ubyte", "study/images.npz", "."}
	folders = []string{"study", "trained", "torch", "part1", "part2", "diagnosed", "pictures", "foreign", "."}
	outs    = []string{"new", "new/deeper", "new.npz", "study", "trained", "diagnosed", "part1", "foreign", "foreign/y.npz", "foreign/model.py", "small.npy", "small.yaml", "predicted.npz", "pictures", ".", "..", "/dev/null",
		"/dev/full", "/proc/none", "new\nline", "CON", "small.npy/x", "../beside", "../beside/mine", "-", "a b", "x.npz", "trained/last.keras"}
	hostile = []string{"", "0", "-1", "1", "2", "3", "1e9", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e308", "Inf", "NaN", "0x10", "1.5", "1,2", "1-3", "3-1", "1-9223372036854775807",
		"../../etc/passwd", "a\nb", "\x1b[31m", "\xff\xfe", "$(id)", "<b>", "=1+1", "'", `"`, "null", "none", strings.Repeat("x", 5000)}
)

// values are good ones of flags, where there are some; hostile ones come besides.
var values = map[string][]string{
	"images": {"8", "20", "24"}, "epochs": {"1", "2"}, "batch": {"4", "8", "32", "100000000"}, "threads": {"1", "2", "3"}, "seconds": {"1", "2"}, "seeds": {"6", "1", "1-2"}, "seed": {"1", "7"}, "scale": {"none", "unit", "standardize", "minmax"},
	"resize": {"8x8", "28x28", "1x1", "16x12", "100000x100000", "2000x2000"}, "holdout": {"0.2", "10%", "0.4"}, "kernels": {"portable", "avx2"}, "task": {"1/2", "2/2", "1/1"}, "arms": {"a", "a,b", "b,b", "sigmoid"},
	"optimizer": {"sgd", "adam", "lion"}, "loss": {"mse", "mae", "binary_crossentropy"}, "lr": {"0.1", "1e-30", "1e30"}, "checkpoint-every": {"1", "3"}, "steps": {"0", "1", "3"}, "part": {"all", "train", "test"}, "runs": {"1", "2"},
}

var flagsOf = map[string][]string{
	"run":      {"out", "arms", "batch", "data", "epochs", "holdout", "images", "kernels", "resize", "scale", "seeds", "target", "task", "threads", "!force", "!json", "!quiet", "!tensorboard"},
	"train":    {"out", "batch", "checkpoint-every", "data", "epochs", "holdout", "images", "kernels", "loss", "lr", "optimizer", "resize", "scale", "seed", "target", "threads", "!force", "!json", "!quiet", "!resume", "!tensorboard"},
	"diagnose": {"out", "batch", "data", "holdout", "images", "kernels", "resize", "scale", "seconds", "seeds", "target", "threads", "!json", "!quiet"},
	"predict":  {"out", "data", "holdout", "part", "resize", "scale", "target", "threads", "!png"},
	"trace":    {"out", "data", "kernels", "steps", "threads"},
	"data":     {"holdout", "resize", "scale", "target"},
	"bench":    {"batch", "kernels", "threads", "!json"},
	"verify":   {"kernels", "runs", "threads", "!quiet"},
	"graph":    {"out"}, "summary": nil, "plot": nil, "merge": nil, "compare": {"out"}, "list": nil, "show": nil,
}

// commands come as often as they stand here.
var commands = strings.Fields("run run run train train train diagnose diagnose predict predict predict trace data data data bench verify verify graph summary summary summary summary plot plot merge merge compare compare list show")

func pick(random *rand.Rand, from []string) string { return from[random.IntN(len(from))] }

// chooseArguments makes a call, and returns which of its files may be damaged, "" if none.
func (c *call) chooseArguments(in string) (target string) {
	r := c.random
	command := pick(r, commands)
	positional := ""
	switch command {
	case "run", "show":
		positional = pick(r, []string{"small.yaml", "small.yaml", "small.yaml", "failure-modes"})
	case "train", "diagnose", "predict", "trace", "summary", "graph", "bench":
		positional = pick(r, append(modelFiles(in), models...))
	case "data":
		positional = pick(r, images)
	case "list":
	default:
		positional = pick(r, folders)
	}
	c.args = []string{command}
	if positional != "" && r.IntN(30) > 0 {
		c.args = append(c.args, positional)
	}
	data := pick(r, images)
	if strings.HasPrefix(positional, "t") && !strings.HasPrefix(positional, "trained") && r.IntN(5) > 0 { // those of PyTorch
		data = "torch.npy"
	}
	switch command {
	case "compare", "merge":
		for range r.IntN(3) {
			c.args = append(c.args, pick(r, folders))
		}
	case "predict", "trace":
		c.args = append(c.args, "--data", data, "--out", pick(r, []string{"new.npz", "new.npz", pick(r, outs)}))
	case "train", "diagnose":
		c.args = append(c.args, "--data", data, "--out", pick(r, []string{"new", "new", pick(r, outs)}))
	case "run":
		c.args = append(c.args, "--out", pick(r, []string{"new", "study", pick(r, outs)}))
	}
	if command == "diagnose" {
		c.args = append(c.args, "--seconds", "1")
	}
	c.addFlags(command)
	if r.IntN(40) == 0 {
		c.args = append(c.args, pick(r, hostile))
	}
	return c.chooseTarget(in)
}

// addFlags adds some flags, most with good values.
func (c *call) addFlags(command string) {
	r, known := c.random, flagsOf[command]
	if len(known) == 0 {
		return
	}
	for range r.IntN(4) {
		flag := pick(r, known)
		name, isSwitch := strings.CutPrefix(flag, "!")
		if isSwitch {
			c.args = append(c.args, "--"+name)
			continue
		}
		value := ""
		switch {
		case r.IntN(3) == 0:
			value = strings.ReplaceAll(pick(r, hostile), "\x00", "")
		case name == "data" || name == "target":
			value = pick(r, images)
		case name == "out":
			value = pick(r, outs)
		case len(values[name]) > 0:
			value = pick(r, values[name])
		}
		c.args = append(c.args, "--"+name, value)
	}
}

// modelFiles are the models among the material.
func modelFiles(in string) (found []string) {
	for _, kind := range []string{"*.keras", "*.h5", "*.pt2", "*.safetensors"} {
		paths, _ := filepath.Glob(filepath.Join(in, kind))
		for _, p := range paths {
			found = append(found, filepath.Base(p))
		}
	}
	return found
}

// chooseTarget chooses a file that the call may read: one that it names, or one in a folder that it names.
func (c *call) chooseTarget(in string) string {
	var files []string
	for _, a := range c.args[1:] {
		path := filepath.Join(in, a)
		if a == "" || a == "." || !filepath.IsLocal(a) {
			continue
		}
		_ = filepath.Walk(path, func(p string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				rel, _ := filepath.Rel(in, p)
				files = append(files, rel)
			}
			return nil
		})
	}
	if len(files) == 0 {
		return ""
	}
	sort.Strings(files)
	return pick(c.random, files)
}
