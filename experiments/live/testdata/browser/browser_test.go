//go:build browser

package browser

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var (
	program = flag.String("program", "", "the program")
	out     = flag.String("out", "", "folder for pictures; default one that goes")
)

// Everything that a person does, one after the other.
func TestPagesInABrowser(t *testing.T) {
	b := begin(t)
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			b.complaints = nil
			if err := part.do(b); err != nil {
				b.picture("failed-" + part.name)
				t.Errorf("%v (status: %s; error: %s)", err, b.text("#status"), b.text("#error"))
			}
			for _, complaint := range b.complaints {
				t.Errorf("the browser complains: %s", complaint)
			}
		})
	}
}

// begin is a browser that has opened the server's first page.
func begin(t *testing.T) *browser {
	t.Helper()
	if *out == "" {
		*out = t.TempDir()
	}
	dir := t.TempDir()
	address, stop, err := serve(*program, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	ctx, end := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("force-device-scale-factor", "1"))...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Run(ctx); err != nil { // the browser ends with the context of the first call
		t.Fatal(err)
	}
	b := &browser{ctx: ctx, out: *out, dir: dir, program: *program, address: address}
	chromedp.ListenTarget(ctx, b.complain)
	if err := b.do(time.Minute, network.Enable(), runtime.Enable(), chromedp.Navigate(address), chromedp.WaitVisible("#queue")); err != nil {
		t.Fatal(err)
	}
	return b
}

// serve starts the program's server, and returns the address that it prints.
func serve(program, dir string) (address string, stop func(), err error) {
	c := exec.Command(program, "serve", dir, "--listen", "127.0.0.1:0")
	c.Stderr = os.Stderr
	printed, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	address, err = bufio.NewReader(printed).ReadString('\n')
	return strings.TrimSpace(address), func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			log.Print("the server's end: ", err)
		}
	}, err
}

// browser is a page, and what went wrong on it.
type browser struct {
	ctx                        context.Context
	out, dir, program, address string
	complaints                 []string
}

// complain keeps scripts' errors, and what the content security policy forbade.
func (b *browser) complain(event any) {
	switch e := event.(type) {
	case *network.EventLoadingFailed:
		if !e.Canceled {
			b.complaints = append(b.complaints, fmt.Sprintf("%s: %s %s", e.Type, e.ErrorText, e.BlockedReason))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError {
			b.complaints = append(b.complaints, fmt.Sprint("console: ", string(e.Args[0].Value)))
		}
	}
}

func (b *browser) do(limit time.Duration, actions ...chromedp.Action) error {
	ctx, stop := context.WithTimeout(b.ctx, limit)
	defer stop()
	return chromedp.Run(ctx, actions...)
}

// open goes to a page of the server's.
func (b *browser) open(path string) error {
	base, _, _ := strings.Cut(b.address, "/?")
	return b.do(30*time.Second, chromedp.Navigate("about:blank"), chromedp.Navigate(base+path), chromedp.WaitReady("main"))
}

// until waits for a condition in JavaScript to be true.
func (b *browser) until(limit time.Duration, condition string) error {
	if err := b.do(limit, chromedp.Poll(condition, nil, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(limit))); err != nil {
		return fmt.Errorf("waiting for %s: %w", condition, err)
	}
	return nil
}

func (b *browser) click(selector string) error {
	return b.do(20*time.Second, chromedp.Click(selector, chromedp.ByQuery))
}

// drop drags files over an element, and lets them fall.
func (b *browser) drop(selector string, files ...string) error {
	return b.do(20*time.Second, chromedp.ScrollIntoView(selector, chromedp.ByQuery), chromedp.ActionFunc(func(ctx context.Context) error {
		var at struct{ X, Y float64 }
		where := fmt.Sprintf("(() => { const r = document.querySelector(%q).getBoundingClientRect(); return { X: r.x + r.width / 2, Y: r.y + r.height / 2 }; })()", selector)
		if err := chromedp.Evaluate(where, &at).Do(ctx); err != nil {
			return err
		}
		data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
		for _, kind := range []input.DispatchDragEventType{input.DragEnter, input.DragOver, input.Drop} {
			if err := input.DispatchDragEvent(kind, at.X, at.Y, data).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}

// value is that of an expression, as text.
func (b *browser) value(expression string) string {
	var out any
	if err := b.do(20*time.Second, chromedp.Evaluate(expression, &out)); err != nil {
		return err.Error()
	}
	return fmt.Sprint(out)
}

func (b *browser) text(selector string) string {
	return b.value(fmt.Sprintf("document.querySelector(%q).innerText.slice(0, 3000)", selector))
}

// picture takes pictures of the whole page, as it is.
func (b *browser) picture(name string) {
	var png []byte
	err := b.do(30*time.Second, chromedp.ActionFunc(func(ctx context.Context) error {
		text, err := page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		png = text
		return err
	}))
	if err == nil {
		err = os.WriteFile(filepath.Join(b.out, name+".png"), png, 0o644)
	}
	if err != nil {
		log.Printf("picture %s: %v", name, err)
	}
}

// pictures are light, dark, and as a phone of 360 pixels shows it, which must not scroll sideways.
func (b *browser) pictures(name string) error {
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
	}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"phone", 360, "light"}} {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}
		err := b.do(30*time.Second, emulation.SetDeviceMetricsOverride(look.width, 900, 1, look.width < 500), emulation.SetEmulatedMedia().WithFeatures(features), chromedp.Sleep(400*time.Millisecond))
		if err != nil {
			return err
		}
		b.picture(name + "-" + look.name)
		if wide := b.value("document.documentElement.scrollWidth > innerWidth"); wide != "false" {
			return fmt.Errorf("%s is wider than a screen of %d pixels: %s", name, look.width, b.value(
				"[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).slice(0, 5).map((e) => e.outerHTML.slice(0, 100)).join(' | ')"))
		}
	}
	return b.do(10*time.Second, emulation.SetDeviceMetricsOverride(1280, 900, 1, false), emulation.SetEmulatedMedia().WithFeatures(nil))
}

// unnamed are controls that a screen reader has no name for.
func (b *browser) unnamed() error {
	names := b.value(`[...document.querySelectorAll('button, input:not([hidden]), select, canvas, iframe, a')].filter((e) => e.offsetParent && !(e.innerText || '').trim() && !e.getAttribute('aria-label') && !e.title && !(e.labels && e.labels.length)).map((e) => e.outerHTML.slice(0, 120)).join(' | ')`)
	if names != "" {
		return fmt.Errorf("controls without a name: %s", names)
	}
	return nil
}

// frame looks at the page in the frame, which must hold a text, and takes a picture of it. Nothing can be done with the browser afterwards.
func (b *browser) frame(name, text string) error {
	if err := b.do(20*time.Second, chromedp.ScrollIntoView("#frame", chromedp.ByQuery), chromedp.Sleep(time.Second)); err != nil {
		return err
	}
	targets, err := chromedp.Targets(b.ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if t.Type != "iframe" {
			continue
		}
		ctx, end := chromedp.NewContext(b.ctx, chromedp.WithTargetID(t.TargetID))
		defer end() // which closes the page, too
		var title, origin string
		if err := chromedp.Run(ctx, chromedp.Evaluate("document.querySelector('h1').textContent", &title), chromedp.Evaluate("origin", &origin)); err != nil {
			return err
		}
		if title != text || origin != "null" {
			return fmt.Errorf("the frame shows %q in the origin %q", title, origin)
		}
		var png []byte
		if err := b.do(20*time.Second, chromedp.CaptureScreenshot(&png)); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(b.out, name+".png"), png, 0o644)
	}
	return fmt.Errorf("there is no frame among %d targets", len(targets))
}
