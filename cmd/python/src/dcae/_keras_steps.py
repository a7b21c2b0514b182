"""What the steps of Keras' optimizers do to variables, by the backends' own functions: dozens of small ones of Keras would take longer than a step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ._records import Taken


def of_backend(variables: list[Any], most: int) -> GraphSteps | EagerSteps:
    """For variables; at most so many steps are taken at a time."""
    return EagerSteps(variables) if keras.backend.backend() == "torch" else GraphSteps(variables, most)


class EagerSteps:
    """Steps of the PyTorch backend."""

    def __init__(self, variables: list[Any]) -> None:
        from . import _torch_steps

        self._steps = _torch_steps.Steps([v.value for v in variables])
        self._loss: Any = np.nan

    def tell(self, values: Any) -> None:
        """Tells the loss of the next step."""
        self._loss = values.detach().mean()

    def before(self, gradients: list[Any]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._steps.before(gradients)

    def after(self, rate: Any) -> None:
        """Looks at a step that was taken."""
        self._steps.add(self._loss, rate.value.clone() if hasattr(rate, "value") else rate, self._steps.after())

    def skip(self) -> None:
        """Counts a step that is not looked at."""
        self._steps.add(np.nan, np.nan, None)

    def take(self) -> Taken:
        """What was kept since the last time."""
        return self._steps.take()


class GraphSteps:
    """Steps of the TensorFlow backend, which may be a graph: what they leave stays in variables, a row for each step that is looked at."""

    def __init__(self, variables: list[Any], most: int) -> None:
        self._variables = variables
        self._rows = keras.Variable(np.zeros((most, 2 + 3 * len(variables)), np.float32), trainable=False, name="dcae_rows")  # loss, rate, sums of squares
        self._numbers = keras.Variable(np.zeros(most, np.int32), dtype="int32", trainable=False, name="dcae_numbers")  # which steps they are of
        self._kept = keras.Variable(np.int32(0), dtype="int32", trainable=False, name="dcae_kept")  # rows since the beginning
        self._count = keras.Variable(np.int32(0), dtype="int32", trainable=False, name="dcae_count")  # steps
        self._loss = keras.Variable(np.float32(np.nan), trainable=False, name="dcae_loss")
        self._taken = 0

    def tell(self, values: Any) -> None:
        """Tells the loss of the next step."""
        self._loss.assign(keras.ops.cast(keras.ops.mean(values), "float32"))

    def before(self, gradients: list[Any]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._before = [keras.ops.convert_to_tensor(v) for v in self._variables]  # TensorFlow copies what is written to
        self._figures = [self._squares(gradients), self._squares(self._before)]

    def after(self, rate: Any) -> None:
        """Looks at a step that was taken."""
        self.skip()
        self._figures.append(self._squares([keras.ops.subtract(v, b) for v, b in zip(self._variables, self._before, strict=True)]))
        row = keras.ops.concatenate([keras.ops.stack([self._loss.value, keras.ops.cast(rate, "float32")]), *self._figures])
        at = keras.ops.reshape(keras.ops.mod(self._kept.value, self._rows.shape[0]), (1, 1))
        self._rows.assign(keras.ops.scatter_update(self._rows.value, at, row[None]))
        self._numbers.assign(keras.ops.scatter_update(self._numbers.value, at, self._count.value[None]))
        self._kept.assign(self._kept.value + 1)

    def skip(self) -> None:
        """Counts a step that is not looked at."""
        self._count.assign(self._count.value + 1)

    def take(self) -> Taken:
        """What was kept since the last time."""
        kept, rows, numbers = int(keras.ops.convert_to_numpy(self._kept.value)), keras.ops.convert_to_numpy(self._rows.value), keras.ops.convert_to_numpy(self._numbers.value)
        at = np.arange(self._taken, kept) % len(rows)
        self._taken, rows = kept, rows[at]
        return Taken(int(keras.ops.convert_to_numpy(self._count.value)), numbers[at].tolist(), rows[:, 0].tolist(), rows[:, 1].tolist(), rows[:, 2:])

    @staticmethod
    def _squares(tensors: list[Any]) -> Any:
        import tensorflow as tf

        return 2 * tf.stack([tf.constant(0.0) if t is None else tf.nn.l2_loss(tf.cast(tf.convert_to_tensor(t), tf.float32)) for t in tensors])
