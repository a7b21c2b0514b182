package keras

import (
	"cmp"
	"math"
	"slices"

	"dcae/graph"
)

// layerFields are a layer's settings as Keras writes them, behind those that all layers have.
func layerFields(l graph.Layer) fields {
	last := field{"data_format", "channels_last"}
	switch l := l.(type) {
	case graph.Conv2D:
		return append(fields{
			{"filters", l.Filters}, {"kernel_size", pair(l.Kernel)}, {"strides", pairOr(l.Strides, 1)}, {"padding", l.Padding.String()}, last,
			{"dilation_rate", pairOr(l.Dilation, 1)}, {"groups", max(l.Groups, 1)},
		}, weightedFields(l.Activation, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer)...)
	case graph.Conv2DTranspose:
		var padding any
		if l.OutputPadding != nil {
			padding = pair(*l.OutputPadding)
		}
		return append(fields{
			{"filters", l.Filters}, {"kernel_size", pair(l.Kernel)}, {"strides", pairOr(l.Strides, 1)}, {"padding", l.Padding.String()}, last,
			{"output_padding", padding}, {"dilation_rate", pairOr(l.Dilation, 1)},
		}, weightedFields(l.Activation, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer)...)
	case graph.DepthwiseConv2D:
		return append(depthwiseFields(l.Multiplier, l.Kernel, l.Strides, l.Dilation, l.Padding),
			weightedFields(l.Activation, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer).renamed("kernel_", "depthwise_")...)
	case graph.SeparableConv2D:
		return slices.Concat(fields{{"filters", l.Filters}}, depthwiseFields(l.Multiplier, l.Kernel, l.Strides, l.Dilation, l.Padding),
			weightedFields(l.Activation, l.NoBias, l.DepthwiseInit, l.BiasInit, l.DepthwiseRegularizer, l.BiasRegularizer, l.ActivityRegularizer).renamed("kernel_", "depthwise_"),
			fields{{"pointwise_initializer", initializerObject(l.PointwiseInit, graph.GlorotUniform())}, {"pointwise_regularizer", regularizerObject(l.PointwiseRegularizer)}, {"pointwise_constraint", nil}})
	case graph.Dense:
		return append(fields{{"units", l.Units}}, weightedFields(l.Activation, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer, l.ActivityRegularizer)...)
	case graph.BatchNormalization, graph.LayerNormalization, graph.GroupNormalization, graph.RMSNormalization, graph.UnitNormalization:
		return normalizationFields(l)
	case graph.MaxPooling2D:
		return poolingFields(l.Pool, l.Strides, l.Padding)
	case graph.AveragePooling2D:
		return poolingFields(l.Pool, l.Strides, l.Padding)
	case graph.GlobalAveragePooling2D:
		return fields{last, {"keepdims", l.KeepDims}}
	case graph.GlobalMaxPooling2D:
		return fields{last, {"keepdims", l.KeepDims}}
	case graph.AdaptiveAveragePooling2D:
		return fields{{"output_size", pair(l.Output)}, last}
	case graph.AdaptiveMaxPooling2D:
		return fields{{"output_size", pair(l.Output)}, last}
	case graph.UpSampling2D:
		return fields{{"size", pairOr(l.Factor, 2)}, last, {"interpolation", l.Interpolation.String()}}
	case graph.ZeroPadding2D:
		return fields{{"padding", sides(l.Padding)}, last}
	case graph.Cropping2D:
		return fields{{"cropping", sides(l.Cropping)}, last}
	case graph.Flatten:
		return fields{last}
	case graph.Reshape:
		return fields{{"target_shape", []int(l.Target)}}
	case graph.Permute:
		return fields{{"dims", l.Order}}
	case graph.RepeatVector:
		return fields{{"n", l.N}}
	case graph.Dropout:
		return fields{{"rate", l.Rate}, {"seed", nil}, {"noise_shape", nil}}
	case graph.SpatialDropout2D:
		return fields{{"rate", l.Rate}, {"seed", nil}, last}
	case graph.GaussianNoise:
		return fields{{"stddev", l.StdDev}, {"seed", nil}}
	case graph.Activate, graph.Rectifier, graph.LeakyRectifier, graph.ParametricRectifier, graph.ExponentialLinear, graph.SoftmaxLayer:
		return activationLayerFields(l)
	case graph.Rescaling:
		return fields{{"scale", oneOrList(l.Scale, 1)}, {"offset", oneOrList(l.Offset, 0)}}
	case graph.Concatenate:
		axis := l.Axis
		if axis == 0 {
			axis = -1
		}
		return fields{{"axis", axis}}
	}
	return sequenceFields(l) // none for a layer without settings
}

// activationLayerFields are the settings of a layer that is only an activation.
func activationLayerFields(l graph.Layer) fields {
	switch l := l.(type) {
	case graph.Activate:
		return fields{{"activation", activationName(l.Function)}}
	case graph.Rectifier:
		var most any
		if l.Max != 0 {
			most = l.Max
		}
		return fields{{"max_value", most}, {"negative_slope", l.NegativeSlope}, {"threshold", l.Threshold}}
	case graph.LeakyRectifier:
		return fields{{"negative_slope", number(l.NegativeSlope, 0.3)}}
	case graph.ParametricRectifier:
		var shared any
		if len(l.SharedAxes) > 0 {
			shared = l.SharedAxes
		}
		return fields{
			{"alpha_initializer", initializerObject(l.AlphaInit, graph.Zeros{})}, {"alpha_regularizer", regularizerObject(l.AlphaRegularizer)},
			{"shared_axes", shared},
		}
	case graph.ExponentialLinear:
		return fields{{"alpha", number(l.Alpha, 1)}}
	case graph.SoftmaxLayer:
		return fields{{"axis", cmp.Or(l.Axis, -1)}}
	}
	return nil
}

func depthwiseFields(multiplier int, kernel, strides, dilation graph.Size, padding graph.Padding) fields {
	return fields{
		{"depth_multiplier", max(multiplier, 1)}, {"kernel_size", pair(kernel)}, {"strides", pairOr(strides, 1)}, {"padding", padding.String()},
		{"data_format", "channels_last"}, {"dilation_rate", pairOr(dilation, 1)},
	}
}

func weightedFields(a graph.Activation, noBias bool, kernel, bias graph.Initializer, kernelPenalty, biasPenalty, activityPenalty graph.Regularizer) fields {
	return fields{
		{"activation", activationName(a)}, {"use_bias", !noBias},
		{"kernel_initializer", initializerObject(kernel, graph.GlorotUniform())}, {"bias_initializer", initializerObject(bias, graph.Zeros{})},
		{"kernel_regularizer", regularizerObject(kernelPenalty)}, {"bias_regularizer", regularizerObject(biasPenalty)},
		{"activity_regularizer", regularizerObject(activityPenalty)}, {"kernel_constraint", nil}, {"bias_constraint", nil},
	}
}

func poolingFields(pool, strides graph.Size, padding graph.Padding) fields {
	of := pairOr(pool, 2)
	return fields{{"pool_size", of}, {"padding", padding.String()}, {"strides", pairOr(strides, of...)}, {"data_format", "channels_last"}}
}

func pair(s graph.Size) []int { return []int{s.H, s.W} }

// pairOr is a size, or its default.
func pairOr(s graph.Size, def ...int) []int {
	if s != (graph.Size{}) {
		return pair(s)
	}
	return []int{def[0], def[len(def)-1]}
}

func sides(m graph.Margins) [][]int { return [][]int{{m.Top, m.Bottom}, {m.Left, m.Right}} }

// number resolves a setting whose 0 means a default; exactly is its inverse.
func number(x, def float64) float64 {
	switch x {
	case 0:
		return def
	case math.SmallestNonzeroFloat64:
		return 0
	}
	return x
}

func oneOrList(list []float64, def float64) any {
	switch len(list) {
	case 0:
		return def
	case 1:
		return list[0]
	}
	return list
}

func activationName(a graph.Activation) string {
	if a == "" {
		a = graph.Linear
	}
	return string(a)
}

func regularizerObject(r graph.Regularizer) any {
	const module = "keras.regularizers"
	switch {
	case r == (graph.Regularizer{}):
		return nil
	case r.L2 == 0:
		return object(module, "L1", fields{{"l1", r.L1}})
	case r.L1 == 0:
		return object(module, "L2", fields{{"l2", r.L2}})
	}
	return object(module, "L1L2", fields{{"l1", r.L1}, {"l2", r.L2}})
}

// initializerObject is what Keras writes for an initializer.
func initializerObject(i, def graph.Initializer) fields {
	const module = "keras.initializers"
	if i == nil {
		i = def
	}
	seed := field{"seed", nil}
	switch i := i.(type) {
	case graph.Ones:
		return object(module, "Ones", nil)
	case graph.Constant:
		return object(module, "Constant", fields{{"value", i.Value}})
	case graph.RandomNormal:
		return object(module, "RandomNormal", fields{{"mean", i.Mean}, {"stddev", i.StdDev}, seed})
	case graph.RandomUniform:
		return object(module, "RandomUniform", fields{{"minval", i.Min}, {"maxval", i.Max}, seed})
	case graph.RandomTruncatedNormal:
		return object(module, "TruncatedNormal", fields{{"mean", i.Mean}, {"stddev", i.StdDev}, seed})
	case graph.Orthogonal:
		return object(module, "Orthogonal", fields{{"gain", number(i.Gain, 1)}, seed})
	case graph.DeltaOrthogonal: // Keras has none; the weights themselves are in the file
		return object(module, "Orthogonal", fields{{"gain", number(i.Gain, 1)}, seed})
	case graph.IdentityMatrix:
		return object(module, "Identity", fields{{"gain", number(i.Gain, 1)}})
	case graph.VarianceScaling:
		if class := namedScaling(i); class != "" {
			return object(module, class, fields{seed})
		}
		return object(module, "VarianceScaling", fields{{"scale", number(i.Scale, 1)}, {"mode", i.Fan.String()}, {"distribution", i.Distribution.String()}, seed})
	}
	return object(module, "Zeros", nil)
}

// namedScaling is the class of those that have one.
func namedScaling(v graph.VarianceScaling) string {
	switch graph.Initializer(v) {
	case graph.GlorotNormal():
		return "GlorotNormal"
	case graph.GlorotUniform():
		return "GlorotUniform"
	case graph.HeNormal():
		return "HeNormal"
	case graph.HeUniform():
		return "HeUniform"
	case graph.LecunNormal():
		return "LecunNormal"
	case graph.LecunUniform():
		return "LecunUniform"
	}
	return ""
}
