"""Values computed by Keras in float64, for checking layers, activations, losses and regularizers.

usage: make_fixtures.py OUT.npz     (needs: pip install keras tensorflow-cpu)

  activation/z, activation/NAME, activation/NAME/slope    functions of one value: f(z) and f'(z), kinks included
  rows/z, rows/g, rows/NAME, rows/NAME/gradient           functions of a row: f(z), and the gradient by z of sum(g * f(z))
  CASE/x, CASE/target, CASE/param/I                       a model's inputs and trainable weights, in Keras' order
  CASE/moving/I                                           moving statistics after one step, of one case
  CASE/loss32                                             the loss of y in float32, where that differs
  CASE/y, CASE/loss, CASE/total, CASE/grad/I              output, loss without and with penalties, gradients of the total
The models of the cases are written once more in keras_cases_test.go.
"""
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"; os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np, tensorflow as tf, keras
from keras.src.activations import ALL_OBJECTS_DICT as ACTIVATIONS
from keras import layers as L, regularizers as R, losses as loss

keras.config.set_floatx("float64")
keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
out = {}

ROWS = ["softmax", "log_softmax", "sparsemax"]
SKIP = ROWS + ["glu", "threshold"]
z = np.concatenate([np.linspace(-8, 8, 81), [-3, -1, -0.5, 0, 0.5, 1, 3, 6, -40, 40, -1e-9, 1e-9]])
out["activation/z"] = z
for name in sorted(ACTIVATIONS):
    if name in SKIP: continue
    v = tf.constant(z)
    with tf.GradientTape() as t:
        t.watch(v); y = keras.activations.get(name)(v)
    g = t.gradient(y, v)
    out["activation/" + name] = y.numpy(); out[f"activation/{name}/slope"] = np.ones_like(z) if g is None else g.numpy()
rows = rng.normal(size=(12, 5)) * np.array([0.1, 1, 3])[np.arange(12) % 3, None]
rows[3] = rows[3, 0]   # equal values
weights = rng.normal(size=rows.shape)
out["rows/z"], out["rows/g"] = rows, weights
for name in ROWS:
    v = tf.constant(rows)
    with tf.GradientTape() as t:
        t.watch(v); y = keras.activations.get(name)(v); s = tf.reduce_sum(y * weights)
    out["rows/" + name] = y.numpy(); out[f"rows/{name}/gradient"] = t.gradient(s, v).numpy()

def conv(n=2, **k): return L.Conv2D(n, 3, padding="same", **{"activation": "tanh", **k})
def dense(n=3, **k): return L.Dense(n, **k)
def chain(*layers):
    def f(x):
        for l in layers: x = l(x)
        return x
    return f

def unet(x):
    a = conv(3)(x); b = conv(4)(L.MaxPooling2D(2)(a)); c = conv(2)(b)
    up = L.UpSampling2D(2)(L.Concatenate()([b, c]))
    return conv(1)(L.Concatenate()([up, a, x]))
def residual(x):
    a = conv()(x); b = conv()(a); c = L.Add()([a, b]); d = conv()(c)
    return L.Add()([a, b, c, d, d])
def squeeze(x):
    a = conv(3)(x); s = L.GlobalAveragePooling2D(keepdims=True)(a)
    return conv(1)(L.Multiply()([a, dense(3, activation="sigmoid")(s)]))
def two(layer, n=2):
    def f(x):
        h = conv()(x); return layer([conv(activation="linear")(h) for _ in range(n)])
    return f
def ranks(x):
    a = conv(3)(x); v = dense(3)(L.GlobalMaxPooling2D()(a))
    return L.Subtract()([a, v])
def ties(x):
    a = conv(activation="relu")(x); b = conv(activation="relu")(a)
    return L.Minimum()([L.Maximum()([a, b]), L.Maximum()([b, a, b])])
def shared(x):
    c, n = conv(), L.BatchNormalization(momentum=0.5)
    h = conv()(x); return c(n(c(n(h))))
def joined(axis):
    def f(x):
        a, b = conv()(x), conv()(x)
        return conv()(L.Concatenate(axis=axis)([a, b, a]))
    return f

def conv1(n=2, **k): return L.Conv1D(n, 3, padding="same", **{"activation": "tanh", **k})
def along(*layers): return chain(conv1(4), *layers, conv1())

image, odd, vector, sequence = (6, 4, 1), (7, 5, 2), (6,), (9, 2)
SIGMOID = dict(activation="sigmoid")
CASES = {   # name: (input shape, model, loss)
    "average_pooling_same": (odd, chain(conv(), L.AveragePooling2D(3, 2, "same"), conv()), "mse"),
    "average_pooling_default": (odd, chain(conv(), L.AveragePooling2D(2), conv()), "mse"),
    "average_pooling_overlapping": (odd, chain(conv(), L.AveragePooling2D((3, 2), (1, 2)), conv()), "mse"),
    "global_average_pooling": (image, chain(conv(3), L.GlobalAveragePooling2D(), dense()), "mse"),
    "global_max_pooling": (image, chain(conv(3), L.GlobalMaxPooling2D(keepdims=True), conv()), "mse"),
    "global_max_pooling_ties": (image, chain(conv(3, activation="relu6", bias_initializer=keras.initializers.Constant(-0.5)), L.GlobalMaxPooling2D(), dense()), "mse"),
    "up_sampling_nearest": (image, chain(conv(), L.UpSampling2D((2, 3)), conv()), "mse"),
    "up_sampling_bilinear": (odd, chain(conv(), L.UpSampling2D((3, 2), interpolation="bilinear"), conv()), "mse"),
    "up_sampling_bilinear_4": (image, chain(conv(), L.UpSampling2D(4, interpolation="bilinear"), conv()), "mse"),
    "zero_padding": (image, chain(conv(), L.ZeroPadding2D(((1, 2), (0, 3))), conv()), "mse"),
    "cropping": (odd, chain(conv(), L.Cropping2D(((1, 0), (2, 1))), conv()), "mse"),
    "relu_layer": (image, chain(conv(), L.ReLU(), conv()), "mse"),
    "relu_max": (image, chain(conv(), L.ReLU(max_value=0.4), conv()), "mse"),
    "relu_slope_max": (image, chain(conv(), L.ReLU(max_value=0.4, negative_slope=0.3), conv()), "mse"),
    "relu_all": (image, chain(conv(), L.ReLU(max_value=0.5, negative_slope=0.3, threshold=0.2), conv()), "mse"),
    "prelu": (image, chain(conv(), L.PReLU(alpha_initializer="glorot_uniform"), conv()), "mse"),
    "prelu_shared": (image, chain(conv(), L.PReLU("ones", shared_axes=[1, 2], alpha_regularizer=R.L2(0.1)), conv()), "mse"),
    "prelu_shared_rows": (image, chain(conv(), L.PReLU("ones", shared_axes=[1]), conv()), "mse"),
    "elu_layer": (image, chain(conv(), L.ELU(0.7), conv()), "mse"),
    "softmax_layer": (image, chain(conv(3), L.Softmax(), conv()), "mse"),
    "rescaling": (image, chain(L.Rescaling(1 / 3.0, 0.25), conv(), L.Rescaling([0.5, -2.0], [0.1, 0.2]), conv()), "mse"),
    "dense_on_image": (image, chain(conv(), dense(3, activation="gelu"), dense(2, use_bias=False, activation="softmax")), "mse"),
    "transpose_same": (image, chain(conv(), L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=0, activation="mish")), "mse"),
    "transpose_same_1": (image, chain(conv(), L.Conv2DTranspose(2, (3, 4), strides=(2, 3), padding="same", output_padding=(1, 2))), "mse"),
    "transpose_valid": (image, chain(conv(), L.Conv2DTranspose(2, 3, strides=3, output_padding=(0, 2))), "mse"),
    "batch_normalization": (image, chain(conv(), L.BatchNormalization(scale=False, center=False), conv(), L.BatchNormalization(beta_regularizer="l2", gamma_regularizer="l1")), "mse"),
    "fused_and_not": (image, chain(conv(activation="silu"), conv(activation="leaky_relu"), conv(activation="selu")), "mse"),
    "unet": (image, unet, "mse"), "residual": (image, residual, "mse"), "squeeze": (image, squeeze, "mse"),
    "subtract": (image, two(L.Subtract()), "mse"), "multiply": (image, two(L.Multiply(), 3), "mse"), "average": (image, two(L.Average(), 3), "mse"),
    "maximum": (image, two(L.Maximum(), 3), "mse"), "minimum": (image, two(L.Minimum(), 3), "mse"),
    "ranks": (image, ranks, "mse"), "ties": (image, ties, "mse"), "shared": (image, shared, "mse"),
    "concatenate_1": (image, joined(1), "mse"), "concatenate_2": (image, joined(2), "mse"), "concatenate_last": (image, joined(-1), "mse"),
    "mae": (vector, chain(dense(5, activation="elu"), dense()), loss.MeanAbsoluteError()),
    "huber": (vector, chain(dense(5), dense()), loss.Huber(0.7)),
    "log_cosh": (vector, chain(dense(5), dense(3, kernel_initializer="random_normal")), loss.LogCosh()),
    "crossentropy_sigmoid": (vector, chain(dense(5), dense(3, kernel_initializer=keras.initializers.RandomNormal(0, 20), **SIGMOID)), loss.BinaryCrossentropy(label_smoothing=0.1)),
    "crossentropy_activation": (image, chain(conv(), L.Activation("sigmoid")), loss.BinaryCrossentropy()),
    "crossentropy_limited": (vector, chain(dense(5), dense(4, kernel_initializer=keras.initializers.RandomNormal(0, 20), **SIGMOID), L.Reshape((2, 2))), loss.BinaryCrossentropy(label_smoothing=0.2)),
    "crossentropy_logits": (vector, chain(dense(5), dense()), loss.BinaryCrossentropy(from_logits=True)),
    "regularizers": (image, chain(conv(kernel_regularizer=R.L1(0.01), bias_regularizer=R.L2(0.02), activity_regularizer=R.L1L2(0.03, 0.04)),
        L.Conv2DTranspose(2, 3, activation="softplus", kernel_regularizer=R.L1L2(0.01, 0.02), activity_regularizer="l2"),
        dense(2, kernel_regularizer="l2", activity_regularizer="l1")), "mae"),
    "depthwise": (odd, chain(conv(3), L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="tanh"), conv()), "mse"),
    "depthwise_strided": (odd, chain(conv(3), L.DepthwiseConv2D((3, 2), strides=2, padding="valid", activation="elu", use_bias=False, depthwise_regularizer=R.L2(0.1)), conv()), "mse"),
    "depthwise_dilated": (odd, chain(conv(3), L.DepthwiseConv2D((2, 3), dilation_rate=2, padding="same", bias_regularizer=R.L1(0.1)), conv()), "mse"),
    "separable": (odd, chain(conv(3), L.SeparableConv2D(4, 3, padding="same", depth_multiplier=2, activation="tanh", depthwise_regularizer=R.L2(0.1), pointwise_regularizer=R.L1(0.1)), conv()), "mse"),
    "separable_strided": (odd, chain(conv(3), L.SeparableConv2D(2, (3, 2), strides=2, use_bias=False, activation="gelu", activity_regularizer=R.L2(0.1)), conv()), "mse"),
    "groups": (odd, chain(conv(4), L.Conv2D(6, 3, groups=2, padding="same", activation="relu"), conv()), "mse"),
    "groups_strided": (odd, chain(conv(6), L.Conv2D(3, (3, 2), groups=3, strides=2), conv()), "mse"),
    "transpose_dilated": (image, chain(conv(), L.Conv2DTranspose(3, 3, dilation_rate=2, padding="same", activation="tanh"), L.Conv2DTranspose(2, (2, 3), dilation_rate=(2, 3))), "mse"),
    "conv1d": (sequence, along(L.Conv1D(3, 3, strides=2, activation="relu")), "mse"),
    "conv1d_same": (sequence, along(L.Conv1D(3, 4, dilation_rate=2, padding="same", groups=1, kernel_regularizer=R.L2(0.1))), "mse"),
    "conv1d_causal": (sequence, along(L.Conv1D(3, 3, dilation_rate=2, padding="causal"), L.Conv1D(3, 2, strides=2, padding="causal", use_bias=False)), "mse"),
    "conv1d_groups": (sequence, along(L.Conv1D(6, 3, groups=2)), "mse"),
    "conv1d_transpose": (sequence, along(L.Conv1DTranspose(3, 3, strides=2, padding="same", activation="tanh"), L.Conv1DTranspose(2, 4, strides=3)), "mse"),
    "conv1d_transpose_more": (sequence, along(L.Conv1DTranspose(3, 3, strides=3, padding="same", output_padding=1), L.Conv1DTranspose(2, 2, strides=2, output_padding=1, use_bias=False)), "mse"),
    "max_pooling1d": (sequence, along(L.MaxPooling1D(), conv1(), L.MaxPooling1D(3, strides=2, padding="same")), "mse"),
    "average_pooling1d": (sequence, along(L.AveragePooling1D(2), conv1(), L.AveragePooling1D(3, strides=2, padding="same")), "mse"),
    "global_average_pooling1d": (sequence, chain(conv1(3), L.GlobalAveragePooling1D(), dense()), "mse"),
    "global_max_pooling1d": (sequence, chain(conv1(3), L.GlobalMaxPooling1D(keepdims=True), dense()), "mse"),
    "up_sampling1d": (sequence, along(L.UpSampling1D(), conv1(), L.UpSampling1D(3)), "mse"),
    "border1d": (sequence, along(L.ZeroPadding1D((2, 1)), L.Cropping1D((0, 3))), "mse"),
    "permute": (odd, chain(conv(3), L.Permute((3, 1, 2)), conv(), L.Permute((2, 1, 3))), "mse"),
    "layer_normalization": (odd, chain(conv(3), L.LayerNormalization(gamma_regularizer=R.L2(0.1), beta_regularizer=R.L1(0.1)), conv()), "mse"),
    "layer_normalization_axes": (odd, chain(conv(3), L.LayerNormalization(axis=[1, -1], epsilon=0.1, center=False), conv(), L.LayerNormalization(axis=2, scale=False)), "mse"),
    "group_normalization": (odd, chain(conv(6), L.GroupNormalization(3, gamma_regularizer=R.L2(0.1), beta_regularizer=R.L1(0.1)), conv(), L.GroupNormalization(-1, epsilon=0.1, scale=False)), "mse"),
    "unit_normalization": (odd, chain(conv(3), L.UnitNormalization(), conv(), L.UnitNormalization(axis=[1, 2])), "mse"),
    "rms_normalization": (odd, chain(conv(3), L.RMSNormalization(), conv(), L.RMSNormalization(axis=[2, 3], epsilon=0.1)), "mse"),
    "up_sampling_bicubic": (odd, chain(conv(), L.UpSampling2D((3, 2), interpolation="bicubic"), conv()), "mse"),
    "adaptive_pooling": (odd, chain(conv(), L.AdaptiveAveragePooling2D((4, 3)), conv(), L.AdaptiveMaxPooling2D(2)), "mse"),
    "repeat_vector": (vector, chain(dense(), L.RepeatVector(4), conv1(), L.Permute((2, 1))), "mse"),
}
for name, (shape, build, loss_of) in CASES.items():
    i = keras.Input(shape); m = keras.Model(i, build(i))
    for v in m.trainable_variables: v.assign(v.numpy() + 0.2 * rng.normal(size=v.shape))
    x = rng.normal(size=(3,) + shape)
    target = rng.normal(size=(3,) + tuple(m.output_shape[1:]))
    if "crossentropy" in name: target = rng.uniform(size=target.shape).round(1)
    loss_of = keras.losses.get(loss_of)
    call = tf.function(lambda x: m(x, training=True), jit_compile=True) if "dilated" in name else lambda x: m(x, training=True)   # TensorFlow's own kernels for CPUs cannot dilate transposed convolutions
    with tf.GradientTape() as t:
        y = call(tf.constant(x))
        l = tf.reduce_mean(loss_of(target, y)); total = tf.add_n([l] + m.losses)
    grads = t.gradient(total, m.trainable_variables)
    out.update({f"{name}/x": x, f"{name}/target": target, f"{name}/y": y.numpy(), f"{name}/loss": l.numpy(), f"{name}/total": total.numpy()})
    if name == "crossentropy_limited":   # the limit 1-1e-7 is another number in float32
        keras.config.set_floatx("float32")
        out[f"{name}/loss32"] = tf.reduce_mean(loss.BinaryCrossentropy(label_smoothing=0.2)(target.astype("float32"), tf.cast(y, "float32"))).numpy().astype("float64")
        keras.config.set_floatx("float64")
    if name == "shared":
        for k, v in enumerate(m.non_trainable_variables): out[f"{name}/moving/{k}"] = v.numpy()
    for k, (v, g) in enumerate(zip(m.trainable_variables, grads)): out[f"{name}/param/{k}"] = v.numpy(); out[f"{name}/grad/{k}"] = g.numpy()
np.savez_compressed(sys.argv[1], **out)
print(len(CASES), "cases,", os.path.getsize(sys.argv[1]), "bytes")
