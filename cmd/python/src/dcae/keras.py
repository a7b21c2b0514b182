"""Records a training of Keras."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np

try:
    import keras
except ImportError as e:
    raise ImportError("dcae.keras records trainings of Keras, which is not installed here") from e

from . import _keras_steps, _pace, _records
from ._arrays import Images
from ._program import Error


FLUSH = 50  # steps between two looks at what they left


class Recorder(keras.callbacks.Callback):
    """Records steps of ``model.fit``: loss, gradient norm, weight norm and update ratio of each layer, as ``dcae train`` does.

        model.fit(x, x, epochs=5, callbacks=[dcae.keras.Recorder("run/", valid=xv)])

    ``dcae plot run/`` draws it, ``dcae diagnose run/ --records`` tells its symptoms. Norms are L2, of the gradients before the optimizer clips them,
    and of the weights before the step. ``valid``, held-out images x or (x, y), of which up to 1,000 are looked at after each epoch, adds held-out
    figures, dead and saturated units, and pictures. FVU is over the variance around the held-out targets' own mean.

    Norms need several passes over the weights. So after the first 50 steps as many are recorded, evenly spaced, as take less than a tenth of the
    training's time; ``every=1`` records each step, whatever it takes, ``every=k`` each k-th (with ``steps_per_execution``, all of each k-th execution).
    An epoch's loss is Keras' own, over all steps. In TensorFlow, steps that are not recorded are a graph of their own, which is compiled once more.

    Works with the TensorFlow and PyTorch backends. Raises ``Error`` where the folder holds something else, or with another backend.
    """

    def __init__(self, folder: str | os.PathLike[str], *, valid: Images = None, every: int | None = None) -> None:
        super().__init__()
        if keras.backend.backend() not in ("tensorflow", "torch"):
            raise Error(f"the recorder works with Keras' TensorFlow and PyTorch backends, not with {keras.backend.backend()}")
        self._folder, self._held, self._every = folder, _records.held_out(valid), every
        _pace.Pace(every)  # fails now for what is no number
        self._records: _records.Records | None = None
        self._wrapped: list[tuple[Any, str]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Wraps the optimizer, for callbacks see no gradients, and has the train function built anew."""
        self._end()  # if a fit before was interrupted
        model = self.model
        layers, self._variables = [], []
        for layer in _leaves(model):
            trained = list(layer.trainable_variables)
            if layer.variables:
                values = sum(int(np.prod(v.shape)) for v in trained or layer.variables)
                layers.append(_records.LayerInfo(layer.name, type(layer).__name__, values, any(len(v.shape) > 1 for v in layer.variables), len(trained)))
            if trained:
                self._variables += trained
        if not self._variables:
            raise Error("the model has no variables that are trained")
        if self._held is not None:
            try:
                self._evaluate(self._held.first())
            except Exception as e:  # of code that is not ours
                raise Error(f"the model does not take the images of valid, each of shape {self._held.x.shape[1:]}: {_plain(e)}") from e
        source = f"Keras {keras.__version__} on {keras.backend.backend()}"
        channels_first = keras.config.image_data_format() == "channels_first"
        self._records = _records.Records(self._folder, model.name, layers, source, self._held, channels_first, self._every)
        self._at_once = int(getattr(model, "steps_per_execution", 1))
        self._steps = _keras_steps.of_backend(self._variables, FLUSH + self._at_once)
        self._begun = 0
        self._wrap(model.optimizer, "apply", self._apply)
        tracker = next((m for m in model.metrics if m.name == "loss"), None)
        if tracker is not None:
            self._wrap(tracker, "update_state", self._update_state)
        self._wrap(model, "make_train_function", self._make_train_function)
        self._functions: dict[bool, Any] = {}  # TensorFlow makes a graph of each
        for recorded in (True, False):
            type(model).make_train_function(model, force=True)
            self._functions[recorded] = model.train_function
        model.train_function = self._train

    def _wrap(self, owner: Any, name: str, by: Any) -> None:
        original = getattr(owner, name)
        object.__setattr__(owner, name, lambda *args, **kwargs: by(original, *args, **kwargs))
        self._wrapped.append((owner, name))

    def _make_train_function(self, make: Any, force: bool = False) -> Any:
        """Ends the recording where another fit begins: then this one was interrupted."""
        self._end()
        return make(force)

    def _train(self, iterator: Any) -> Any:
        """A step, or with steps_per_execution several."""
        self._recorded = self._records.pace.due() if self._records else False
        return self._functions[self._recorded](iterator)

    def _apply(self, apply: Any, grads: Any, trainable_variables: Any = None) -> Any:
        if not self._recorded:
            result = apply(grads, trainable_variables)
            self._steps.skip()
            return result
        variables = self.model.trainable_variables if trainable_variables is None else trainable_variables
        gradients = {id(v): g for v, g in zip(variables, grads, strict=False)}
        rate = self.model.optimizer.learning_rate
        self._steps.before([gradients.get(id(v)) for v in self._variables])
        result = apply(grads, trainable_variables)
        self._steps.after(rate)
        return result

    def _update_state(self, update: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        if self._recorded:
            self._steps.tell(values)
        return update(values, *args, **kwargs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Reads what steps have left, every now and then: nothing waits for a step that way, nor for what Keras would prepare for the end of a batch."""
        self._begun += self._at_once
        if self._begun > FLUSH:
            self._take_rows()
            self._begun = self._at_once

    def _take_rows(self) -> None:
        if self._records is None:
            return
        self._records.add_steps(self._steps.take())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the epoch, after a look at the held-out images."""
        if self._records is None:
            return
        self._take_rows()
        self._begun = 0
        if self._held is not None:
            self._evaluate(self._held)
        self._records.end_epoch(float(logs["loss"]) if logs and "loss" in logs else None)

    def on_train_end(self, logs: Any = None) -> None:
        """Ends the recording."""
        self._end()

    def _end(self) -> None:
        for owner, name in self._wrapped:
            vars(owner).pop(name, None)
        self._wrapped = []
        if self._records is not None:
            self._take_rows()
            self._records.close()
            self._records = None
            self.model.train_function = None

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


def _plain(error: Exception) -> str:
    """A message of Keras on one line, without colours and what it says of arguments."""
    return " ".join(re.sub("\x1b\\[[0-9;]*m", "", str(error)).partition("\n\nArguments received")[0].split())


def _watching(original: Any, layer: Any, units: _records.Units) -> Any:
    activation = getattr(getattr(layer, "activation", None), "__name__", None)

    def call(*args: Any, **kwargs: Any) -> Any:
        output = original(*args, **kwargs)
        units.add(layer.name, keras.ops.convert_to_numpy(output), activation, units_last=True)
        return output

    return call


def _leaves(model: Any) -> list[Any]:
    """A model's layers, those of models within it in their place."""
    out = []
    for layer in model.layers:
        out += _leaves(layer) if isinstance(layer, keras.Model) else [layer]
    return out
