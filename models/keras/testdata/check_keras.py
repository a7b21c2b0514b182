"""Checks the program against the real Keras: models of many kinds, their traces, and what comes back after a round trip.

usage: check_keras.py [--only NAME,...] [--random 20] [--keep DIR] [--write]     (called by `make check-keras`)

For every model, with float64 Keras as the reference:
  trace     `dcae trace` agrees: outputs 1e-5, gradients 1e-4 of their own norm or 1e-5 of all, 20 losses 1e-3, weights after them 5e-3,
            moving statistics 1e-4. A gradient that is off counts only if Keras' own float32 is not off there by half as much or more,
            and what the steps end with only if Keras' float32 is within the bounds everywhere; both are told in any case
  again     Keras loads what the program read and wrote, without a warning, and predicts the same to 1e-5
  anew      the same with a config made from the graph, with the same settings of all layers
  go on     5 steps there, 5 steps here, 5 steps there end with the losses and weights of 15 steps there (train_on_batch, as compiled)
  training  after an epoch of `dcae train` Keras finds the held-out loss that was reported, to 1e-4
  h5        the same model in a whole-model HDF5 file has the same trace, and models that Keras 2 wrote so (keras2_models.py) the traces that it
            computes; they predict the same when Keras 3 loads what the program made of them, and go on as there
  code      every optimizer, schedule and loss, as it is printed as code, is what Keras reads from the config that is written for it
Models that draw at random have no trace and do not go on. Then there are models that the program must refuse, each with one line
that names what it cannot do: they would be trained in another way than Keras does.
With --write it also leaves some of the models in experiments/saved/testdata, with what Keras computed, for the tests that need no Keras:
NAME.keras and NAME.npz without layers' outputs; shared.h5, pretrained.h5 and continued.h5; keras2_NAME.h5 and .npz, and after 5 steps keras2_NAME_on.h5 and .npz; continued.keras after 5 steps, and the losses of the next 5 in continued.npz.
Keras lives in a virtual environment outside of the repository (DCAE_PEERS, default ~/.cache/dcae-peers), made on first use.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import venv
import warnings

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent
peers = pathlib.Path(os.environ.get("DCAE_PEERS", pathlib.Path.home() / ".cache" / "dcae-peers"))
python = peers / "bin" / "python"
if pathlib.Path(sys.prefix).resolve() != peers.resolve():
    if not python.exists():
        print(f"setting up Keras in {peers}", file=sys.stderr)
        venv.create(peers, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "tensorflow-cpu", "tf_keras"], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    environment.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], env=environment).returncode)

import keras
import numpy as np
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--only", default="")
parser.add_argument("--random", type=int, default=20)
parser.add_argument("--keep", default="")
parser.add_argument("--write", action="store_true")
args = parser.parse_args()
L, O, Sched, R, S = keras.layers, keras.optimizers, keras.optimizers.schedules, keras.regularizers, "same"


def seq(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


def unet(shape=(20, 14, 3), join=L.Concatenate):
    i = keras.Input(shape)
    a = L.Conv2D(8, 3, padding=S, activation="relu")(i)
    b = L.Conv2D(12, 3, strides=2, padding=S, activation="relu")(a)
    b = L.BatchNormalization()(b)
    u = L.Conv2DTranspose(8, 3, strides=2, padding=S, activation="relu")(b)
    return keras.Model(i, L.Conv2D(shape[2], 1, activation="sigmoid")(join()([u, a])))


def nested(shape=(16, 16, 3)):
    """A Sequential and a Functional in a Functional in a Sequential, with layers of one name in several of them."""
    i = keras.Input(shape)
    enc = keras.Model(i, L.Conv2D(10, 3, strides=2, padding=S, activation="relu", name="conv")(i), name="encoder")
    dec = keras.Sequential([keras.Input((8, 8, 10)), L.BatchNormalization(name="bn"), L.Conv2DTranspose(shape[2], 3, strides=2, padding=S, name="conv")], name="decoder")
    x = keras.Input(shape)
    return keras.Sequential([keras.Input(shape), keras.Model(x, dec(enc(x)), name="both"), L.Conv2D(shape[2], 3, padding=S, name="last")])


def shared():
    """One layer called twice, a model called twice, and its output joined by every merging layer."""
    i = keras.Input((9, 7, 2))
    conv = L.Conv2D(2, 3, padding=S, activation="tanh")
    inner = keras.Sequential([keras.Input((9, 7, 2)), L.Conv2D(2, 1, activation="softplus"), L.BatchNormalization()])
    a, b = conv(i), conv(conv(i))
    c, d = inner(a), inner(b)
    h = L.Add()([L.Subtract()([a, b]), L.Multiply()([c, d]), L.Average()([a, c])])
    h = L.Concatenate()([h, L.Maximum()([a, d]), L.Minimum()([b, c])])
    return keras.Model(i, L.Dense(2)(h))


def frozen():
    """The first layers are not trained."""
    return seq((12, 12, 1), L.Conv2D(6, 3, padding=S, activation="elu", trainable=False), L.Dense(6, activation="tanh", trainable=False),
               L.Conv2D(4, 3, padding=S), L.BatchNormalization(trainable=False), L.MaxPooling2D(2), L.UpSampling2D(2), L.BatchNormalization(),
               L.Conv2D(1, 3, padding=S, trainable=False), L.PReLU())


def every_layer():
    return seq((13, 11, 3), L.Rescaling([2.0, 1.5, 1.0], offset=[-1.0, 0.5, 0.25]), L.ZeroPadding2D(((1, 2), (0, 3))), L.Conv2D(6, (3, 2), dilation_rate=2),
               L.PReLU(shared_axes=[1, 2], alpha_initializer="ones"), L.Cropping2D(((1, 0), (2, 1))), L.BatchNormalization(scale=False), L.UpSampling2D((2, 1), interpolation="bilinear"),
               L.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.05), L.AveragePooling2D((3, 2), strides=2, padding=S), L.BatchNormalization(center=False, momentum=0.5),
               L.Conv2DTranspose(5, 3, strides=2, output_padding=1), L.ELU(0.7), L.Identity(), L.MaxPooling2D(3, strides=2, padding="valid"), L.Dense(4, activation="gelu"), L.Softmax(),
               L.Reshape((-1, 4)), L.Flatten(), L.Dense(13 * 11 * 3, use_bias=False), L.Activation("hard_sigmoid"), L.LeakyReLU(0.0), L.Reshape((13, 11, 3)))


def regularized():
    """Penalties take part in training, but not in a trace."""
    return seq((10, 8, 3), L.Conv2D(6, 3, padding=S, activation="relu", kernel_regularizer=R.L2(0.02), bias_regularizer=R.L1(0.05), activity_regularizer=R.L2(0.01)),
               L.BatchNormalization(gamma_regularizer=R.L2(0.1)), L.PReLU(alpha_regularizer=R.L1L2(0.01, 0.02)), L.Conv2DTranspose(4, 3, padding=S, kernel_regularizer=R.L1L2(0.001, 0.01)),
               L.Dense(3, activation="elu", activity_regularizer=R.L1(0.01), kernel_regularizer=R.L2(0.05)))


def activation_objects():
    return seq((10, 8, 3), L.Conv2D(6, 3, padding=S, activation=L.LeakyReLU(0.15)), L.BatchNormalization(), L.Conv2D(5, 3, strides=2, padding=S, activation=L.ELU(0.5)),
               L.Conv2DTranspose(4, 3, strides=2, padding=S, activation=L.ReLU(max_value=2.0)), L.Dense(3, activation=L.Activation("softplus")))


def pooled():
    i = keras.Input((11, 9, 3))
    h = L.Conv2D(7, 3, activation="silu")(i)
    g = L.Multiply()([h, L.GlobalAveragePooling2D(keepdims=True)(h)])
    code = L.Dense(6)(L.Concatenate()([L.GlobalMaxPooling2D()(h), L.GlobalAveragePooling2D()(g)]))
    return keras.Model(i, L.Reshape((11, 9, 3))(L.Dense(11 * 9 * 3)(code)))


def small(shape=(10, 12, 1), last="linear"):
    return seq(shape, L.Conv2D(8, 3, strides=2, padding=S, activation="relu"), L.BatchNormalization(), L.Flatten(), L.Dense(16, activation="tanh"),
               L.Dense(5 * 6 * 8, activation="relu"), L.Reshape((5, 6, 8)), L.Conv2DTranspose(shape[2], 3, strides=2, padding=S, activation=last))


def strided(h=27, w=31):
    """Strides on odd sizes, same and valid, and back by output_padding."""
    return seq((h, w, 3), L.Conv2D(6, 3, strides=2, activation="relu"), L.Conv2D(8, (2, 3), strides=(3, 2), padding=S, activation="elu"), L.Conv2D(5, (1, 4), strides=(1, 2), padding=S),
               L.Conv2DTranspose(6, 3, strides=(1, 2), padding=S, output_padding=(0, 1), activation="relu"), L.Conv2DTranspose(7, 3, strides=(3, 2), padding="valid", activation="tanh"),
               L.Conv2DTranspose(4, (2, 3), strides=2, padding="valid", output_padding=1), L.Cropping2D(((2, 3), (1, 3))), L.Conv2D(3, 2, activation="sigmoid"))


def dilated():
    return seq((19, 16, 3), L.Conv2D(5, 3, dilation_rate=2, padding=S, activation="relu"), L.Conv2D(6, (3, 2), dilation_rate=(3, 2), activation="softplus"), L.Conv2D(4, 3, dilation_rate=(1, 3), padding=S),
               L.Conv2DTranspose(4, 5, activation="elu"), L.UpSampling2D((1, 2), interpolation="bilinear"), L.Conv2D(3, 3, dilation_rate=2))


def stride3(padding):
    return seq((14, 11, 1), L.Conv2D(6, 4, strides=3, padding=padding, activation="relu"), L.BatchNormalization(epsilon=1e-5, momentum=0.6), L.Conv2DTranspose(5, 4, strides=3, padding=padding, activation="selu"),
               L.Conv2DTranspose(3, 5, strides=(2, 3), padding=padding, output_padding=(1, 2) if padding == S else None), L.Conv2D(1, 1))


def deep_unet(shape=(27, 31, 3)):
    i = keras.Input(shape)
    left, x = [], i
    for f in (6, 8, 10):
        x = L.BatchNormalization()(L.Conv2D(f, 3, padding=S, activation="relu", kernel_initializer="he_uniform")(x))
        left.append(x)
        x = L.MaxPooling2D(2, padding=S)(x)
    x = L.Conv2D(9, 3, padding=S, activation="swish")(x)
    for f, side in zip((8, 6, 5), reversed(left)):
        x = L.UpSampling2D(2)(x)
        x = L.Cropping2D(((0, x.shape[1] - side.shape[1]), (0, x.shape[2] - side.shape[2])))(x)
        x = L.Conv2D(f, 3, padding=S, activation="relu")(L.Concatenate()([x, side]))
    return keras.Model(i, L.Conv2D(shape[2], 1, activation="sigmoid")(x))


def operators(shape=(9, 8, 3)):
    """Functions of keras.ops in the place of layers, as operators make them."""
    i = keras.Input(shape)
    a, b = L.Conv2D(3, 3, padding=S, activation="relu")(i), L.Conv2D(3, 1)(i)
    gate = L.Dense(3, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(a))
    h = (a + b) * gate - i
    h = keras.ops.concatenate([keras.ops.maximum(h, a), keras.ops.minimum(h, b), L.Add()([h, i])], axis=-1)
    return keras.Model(i, L.Conv2D(3, 1)(h) + i)


def thrice(shape=(10, 9, 3)):
    """A Sequential in a Functional in a Functional in a Functional, all with the same names of layers."""
    def block(x, k):
        inner = keras.Sequential([keras.Input(x.shape[1:]), L.Conv2D(6, 3, padding=S, activation="relu", name="conv"), L.BatchNormalization(name="norm"), L.PReLU(shared_axes=[1, 2], name="act")], name="block")
        i = keras.Input(x.shape[1:])
        middle = keras.Model(i, L.Conv2D(3, 1, name="conv")(L.Concatenate(name="join")([i, inner(i)])), name=f"middle_{k}")
        return middle(x)
    i = keras.Input(shape)
    a = keras.Input(shape)
    outer = keras.Model(a, block(block(a, 0), 1), name="outer")
    return keras.Model(i, L.Conv2D(3, 3, padding=S, name="conv")(L.Add(name="join")([outer(i), i])))


def pretrained():
    """A frozen encoder whose last layer is trained again, and a frozen decoder with batch normalization."""
    i = keras.Input((12, 12, 3))
    enc = keras.Model(i, L.Conv2D(8, 3, strides=2, padding=S, name="last")(L.Conv2D(6, 3, padding=S, activation="relu", name="first")(i)), name="enc")
    enc.trainable = False
    enc.get_layer("last").trainable = True
    dec = keras.Sequential([keras.Input((6, 6, 8)), L.BatchNormalization(), L.UpSampling2D(), L.Conv2D(4, 3, padding=S, activation="relu")], name="dec")
    dec.trainable = False
    o = keras.Input((12, 12, 3))
    return keras.Model(o, L.Conv2D(3, 3, padding=S)(dec(enc(o))))


def partly_frozen():
    """trainable=False of a Sequential counts for nothing where its layers say otherwise, as Keras reads them."""
    m = seq((8, 8, 2), L.Conv2D(4, 3, padding=S, activation="relu"), L.BatchNormalization(), L.Conv2D(2, 3, padding=S))
    m.trainable = False
    m.layers[-1].trainable = True
    return m


def normalizations():
    n = L.BatchNormalization
    uniform = keras.initializers.RandomUniform
    return seq((9, 7, 3), n(scale=False, center=False), L.Conv2D(6, 3, padding=S), n(gamma_initializer=uniform(0.5, 1.5), beta_initializer="normal", momentum=0.0), L.ReLU(), L.Conv2D(5, 3, padding=S),
               n(epsilon=0.1, moving_mean_initializer=keras.initializers.Constant(0.25), moving_variance_initializer=uniform(1, 2)), L.Activation("swish"), L.Dense(4), n(scale=False, momentum=0.5), L.Flatten(),
               L.Dense(20), n(center=False), L.Dense(9 * 7 * 3), L.Reshape((9, 7, 3)))


def rectifiers():
    p = lambda *axes, **k: L.PReLU(shared_axes=list(axes) or None, alpha_initializer=keras.initializers.RandomUniform(0, 0.5), **k)
    return seq((6, 7, 3), L.Dense(5), p(), L.Dense(5), p(1), L.Dense(5), p(2, 3), L.Dense(5), p(1, 2), L.Dense(5), p(1, 2, 3), L.Dense(5), L.ReLU(max_value=1.5), L.Dense(5), L.ReLU(negative_slope=0.2, threshold=0.1),
               L.Dense(5), L.ReLU(threshold=0.3), L.Dense(5), L.LeakyReLU(0.05), L.Dense(5), L.ELU(1.4), L.Dense(5), L.ReLU(0.8, 0.1, 0.2), L.Dense(3))


def wrapped():
    """Activations given as layers, in layers, in an Activation, and an Activation in an Activation."""
    return seq((8, 7, 3), L.Conv2D(6, 3, activation=L.Activation(L.LeakyReLU(0.1))), L.Activation(L.ELU(0.4)), L.Conv2D(5, 3, padding=S, activation=L.Softmax()), L.Dense(4, activation=L.ReLU(negative_slope=0.2, threshold=0.1)),
               L.BatchNormalization(axis=3), L.Activation(L.Activation("mish")), L.Conv2DTranspose(3, 3, activation=L.Identity()), L.Activation(L.Activation(L.ReLU(max_value=0.7))))


def deferred():
    """Sequentials without an Input, which get their shape when they are called."""
    inner = keras.Sequential([L.Conv2D(6, 3, padding=S, activation="relu"), L.BatchNormalization(), L.MaxPooling2D()], name="inner")
    m = keras.Sequential([inner, L.UpSampling2D(), L.Conv2D(3, 3, padding=S)])
    m.build((None, 10, 8, 3))
    return m


def fixed_batch():
    i = keras.Input((9, 9, 3), batch_size=8)
    h = L.Conv2D(6, 3, strides=2, padding=S, activation="relu")(i)
    return keras.Model(i, L.Conv2D(3, 2, padding=S)(L.ZeroPadding2D(((0, 0), (1, 0)))(L.Cropping2D(((0, 1), (2, 0)))(L.UpSampling2D(2)(h)))))


def autoencoder():
    """Encoder and decoder as models of their own, which are called one on the other."""
    i, c = keras.Input((14, 14, 1)), keras.Input((6,))
    enc = keras.Model(i, L.Dense(6)(L.Flatten()(L.Conv2D(5, 3, strides=2, padding=S, activation="gelu")(i))), name="encoder")
    dec = keras.Model(c, L.Conv2DTranspose(1, 3, strides=2, padding=S, activation="sigmoid")(L.Reshape((7, 7, 4))(L.Dense(7 * 7 * 4, activation="gelu")(c))), name="decoder")
    return keras.Model(i, dec(enc(i)))


def dense_net():
    """Every layer takes the outputs of all before it."""
    i = keras.Input((11, 7, 3))
    seen = [i]
    for k in (4, 3, 5):
        h = L.BatchNormalization()(L.Concatenate()(seen) if len(seen) > 1 else i)
        seen.append(L.Conv2D(k, 3, padding=S, use_bias=False)(L.ReLU()(h)))
    return keras.Model(i, L.Conv2D(3, 1)(L.Concatenate(axis=3)(seen)))


def two_tensors(shape=(12, 10, 3)):
    """An encoder of two outputs and a decoder of two inputs, each a model."""
    i = keras.Input(shape)
    a = L.Conv2D(6, 3, padding=S, activation="relu")(i)
    enc = keras.Model(i, [L.Conv2D(8, 3, strides=2, padding=S, activation="relu")(a), a], name="enc")
    code, skip = keras.Input((6, 5, 8)), keras.Input((12, 10, 6))
    dec = keras.Model([skip, code], L.Conv2D(3, 3, padding=S)(L.Concatenate()([L.Conv2DTranspose(6, 3, strides=2, padding=S)(code), skip])), name="dec")
    o = keras.Input(shape)
    c, s = enc(o)
    return keras.Model(o, dec([s, c]))


def initializers():
    """Every initializer of Keras but STFT, which fits Conv1D alone."""
    K = keras.initializers
    given = [K.Constant(0.1), K.GlorotNormal(), K.GlorotUniform(), K.HeNormal(), K.HeUniform(), K.Identity(0.5), K.LecunNormal(), K.LecunUniform(), K.Ones(), K.Orthogonal(2.0), K.RandomNormal(0.1, 0.2), K.RandomUniform(-0.2, 0.3),
             K.TruncatedNormal(0.1, 0.2), K.VarianceScaling(3.0, "fan_out", "untruncated_normal"), K.VarianceScaling(0.5, "fan_avg", "uniform"), K.VarianceScaling(2, "fan_in", "truncated_normal"), K.Zeros(), "normal", "uniform", "zero", "one", "identity"]
    i = keras.Input((3, 2, 4))
    return keras.Model(i, L.Dense(4)(L.Concatenate()([L.Dense(4, kernel_initializer=k, activation="tanh")(i) for k in given])))


def gated():
    """glu halves the channels, which Keras' own shapes do not know; pooling does not mind."""
    return seq((8, 6, 2), L.Conv2D(6, 3, padding=S, activation="relu"), L.Conv2D(4, 3, padding=S, activation="glu"), L.MaxPooling2D(), L.UpSampling2D())


def gated_layer():
    return seq((8, 6, 2), L.Dense(6, activation="tanh"), L.Conv2D(4, 3, padding=S), L.Activation("glu"))


def ranks():
    """Dense layers on two, three and four axes, and softmax in between."""
    return seq((6, 5, 4), L.Dense(7, activation="gelu"), L.Reshape((30, 7)), L.Dense(6, activation="softmax"), L.BatchNormalization(), L.Flatten(), L.Dense(24, activation="relu"), L.Reshape((4, 6)), L.Dense(30, use_bias=False), L.Reshape((6, 5, 4)))


def vector():
    return seq((20,), L.Dense(12, activation="relu"), L.BatchNormalization(), L.Dense(3, activation="tanh"), L.Dense(12, activation="leaky_relu"), L.Dense(20, activation="sigmoid"))


def random_layers():
    return seq((9, 8, 3), L.GaussianNoise(0.1), L.Conv2D(6, 3, padding=S, activation="relu"), L.SpatialDropout2D(0.3), L.Dropout(0.2), L.Conv2D(3, 3, padding=S))


def unusual_names():
    """Names that Keras takes, and that could be taken for paths of ours; one name in two models."""
    i = keras.Input((7, 6, 2), name="in.put")
    inner = lambda name: keras.Sequential([keras.Input((7, 6, 2)), L.Conv2D(2, 3, padding=S, name="activation"), L.Conv2D(2, 1, name="vars")], name=name)
    return keras.Model(i, L.Conv2D(2, 1, name="conv2d_7")(L.Add(name="layers")([inner("kernel")(i), inner("0")(i)])), name="model.weights.h5")


def interpolated():
    u = lambda *size: L.UpSampling2D(size, interpolation="bilinear")
    return seq((5, 4, 3), L.Conv2D(4, 3, padding=S, activation="relu"), u(2, 3), L.Conv2D(4, 3, padding=S, activation="relu"), u(3, 1), L.AveragePooling2D((3, 2), padding=S), L.Conv2D(4, (4, 2)), u(1, 2), L.MaxPooling2D((1, 2), strides=(2, 1), padding=S), L.Conv2D(3, 2))


def mobile(shape=(12, 11, 3)):
    """Convolutions by channel and in groups."""
    i = keras.Input(shape)
    h = L.Conv2D(8, 3, padding=S, activation="relu")(i)
    h = L.BatchNormalization()(L.DepthwiseConv2D(3, strides=2, padding=S, depth_multiplier=2, activation="relu", depthwise_initializer="he_normal")(h))
    h = L.SeparableConv2D(12, (3, 2), padding=S, depth_multiplier=2, activation="tanh", pointwise_initializer="lecun_normal", bias_initializer="ones", depthwise_regularizer=R.L2(0.01), pointwise_regularizer=R.L1(0.001))(h)
    h = L.Add()([h, L.Conv2D(12, 3, groups=3, padding=S, activation="gelu")(h)])
    h = L.Cropping2D(((0, 0), (1, 0)))(L.DepthwiseConv2D((3, 2), use_bias=False, padding=S, dilation_rate=2, depthwise_regularizer="l2")(L.UpSampling2D(2)(h)))
    return keras.Model(i, L.Conv2D(3, 1)(L.SeparableConv2D(6, 3, use_bias=False, padding=S)(h)))


def signal(shape=(24, 2)):
    """An autoencoder of sequences."""
    return seq(shape, L.Conv1D(6, 5, padding="causal", activation="relu"), L.MaxPooling1D(2), L.BatchNormalization(), L.Conv1D(8, 3, strides=2, padding=S, activation="tanh"), L.Conv1D(8, 3, groups=2, dilation_rate=2, padding=S),
               L.ZeroPadding1D((1, 0)), L.AveragePooling1D(3, strides=2, padding=S), L.UpSampling1D(3), L.Conv1DTranspose(5, 3, strides=2, padding=S, activation="elu"), L.Cropping1D((0, 2)), L.Conv1DTranspose(4, 3, use_bias=False, kernel_regularizer="l2"), L.Conv1D(2, 3, padding=S))


def summary_of_signal():
    return seq((12, 3), L.Conv1D(6, 3, activation="relu"), L.GlobalAveragePooling1D(), L.Dense(5, activation="tanh"), L.RepeatVector(12), L.Conv1D(3, 3, padding=S))


def moved(shape=(6, 5, 4)):
    """Axes in another order."""
    return seq(shape, L.Conv2D(3, 3, padding=S, activation="relu"), L.Permute((3, 1, 2)), L.Dense(5, activation="tanh"), L.Permute((2, 3, 1)), L.Flatten(), L.Dense(10), L.RepeatVector(6), L.Permute((2, 1)), L.GlobalMaxPooling1D(keepdims=True), L.Flatten(),
               L.Dense(120), L.Reshape(shape))


def normalized_alone(shape=(10, 9, 3)):
    """Normalizations of each image alone."""
    uniform = keras.initializers.RandomUniform
    return seq(shape, L.Conv2D(6, 3, padding=S), L.GroupNormalization(3, gamma_initializer=uniform(0.5, 1.5)), L.ReLU(), L.Conv2D(8, 3, strides=2, padding=S), L.LayerNormalization(axis=[1, 2, 3], beta_initializer=uniform(-1, 1), epsilon=1e-5), L.Activation("gelu"),
               L.Conv2D(4, 3, padding=S), L.UnitNormalization(), L.Dense(6), L.LayerNormalization(center=False, gamma_regularizer="l2"), L.Conv2DTranspose(4, 3, strides=2, padding=S), L.GroupNormalization(-1, scale=False), L.RMSNormalization(axis=[2, 3], epsilon=0.01), L.Cropping2D(((0, 0), (0, 1))),
               L.UnitNormalization(axis=[1, 2]), L.Conv2D(3, 3, padding=S))


def told_training():
    """Keras 3 tells each layer in fit anew whether it is training, whatever it was called with."""
    i = keras.Input((8, 8, 2))
    inner = seq((8, 8, 2), L.Conv2D(2, 3, padding=S), L.BatchNormalization())
    return keras.Model(i, L.Conv2D(2, 3, padding=S)(inner(L.BatchNormalization()(L.Conv2D(2, 3, padding=S)(i), training=False), training=False)))


def four_axes():
    """An input of four axes, which no layer here takes but those that arrange axes and Dense."""
    return seq((2, 5, 4, 3), L.Dense(4, activation="relu"), L.Reshape((10, 16)), L.Conv1D(6, 3, padding=S, activation="tanh"), L.Dense(12), L.Reshape((2, 5, 4, 3)))


def adaptive(shape=(11, 13, 3)):
    return seq(shape, L.Conv2D(6, 3, padding=S, activation="relu"), L.Softmax(axis=1), L.Softmax(axis=[2]), L.AdaptiveAveragePooling2D((5, 4)), L.Conv2D(6, 3, padding=S, activation="tanh"), L.UpSampling2D((3, 4), interpolation="bicubic"), L.AdaptiveMaxPooling2D((11, 13)), L.Conv2D(3, 3, padding=S))


def one_pixel():
    return seq((8, 8, 3), L.Conv2D(8, 8, activation="relu"), L.Conv2DTranspose(6, 4, activation="relu"), L.Conv2DTranspose(3, 2, strides=2))


def bottleneck():
    """Squeeze and excitation, and the code added to every pixel."""
    i = keras.Input((10, 12, 3))
    h = L.Conv2D(8, 3, padding=S, activation="hard_silu")(i)
    g = L.Dense(8, activation="hard_sigmoid")(L.Dense(2, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(h)))
    h = L.Multiply()([h, g])
    code = L.Dense(8)(L.Flatten()(L.Conv2D(2, 5, strides=3)(h)))
    return keras.Model(i, L.Conv2D(3, 1)(L.Add()([h, L.Reshape((1, 1, 8))(code)])))


def penalized():
    """Regularizers on shared and frozen layers, too."""
    i = keras.Input((8, 8, 2))
    conv = L.Conv2D(2, 3, padding=S, activation="tanh", kernel_regularizer=R.L1L2(0.01, 0.05), activity_regularizer=R.L1(0.01))
    h = conv(conv(i))
    h = L.Conv2D(3, 3, padding=S, kernel_regularizer=R.L2(0.5), trainable=False)(h)
    return keras.Model(i, L.Dense(2, bias_regularizer=R.L2(0.1), kernel_regularizer="l2")(L.BatchNormalization(beta_regularizer="l1")(h)))


activations = ["elu", "selu", "gelu", "silu", "softplus", "softsign", "exponential", "hard_sigmoid", "hard_silu", "relu6", "mish", "softmax", "log_softmax", "celu",
               "hard_tanh", "tanh_shrink", "squareplus", "sparse_plus", "sparsemax", "sparse_sigmoid", "log_sigmoid", "hard_shrink", "soft_shrink", "leaky_relu", "relu", "tanh", "sigmoid"]


def chain_of(names):
    layers = []
    for n in names:
        layers += [L.Dense(5, activation=n), L.BatchNormalization(momentum=0.8)]
    return seq((6, 5, 2), *layers, L.Dense(2))


def random_model(seed):
    """A convolutional autoencoder of random size, depth, activations, with or without skips and nesting; and how to train it."""
    r = random.Random(seed)
    h, w, c = r.randint(7, 33), r.randint(7, 33), r.choice([1, 3])
    act = lambda: r.choice(["relu", "relu", "elu", "tanh", "selu", "gelu", "swish", "leaky_relu", "sigmoid", "softplus", "mish"])
    init = lambda: r.choice(["glorot_uniform", "he_normal", "lecun_normal", "orthogonal", "he_uniform", "random_normal"])
    skips, norm, levels = r.random() < 0.5, r.random() < 0.6, r.randint(1, 3)

    def make():
        i = keras.Input((h, w, c))
        x, left = i, []
        for level in range(levels):
            x = L.Conv2D(r.randint(2, 9) * 2, r.choice([1, 2, 3, 5]), padding=S, activation=act(), kernel_initializer=init())(x)
            if norm:
                x = L.BatchNormalization(momentum=r.choice([0.9, 0.99]))(x)
            left.append(x)
            if r.random() < 0.5:
                x = r.choice([L.MaxPooling2D, L.AveragePooling2D])(2, padding=S)(x)
            else:
                x = L.Conv2D(r.randint(3, 17), 3, strides=2, padding=S, activation=act())(x)
        if r.random() < 0.4:
            shape = x.shape[1:]
            x = L.Dense(r.randint(4, 20), activation=act())(L.Flatten()(x))
            x = L.Reshape(shape)(L.Dense(int(np.prod(shape)), activation=act())(x))
        for side in reversed(left):
            f = r.randint(2, 9)
            x = L.Conv2DTranspose(f, r.choice([2, 3, 4]), strides=2, padding=S, activation=act())(x) if r.random() < 0.6 else L.Conv2D(f, 3, padding=S, activation=act())(L.UpSampling2D(2)(x))
            dh, dw = x.shape[1] - side.shape[1], x.shape[2] - side.shape[2]
            if dh or dw:
                x = L.Cropping2D(((0, dh), (dw, 0)))(x)
            if skips:
                x = L.Concatenate()([x, side]) if r.random() < 0.5 else L.Add()([x, L.Conv2D(f, 1)(side)])
        body = keras.Model(i, L.Conv2D(c, 3, padding=S, activation=r.choice(["linear", "sigmoid", "tanh"]))(x), name="body")
        if r.random() < 0.3:
            o = keras.Input((h, w, c))
            return keras.Model(o, body(o))
        return body

    return make, r.choice(list(optimizers.values())), r.choice(["mse", "mae", keras.losses.Huber, keras.losses.LogCosh])


def random_chain(seed):
    """Layers in any order with any settings, on sequences or images; and how it is trained."""
    r = random.Random(1000 + seed)
    pick, n, yes = r.choice, r.randint, lambda: r.random() < 0.5
    act = lambda: pick([None, "relu", "tanh", "gelu", "softplus", "elu"])
    pad = lambda *more: pick([S, "valid", *more])

    def steps(c):  # stride or dilation, not both
        k = n(1, 3)
        return pick([dict(strides=k), dict(dilation_rate=k)])

    def of_sequences(c):
        return pick([
            lambda: L.Conv1D(2 * n(1, 4), n(1, 5), padding=pad("causal"), activation=act(), groups=2 if c % 2 == 0 and yes() else 1, use_bias=yes(), **steps(c)),
            lambda: L.Conv1DTranspose(n(1, 6), n(1, 5), strides=n(1, 3), padding=pad(), activation=act(), use_bias=yes()),
            lambda: L.MaxPooling1D(n(1, 3), strides=pick([None, 1, 2]), padding=pad()), lambda: L.AveragePooling1D(n(1, 3), strides=pick([None, 1, 2]), padding=pad()),
            lambda: L.UpSampling1D(n(1, 3)), lambda: L.ZeroPadding1D((n(0, 3), n(0, 2))), lambda: L.Cropping1D((n(0, 2), n(0, 1))), lambda: L.Permute((2, 1))])()

    def of_images(c):
        two = lambda a, b: (n(a, b), n(a, b))
        return pick([
            lambda: L.DepthwiseConv2D(two(1, 4), strides=n(1, 3), padding=pad(), depth_multiplier=n(1, 3), activation=act(), use_bias=yes()), lambda: L.DepthwiseConv2D(n(1, 3), dilation_rate=two(1, 2), padding=pad(), activation=act()),
            lambda: L.SeparableConv2D(n(1, 6), two(1, 4), strides=n(1, 2), padding=pad(), depth_multiplier=n(1, 2), activation=act(), use_bias=yes()),
            lambda: L.Conv2D(2 * n(1, 4), two(1, 4), padding=pad(), activation=act(), groups=2 if c % 2 == 0 else 1, **steps(c)), lambda: L.Conv2DTranspose(n(1, 5), two(1, 4), strides=two(1, 3), padding=pad(), activation=act()),
            lambda: L.MaxPooling2D(two(1, 3), strides=pick([None, 1, 2]), padding=pad()), lambda: L.AveragePooling2D(two(1, 3), strides=pick([None, 2]), padding=pad()),
            lambda: L.UpSampling2D(two(1, 2), interpolation=pick(["nearest", "bilinear"])), lambda: L.Cropping2D((two(0, 1), two(0, 2))), lambda: L.ZeroPadding2D((two(0, 2), two(0, 1))), lambda: L.Permute(pick([(1, 3, 2), (2, 1, 3), (3, 1, 2)]))])()

    def of_any(rank, c):
        axes = pick([-1, list(range(1, rank)), [rank - 1]])
        groups = pick([g for g in range(1, c + 1) if c % g == 0] + [-1])
        return pick([
            lambda: L.LayerNormalization(axis=axes, epsilon=pick([1e-3, 1e-2]), center=yes(), scale=yes(), gamma_initializer="random_uniform", beta_initializer="random_normal"), lambda: L.GroupNormalization(groups, epsilon=1e-2, center=yes(), scale=yes()),
            lambda: L.UnitNormalization(axis=axes), lambda: L.BatchNormalization(momentum=0.8), lambda: L.Dense(n(2, 6), activation=act()), lambda: L.PReLU(shared_axes=list(range(1, rank - 1)), alpha_initializer="random_uniform")])()

    def make():
        shape = pick([(n(9, 20), n(1, 6)), (n(7, 14), n(7, 14), n(1, 4))])
        i = h = keras.Input(shape)
        while len(keras.Model(i, h).layers) < 7:
            c = h.shape[-1]
            made = of_any(len(h.shape), c) if yes() else of_sequences(c) if len(shape) == 2 else of_images(c)
            try:
                to = made(h)
            except ValueError:  # does not fit the shape
                continue
            if 0 not in to.shape and 8 <= np.prod(to.shape[1:]) < 4000:
                h = to
        return keras.Model(i, L.Dense(2)(h))

    return make, r.choice(list(optimizers.values())), r.choice(["mse", "mae", "huber"])


optimizers = {
    "sgd": lambda: O.SGD(0.05), "sgd_momentum": lambda: O.SGD(0.02, momentum=0.9), "nesterov": lambda: O.SGD(0.02, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda: O.Adam(), "amsgrad": lambda: O.Adam(2e-3, amsgrad=True, beta_1=0.8), "adamw": lambda: O.AdamW(1e-3), "adamw_clip": lambda: O.AdamW(1e-3, weight_decay=0.1, clipnorm=0.01),
    "adamax": lambda: O.Adamax(2e-3), "nadam": lambda: O.Nadam(1e-3), "rmsprop": lambda: O.RMSprop(1e-3), "rmsprop_centered": lambda: O.RMSprop(1e-3, rho=0.8, momentum=0.5, centered=True),
    "adagrad": lambda: O.Adagrad(0.01), "adadelta": lambda: O.Adadelta(0.5), "lion": lambda: O.Lion(3e-4, weight_decay=0.1), "global_clip": lambda: O.Adam(1e-3, global_clipnorm=0.05), "clipvalue": lambda: O.SGD(0.1, clipvalue=0.001),
    "exponential": lambda: O.Adam(Sched.ExponentialDecay(2e-3, 5, 0.8)), "staircase": lambda: O.SGD(Sched.ExponentialDecay(0.1, 5, 0.5, staircase=True)), "piecewise": lambda: O.SGD(Sched.PiecewiseConstantDecay([4, 11], [0.1, 0.03, 0.01])),
    "polynomial": lambda: O.RMSprop(Sched.PolynomialDecay(2e-3, 8, power=2.0, cycle=True)), "inverse": lambda: O.Adamax(Sched.InverseTimeDecay(2e-3, 4, 0.5)),
    "cosine": lambda: O.AdamW(Sched.CosineDecay(1e-4, 10, alpha=0.1, warmup_target=2e-3, warmup_steps=5)), "restarts": lambda: O.Nadam(Sched.CosineDecayRestarts(2e-3, 4, t_mul=1.5, m_mul=0.9)),
}
# name: (model, optimizer, loss)
cases = {
    "told_training": (told_training, lambda: O.Adam(2e-3), "mse"), "four_axes": (four_axes, lambda: O.Adam(2e-3), "mse"),
    "adaptive": (adaptive, lambda: O.Adam(2e-3), "mse"), "normalized_alone": (normalized_alone, lambda: O.Adam(2e-3), "mse"), "mobile": (mobile, lambda: O.Adam(2e-3), "mse"), "signal": (signal, lambda: O.Adam(2e-3), "mse"), "summary_of_signal": (summary_of_signal, lambda: O.SGD(0.05, momentum=0.9), "mae"), "moved": (moved, lambda: O.Adam(1e-3), "huber"),
    "strided": (strided, lambda: O.AdamW(1e-3, weight_decay=0.05), "mse"), "dilated": (dilated, optimizers["rmsprop_centered"], "mae"), "stride3_same": (lambda: stride3(S), optimizers["adam"], "mse"),
    "stride3_valid": (lambda: stride3("valid"), lambda: O.SGD(0.05, momentum=0.5, weight_decay=0.01, clipvalue=0.05), "huber"), "deep_unet": (deep_unet, lambda: O.Adam(Sched.CosineDecay(1e-3, 30, warmup_target=3e-3, warmup_steps=10), global_clipnorm=0.5), "binary_crossentropy"),
    "operators": (operators, lambda: O.Nadam(2e-3, beta_1=0.7, epsilon=1e-3), "log_cosh"), "thrice": (thrice, lambda: O.Adam(1e-3, weight_decay=0.02, clipnorm=0.1), "mse"), "pretrained": (pretrained, lambda: O.RMSprop(1e-3, momentum=0.9), "mse"),
    "partly_frozen": (partly_frozen, optimizers["adam"], "mse"), "normalizations": (normalizations, lambda: O.SGD(0.05), "mse"), "rectifiers": (rectifiers, lambda: O.SGD(Sched.InverseTimeDecay(0.1, 3, 0.5, staircase=True), momentum=0.9, nesterov=True), "mse"),
    "wrapped": (wrapped, lambda: O.Adamax(1e-3, weight_decay=0.01), "mse"), "gated": (gated, optimizers["adam"], "mse"), "gated_layer": (gated_layer, optimizers["adagrad"], "mae"), "ranks": (ranks, lambda: O.Adadelta(1.0, weight_decay=0.001), "mse"),
    "vector": (vector, lambda: O.Adam(Sched.PolynomialDecay(5e-3, 7, end_learning_rate=0.0, power=0.5)), lambda: keras.losses.BinaryCrossentropy(label_smoothing=0.2)), "random_layers": (random_layers, optimizers["adam"], "mse"),
    "unusual_names": (unusual_names, optimizers["adamw"], "mse"), "interpolated": (interpolated, lambda: O.Adagrad(0.05, initial_accumulator_value=0.0, clipnorm=0.5), "mse"), "one_pixel": (one_pixel, lambda: O.Adam(1e-3, beta_1=0.0), "huber"),
    "deferred": (deferred, optimizers["adam"], "mse"), "fixed_batch": (fixed_batch, optimizers["adamw"], "mae"), "autoencoder": (autoencoder, optimizers["adam"], "binary_crossentropy"), "dense_net": (dense_net, lambda: O.Nadam(1e-3, weight_decay=0.01, clipvalue=0.02), "mse"),
    "two_tensors": (two_tensors, lambda: O.SGD(0.05, nesterov=True), "mse"), "warm": (vector, lambda: O.RMSprop(Sched.CosineDecay(1e-2, 8, warmup_steps=4)), "mae"),
    "initializers": (initializers, optimizers["adam"], "mse"), "bottleneck": (bottleneck, lambda: O.Adam(Sched.CosineDecayRestarts(2e-3, 3, t_mul=2.0, m_mul=0.7, alpha=0.05)), "mse"), "penalized": (penalized, lambda: O.AdamW(1e-3, clipvalue=0.01), "mae"),
    "loss_function": (small, optimizers["adam"], lambda: keras.losses.mean_absolute_error), "loss_mean": (small, optimizers["adam"], lambda: keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")),
    "whole_numbers": (small, lambda: O.SGD(Sched.ExponentialDecay(1.0, 2, 0.5), clipnorm=1.0, momentum=0.0), "mse"), "whole_boundaries": (small, lambda: O.Adadelta(Sched.PiecewiseConstantDecay([2, 6], [3.0, 2.0, 1.0])), "mse"), "clip_by_none": (small, lambda: O.Adam(clipnorm=0.0, weight_decay=0.0), "mse"), "strong_decay": (strided, lambda: O.RMSprop(1e-3, weight_decay=0.5, global_clipnorm=0.01), "mse"),
    "unet": (unet, optimizers["adamw"], "mae"), "unet_add": (lambda: unet((18, 16, 3), L.Add), optimizers["global_clip"], "mse"),
    "nested": (nested, optimizers["adamw_clip"], "mse"), "shared": (shared, optimizers["adam"], "mse"), "frozen": (frozen, optimizers["sgd_momentum"], "mse"),
    "every_layer": (every_layer, optimizers["adam"], "mse"), "regularized": (regularized, optimizers["sgd_momentum"], "mse"), "activation_objects": (activation_objects, optimizers["nadam"], "mse"), "pooled": (pooled, optimizers["rmsprop"], "mae"),
    "bce": (lambda: small(last="sigmoid"), optimizers["adam"], "binary_crossentropy"), "bce_smooth": (lambda: small(last="sigmoid"), optimizers["adam"], lambda: keras.losses.BinaryCrossentropy(label_smoothing=0.1)),
    "bce_logits": (small, optimizers["adam"], lambda: keras.losses.BinaryCrossentropy(from_logits=True)), "bce_relu6": (lambda: small(last="hard_sigmoid"), optimizers["adam"], "binary_crossentropy"),
    "huber": (small, optimizers["adam"], keras.losses.Huber), "log_cosh": (small, optimizers["adam"], "log_cosh"), "mae": (small, optimizers["adam"], keras.losses.MeanAbsoluteError),
    **{f"optimizer_{n}": (small, o, "mse") for n, o in optimizers.items()},
    **{f"activations_{k}": ((lambda k=k: chain_of(activations[k::9])), optimizers["sgd"], "mse") for k in range(9)},
    **{f"random_{k}": random_model(k) for k in range(args.random)}, **{f"random_chain_{k}": random_chain(k) for k in range(args.random)},
}


def compiled(m=None, optimizer="adam", loss="mse", **settings):
    m = m or seq((8, 8, 2), L.Conv2D(2, 3, padding=S))
    m.compile(optimizer=optimizer, loss=loss, **settings)
    return m


def between(*layers, **settings):
    return compiled(seq((8, 8, 2), L.Conv2D(4, 3, padding=S), *layers, L.Conv2D(2, 3, padding=S)), **settings)


def on_tensor(f):
    i = keras.Input((8, 8, 2))
    return compiled(keras.Model(i, f(L.Conv2D(2, 3, padding=S)(i))))


def half_sequential():
    """float32 layers in a Sequential whose input is rounded to float16."""
    keras.config.set_dtype_policy("mixed_float16")
    m = seq((8, 8, 2), L.Conv2D(2, 3, dtype="float32"))
    keras.config.set_dtype_policy("float32")
    return m


def frozen_but_for_norm():
    i = keras.Input((8, 8, 2))
    m = keras.Model(i, L.BatchNormalization(name="norm")(L.Conv2D(2, 3)(i)))
    m.trainable = False
    m.get_layer("norm").trainable = True
    return m


def with_lora():
    m = seq((8, 8, 2), L.Conv2D(2, 3), L.Dense(3))
    m.layers[-1].enable_lora(1)
    return m


def quantized():
    m = seq((8, 8, 2), L.Dense(3))
    m.quantize("int8")
    return m


def in_two_models():
    i, j, k = (keras.Input((6, 6, 2)) for _ in range(3))
    c = L.Conv2D(2, 3, padding=S, name="twice")
    a, b = keras.Model(i, c(i), name="a"), keras.Model(j, L.ReLU()(c(j)), name="b")
    return compiled(keras.Model(k, b(a(k))))


def unused_output():
    i, o = keras.Input((8, 8, 2)), keras.Input((8, 8, 2))
    enc = keras.Model(i, [L.Conv2D(2, 3)(i), L.Conv2D(2, 3)(i)])
    return compiled(keras.Model(o, L.Dense(3)(enc(o)[0])))


def two_outputs():
    i = keras.Input((8, 8, 2))
    return keras.Model(i, [L.Conv2D(2, 3)(i), L.Conv2D(2, 3)(i)])


# name: (model, what the program must say)
refused = {
    "use_ema": (lambda: compiled(optimizer=O.Adam(use_ema=True)), "use_ema"), "accumulation": (lambda: compiled(optimizer=O.SGD(gradient_accumulation_steps=2)), "gradient_accumulation_steps=2"),
    "loss_scale": (lambda: compiled(optimizer=O.SGD(loss_scale_factor=2.0)), "loss_scale_factor=2"), "loss_scale_optimizer": (lambda: compiled(optimizer=O.LossScaleOptimizer(O.SGD())), "LossScaleOptimizer"),
    "muon": (lambda: compiled(optimizer=O.Muon()), "optimizer Muon"), "schedule_free": (lambda: compiled(optimizer=O.ScheduleFreeAdamW()), "ScheduleFreeAdamW"),
    "unreduced": (lambda: compiled(loss=keras.losses.MeanSquaredError(reduction=None)), "reduction=null"),
    "loss_weight": (lambda: compiled(loss_weights=-0.5), "loss_weights=-0.5"), "mape": (lambda: compiled(loss="mape"), "mape"), "focal": (lambda: compiled(loss=keras.losses.BinaryFocalCrossentropy()), "BinaryFocalCrossentropy"),
    "half": (lambda: between(L.Conv2D(3, 3, dtype="mixed_float16")), "dtype mixed_float16"), "bfloat": (lambda: between(L.Conv2D(3, 3, dtype="bfloat16")), "bfloat16"), "double": (lambda: between(L.Dense(3, dtype="float64")), "dtype float64"), "half_sequential": (half_sequential, "dtype mixed_float16"),
    "byte_input": (lambda: keras.Sequential([keras.Input((8, 8, 2), dtype="uint8"), L.Rescaling(1 / 255)]), "dtype uint8"),
    "channels_first": (lambda: keras.Sequential([keras.Input((2, 8, 8)), L.Conv2D(2, 3, data_format="channels_first")]), "data_format channels_first"), "first_pool": (lambda: between(L.MaxPooling2D(data_format="channels_first")), "data_format channels_first"),
    "norm_axis": (lambda: between(L.BatchNormalization(axis=1)), "axis 1: only the last axis"), "renorm": (lambda: between(L.BatchNormalization(renorm=True)), "renorm"), "frozen_but_for_norm": (frozen_but_for_norm, "norm (BatchNormalization): trainable in a model that is not"),
    "softmax_axes": (lambda: between(L.Softmax(axis=(1, 2))), "only one"), "concatenate_batch": (lambda: on_tensor(lambda x: L.Concatenate(axis=0)([x, x])), "axis 0"),
    **{f"constraint_{n}": ((lambda l=l: between(l)), f"{n}") for n, l in {
        "kernel_constraint MaxNorm": L.Conv2D(2, 3, kernel_constraint="max_norm", name="constrained"), "bias_constraint NonNeg": L.Dense(3, bias_constraint="non_neg"), "kernel_constraint UnitNorm": L.Conv2DTranspose(3, 3, kernel_constraint="unit_norm"),
        "gamma_constraint MinMaxNorm": L.BatchNormalization(gamma_constraint="min_max_norm"), "beta_constraint NonNeg": L.BatchNormalization(beta_constraint="non_neg"), "alpha_constraint NonNeg": L.PReLU(alpha_constraint="non_neg")}.items()},
    "orthogonal_regularizer": (lambda: between(L.Dense(4, kernel_regularizer="orthogonal_regularizer")), "kernel_regularizer OrthogonalRegularizer"), "activity_of_pooling": (lambda: between(L.MaxPooling2D(activity_regularizer="l2")), "activity_regularizer"),
    "activity_of_object": (lambda: between(L.Conv2D(3, 3, activation=L.ReLU(), activity_regularizer="l2")), "activity_regularizer beside activation ReLU"),
    "prelu_object": (lambda: between(L.Conv2D(3, 3, activation=L.PReLU())), "activation PReLU given as an object"), "norm_object": (lambda: between(L.Activation(L.BatchNormalization())), "activation BatchNormalization given as an object"),
    "array_initializer": (lambda: between(L.Conv2D(2, 1, kernel_initializer=np.ones((1, 1, 4, 2), "float32"))), "initialize_fn"), "list_initializer": (lambda: between(L.Dense(2, bias_initializer=keras.initializers.Constant(np.array([1.0, 2.0])))), "settings of Constant: value: an object stands where a number belongs"),
    "lanczos": (lambda: between(L.UpSampling2D(interpolation="lanczos3")), "interpolation lanczos3"),
    "noise_shape": (lambda: between(L.Dropout(0.5, noise_shape=(None, 1, 1, 4))), "noise_shape"), "lora": (with_lora, "lora"), "quantized": (quantized, "QuantizedDTypePolicy"),
    "conv3d": (lambda: compiled(seq((8, 8, 4, 2), L.Conv3D(2, 3, padding=S))), "Conv3D"), "recurrent": (lambda: compiled(seq((8, 2), L.LSTM(2, return_sequences=True))), "LSTM"), "rms_scaling": (lambda: between(L.LayerNormalization(rms_scaling=True)), "rms_scaling"), "group_axis": (lambda: between(L.GroupNormalization(2, axis=1)), "axis 1: only the last"), "masking": (lambda: compiled(seq((8, 2), L.Masking(), L.Dense(2))), "Masking"), "lambda": (lambda: between(L.Lambda(lambda x: x * 2)), "Lambda"), "augmentation": (lambda: between(L.RandomFlip()), "RandomFlip"),
    "penalty_layer": (lambda: between(L.ActivityRegularization(0.1)), "ActivityRegularization"), "constant_operand": (lambda: on_tensor(lambda x: x * 0.5), "argument 0.5 is no tensor"), "operation": (lambda: on_tensor(keras.ops.relu), "function Relu"), "operation_mean": (lambda: on_tensor(lambda x: keras.ops.mean(x, axis=-1, keepdims=True)), "function Mean"),
    "operation_batch": (lambda: on_tensor(lambda x: keras.ops.concatenate([x, x])), "axis 0"), "in_two_models": (in_two_models, "has 2 variables, the file has 0"), "two_outputs": (two_outputs, "2 outputs"), "unused_output": (unused_output, "does not lead to the output"),
    "unknown_size": (lambda: keras.Sequential([keras.Input((None, None, 1)), L.Conv2D(1, 3, padding=S)]), "no fixed size"), "dicts": (lambda: keras.Model({"a": (i := keras.Input((8, 8, 1), name="a"))}, {"b": L.Conv2D(1, 3)(i)}), "lists, not dicts"),
}


def check_refused(name, case, folder):
    make, what = case
    keras.backend.clear_session()
    keras.config.set_dtype_policy("float32")
    path = folder / f"{name}.keras".replace(" ", "_")
    make().save(path)
    done = subprocess.run([dcae, "summary", path], capture_output=True, text=True)
    lines = done.stderr.strip().splitlines()
    if done.returncode == 1 and len(lines) == 1 and what in lines[0]:
        return []
    return [f"exit code {done.returncode}, says {done.stderr.strip()!r} and not {what!r}"]


def leaves(m):
    for l in m.layers:
        yield from leaves(l) if isinstance(l, keras.Model) else [l]


def keys(m):
    """The name of every variable in a trace: layers of one name go by their path."""
    def walk(m, path):
        for l in m.layers:
            if isinstance(l, keras.Model):
                yield from walk(l, path + l.name + "/")
            else:
                yield l, path + l.name
    found = {id(l): (l, p) for l, p in walk(m, "")}
    count = {}
    for l, _ in found.values():
        count[l.name] = count.get(l.name, 0) + (not isinstance(l, L.InputLayer))
    return {id(v): f"{l.name if count[l.name] == 1 else p}/{v.name}" for l, p in found.values() for v in l.weights}


def loss_of(loss):
    return loss() if callable(loss) else keras.losses.get(loss)


def steps(m, opt, loss_fn, x, target, n):
    """Losses before each of n steps that leave out the penalties of regularizers."""
    losses = []
    for _ in range(n):
        with tf.GradientTape() as t:
            l = tf.reduce_mean(loss_fn(target, m(x, training=True)))
            losses.append(float(l))
        opt.apply_gradients(zip(t.gradient(l, m.trainable_variables), m.trainable_variables))
    return losses


def train(m, x, target, n):
    """Losses, with the penalties of regularizers, before each of n steps as Keras takes them itself."""
    m.run_eagerly = True
    losses = []
    for _ in range(n):
        m.reset_metrics()
        losses.append(float(m.train_on_batch(x, target)))
    return losses


def reference(m32, optimizer, loss, x, target, seed, precision="float64"):
    """What Keras computes."""
    keras.config.set_floatx(precision)
    x, target = tf.constant(x.astype(precision)), tf.constant(target.astype(precision))
    keras.utils.set_random_seed(seed)
    m = keras.models.model_from_json(m32.to_json().replace('"float32"', f'"{precision}"'))
    m.set_weights([w.astype(precision) for w in m32.get_weights()])
    loss_fn, opt = loss_of(loss), optimizer()
    top = [l for l in getattr(m, "operations", m.layers) if not isinstance(l, L.InputLayer)]
    inner = any(isinstance(l, keras.Model) for l in top)
    if isinstance(m, keras.Sequential):
        h = inp = keras.Input(x.shape[1:], dtype=precision)
        taps = None if inner else keras.Model(inp, [h := l(h) for l in top])
    else:
        single = all(len(l._inbound_nodes) == 1 for l in top)
        taps = None if inner or not single else keras.Model(m.inputs, [l.output for l in top])
    key = keys(m)
    r = {"x": x.numpy(), "target": target.numpy(), "y": m(x, training=False).numpy()}
    stats = [tf.identity(v) for v in m.non_trainable_variables]
    with tf.GradientTape(persistent=True) as t:
        t.watch(x)  # so that there is a gradient by layers before the first trainable one, too
        acts = taps(x, training=True) if taps else [m(x, training=True)]
        acts = acts if isinstance(acts, list) else [acts]
        l = tf.reduce_mean(loss_fn(target, acts[-1]))
    for v, v0 in zip(m.non_trainable_variables, stats):
        v.assign(v0)
    r["y_train"], r["loss"] = acts[-1].numpy(), np.float64(l)
    for v, g in zip(m.trainable_variables, t.gradient(l, m.trainable_variables)):
        r["param/" + key[id(v)]], r["grad/" + key[id(v)]] = v.numpy(), g.numpy()
    if taps:
        for layer, a, g in zip(top, acts, t.gradient(l, acts)):
            r["act/" + layer.name] = a.numpy()
            if g is not None:  # the loss is taken from what went into the last sigmoid
                r["actgrad/" + layer.name] = g.numpy()
    r["losses"] = np.array(steps(m, opt, loss_fn, x, target, 20))
    for v in m.trainable_variables:
        r["final/" + key[id(v)]] = v.numpy()
    for v in m.non_trainable_variables:
        r["moving/" + key[id(v)]] = v.numpy()
    keras.config.set_floatx("float32")
    return r


def norm(x):
    return float(np.sqrt((np.asarray(x, "float64") ** 2).sum()))


def compare(got, want):
    """What of a trace is beyond the bounds: for each name by how much."""
    bad, after, weights = {}, 0.0, 0.0
    every = {}
    for k, v in want.items():
        kind = k.split("/")[0]
        every[kind] = np.hypot(every.get(kind, 0.0), norm(v))
    for k, v in want.items():
        if k not in got or got[k].shape != np.shape(v) or got[k].dtype != np.float32:
            bad[k + " (missing, of another shape or type)"] = np.inf
            continue
        kind, d, own = k.split("/")[0], norm(got[k] - v), norm(v)
        if kind in ("grad", "actgrad"):
            ok = d <= 1e-4 * own or d <= 1e-5 * every[kind]
        elif kind == "losses":
            d, own = np.max(np.abs(got[k] - v) / np.abs(v)), 1
            ok = d <= 1e-3
        elif kind == "final":
            after, weights, ok = np.hypot(after, d), np.hypot(weights, own), True
        else:
            ok = d <= (1e-4 if kind == "moving" else 1e-5) * own
        if not ok:
            bad[k] = d / own if own else d
    if after > 5e-3 * weights:
        bad["weights after the steps"] = after / weights
    return bad | {k + " (not in Keras)": np.inf for k in got if k not in want}


def told(bad):
    return ", ".join(f"{k}: {d:.1e}" for k, d in bad.items())


def load(path):
    """Loads a model; a warning is an error."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        m = keras.models.load_model(path)
    return m, [f"Keras warns: {w.message}" for w in seen]


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if not any(known in line for known in ("Huber's delta", "from logits", "in Keras before 2.11"))]
    return [] if done.returncode == 0 and not told else [f"{pathlib.Path(command[0]).name}: {done.stderr.strip()}"]


def check(name, case, folder, seed=7):
    make, optimizer, loss = case
    keras.backend.clear_session()
    keras.config.set_floatx("float32")
    keras.utils.set_random_seed(seed)
    m = make()
    rng = np.random.default_rng(seed)
    x = rng.random((8, *m.input_shape[1:])).astype("float32")
    output = m(x).shape
    target = x if output == x.shape else rng.random(output).astype("float32")
    random = any(isinstance(l, (L.Dropout, L.SpatialDropout2D, L.GaussianNoise)) for l in leaves(m))
    m.compile(optimizer=optimizer(), loss=loss_of(loss) if callable(loss) else loss)
    path, again, batch = folder / f"{name}.keras", folder / f"{name}.again.keras", folder / f"{name}.npz"
    m.save(path)
    np.savez(batch, x=x, target=target)
    if random:
        return check_again(name, m, path, again, x)
    want = reference(m, optimizer, loss, x, target, seed)
    if args.write and name in ("unet_add", "nested", "shared", "frozen", "pooled", "operators", "two_tensors", "pretrained"):
        shutil.copy(path, written / f"{name}.keras")
        np.savez_compressed(written / f"{name}.npz", **{k: v if k in ("x", "target") else np.asarray(v, "float32") for k, v in want.items() if not k.startswith("act")})
    bad = run(dcae, "trace", path, "--data", batch, "--out", folder / f"{name}.trace.npz")
    if bad:
        return bad
    got = dict(np.load(folder / f"{name}.trace.npz"))
    if not any(k.startswith("act/") for k in want):
        got = {k: v for k, v in got.items() if not k.startswith("act")}
    beyond = compare(got, want)
    if beyond:  # where Keras' own float32 is beyond the bounds, too, training is so ill-conditioned that the steps tell nothing
        own = compare({k: np.asarray(v, "float32") for k, v in reference(m, optimizer, loss, x, target, seed, "float32").items()}, want)
        print(f"{name}: trace beyond the bounds: {told(beyond)} [Keras' own float32: {told(own) or 'within'}]")
        later = ("losses", "moving", "weights after the steps")
        if not own or any(k.split("/")[0] not in later and own.get(k, 0) < d / 2 for k, d in beyond.items()):
            bad.append(f"trace: {told(beyond)}")
    bad += check_h5(m, path, folder / f"{name}.trace.npz", batch)
    bad += check_again(name, m, path, again, x)
    bad += check_going_on(name, path, again, batch, x, target)
    return bad


def settings(m):
    """The settings of all layers; an axis in a list of its own means the same as the axis."""
    for layer in leaves(m):
        if not isinstance(layer, L.InputLayer):
            yield {k: v[0] if k == "axis" and isinstance(v, (list, tuple)) and len(v) == 1 else v for k, v in layer.get_config().items()}


def check_again(name, m, path, again, x):
    bad = run(resave, path, again)
    m2, warned = load(again)
    bad += warned
    d = norm(m2(x, training=False) - m(x, training=False)) / norm(m(x, training=False))
    if d > 1e-5:
        bad.append(f"again: predictions differ by {d:.1e}")
    if m2.optimizer.get_config() | {"name": ""} != m.optimizer.get_config() | {"name": ""}:
        bad.append(f"again: optimizer {m2.optimizer.get_config()} was {m.optimizer.get_config()}")

    if name not in ("activation_objects", "operators", "wrapped", "gated") and "/" not in "".join(k.rsplit("/", 1)[0] for k in keys(m).values()):  # no path stands for a layer's name
        bad += run(resave, "-anew", path, again)
        m3, warned = load(again)
        bad += warned
        d = norm(m3(x, training=False) - m(x, training=False)) / norm(m(x, training=False))
        if d > 1e-5:
            bad.append(f"anew: predictions differ by {d:.1e}")
        for a, b in zip(settings(m3), settings(m), strict=True):
            if a != b:
                bad.append(f"anew: other settings: {a} was {b}")
    return bad


def check_going_on(name, path, again, batch, x, target):
    """5 steps there, 5 here, 5 there, against 15 there."""
    bad = []
    straight, warned = load(path)
    want = train(straight, x, target, 15)
    first, warned = load(path)
    train(first, x, target, 5)
    first.save(again)
    if args.write and name == "optimizer_amsgrad":
        shutil.copy(again, written / "continued.keras")
        first.save(written / "continued.h5")
        np.savez_compressed(written / "continued.npz", x=x, target=target, losses=np.array(train(first, x, target, 5)))
    bad += run(resave, again, again, batch, 5)
    last, warned = load(again)
    bad += warned
    got = train(last, x, target, 5)
    d = np.max(np.abs(np.array(got) - want[10:]) / np.abs(want[10:]))
    w = norm(np.concatenate([(a - b).ravel() for a, b in zip(last.get_weights(), straight.get_weights())])) / norm(np.concatenate([a.ravel() for a in straight.get_weights()]))
    if d > 1e-3 or w > 5e-3:
        bad.append(f"go on: losses {d:.1e}, weights {w:.1e}")
    if int(last.optimizer.iterations) != 15:
        bad.append(f"go on: {int(last.optimizer.iterations)} iterations, not 15")
    return bad


def check_training(folder):
    """An epoch of `dcae train`: Keras finds the held-out loss that it reports, and the optimizer's state."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    m = unet((12, 10, 3))
    m.compile(optimizer="nadam", loss="mse")
    m.save(folder / "train.keras")
    rng = np.random.default_rng(3)
    images = lambda n: rng.random((n, 12, 10, 3)).astype("float32")
    x, held = images(300), images(60)
    np.savez(folder / "train.npz", x=x, x_val=held, xt=images(50))
    subprocess.run([dcae, "train", folder / "train.keras", "--data", folder / "train.npz", "--epochs", "1", "--force", "--quiet", "--out", folder / "train"], check=True, capture_output=True)
    (epochs,) = (folder / "train").glob("runs/*/*/epochs.csv")
    names, values = (line.split(",") for line in epochs.read_text().split())
    reported = float(values[names.index("heldout_mse")])
    m, bad = load(folder / "train" / "last.keras")
    found = float(np.mean((m.predict(held, verbose=0).astype("float64") - held) ** 2))
    if abs(found - reported) > 1e-4 * reported:
        bad.append(f"held-out loss {found} in Keras, {reported} here")
    if int(m.optimizer.iterations) != 10:
        bad.append(f"{int(m.optimizer.iterations)} iterations, not 10")
    return bad


def check_h5(m, path, trace, batch):
    """The model in an HDF5 file, if Keras can write it: its trace is that of the .keras file."""
    h5, out = path.with_suffix(".h5"), path.with_suffix(".h5.npz")
    try:
        m.save(h5)
    except Exception:
        return []
    if args.write and h5.name in ("shared.h5", "pretrained.h5"):
        shutil.copy(h5, written / h5.name)
    bad = run(dcae, "trace", h5, "--data", batch, "--out", out)
    return bad or ([] if out.read_bytes() == trace.read_bytes() else ["h5: another trace"])


def check_keras2(name, made):
    """A model that Keras 2 wrote: its trace, what Keras 3 makes of it, and 5 steps after 5 of Keras 2."""
    want = dict(np.load(made / f"{name}.npz"))
    if args.write and name in ("frozen", "older_adam", "chain_newest", "chain_packed", "unet"):
        for source, to in ((name, name), (name + ".on", name + "_on")):
            if (made / f"{source}.h5").exists():
                shutil.copy(made / f"{source}.h5", written / f"keras2_{to}.h5")
                np.savez_compressed(written / f"keras2_{to}.npz", **{k: v if k in ("x", "target") else np.asarray(v, "float32") for k, v in np.load(made / f"{source}.npz").items()})
    h5, again = made / f"{name}.h5", made / f"{name}.again.keras"
    bad = run(resave, h5, again)
    if bad:
        return bad
    m, warned = load(again)
    bad += warned
    d = norm(m(want["x"], training=False) - want["y"]) / norm(want["y"])
    if d > 1e-5:
        bad.append(f"Keras 3 predicts otherwise, by {d:.1e}")
    if "losses" not in want:
        return bad
    bad += run(dcae, "trace", h5, "--data", made / f"{name}.npz", "--out", made / f"{name}.trace.npz")
    got = {k: v for k, v in np.load(made / f"{name}.trace.npz").items() if k in want}
    beyond = compare(got, {k: v for k, v in want.items()})
    bad += [f"trace: {told(beyond)}"] if beyond else []
    on = made / f"{name}.on.h5"
    if on.exists():
        want = dict(np.load(made / f"{name}.on.npz"))
        bad += run(resave, on, again, made / f"{name}.on.npz", 5)
        m, warned = load(again)
        d = norm(m(want["x"], training=False) - want["y"]) / norm(want["y"])
        if d > 1e-3:
            bad.append(f"go on: predictions differ by {d:.1e}")
    return bad


def check_code(folder):
    """Every optimizer, schedule and loss: the printed code makes what Keras reads from the written config."""
    codes = folder / "codes.json"
    subprocess.run(["go", "test", "-count=1", "-run", "TestPrintedCodeIsPython", "./experiments/saved", f"-codes={codes}"], cwd=root, check=True, capture_output=True)
    bad = []
    for one in json.loads(codes.read_text()):
        config = one["config"]
        if isinstance(config, str):
            if keras.losses.get(eval(one["code"])) is not keras.losses.get(config):
                bad.append(one["code"])
            continue
        made, read = eval(one["code"]), keras.saving.deserialize_keras_object(config)
        if type(made) is not type(read) or made.get_config() | {"name": ""} != read.get_config() | {"name": ""}:
            bad.append(f"{one['code']} makes {made.get_config()}, the config {read.get_config()}")
    return bad


folder = pathlib.Path(args.keep or tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)
written = root / "experiments" / "saved" / "testdata"
written.mkdir(exist_ok=True)
dcae, resave = folder / "dcae", folder / "resave"
subprocess.run(["go", "build", "-o", dcae, "./cmd/dcae"], cwd=root, check=True)
subprocess.run(["go", "build", "-o", resave, "./models/keras/testdata/resave"], cwd=root, check=True)
failed = 0
checks = {name: (lambda name=name, case=case: check(name, case, folder)) for name, case in cases.items()} | {"training": lambda: check_training(folder), "code": lambda: check_code(folder)}
checks |= {f"refused_{name}": (lambda name=name, case=case: check_refused(name, case, folder)) for name, case in refused.items()}
if not args.only or "keras2" in args.only:
    keras2 = folder / "keras2"
    keras2.mkdir(exist_ok=True)
    subprocess.run([sys.executable, here / "keras2_models.py", keras2], check=True, capture_output=True)
    checks |= {f"keras2_{path.stem}": (lambda name=path.stem: check_keras2(name, keras2)) for path in sorted(keras2.glob("*.h5")) if not path.stem.endswith(".on")}
for name, one in checks.items():
    if args.only and not any(name.startswith(o) for o in args.only.split(",")):
        continue
    try:
        bad = one()
    except Exception as e:  # goes on with the others
        bad = [f"{type(e).__name__}: {e}"]
    failed += bool(bad)
    print(f"{name}: {'ok' if not bad else '; '.join(bad)}", flush=True)
print(f"{failed} models deviate" if failed else "all models agree")
sys.exit(bool(failed))
