//go:build browser

package browser

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// parts are what is done, in this order.
var parts = []struct {
	name string
	do   func(*browser) error
}{
	{"stories", stories},
	{"lab", lab},
	{"diagnosis", diagnosis},
	{"results", results}, // the last one, see frame
}

const running = `document.getElementById('status').textContent.startsWith('Training')`

// steps is how many steps the first run is shown with.
const steps = `(charts.runs[0] && charts.runs[0].records.column('steps', 'step').length || 0)`

// stories starts each, pauses it, changes a setting, and resets.
func stories(b *browser) error {
	if err := b.open("/lab"); err != nil {
		return err
	}
	if err := b.until(90*time.Second, "document.getElementById('stories').children.length > 5 && lab.id !== null"); err != nil {
		return err
	}
	n := 0
	for i := 1; i <= 20; i++ {
		button := fmt.Sprintf("#stories button:nth-of-type(%d)", i)
		if b.value(fmt.Sprintf("document.querySelector(%q) !== null", button)) != "true" {
			break
		}
		n++
		if err := b.click(button); err != nil {
			return err
		}
		if err := b.until(30*time.Second, steps+" > 20"); err != nil {
			return err
		}
		if err := b.click("#go"); err != nil {
			return err
		}
		if err := b.until(20*time.Second, "lab.state === 'paused'"); err != nil {
			return err
		}
		before := b.value(steps)
		if err := b.do(20*time.Second, chromedp.SetValue("#change-value", "0.0005"), chromedp.Click("#change button", chromedp.ByQuery)); err != nil {
			return err
		}
		if err := b.until(10*time.Second, "charts.charts.marks.length === 1 && location.hash.includes('changes')"); err != nil {
			return err
		}
		if err := b.click("#step"); err != nil {
			return err
		}
		if err := b.until(10*time.Second, fmt.Sprintf("%s === %s + 1 && charts.runs[0].records.column('steps', 'learning_rate').at(-1) === 0.0005", steps, before)); err != nil {
			return err
		}
		if i == 1 {
			if err := b.unnamed(); err != nil {
				return err
			}
		}
		if err := b.click("#reset"); err != nil {
			return err
		}
		if err := b.until(10*time.Second, steps+" === 0 && charts.charts.marks.length === 1"); err != nil {
			return err
		}
		if message := b.text("#error"); message != "" {
			return fmt.Errorf("story %d: %s", i, message)
		}
	}
	if n < 7 {
		return fmt.Errorf("there are %d stories", n)
	}
	return nil
}

// lab mends a story, and looks at it in all lights; then the address brings the same study back.
func lab(b *browser) error {
	if err := b.open("/lab"); err != nil {
		return err
	}
	if err := b.until(90*time.Second, "document.getElementById('stories').children.length > 5 && lab.id !== null"); err != nil {
		return err
	}
	// few images, so that epochs are short
	if err := b.click("#stories button:nth-of-type(3)"); err != nil {
		return err
	}
	if err := b.do(20*time.Second, chromedp.Click("#mend", chromedp.ByQuery), chromedp.SetValue("#images", "320", chromedp.ByQuery)); err != nil {
		return err
	}
	b.value("document.getElementById('images').dispatchEvent(new Event('change'))")
	if err := b.until(60*time.Second, "lab.study.budget.images === 320 && lab.id !== null"); err != nil {
		return err
	}
	if err := b.click("#go"); err != nil {
		return err
	}
	if err := b.until(240*time.Second, "charts.runs.length === 4 && charts.runs[3].records.column('epochs', 'epoch').length >= 2"); err != nil {
		return err
	}
	if err := b.click("#go"); err != nil {
		return err
	}
	if err := b.pictures("lab"); err != nil {
		return err
	}
	hash := b.value("location.hash")
	if err := b.open("/lab" + hash); err != nil {
		return err
	}
	if err := b.until(20*time.Second, "lab.id !== null"); err != nil {
		return err
	}
	if again := b.value("location.hash"); again != hash || !strings.Contains(hash, "leaky_relu") {
		return fmt.Errorf("the address %s became %s", hash, again)
	}
	// keyboard: the cursor of the charts
	if err := b.do(10*time.Second, chromedp.Focus(".chart canvas"), chromedp.KeyEvent("+")); err != nil {
		return err
	}
	return nil
}

// results follows a study that runs meanwhile, to its end, switches an arm off, and opens the report.
func results(b *browser) error {
	study := filepath.Join(b.dir, "small.yaml")
	if err := os.WriteFile(study, []byte(smallStudy), 0o644); err != nil {
		return err
	}
	run := exec.Command(b.program, "run", study, "--out", filepath.Join(b.dir, "small"), "--force", "--quiet", "--threads", "1")
	if err := run.Start(); err != nil {
		return err
	}
	defer func() { _ = run.Wait() }()
	if err := b.open("/results"); err != nil {
		return err
	}
	if err := b.until(60*time.Second, `begins() && [...document.querySelectorAll('#list a')].some((a) => a.textContent === 'small')`); err != nil {
		return err
	}
	b.value(`[...document.querySelectorAll('#list a')].find((a) => a.textContent === 'small').click()`)
	if err := b.until(60*time.Second, "shown.runs.length === 6 && shown.runs[0].series.loss.x.length > 3"); err != nil {
		return err
	}
	if err := b.until(180*time.Second, "document.getElementById('live').textContent === 'All 6 runs are finished.'"); err != nil {
		return err
	}
	if err := run.Wait(); err != nil {
		return err
	}
	if err := b.open("/results#small"); err != nil {
		return err
	}
	if err := b.until(30*time.Second, "document.getElementById('runs').rows.length === 6 && !document.getElementById('page').hidden"); err != nil {
		return err
	}
	if err := b.unnamed(); err != nil {
		return err
	}
	shown := b.value("charts.panels[0].shown().length")
	if err := b.click("#arm-switches input"); err != nil {
		return err
	}
	if now := b.value("charts.panels[0].shown().length"); shown != "6" || now != "4" {
		return fmt.Errorf("%s lines are shown, and %s without an arm", shown, now)
	}
	if lines := b.value("charts.panels[0].csv().split('\\n')[0]"); strings.Contains(lines, "relu") || !strings.HasPrefix(lines, "step,") {
		return fmt.Errorf("the CSV begins with %s", lines)
	}
	if err := b.do(10*time.Second, chromedp.Focus(".chart canvas", chromedp.ByQuery), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent("+")); err != nil {
		return err
	}
	if err := b.until(5*time.Second, "charts.cursor !== null && charts.zoom !== null && document.querySelector('.reading').textContent.includes('seed')"); err != nil {
		return err
	}
	if err := b.pictures("results"); err != nil {
		return err
	}
	return b.frame("results-report", "Does a smaller one learn, too?")
}

const smallStudy = `name: small
question: Does a smaller one learn, too?
seeds: 1-2
budget: {epochs: 3, images: 300, batch: 16, validation_images: 50, test_images: 50}
groups:
  - name: g
    control: relu
    settings: {filters: 4, bottleneck: 8}
    arms:
      - {name: relu}
      - {name: sigmoid, activation: sigmoid}
      - {name: changed, changes: [{step: 20, learning_rate: 0.01}]}
`

// diagnosis chooses a model's file and pictures, looks at what is read from them, has them diagnosed, and reads the answer and its code.
func diagnosis(b *browser) error {
	made := filepath.Join(b.dir, "trained")
	if text, err := exec.Command(b.program, "train", "highlr", "--epochs", "1", "--images", "64", "--out", made, "--quiet").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	pictures, err := blots(filepath.Join(b.dir, "blots"), 120)
	if err != nil {
		return err
	}
	if err := b.open("/diagnose"); err != nil {
		return err
	}
	if err := b.drop("#model-drop", filepath.Join(made, "model.keras")); err != nil {
		return err
	}
	if err := b.until(60*time.Second, "document.getElementById('model-read').textContent.includes('conv2d')"); err != nil {
		return err
	}
	for _, take := range []func() error{
		func() error {
			return b.do(20*time.Second, chromedp.SetUploadFiles("#images-file", pictures[:3], chromedp.ByQuery))
		},
		func() error { return b.drop("#images-drop", pictures...) },
	} {
		b.value("document.getElementById('images-read').hidden = true")
		if err := take(); err != nil {
			return err
		}
		if err := b.until(120*time.Second, "!document.getElementById('images-read').hidden"); err != nil {
			return err
		}
	}
	if read := b.text("#images-read"); !strings.Contains(read, " 96 ") || !strings.Contains(read, "000.png and 119 more") { // the rest is held out
		return fmt.Errorf("of 120 pictures is read: %s", read)
	}
	if err := b.do(20*time.Second, chromedp.SetValue("#scale", "unit", chromedp.ByQuery), chromedp.SetValue("#seconds", "30", chromedp.ByQuery)); err != nil {
		return err
	}
	if err := b.unnamed(); err != nil {
		return err
	}
	if err := b.click("#start"); err != nil {
		return err
	}
	if err := b.until(300*time.Second, "document.getElementById('log').children.length > 0 && !document.getElementById('answer-box').hidden"); err != nil {
		return err
	}
	return b.pictures("diagnosis")
}

// blots are pictures of a bright square somewhere on black, 28 x 28.
func blots(dir string, n int) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for i := range n {
		picture := image.NewGray(image.Rect(0, 0, 28, 28))
		for k := range 64 {
			picture.SetGray(i*7%20+k%8, i*3%20+k/8, color.Gray{Y: uint8(150 + i%100)})
		}
		path := filepath.Join(dir, fmt.Sprintf("%03d.png", i))
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		err = png.Encode(f, picture)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}
