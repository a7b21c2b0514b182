// Command attack calls dcae at random, with damaged files, odd flags and odd folders, for a given time: make attack. Whatever comes, dcae
// must end with exit code 0, 1 or 2, in time, within its memory, without a panic, without words of its own workings, and must leave alone what
// is not its own.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	program := flag.String("program", "./dcae", "the program")
	seconds := flag.Float64("seconds", 60, "how long")
	seed := flag.Uint64("seed", 1, "random seed; the same seed gives the same calls")
	only := flag.Int("call", -1, "make this call alone, and keep its folder")
	first := flag.Int("first", 0, "begin with this call")
	keep := flag.String("keep", "attack-findings", "folder for what was found")
	flag.Parse()
	if err := attack(*program, *seconds, *seed, *only, *first, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func attack(program string, seconds float64, seed uint64, only, first int, keep string) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	root, err := os.MkdirTemp("", "attack")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(root) }()
	material := filepath.Join(root, "material")
	if err := gather(program, material); err != nil {
		return fmt.Errorf("cannot make what is to be attacked: %w", err)
	}
	start, calls, found := time.Now(), 0, 0
	codes := map[int]int{}
	for k := first; time.Since(start).Seconds() < seconds; k++ {
		if only >= 0 {
			k = only
		}
		random := rand.New(rand.NewPCG(seed, uint64(k)))
		c := &call{program: program, root: filepath.Join(root, "call"), random: random}
		problems, err := c.make(material)
		if err == nil && c.slow { // a busy machine may have stopped it: it counts if it is slow again
			if err = os.RemoveAll(c.root); err == nil {
				c = &call{program: program, root: c.root, random: rand.New(rand.NewPCG(seed, uint64(k)))}
				problems, err = c.make(material)
			}
		}
		if err != nil {
			return fmt.Errorf("call %d: %w", k, err)
		}
		calls++
		codes[c.code]++
		if len(problems) > 0 || only >= 0 {
			found += min(1, len(problems))
			kept := filepath.Join(keep, fmt.Sprintf("%d-%d", seed, k))
			if err := keepCall(c, kept, problems); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(c.root); err != nil {
			return err
		}
		if only >= 0 {
			break
		}
	}
	fmt.Printf("%d calls in %.0f s, exit codes %v, seed %d: %d found something\n", calls, time.Since(start).Seconds(), codes, seed, found)
	if found > 0 {
		return fmt.Errorf("see the folder %s", keep)
	}
	return nil
}

// keepCall copies a call's folder, and prints what was wrong.
func keepCall(c *call, folder string, problems []string) error {
	fmt.Printf("%s: exit code %d after %.1f s, %d MiB: %q\n", folder, c.code, c.took.Seconds(), c.memory>>20, c.args)
	for _, p := range problems {
		fmt.Println("   ", p)
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", c.root+"/.", folder).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	text := fmt.Sprintf("%q\n\n%q\n\nstdout:\n%s\nstderr:\n%s", c.args, problems, c.stdout, c.stderr)
	return os.WriteFile(filepath.Join(folder, "FOUND.txt"), []byte(text), 0o644)
}
