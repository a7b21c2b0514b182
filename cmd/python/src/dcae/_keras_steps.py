"""What the steps of Keras' optimizers do to variables, by the backends' own functions: dozens of small ones of Keras would take longer than a step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def of_backend(layers: list[list[Any]], most: int) -> GraphSteps | EagerSteps:
    """For the variables of layers; at most so many steps are taken at a time."""
    return EagerSteps(layers) if keras.backend.backend() == "torch" else GraphSteps(layers, most)


class EagerSteps:
    """Steps of the PyTorch backend."""

    def __init__(self, layers: list[list[Any]]) -> None:
        from . import _torch_steps

        self._steps = _torch_steps.Steps([[v.value for v in own] for own in layers])
        self._loss: Any = np.nan

    def tell(self, values: Any) -> None:
        """Tells the loss of the next step."""
        self._loss = values.detach().mean()

    def before(self, gradients: list[list[Any]]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._steps.before(gradients)

    def after(self, rate: Any) -> None:
        """Looks at a step that was taken."""
        self._steps.add(self._loss, rate.value.clone() if hasattr(rate, "value") else rate, self._steps.after())

    def take(self) -> tuple[list[float], list[float], np.ndarray]:
        """The steps since the last time, as ``Records.add_steps`` takes them."""
        return self._steps.take()


class GraphSteps:
    """Steps of the TensorFlow backend, which may be a graph: what they leave stays in variables, the sums of squares of a step in one row."""

    def __init__(self, layers: list[list[Any]], most: int) -> None:
        self._variables = [v for own in layers for v in own]
        self._rows = keras.Variable(np.zeros((most, 2 + 3 * len(self._variables)), np.float32), trainable=False, name="dcae_rows")
        self._count = keras.Variable(np.int32(0), dtype="int32", trainable=False, name="dcae_count")
        self._loss = keras.Variable(np.float32(np.nan), trainable=False, name="dcae_loss")
        self._taken = 0

    def tell(self, values: Any) -> None:
        """Tells the loss of the next step."""
        self._loss.assign(keras.ops.cast(keras.ops.mean(values), "float32"))

    def before(self, gradients: list[list[Any]]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._before = [keras.ops.convert_to_tensor(v) for v in self._variables]  # TensorFlow copies what is written to
        self._figures = [self._squares([g for own in gradients for g in own]), self._squares(self._before)]

    def after(self, rate: Any) -> None:
        """Looks at a step that was taken."""
        self._figures.append(self._squares([keras.ops.subtract(v, b) for v, b in zip(self._variables, self._before, strict=True)]))
        row = keras.ops.concatenate([keras.ops.stack([self._loss.value, keras.ops.cast(rate, "float32")]), *self._figures])
        at = keras.ops.mod(self._count.value, self._rows.shape[0])
        self._rows.assign(keras.ops.scatter_update(self._rows.value, keras.ops.reshape(at, (1, 1)), row[None]))
        self._count.assign(self._count.value + 1)

    def take(self) -> tuple[list[float], list[float], np.ndarray]:
        """The steps since the last time, as ``Records.add_steps`` takes them."""
        count, rows = int(keras.ops.convert_to_numpy(self._count.value)), keras.ops.convert_to_numpy(self._rows.value)
        rows = rows[np.arange(self._taken, count) % len(rows)]
        self._taken = count
        return rows[:, 0].tolist(), rows[:, 1].tolist(), rows[:, 2:]

    @staticmethod
    def _squares(tensors: list[Any]) -> Any:
        import tensorflow as tf

        return 2 * tf.stack([tf.constant(0.0) if t is None else tf.nn.l2_loss(tf.cast(tf.convert_to_tensor(t), tf.float32)) for t in tensors])
