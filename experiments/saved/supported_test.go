package saved

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dcae/models/keras"
	"dcae/models/torch"
)

var updateSupported = flag.Bool("supported", false, "write docs/supported.md anew (make supported)")

const supportedFile = "../../docs/supported.md"

// kinds says to which line of the table each layer of Keras and each operation of PyTorch belongs. A new one that is missing here fails the test.
var kinds = []struct{ what, keras, torch string }{
	{"convolutions", "Conv1D Conv2D Conv1DTranspose Conv2DTranspose DepthwiseConv2D SeparableConv2D", "conv1d conv2d conv_transpose1d conv_transpose2d"},
	{"dense layers, products of matrices", "Dense", "linear matmul mm bmm mv addmm baddbmm dot outer cdist einsum scaled_dot_product_attention"},
	{"normalizations", "BatchNormalization LayerNormalization GroupNormalization RMSNormalization UnitNormalization", "batch_norm instance_norm group_norm layer_norm rms_norm _weight_norm"},
	{"poolings", "MaxPooling1D MaxPooling2D AveragePooling1D AveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D GlobalAveragePooling1D GlobalAveragePooling2D AdaptiveMaxPooling2D AdaptiveAveragePooling2D",
		"max_pool1d max_pool2d max_pool1d_with_indices max_pool2d_with_indices max_unpool2d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d"},
	{"other sizes", "UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D Cropping1D Cropping2D",
		"upsample_nearest1d upsample_nearest2d _upsample_nearest_exact1d _upsample_nearest_exact2d upsample_linear1d upsample_bilinear2d upsample_bicubic2d pixel_shuffle pixel_unshuffle pad constant_pad_nd"},
	{"other axes", "Flatten Reshape Permute RepeatVector", "flatten unflatten view view_as _unsafe_view reshape reshape_as ravel squeeze unsqueeze permute transpose t numpy_T mT adjoint movedim moveaxis swapaxes swapdims expand expand_as broadcast_to broadcast_tensors"},
	{"joins and parts", "Concatenate", "cat concat concatenate stack split split_with_sizes tensor_split chunk unbind slice select narrow repeat repeat_interleave tile flip rot90 roll channel_shuffle diff diagonal unfold im2col col2im index index_select embedding scatter"},
	{"activations, functions of one value", "Activation ReLU LeakyReLU PReLU ELU Softmax Rescaling",
		"relu relu6 leaky_relu rrelu prelu elu selu celu gelu glu sigmoid special_expit log_sigmoid tanh silu mish softplus softmax _softmax log_softmax _log_softmax hardtanh hardsigmoid hardswish hardshrink softshrink threshold clamp clamp_min clamp_max clip " +
			"abs absolute neg negative sign square sqrt rsqrt reciprocal exp expm1 log log1p log2 log10 logit sin cos tan sinh cosh erf floor ceil round trunc"},
	{"several values", "Add Subtract Multiply Average Maximum Minimum",
		"add sub subtract rsub mul multiply frac div divide true_divide pow float_power maximum minimum fmax fmin addcmul addcdiv lerp hypot logaddexp"},
	{"comparisons", "", "eq ne lt le gt ge less greater logical_and logical_or logical_not bitwise_and bitwise_or bitwise_not __and__ __or__ where masked_fill"},
	{"reductions", "", "sum mean prod max min amax amin argmax argmin topk var std norm linalg_vector_norm linalg_norm linalg_matrix_norm frobenius_norm logsumexp cumsum trace one_hot"},
	{"at random", "Dropout SpatialDropout2D GaussianNoise", "dropout feature_dropout alpha_dropout feature_alpha_dropout rand randn rand_like randn_like normal bernoulli exponential"},
	{"constants", "", "zeros ones full zeros_like ones_like full_like empty empty_like new_zeros new_ones new_full new_empty scalar_tensor arange linspace eye meshgrid fill zero copy"},
	{"losses in the program", "", "mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div poisson_nll_loss soft_margin_loss cosine_similarity cosine_embedding_loss pairwise_distance dist"},
	{"without effect", "Identity", "alias clone contiguous detach lift_fresh lift_fresh_copy positive to _to_copy type_as"},
}

// Each name stands in one line of the table, and docs/supported.md is that table.
func TestSupportedIsUpToDate(t *testing.T) {
	for _, c := range []struct {
		of    string
		there []string
		given func(i int) string
	}{
		{"Keras", keras.Classes(), func(i int) string { return kinds[i].keras }},
		{"PyTorch", torch.Operations(), func(i int) string { return kinds[i].torch }},
	} {
		var given []string
		for i := range kinds {
			given = append(given, strings.Fields(c.given(i))...)
		}
		slices.Sort(given)
		for _, name := range c.there {
			if n := len(given) - len(slices.DeleteFunc(slices.Clone(given), func(g string) bool { return g == name })); n != 1 {
				t.Errorf("%s of %s stands in %d lines of kinds, not in one", name, c.of, n)
			}
		}
		for _, name := range given {
			if !slices.Contains(c.there, name) {
				t.Errorf("%s of %s is not supported", name, c.of)
			}
		}
	}
	want := supported(t)
	if *updateSupported {
		check(t, os.WriteFile(supportedFile, []byte(want), 0o644))
	}
	got, err := os.ReadFile(supportedFile)
	check(t, err)
	if string(got) != want {
		t.Errorf("%s is not up to date: make supported", supportedFile)
	}
}

// supported is the table, as Markdown.
func supported(t *testing.T) string {
	var b strings.Builder
	b.WriteString("<!-- Written by `make supported` from what the code reads: do not edit. -->\n# What is supported\n\n" +
		"Layers of Keras 3 and, in `.h5` files, Keras 2; operations of PyTorch by their names in ATen, as `torch.export` writes them. In-place forms count, too.\n" +
		"Anything else is named, all at once, before a model is trained.\n\n| | Keras | PyTorch |\n| --- | --- | --- |\n")
	line := func(what string, keras, torch []string) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", what, code(keras), code(torch))
	}
	for _, k := range kinds {
		line(k.what, strings.Fields(k.keras), strings.Fields(k.torch))
	}
	source, err := os.ReadFile("../../graph/activation.go")
	check(t, err)
	var activations []string
	for _, found := range regexp.MustCompile(`Activation = "(\w+)"`).FindAllSubmatch(source, -1) {
		activations = append(activations, string(found[1]))
	}
	line("activations by name", activations, nil)
	line("functions of `keras.ops` that operators make", keras.Functions(), nil)
	classes := func(f Framework) (o, l []string) {
		for _, r := range optimizers {
			if r.of == f {
				o = append(o, r.class)
			}
		}
		for _, r := range losses {
			if r.of == f {
				l = append(l, r.class)
			}
		}
		return o, l
	}
	kerasOptimizers, kerasLosses := classes(Keras)
	torchOptimizers, torchLosses := classes(PyTorch)
	line("optimizers", kerasOptimizers, torchOptimizers)
	line("learning-rate schedules", namesOf(schedules, func(r scheduleRow) string { return r.class }), nil)
	line("losses", kerasLosses, torchLosses)
	line("initializers", keras.Initializers(), nil)
	return b.String()
}

// code lists names.
func code(names []string) string {
	var out []string
	for _, name := range names {
		if name != "" {
			out = append(out, "`"+name+"`")
		}
	}
	return strings.Join(out, ", ")
}
