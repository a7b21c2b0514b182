"""Checks with Keras, on the backend that KERAS_BACKEND names."""

import sys

import keras
import numpy as np
from common import blobs, compare_norms, program, timed

import dcae

x, xv = blobs(1500, 1), blobs(200, 2)
L = keras.layers


def autoencoder(activation, optimizer):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((16, 16, 1)), L.Flatten(), L.Dense(64, activation=activation), L.Dense(12), L.Dense(64, activation=activation), L.Dense(256), L.Reshape((16, 16, 1))]
    )
    model.compile(optimizer, "mse")
    return model


faulty, healthy = autoencoder("relu", keras.optimizers.Adam(0.5)), autoencoder("relu", keras.optimizers.Adam(0.002))
weights = [w.copy() for w in faulty.get_weights()]
d = timed("rate too high", "faulty", ["learning_rate_high"], faulty, x)
assert all(np.array_equal(a, b) for a, b in zip(weights, faulty.get_weights(), strict=True)), "the model was changed"
fixed = d.fixed_model()
np.savez("valid.npz", x=xv)
program("predict", d.fix.model, "--data", "valid.npz", "--out", "predicted.npz")
ours, reread = fixed.predict(xv, verbose=0), keras.models.load_model(d.fix.model).predict(xv, verbose=0)
assert np.abs(ours - reread).max() < 1e-6
assert np.abs(ours - np.load("predicted.npz")["y"]).max() < 1e-4  # the program's own sums are in another order
timed("healthy", "healthy", None, healthy, x, valid=xv)

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    loader = tf.data.Dataset.from_tensor_slices((x, x)).batch(50)
else:
    import torch

    assert "tensorflow" not in sys.modules
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(x), torch.arange(len(x))), batch_size=50, shuffle=True)
timed("from a data set", "faulty", ["learning_rate_high"], faulty, loader, seconds=20)

model = autoencoder("tanh", keras.optimizers.Adam(0.001))
model.save("recorded.keras")
np.savez("batch.npz", x=x[:32])
program("trace", "recorded.keras", "--data", "batch.npz", "--steps", "1", "--out", "trace.npz")
model.fit(x, x, batch_size=32, shuffle=False, epochs=2, verbose=0, callbacks=[dcae.keras.Recorder("run", valid=xv)])
with np.load("trace.npz") as t:
    names = [k.removeprefix("grad/") for k in t if k.startswith("grad/")]
compare_norms("run", "trace.npz", {layer: [n for n in names if n.split("/")[0] == layer] for layer in {n.split("/")[0] for n in names}})
assert "apply" not in vars(model.optimizer)
program("plot", "run")
assert "None of them is a cause" in program("diagnose", "run", "--records")
