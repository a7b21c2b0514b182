package tensorboard

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"github.com/pkg/errors"

	"dcae/graph"
)

// pairGap is the pixels between images.
const pairGap = 2

// drawPairs draws originals in the upper row and reconstructions in the lower one, [height, width, channels] with one or three
// channels. It returns the picture's size and PNG; nil for another number of channels.
func (c Config) drawPairs(originals, reconstructions [][]float32, shape graph.Shape) (width, height int, encoded []byte, err error) {
	if len(shape) != 3 || shape[2] != 1 && shape[2] != 3 || len(originals) == 0 {
		return 0, 0, nil, nil
	}
	h, w := shape[0]+pairGap, shape[1]+pairGap
	width, height = len(originals)*w-pairGap, 2*h-pairGap
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.Gray{Y: 128}), image.Point{}, draw.Src)
	for row, images := range [2][][]float32{originals, reconstructions} {
		for column, values := range images {
			c.drawImage(picture, image.Pt(column*w, row*h), values, shape)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return 0, 0, nil, errors.Wrap(err, "drawing reconstructions")
	}
	return width, height, out.Bytes(), nil
}

func (c Config) drawImage(picture *image.RGBA, at image.Point, values []float32, shape graph.Shape) {
	channels := shape[2]
	for i := range shape[0] * shape[1] {
		pixel := values[i*channels : (i+1)*channels]
		p := color.RGBA{R: c.brightness(pixel[0]), G: c.brightness(pixel[channels/2]), B: c.brightness(pixel[channels-1]), A: 255}
		picture.SetRGBA(at.X+i%shape[1], at.Y+i/shape[1], p)
	}
}

// brightness of a value; not a number is black.
func (c Config) brightness(v float32) uint8 {
	if share := (v - c.Black) / (c.White - c.Black); share > 0 {
		return uint8(math.Round(255 * float64(min(share, 1))))
	}
	return 0
}
