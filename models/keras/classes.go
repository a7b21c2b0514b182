package keras

import (
	"encoding/json"
	"maps"
	"slices"

	"dcae/graph"
)

// twoByTwo is the default of pool sizes and of upsampling.
var twoByTwo = size(graph.Square(2))

// classes are the layers of Keras that are read, by class, with Keras' defaults where they are not the zero value.
var classes = map[string]func() settings{
	"Conv2D":          func() settings { return &conv2D{UseBias: true, Groups: 1} },
	"Conv2DTranspose": func() settings { return &conv2DTranspose{UseBias: true} },
	"DepthwiseConv2D": func() settings { return &depthwiseConv2D{depthwise: depthwise{UseBias: true, DepthMultiplier: 1}} },
	"SeparableConv2D": func() settings { return &separableConv2D{depthwise: depthwise{UseBias: true, DepthMultiplier: 1}} },
	"Dense":           func() settings { return &dense{UseBias: true} },
	"BatchNormalization": func() settings {
		return &batchNormalization{Axis: json.RawMessage("-1"), Momentum: 0.99, Epsilon: 1e-3, Center: true, Scale: true}
	},
	"MaxPooling2D":             func() settings { return &pooling{PoolSize: twoByTwo, kind: maxPooling} },
	"AveragePooling2D":         func() settings { return &pooling{PoolSize: twoByTwo, kind: averagePooling} },
	"GlobalAveragePooling2D":   func() settings { return &globalPooling{kind: averagePooling} },
	"GlobalMaxPooling2D":       func() settings { return &globalPooling{kind: maxPooling} },
	"AdaptiveAveragePooling2D": func() settings { return &adaptivePooling{kind: averagePooling} },
	"AdaptiveMaxPooling2D":     func() settings { return &adaptivePooling{kind: maxPooling} },
	"UpSampling2D":             func() settings { return &upSampling{Size: twoByTwo} },
	"ZeroPadding2D":            func() settings { return &zeroPadding{Padding: margins(graph.AllAround(1))} },
	"Cropping2D":               func() settings { return &cropping{} },
	"Flatten":                  func() settings { return &flatten{} },
	"Reshape":                  func() settings { return &reshape{} },
	"Permute":                  func() settings { return &permute{} },
	"RepeatVector":             func() settings { return &repeatVector{} },
	"Dropout":                  func() settings { return &dropout{} },
	"SpatialDropout2D":         func() settings { return &spatialDropout{} },
	"GaussianNoise":            func() settings { return &gaussianNoise{} },
	"Activation":               func() settings { return &activation{} },
	"ReLU":                     func() settings { return &reLU{} },
	"LeakyReLU":                func() settings { return &leakyReLU{NegativeSlope: 0.3} },
	"PReLU":                    func() settings { return &pReLU{} },
	"ELU":                      func() settings { return &elu{Alpha: 1} },
	"Softmax":                  func() settings { return &softmax{Axis: json.RawMessage("-1")} },
	"Rescaling":                func() settings { return &rescaling{} },
	"Identity":                 func() settings { return &plain{made: graph.Identity{}} },
	"Add":                      func() settings { return &plain{made: graph.Add{}} },
	"Subtract":                 func() settings { return &plain{made: graph.Subtract{}} },
	"Multiply":                 func() settings { return &plain{made: graph.Multiply{}} },
	"Average":                  func() settings { return &plain{made: graph.Average{}} },
	"Maximum":                  func() settings { return &plain{made: graph.Maximum{}} },
	"Minimum":                  func() settings { return &plain{made: graph.Minimum{}} },
	"Concatenate":              func() settings { return &concatenate{Axis: -1} },
	"LayerNormalization":       func() settings { return &layerNormalization{scaled: plainScaled()} },
	"GroupNormalization":       func() settings { return &groupNormalization{scaled: plainScaled(), Groups: 32} },
	"RMSNormalization":         func() settings { return &rmsNormalization{Epsilon: 1e-6} },
	"UnitNormalization":        func() settings { return &unitNormalization{} },
	"Conv1D":                   func() settings { return &conv1D{UseBias: true, Groups: 1} },
	"Conv1DTranspose":          func() settings { return &conv1DTranspose{UseBias: true} },
	"MaxPooling1D":             func() settings { return &pooling1D{PoolSize: 2, kind: maxPooling} },
	"AveragePooling1D":         func() settings { return &pooling1D{PoolSize: 2, kind: averagePooling} },
	"GlobalAveragePooling1D":   func() settings { return &globalPooling1D{kind: averagePooling} },
	"GlobalMaxPooling1D":       func() settings { return &globalPooling1D{kind: maxPooling} },
	"UpSampling1D":             func() settings { return &upSampling1D{Size: 2} },
	"ZeroPadding1D":            func() settings { return &zeroPadding1D{Padding: ends{1, 1}} },
	"Cropping1D":               func() settings { return &cropping1D{Cropping: ends{1, 1}} },
}

func plainScaled() scaled {
	return scaled{Epsilon: 1e-3, Center: true, Scale: true, Axis: json.RawMessage("-1")}
}

// settingsOf are the settings of a class that are not given; nil for a class that is not known.
func settingsOf(class string) settings {
	if made := classes[class]; made != nil {
		return made()
	}
	return nil
}

// Classes lists the layers of Keras that are read, in the order of their names.
func Classes() []string { return slices.Sorted(maps.Keys(classes)) }

// Functions lists the functions of keras.ops that are read in the place of layers, as operators such as + make them, in the order of their names.
func Functions() []string { return slices.Sorted(maps.Keys(functionLayers)) }
