package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// gather fills a folder with whole files of every kind that the program reads and writes, and with files of somebody else's. It is called in
// the repository's own folder, whose test data it takes.
func gather(program, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, pattern := range []string{"models/keras/testdata/*.keras", "models/torch/testdata/*.pt2", "models/keras/testdata/*.h5", "models/keras/hdf5/testdata/*.h5", "experiments/saved/testdata/*.h5"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range found {
			if info, err := os.Stat(file); err != nil || info.Size() > 300<<10 {
				continue
			}
			if err := copyFile(file, filepath.Join(folder, filepath.Base(file))); err != nil {
				return err
			}
		}
	}
	if err := writeImages(folder); err != nil {
		return err
	}
	for name, text := range texts {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, args := range []string{
		"train improved --data small.npy --epochs 2 --checkpoint-every 2 --batch 8 --out trained --quiet",
		"train tied.pt2 --data torch.npy --epochs 1 --batch 8 --out torch --quiet",
		"run small.yaml --out study --quiet",
		"run small.yaml --out part1 --task 1/2 --quiet",
		"run small.yaml --out part2 --task 2/2 --quiet",
		"diagnose highlr --data small.npy --seconds 1 --out diagnosed --quiet",
		"predict trained/last.keras --data small.npy --out predicted.npz",
	} {
		c := exec.Command(program, strings.Fields(args)...)
		c.Dir = folder
		c.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(filepath.Dir(folder), "cache"))
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("dcae %s: %w: %s", args, err, out)
		}
	}
	return nil
}

// texts are small files, by their paths. What is under foreign/ is somebody else's.
var texts = map[string]string{
	"small.yaml": `name: small
question: Does it learn?
data: small.npy
seeds: 1-2
budget: {epochs: 1, images: 24, batch: 8}
groups:
  - name: g
    control: a
    settings: {model: improved}
    arms:
      - {name: a}
      - {name: b, activation: sigmoid}
      - {name: c, learning_rate: 0.1}
`,
	"table.csv":               "a,b,c,label\n" + strings.Repeat("1,2.5,-3e-1,cat\n0,1,1,dog\n7,8,9,cat\n", 12),
	"table.tsv":               strings.Repeat("1\t2\t3\t4\n5\t6\t7\t8\n", 15),
	"foreign/model.py":        "print('mine')\n",
	"foreign/report.html":     "<p>mine</p>\n",
	"foreign/results.csv":     "mine\n",
	"foreign/study.json":      "{\"mine\": true}\n",
	"foreign/diagnosis.json":  "{\"mine\": true}\n",
	"foreign/runs/a/mine.txt": "mine\n",
	"foreign/tensorboard/x":   "mine\n",
	"foreign/y.npz":           "mine\n",
	"foreign/fixed.keras":     "mine\n",
}

// writeImages writes pictures and arrays of the same images, small ones of 28x28 pixels.
func writeImages(folder string) error {
	const n, side = 40, 28
	pictures := filepath.Join(folder, "pictures", "deeper")
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	values := make([]byte, 0, n*side*side)
	for k := range n {
		picture := image.NewGray(image.Rect(0, 0, side, side))
		for y := range side {
			for x := range side {
				v := uint8(0)
				if (x-k%20-4)*(x-k%20-4)+(y-k/2-4)*(y-k/2-4) < 20+k {
					v = 250
				}
				picture.SetGray(x, y, color.Gray{Y: v})
			}
		}
		values = append(values, picture.Pix...)
		var b bytes.Buffer
		name, encode := fmt.Sprintf("%02d.png", k), png.Encode
		if k%2 == 1 {
			name = fmt.Sprintf("deeper/%02d.jpg", k)
			encode = func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
		}
		if err := encode(&b, picture); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "pictures", name), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	floats := make([]byte, 0, 4*len(values))
	for _, v := range values {
		floats = binary.LittleEndian.AppendUint32(floats, map[byte]uint32{0: 0, 250: 0x3f800000}[v]) // 0 and 1
	}
	for name, shape := range map[string][]int{"small.npy": {n, side, side, 1}, "torch.npy": {12 * n, 1, 8, 8}} {
		header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, %d, %d), }", shape[0], shape[1], shape[2], shape[3])
		header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
		npy := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
		npy = append(append(npy, header...), floats[:4*shape[0]*shape[1]*shape[2]*shape[3]]...)
		if err := os.WriteFile(filepath.Join(folder, name), npy, 0o644); err != nil {
			return err
		}
	}
	idx := []byte{0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, side, 0, 0, 0, side}
	return os.WriteFile(filepath.Join(folder, "images-idx3-ubyte"), append(idx, values...), 0o644)
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
