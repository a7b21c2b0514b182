package diagnosis

import (
	"fmt"
	"math"
	"strings"

	"dcae/training/names"
)

// Answer is the verdict in one or two sentences, for somebody who is new to deep learning.
func (d *Diagnosis) Answer() string {
	name, g := d.Name, d.Given
	switch d.Verdict {
	case Healthy:
		if g.Slow != nil {
			return fmt.Sprintf("%s is slow, but nothing is wrong with it: %s.", name, g.Slow.words())
		}
		return fmt.Sprintf("%s learns: with each of %d random seeds it explains more than half of what a model of its size can (held-out FVU %s, where 1 is no better than one mean image for all, and under %s counts as learned). Whatever looks odd about it does no harm.",
			name, g.Seeds, figuresOf(g.FVU), fvuText(float64(d.Attainable.Mark)))
	case Inconclusive:
		so := "does not learn"
		if g.Learned > 0 {
			so = fmt.Sprintf("learns with only %d of %d random seeds", g.Learned, g.Seeds)
		}
		if f := d.Fix; f != nil && f.unfinished() {
			return fmt.Sprintf("%s %s. What probably repairs it is %s; with fresh random seeds it was not seen to learn yet.", name, so, strings.Join(f.Changes, "; "))
		} else if f != nil && f.Likely {
			return fmt.Sprintf("%s %s. What probably repairs it is %s; it learned with %s, which is too few to be sure.", name, so, strings.Join(f.Changes, "; "), f.seeds())
		} else if f != nil {
			return fmt.Sprintf("%s %s. What repairs it, %s, says nothing certain about the cause.", name, so, strings.Join(f.Changes, "; "))
		}
		if t := d.Twin; t != nil && 2*g.Learned > g.Seeds {
			return fmt.Sprintf("%s learns on images of %s (%d of %d random seeds), but was not seen to at %s in the time that there was. Nothing that was tried there helps, either; give it more time with --seconds.",
				name, t.Size, g.Learned, g.Seeds, t.RealSize)
		}
		if d.Truncated || d.Interrupted {
			return fmt.Sprintf("The examination of %s was cut short before anything was certain: so far it learned with %d of %d random seeds.", name, g.Learned, g.Seeds)
		}
		return fmt.Sprintf("%s does not learn (%d of %d random seeds), and nothing that was tried makes it learn in the time that there was.%s",
			name, g.Learned, g.Seeds, d.timeHint())
	}
	problem := "does not learn"
	if len(d.Causes) > 0 && d.Causes[0].Cause == Frozen && g.Learned == g.Seeds {
		problem = "learns far less than it would if all its layers were trained"
	} else if len(d.Causes) > 0 && d.Causes[0].Cause == OutputRange && d.Fix != nil && g.Learned == g.Seeds {
		problem = "learns far less than it would if its output could reach all values"
	} else if g.Seeds > 0 && g.Learned == g.Seeds {
		problem = "learns its training images, but that is of no use for the test images"
		if f := findings(d.Findings).deciding(); len(f) > 0 && f[0].Name == nonFinite {
			problem = fmt.Sprintf("learns, but of %s images that hold values which are not a number it can make nothing", f[0].Where)
		}
	}
	if d.Verdict == Unreliable {
		problem = fmt.Sprintf("learns with only %d of %d random seeds", g.Learned, g.Seeds)
	}
	if len(d.Causes) == 0 {
		return fmt.Sprintf("%s %s. What repairs it says nothing certain about the cause.", name, problem)
	}
	return fmt.Sprintf("%s %s. The cause: %s.", name, problem, d.causeName(d.Causes[0].Cause))
}

func (d *Diagnosis) timeHint() string {
	if 0 < d.TrialSteps && d.TrialSteps < shortSteps {
		return fmt.Sprintf(" Each trial was only %d steps long: give it more time with --seconds.", d.TrialSteps)
	}
	return ""
}

func figuresOf(all []Number) string {
	var out []string
	for _, f := range all {
		out = append(out, fvuText(float64(f)))
	}
	return strings.Join(out, ", ")
}

func fvuText(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "none"
	}
	return fmt.Sprintf("%.2f", f)
}

func (d *Diagnosis) causeName(c Cause) string {
	switch f := findings(d.Findings); {
	case c == DataQuality && f.untrainable():
		return "images that hold nothing to learn"
	case c == DataQuality && f.lackNumbers():
		return "values that are not a number"
	case c == DataSplit && f.lackNumbersLater():
		return "held-out images with values that are not a number"
	}
	return causeName(c)
}

func causeName(c Cause) string {
	switch c {
	case DataQuality:
		return "a few values in the images that are far off"
	case DataSplit:
		return "held-out images of another kind than the training images"
	case DataQuantity:
		return "too few training images"
	case BatchSize:
		return "the number of images in a batch"
	case Frozen:
		return "layers that are not trained"
	case DataScale:
		return "the scale of the images' values"
	case OutputRange:
		return "an output that cannot reach the images' values"
	case Loss:
		return "the loss"
	case LearningRateHigh:
		return "too high a learning rate"
	case LearningRateLow:
		return "too low a learning rate"
	case Initialization:
		return "the values that the weights begin with"
	case Activation:
		return "the activation function of the hidden layers"
	case Optimizer:
		return "the optimizer"
	case Regularization:
		return "regularization that is too strong"
	case Clipping:
		return "gradients that are clipped too tightly"
	case BatchNorm:
		return "batch normalization's moving statistics"
	case Capacity:
		return "too narrow a bottleneck"
	case Depth:
		return "too many layers"
	}
	return "not known"
}

// explanation says what a cause does, in plain words.
func (d *Diagnosis) explanation(c Cause) string {
	switch f := findings(d.Findings); {
	case c == DataSplit && f.lackNumbersLater():
		return "What is printed for an image with a value that is infinite or not a number is none either, and so is the error over all images. It is measured here without these images."
	case c == DataQuality && f.untrainable():
		return "A model learns from what differs between images. Nothing in these does, or none of their values is a number, so that no training could show anything."
	case c == DataQuality && f.lackNumbers():
		return "A single value that is infinite or not a number makes the loss so, then the gradients, and with one step all weights: nothing that is printed is a number from then on."
	}
	return explanation(c)
}

func explanation(c Cause) string {
	switch c {
	case DataQuality:
		return "A handful of wrong values are so much larger than all others that scaling by the largest squeezes the real images into next to nothing, or that the error of these few pixels is all that training looks at. Limit or remove them."
	case DataSplit:
		return "What is learned holds for images like those that it was learned from. Images that were scaled, shifted or made otherwise are new to the model, whatever they show."
	case DataQuantity:
		return "The model learns its training images by heart: it copies them well, and others badly. More images, or a model that can remember less, bring the two together."
	case BatchSize:
		return "Each step goes by the mean gradient of a batch. Of too few images it is noise, and batch normalization has nothing to normalize by; with too many there are too few steps."
	case Frozen:
		return "Layers that are not trained keep the values that they began with. If these are random, the layers hand on noise, and the others can only make the best of it."
	case DataScale:
		return "Layers, initial weights and learning rates are made for values of about 0 to 1. Much larger or smaller ones make the steps too large, too small, or the target unreachable."
	case OutputRange:
		return "The last layer's activation limits what the model can print. Where the images' values lie outside of it, no training can reach them; and where it gets stuck at its limit, no gradient comes back."
	case Loss:
		return "The loss is what training makes small. One that does not fit the values, or that hardly changes, points nowhere."
	case LearningRateHigh:
		return "Each step changes the weights by the gradient times the learning rate. With too large steps training jumps over every good solution; ReLUs are pushed to where they are always zero, and no gradient ever brings them back."
	case LearningRateLow:
		return "Each step changes the weights by the gradient times the learning rate. With too small steps the model is on its way, but does not get anywhere in a reasonable time."
	case Initialization:
		return "Weights must begin different from each other and neither too large nor too small, or the signal dies, explodes, or all units of a layer stay the same for ever."
	case Activation:
		return "Where an activation function is flat, no gradient passes. Sigmoids shrink the gradient at every layer, and a ReLU whose input is always negative is dead; leaky ReLUs keep a slope everywhere."
	case Optimizer:
		return "The optimizer turns gradients into steps. With these settings no learning rate that was tried, within a factor of a thousand and more, makes steps that learn."
	case Regularization:
		return "Dropout, penalties and weight decay hold a model back on purpose. This much leaves it nothing to learn with."
	case Clipping:
		return "Clipping limits the gradient. Limited this tightly, hardly any step is left."
	case BatchNorm:
		return "In training, batch normalization uses each batch's own mean and variance; afterwards it uses moving averages. These have not caught up, so that the model works in training and fails when it is used."
	case Capacity:
		return "All that the decoder knows of an image must go through the narrowest layer. There are too few values in it to tell the images apart."
	case Depth:
		return "Signal and gradient pass every layer. With this many of them too little arrives."
	}
	return ""
}

// Text is the answer as plain text: the verdict first; dir is where [Examination.Save] has put the rest; empty: nowhere.
func (d *Diagnosis) Text(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", strings.ToUpper(string(d.Verdict)))
	b.WriteString(wrap(d.Answer(), ""))
	if t := d.Twin; t != nil {
		b.WriteString("\n" + wrap(fmt.Sprintf("A step of it takes too long at %s for the time, so it was examined on images of %s. Its first steps there are %s. %s", t.RealSize, t.Size, t.Compared, t.Seen), ""))
	}
	d.writeFigures(&b)
	d.writeFindings(&b)
	for i, c := range d.Causes {
		if i == 1 {
			b.WriteString("\nOther suspects:\n")
		}
		fmt.Fprintf(&b, "\n%s (%s, confidence %.2f)\n", upperFirst(d.causeName(c.Cause)), c.Cause, c.Confidence)
		if i == 0 {
			b.WriteString(wrap(d.explanation(c.Cause), "  "))
		}
		for _, e := range c.Evidence {
			b.WriteString(wrap("- "+e, "  "))
		}
	}
	if d.Fix != nil {
		d.Fix.write(&b)
	}
	if d.Interrupted {
		b.WriteString("\nThis was stopped before it had ended: the answer is what was certain until then.\n")
	}
	if d.Truncated {
		b.WriteString("\nThe time was up before all was done that is done in it on an idle machine: the answer is what was certain until then.\n")
	}
	if dir != "" {
		fmt.Fprintf(&b, "\nThe answer with all that was tried is in %s; it took %.0f s.\n", dir, d.Seconds)
	}
	return b.String()
}

// write tells of a repair: the change, what came of it, and the code.
func (f *Fix) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s: %s\n", f.heading(), strings.Join(f.Changes, "; "))
	test := fmt.Sprintf("On test images the FVU goes from %s to %s", fvuText(float64(f.FVUBefore)), fvuText(float64(f.FVUAfter)))
	if before := float64(f.FVUBefore); math.IsNaN(before) || math.IsInf(before, 0) {
		test = fmt.Sprintf("On test images the model as it is gives no finite values; with the change the FVU is %s", fvuText(float64(f.FVUAfter)))
	}
	b.WriteString(wrap(test+" (0 is a perfect copy, 1 no better than the mean image).", "  "))
	if f.Data != nil {
		fmt.Fprintf(b, "\nFor the images:\n\n%s", indent(*f.Data))
	}
	fmt.Fprintf(b, "\nFor the model, after it is built:\n\n%s", indent(f.code()))
	if f.Model != "" {
		fmt.Fprintf(b, "\nThe model with this change is %s.\n", f.Model)
	}
}

// heading says what the change is good for.
func (f *Fix) heading() string {
	switch {
	case f.Narrows:
		return "It takes more images; a change that helps until they are there"
	case f.unfinished():
		return "A change that probably repairs it (with fresh random seeds it was not seen to learn yet)"
	case f.Likely:
		return fmt.Sprintf("A change that probably repairs it (learned with %s)", f.seeds())
	}
	return fmt.Sprintf("The change that repairs it (learned with %s)", f.seeds())
}

// unfinished tells whether no run with a fresh seed has learned with the change yet, for want of time or since it died.
func (f *Fix) unfinished() bool { return f.Likely && strings.HasPrefix(f.Learned, "0/") }

// seeds say with how many it learned.
func (f *Fix) seeds() string {
	return strings.ReplaceAll(f.Learned, "/", " of ") + " random seeds"
}

// words say when a slow model learns.
func (s *Slow) words() string {
	if s.Seen {
		return fmt.Sprintf("it was seen to learn after about %.0f steps with each random seed", float64(s.Steps))
	}
	if math.IsInf(float64(s.High), 1) || math.IsNaN(float64(s.High)) { // which JSON does not hold
		return fmt.Sprintf("its error still falls, and nothing that was tried does better; its course says that it learns after %.0f steps or more", float64(s.Low))
	}
	return fmt.Sprintf("it still falls, and its course says that it learns after about %.0f steps (%.0f to %.0f)", float64(s.Steps), float64(s.Low), float64(s.High))
}

// writeFigures tells how the model does on training, held-out and test images, and what a linear code of its size does.
func (d *Diagnosis) writeFigures(b *strings.Builder) {
	var sides []string
	for _, s := range d.Given.Sides {
		sides = append(sides, fmt.Sprintf("%s on %s of %d (%s to %s)", fvuText(float64(s.FVU)), s.Of, s.Images, fvuText(float64(s.Low)), fvuText(float64(s.High))))
	}
	where := ""
	if d.Twin != nil {
		where = " at " + d.Twin.Size
	}
	if len(sides) > 0 {
		b.WriteString("\n" + wrap(fmt.Sprintf("FVU as it is%s, with 95%% intervals: %s images.", where, strings.Join(sides, ", ")), ""))
	}
	b.WriteString(wrap(d.Attainable.Text, ""))
}

// writeFindings tells what is certain without training.
func (d *Diagnosis) writeFindings(b *strings.Builder) {
	if len(d.Findings) > 0 {
		b.WriteString("\nCertain without training:\n\n")
	}
	for _, f := range d.Findings {
		b.WriteString(wrap("- "+f.Text+" "+f.Do, "  "))
	}
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func indent(code string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(code, "\n"), "\n", "\n    ") + "\n"
}

// wrap breaks text into lines of at most 100 characters.
func wrap(text, margin string) string {
	var b strings.Builder
	line := margin
	for _, word := range strings.Fields(names.ShortWords(text)) {
		if len(line) > len(margin) && len(line)+1+len(word) > 100 {
			b.WriteString(line + "\n")
			line = margin
		}
		if len(line) > len(margin) {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
