"""Checks of models of one's own classes, and of trainings of other kinds, with Keras on the backend that KERAS_BACKEND names."""

import csv
import tempfile
from pathlib import Path

import keras
import numpy as np
from common import blobs, refused, timed

import dcae

x = blobs(1500, 1)
L = keras.layers
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    import torch


def layers():
    keras.utils.set_random_seed(3)
    encoder = keras.Sequential([L.Flatten(), L.Dense(64, activation="relu", name="a"), L.Dense(12, name="b")])
    return encoder, keras.Sequential([L.Dense(64, activation="relu", name="c"), L.Dense(256, name="d"), L.Reshape((16, 16, 1))])


class Autoencoder(keras.Model):
    """As tutorials have it."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = layers()

    def call(self, x):
        return self.decoder(self.encoder(x))


class OwnStep(Autoencoder):
    """Trains itself, and tells Keras of no loss."""

    def train_step(self, data):
        if keras.backend.backend() == "torch":
            self.zero_grad()
            loss = keras.ops.mean((self(data[0], training=True) - data[1]) ** 2)
            loss.backward()
            with torch.no_grad():
                self.optimizer.apply([v.value.grad for v in self.trainable_weights], self.trainable_weights)
        else:
            with tf.GradientTape() as tape:
                loss = keras.ops.mean((self(data[0], training=True) - data[1]) ** 2)
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


class AddLoss(Autoencoder):
    """Has a second term of the loss."""

    def call(self, x):
        code = self.encoder(x)
        self.add_loss(keras.ops.mean(code**2))
        return self.decoder(code)


def built(kind, rate=0.001, **settings):
    model = kind()
    model(x[:1])
    model.compile(keras.optimizers.Adam(rate), "mse", **settings)
    return model


def recorded(model):
    """The rows of a recording of each of 2 x 7 steps."""
    folder, own = Path(tempfile.mkdtemp(dir=".")) / "run", model.train_function
    model.fit(x[:140], x[:140], batch_size=20, epochs=2, shuffle=False, verbose=0, callbacks=[dcae.keras.Recorder(folder, every=1)])
    assert own is None or model.train_function is own, "Keras' own function is made anew"
    rows = list(csv.DictReader(open(next(folder.glob("runs/*/seed-1/steps.csv")))))
    assert [(r["epoch"], r["step"]) for r in rows] == [(str(1 + i // 7), str(i + 1)) for i in range(14)], rows
    return [{k: float(v) for k, v in r.items()} for r in rows]


def differs(a, b):
    """The largest relative difference of two steps' figures."""
    return max(abs(a[k] - b[k]) / (abs(b[k]) + 1e-6) for k in b)


usual = recorded(built(Autoencoder))
assert max(map(differs, recorded(built(OwnStep)), usual)) < 1e-2, "a train_step of one's own"
if keras.backend.backend() == "tensorflow":
    assert max(map(differs, recorded(built(Autoencoder, steps_per_execution=3)), usual)) < 1e-2, "three steps at a time"
again = built(Autoencoder)
again.fit(x[:140], x[:140], batch_size=20, shuffle=False, verbose=0)
assert recorded(again)[0]["loss"] < usual[0]["loss"]
keras.config.set_dtype_policy("mixed_float16")
half = built(Autoencoder)
keras.config.set_dtype_policy("float32")
assert differs(recorded(half)[0], usual[0]) < 0.05, "mixed precision"

model = built(Autoencoder, 0.5)
nodes = [len(n._inbound_nodes) for n in model._flatten_layers()]
d = timed("a class of one's own", "faulty", ["learning_rate_high"], model, x, seconds=30)
assert any("of the class Autoencoder" in n for n in d.notes), d.notes
assert nodes == [len(n._inbound_nodes) for n in model._flatten_layers()]
assert np.mean((d.fixed_model().predict(x[:100], verbose=0) - x[:100]) ** 2) < 0.5 * np.var(x)
half.optimizer.learning_rate = 0.5
d = timed("mixed precision", "faulty", ["learning_rate_high"], half, x, seconds=30)
assert any("mixed_float16: here it is trained in float32" in n for n in d.notes), d.notes

refused("has a train_step of its own", lambda: dcae.diagnose(built(OwnStep), x))
refused("calls add_loss", lambda: dcae.diagnose(built(AddLoss), x))
refused("and not built", lambda: dcae.diagnose(Autoencoder(), x))

first = Autoencoder()  # its first step builds it
first.compile("adam", "mse")
first.fit(x[:140], x[:140], batch_size=20, epochs=2, shuffle=False, verbose=0, callbacks=[dcae.keras.Recorder("first", every=1)])
steps = [int(r["step"]) for r in csv.DictReader(open(next(Path("first").glob("runs/*/seed-1/steps.csv"))))]
assert steps[-13:] == list(range(2, 15)), steps  # PyTorch's is built before
