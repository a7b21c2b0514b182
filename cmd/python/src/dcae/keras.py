"""Records a training of Keras."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

try:
    import keras
except ImportError as e:
    raise ImportError("dcae.keras records trainings of Keras, which is not installed here") from e

from . import _records
from ._arrays import Images
from ._program import Error


class Recorder(keras.callbacks.Callback):
    """Records each step of ``model.fit``: loss, gradient norm, weight norm and update ratio of each layer, as ``dcae train`` does.

        model.fit(x, x, epochs=5, callbacks=[dcae.keras.Recorder("run/", valid=xv)])

    ``dcae plot run/`` draws it, ``dcae diagnose run/ --records`` tells its symptoms. Norms are L2, of the gradients before the optimizer clips them,
    and of the weights before the step. ``valid``, held-out images x or (x, y), of which up to 1,000 are looked at after each epoch, adds held-out
    figures, dead and saturated units, and pictures. FVU is over the variance around the held-out targets' own mean.

    Works with the TensorFlow and PyTorch backends. Raises ``Error`` where the folder holds something else, or with another backend.
    """

    def __init__(self, folder: str | os.PathLike[str], *, valid: Images = None) -> None:
        super().__init__()
        if keras.backend.backend() not in ("tensorflow", "torch"):
            raise Error(f"the recorder works with Keras' TensorFlow and PyTorch backends, not with {keras.backend.backend()}")
        self._folder, self._held = folder, _records.held_out(valid)
        self._records: _records.Records | None = None

    def set_model(self, model: Any) -> None:
        """Wraps the optimizer before the train function is built: callbacks see no gradients."""
        super().set_model(model)
        if self._records is not None or not getattr(model, "built", False) or getattr(model, "optimizer", None) is None:
            return
        self._begin(model)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins where the model was built by ``fit`` itself."""
        if self._records is None:
            self._begin(self.model)

    def _begin(self, model: Any) -> None:
        layers, self._variables = [], []
        for layer in _leaves(model):
            trained = list(layer.trainable_variables)
            if layer.variables:
                values = sum(int(np.prod(v.shape)) for v in trained or layer.variables)
                layers.append(_records.LayerInfo(layer.name, type(layer).__name__, values, any(len(v.shape) > 1 for v in layer.variables), not trained))
            if trained:
                self._variables.append(trained)
        if not self._variables:
            raise Error("the model has no variables that are trained")
        source = f"Keras {keras.__version__} on {keras.backend.backend()}"
        channels_first = keras.config.image_data_format() == "channels_first"
        self._records = _records.Records(self._folder, model.name, layers, source, self._held, channels_first)
        # Gradients, weights, steps of each layer, as sums of squares; and the loss. In a variable, since the step may be a graph.
        self._figures = keras.Variable(np.zeros((3, len(self._variables)), np.float32), trainable=False, name="dcae_figures")
        self._loss = keras.Variable(np.float32(np.nan), trainable=False, name="dcae_loss")
        self._wrapped: list[tuple[Any, str]] = []
        self._wrap(model.optimizer, "apply", self._apply)
        tracker = next((m for m in model.metrics if m.name == "loss"), None)
        if tracker is not None:
            self._wrap(tracker, "update_state", self._update_state)
        model.train_function = None  # it may have been built without the wraps

    def _wrap(self, owner: Any, name: str, by: Any) -> None:
        if name in vars(owner):  # of a fit that was interrupted
            object.__delattr__(owner, name)
        original = getattr(owner, name)
        object.__setattr__(owner, name, lambda *args, **kwargs: by(original, *args, **kwargs))
        self._wrapped.append((owner, name))

    def _apply(self, apply: Any, grads: Any, trainable_variables: Any = None) -> Any:
        variables = list(self.model.trainable_variables if trainable_variables is None else trainable_variables)
        gradients = {id(v): g for v, g in zip(variables, grads, strict=False) if g is not None}
        before = {id(v): keras.ops.copy(keras.ops.convert_to_tensor(v)) for v in variables}
        result = apply(grads, trainable_variables)
        rows: list[list[Any]] = [[], [], []]
        for own in self._variables:
            known = [v for v in own if id(v) in before]
            rows[0].append(_squares(gradients[id(v)] for v in known if id(v) in gradients))
            rows[1].append(_squares(before[id(v)] for v in known))
            rows[2].append(_squares(keras.ops.convert_to_tensor(v) - before[id(v)] for v in known))
        self._figures.assign(keras.ops.stack([keras.ops.stack(row) for row in rows]))
        return result

    def _update_state(self, update: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        self._loss.assign(keras.ops.cast(keras.ops.mean(values), "float32"))
        return update(values, *args, **kwargs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        squares = keras.ops.convert_to_numpy(self._figures.value).astype(np.float64)
        loss = float(keras.ops.convert_to_numpy(self._loss.value))
        if np.isnan(loss) and logs and not self._wraps_loss():
            loss = float(logs.get("loss", np.nan))
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self._records.add_step(loss, rate, [tuple(column) for column in np.sqrt(squares).T.tolist()])

    def _wraps_loss(self) -> bool:
        return len(self._wrapped) > 1

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self._held is not None:
            self._evaluate(self._held)
        self._records.end_epoch(float(logs["loss"]) if logs and "loss" in logs else None)

    def on_train_end(self, logs: Any = None) -> None:
        for owner, name in self._wrapped:
            object.__delattr__(owner, name)
        self._wrapped = []
        self.model.train_function = None
        self._records.close()
        self._records = None

    def _evaluate(self, held: _records.Held) -> None:
        """Runs the model over the held-out images, layer by layer, and watches its units."""
        units, watched = _records.Units(), []
        for layer in _leaves(self.model):
            if any(len(v.shape) > 1 for v in layer.variables) or hasattr(layer, "activation") or "activation" in type(layer).__module__:
                original = layer.call
                object.__setattr__(layer, "call", _watching(original, layer, units))
                watched.append(layer)
        try:
            outputs = []
            for i in range(0, len(held.x), 100):
                output = self.model(held.x[i : i + 100], training=False)
                output = next(iter(output.values())) if isinstance(output, dict) else output[0] if isinstance(output, (list, tuple)) else output
                outputs.append(keras.ops.convert_to_numpy(output))
        finally:
            for layer in watched:
                object.__delattr__(layer, "call")
        held.outputs, held.units = np.concatenate(outputs), units.shares()


def _watching(original: Any, layer: Any, units: _records.Units) -> Any:
    activation = getattr(getattr(layer, "activation", None), "__name__", None)

    def call(*args: Any, **kwargs: Any) -> Any:
        output = original(*args, **kwargs)
        units.add(layer.name, keras.ops.convert_to_numpy(output), activation, units_last=True)
        return output

    return call


def _squares(tensors: Any) -> Any:
    """The sum of the squares of all values."""
    total = keras.ops.cast(0.0, "float32")
    for t in tensors:
        t = keras.ops.cast(keras.ops.convert_to_tensor(t), "float32")
        total = total + keras.ops.sum(keras.ops.square(t))
    return total


def _leaves(model: Any) -> list[Any]:
    """A model's layers, those of models within it in their place."""
    out = []
    for layer in model.layers:
        out += _leaves(layer) if isinstance(layer, keras.Model) else [layer]
    return out
