//go:build browser

package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	minutes = flag.Int("minutes", 0, "for how long a page is watched in which a model is trained; 0: not at all")
	batch   = flag.Int("batch", 32, "of that model: with small ones there is more to show")
)

// A page that shows a long training takes no more memory in the end than after a third of it, by a quarter.
func TestALongTraining(t *testing.T) {
	if *minutes == 0 {
		t.Skip("for -minutes only")
	}
	b := begin(t)
	if err := b.open("/lab"); err != nil {
		t.Fatal(err)
	}
	if err := b.until(90*time.Second, "lab.id !== null"); err != nil {
		t.Fatal(err)
	}
	b.value(fmt.Sprintf("void start({ ...firstStudy, budget: { ...firstStudy.budget, images: 12000, epochs: 1000000, batch: %d } })", *batch))
	if err := b.until(60*time.Second, running+" && "+steps+" > 20"); err != nil {
		t.Fatal(err)
	}
	var heaps []float64
	before, at := b.step(), time.Now()
	for minute := 1; minute <= *minutes; minute++ {
		time.Sleep(time.Until(at.Add(time.Minute)))
		now := b.step()
		speed := float64(*batch*(now-before)) / time.Since(at).Seconds()
		before, at = now, time.Now()
		heap, err := b.heap()
		if err != nil {
			t.Fatal(err)
		}
		heaps = append(heaps, heap)
		t.Logf("minute %d: step %d, %.0f images/s, %s points, heap %.1f MiB, resident %.0f MiB", minute, now, speed, b.value(steps), heap, resident(t))
	}
	if b.value(running) != "true" {
		t.Errorf("it does not train any more: %s %s", b.text("#status"), b.text("#error"))
	}
	if third := heaps[len(heaps)/3]; heaps[len(heaps)-1] > 1.25*third {
		t.Errorf("the heap grows: %.1f", heaps)
	}
	for _, complaint := range b.complaints {
		t.Errorf("the browser complains: %s", complaint)
	}
}

// step is the last one that is shown of the first run.
func (b *browser) step() int {
	n, _ := strconv.Atoi(b.value("charts.runs[0].records.column('steps', 'step').at(-1)"))
	return n
}

// heap is what scripts hold when nothing is left to be collected, in MiB.
func (b *browser) heap() (float64, error) {
	var used, elements, buffers float64
	err := b.do(time.Minute, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		if err = heapprofiler.CollectGarbage().Do(ctx); err == nil {
			used, _, elements, buffers, err = runtime.GetHeapUsage().Do(ctx)
		}
		return err
	}))
	return (used + elements + buffers) / (1 << 20), err
}

// resident is the memory of the largest process that draws pages, in MiB.
func resident(t *testing.T) float64 {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for _, path := range all {
		if called, err := os.ReadFile(path); err != nil || !strings.Contains(string(called), "--type=renderer") {
			continue
		}
		pages, err := os.ReadFile(filepath.Join(filepath.Dir(path), "statm"))
		var size, held float64
		if _, e := fmt.Sscan(string(pages), &size, &held); err == nil && e == nil {
			most = max(most, held*float64(os.Getpagesize())/(1<<20))
		}
	}
	return most
}
