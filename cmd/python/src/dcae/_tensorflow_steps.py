"""What an optimizer's steps do to variables of TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ._records import Taken


class Steps:
    """Looks at steps that may be those of a graph: what they leave stays in variables, of at most so many steps at a time.

    TensorFlow's own functions are called: of Keras' dozens of small ones would take longer than a step.
    """

    def __init__(self, variables: list[Any], most: int) -> None:
        self._variables = [v.value for v in variables]
        self._losses, self._rows = _Ring(most, 1), _Ring(most, 1 + 3 * len(variables))  # rows: rate, sums of squares

    def tell(self, values: Any) -> None:
        """Tells the loss of a step, before or after it is looked at."""
        self._losses.append([tf.reduce_mean(tf.cast(values, tf.float32))])

    def before(self, gradients: list[Any]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._before = [tf.convert_to_tensor(v) for v in self._variables]  # TensorFlow copies what is written to
        self._squares = [*map(_squares, gradients), *map(_squares, self._before)]

    def after(self, rate: Any) -> None:
        """Looks at a step that was taken."""
        taken = [_squares(v - b) for v, b in zip(self._variables, self._before, strict=True)]
        self._rows.append([tf.cast(tf.convert_to_tensor(rate), tf.float32), *self._squares, *taken])

    def take(self) -> Taken:
        """What was left since the last time; steps are counted that were looked at."""
        rows, losses = self._rows.take(), self._losses.take()[:, 0].tolist()
        return Taken(len(rows), [], losses, rows[:, 0].tolist(), rows[:, 1:])


class _Ring:
    """Rows of numbers, of which the last ones are kept."""

    def __init__(self, most: int, width: int) -> None:
        self._rows = tf.Variable(np.zeros((most, width), np.float32), trainable=False)
        self._count = tf.Variable(0, dtype=tf.int32, trainable=False)
        self._taken = 0

    def append(self, row: list[Any]) -> None:
        at = tf.math.floormod(self._count, self._rows.shape[0])
        self._rows.scatter_update(tf.IndexedSlices(tf.stack(row)[None], at[None]))
        self._count.assign_add(1)

    def take(self) -> np.ndarray:
        count, rows = int(self._count.numpy()), self._rows.numpy()
        at = np.arange(self._taken, count) % len(rows)
        self._taken = count
        return rows[at]


def _squares(values: Any) -> Any:
    """The sum of squares; 0 of None."""
    return tf.constant(0.0) if values is None else 2 * tf.nn.l2_loss(tf.cast(tf.convert_to_tensor(values), tf.float32))
