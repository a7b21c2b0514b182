"""Checks what FORMAT.md says about paths and orders against the installed Keras.

usage: python check_format.py        (needs: pip install tensorflow-cpu h5py)
"""
import io
import json
import os
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import h5py
import numpy as np
from tensorflow import keras

L, O = keras.layers, keras.optimizers


def save(model):
    """config.json, and each dataset and group of the weights by path."""
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "m.keras")
        model.save(path)
        with zipfile.ZipFile(path) as z:
            f = h5py.File(io.BytesIO(z.read("model.weights.h5")))
            config = json.loads(z.read("config.json"))
            assert z.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
    out = {}
    f.visititems(lambda name, o: out.__setitem__(name, o[()] if isinstance(o, h5py.Dataset) else None))
    return config, out


def distinct(variables):
    """Gives each variable a value of its own, so that it is recognized in the file."""
    for k, v in enumerate(variables):
        v.assign(np.full(v.shape, k + 3, v.dtype))


def stored(h5, group):
    return [h5[f"{group}/vars/{k}"] for k in range(sum(p.startswith(group + "/vars/") for p in h5))]


def same(values, variables):
    assert len(values) == len(variables), (len(values), len(variables))
    for a, v in zip(values, variables):
        assert np.array_equal(a, v.numpy()), v.path


def check_layers():
    layers = {"dense": (L.Dense(3), "kernel bias"), "conv2d": (L.Conv2D(5, 3, padding="same"), "kernel bias"),
        "conv2d_transpose": (L.Conv2DTranspose(6, 3), "kernel bias"), "layer_normalization": (L.LayerNormalization(), "gamma beta"), "p_re_lu": (L.PReLU(), "alpha"),
        "batch_normalization": (L.BatchNormalization(), "gamma beta moving_mean moving_variance"),
        "batch_normalization_1": (L.BatchNormalization(center=False), "gamma moving_mean moving_variance"),
        "re_lu": (L.ReLU(), ""), "up_sampling2d": (L.UpSampling2D(), ""), "dropout": (L.Dropout(0.5), ""), "gaussian_noise": (L.GaussianNoise(0.1), "")}
    m = keras.Sequential([keras.Input((4, 4, 2))] + [l for l, _ in layers.values()])
    distinct([v for v in m.variables if "seed" not in v.path])
    layers["batch_normalization"][0].trainable = False
    _, h5 = save(m)
    assert not any("seed" in p or "input_layer" in p for p in h5)
    for name, (layer, names) in layers.items():
        values = [next(v for v in layer.weights if v.name == n) for n in names.split()]
        assert f"layers/{name}/vars" in h5
        same(stored(h5, f"layers/{name}"), values)
    assert layers["conv2d"][0].kernel.shape == (3, 3, 3, 5) and layers["conv2d_transpose"][0].kernel.shape == (3, 3, 6, 5)


def check_optimizer(optimizer, slots):
    m = keras.Sequential([keras.Input((2,)), L.Dense(3), keras.Sequential([L.Dense(1)])])
    m.compile(optimizer, "mse")
    m.train_on_batch(np.ones((1, 2)), np.ones((1, 1)))
    short = [v.path.split("/")[-1] for v in m.optimizer.variables]
    trainable = ["_".join(v.path.split("/")[-2:]) for v in m.trainable_variables]
    for got, (want, k) in zip(short, slots(len(trainable)), strict=True):
        want = want if k is None else trainable[k] + "_" + want
        assert got.endswith(want), (got, want)
    distinct(m.optimizer.variables)
    _, h5 = save(m)
    same(stored(h5, "optimizer"), m.optimizer.variables)
    assert h5["optimizer/vars/0"].dtype == np.int64 and h5["optimizer/vars/0"].shape == ()


def head(*names): return [(n, None) for n in names]
def each(*names): return lambda n: [(name, k) for k in range(n) for name in names]


def check_optimizers():
    rate = head("iteration", "learning_rate")
    check_optimizer(O.Adam(), lambda n: rate + each("momentum", "velocity")(n))
    check_optimizer(O.AdamW(), lambda n: rate + each("momentum", "velocity")(n))
    check_optimizer(O.Adam(amsgrad=True), lambda n: rate + each("momentum", "velocity")(n) + each("velocity_hat")(n))
    check_optimizer(O.Adam(O.schedules.ExponentialDecay(0.1, 10, 0.9)), lambda n: head("iteration") + each("momentum", "velocity")(n))
    check_optimizer(O.Adam(use_ema=True), lambda n: rate + each("average")(n) + each("momentum", "velocity")(n))
    check_optimizer(O.SGD(), lambda n: rate)
    check_optimizer(O.SGD(momentum=0.9, gradient_accumulation_steps=2), lambda n: rate + each("gradient_accumulator")(n) + each("momentum")(n))
    check_optimizer(O.RMSprop(), lambda n: rate + each("velocity")(n))
    check_optimizer(O.RMSprop(momentum=0.5, centered=True), lambda n: rate + each("velocity")(n) + each("momentum")(n) + each("average_gradient")(n))
    check_optimizer(O.Nadam(), lambda n: rate + each("momentum", "velocity")(n) + head("variable"))
    m = keras.Sequential([keras.Input((2,)), L.Dense(1)])
    m.compile(O.Adam(), "mse")
    config, h5 = save(m)
    assert len(stored(h5, "optimizer")) == 2
    assert config["compile_config"]["optimizer"]["config"]["learning_rate"] == 0.0010000000474974513
    m.compile(O.LossScaleOptimizer(O.Adam()), "mse")
    assert "optimizer/inner_optimizer/vars/0" in save(m)[1]


def check_nesting():
    i = keras.Input((2,), name="i")
    shared = L.Dense(2, name="shared")
    a = keras.Model(i, shared(i), name="a")
    b = keras.Model(i, L.ReLU()(shared(i)), name="b")
    s = keras.Sequential([keras.Input((2,)), L.Dense(2, name="dense_9")], name="s")
    x = keras.Input((2,), name="x")
    m = keras.Model(x, [s(b(a(x))), a(x)])
    config, h5 = save(m)
    for p in ["vars", "layers/input_layer/vars", "layers/functional/layers/dense/vars/1", "layers/functional_1/layers/re_lu/vars", "layers/sequential/layers/dense/vars/0"]:
        assert p in h5, p
    assert not any(p.startswith("layers/functional_1/layers/dense") or p.startswith("layers/sequential/layers/input_layer") for p in h5)
    assert config["config"]["output_layers"] == [["s", 0, 0], ["a", 2, 0]]
    assert [l.get("compile_config") for l in config["config"]["layers"] if l["name"] in "abs"] == [{}] * 3


if __name__ == "__main__":
    check_layers()
    check_optimizers()
    check_nesting()
    print("FORMAT.md agrees with keras", keras.__version__)
