"""Records a training of Keras."""

from __future__ import annotations

import math
import os
import re
from typing import Any

import numpy as np

try:
    import keras
except ImportError as e:
    raise ImportError("dcae.keras records trainings of Keras, which is not installed here") from e

from . import _check, _keras_class, _pace, _records
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
    An epoch's loss is Keras' own, over all steps. In TensorFlow, recorded steps are a graph of their own, which is compiled, too. Where a
    train_step of your own tells Keras no loss, the one that it returns is taken.

    Works with the TensorFlow and PyTorch backends. Raises ``Error`` where the folder holds something else, or with another backend.
    """

    def __init__(self, folder: str | os.PathLike[str], *, valid: Images = None, every: int | None = None) -> None:
        super().__init__()
        if keras.backend.backend() not in ("tensorflow", "torch"):
            raise Error(f"the recorder works with Keras' TensorFlow and PyTorch backends, not with {keras.backend.backend()}")
        self._folder, self._held, self._every = _check.folder("folder", folder), _records.held_out(valid), every
        _pace.Pace(every)  # fails now for what is no number
        self._records: _records.Records | None = None
        self._wrapped: list[tuple[Any, str]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Begins the recording; of a model that its first step builds, after that one."""
        self._end()  # if a fit before was interrupted
        if self._held is not None:
            try:
                self._evaluate(self._held.first())
            except Exception as e:  # of code that is not ours
                raise Error(f"the model does not take the images of valid, each of shape {self._held.x.shape[1:]}: {_plain(e)}") from e
        if _keras_class.is_built(self.model):
            self._begin()
        else:
            own = self.model.train_function
            self.model.train_function = lambda iterator: self._first(own, iterator)

    def _first(self, own: Any, iterator: Any) -> Any:
        self.model.train_function = own
        logs = own(iterator)
        self._begin()
        self._count = self._taken = self._at_once
        return logs

    def _begin(self) -> None:
        """Wraps the optimizer, for callbacks see no gradients, and has a second train function built, for steps that are recorded."""
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
        source = f"Keras {keras.__version__} on {keras.backend.backend()}"
        channels_first = keras.config.image_data_format() == "channels_first"
        self._at_once = int(getattr(model, "steps_per_execution", 1))
        self._steps = _steps_of_backend(self._variables, FLUSH + self._at_once)
        self._count = self._taken = self._epoch_begun = 0  # steps: all, those whose records were read, those of earlier epochs
        self._numbers: list[int] = []  # of recorded steps that were not read yet
        self._returned: list[Any] = []  # what the train function said of their loss
        self._fitted, self._recorded = model, False
        self._functions = {False: model.train_function}  # steps that are not recorded are Keras' own, and take no longer than without this
        self._records = _records.Records(self._folder, model.name, layers, source, self._held, channels_first, self._every)
        self._wrap(model.optimizer, "apply", self._apply)
        tracker = next((m for m in model.metrics if m.name == "loss"), None)
        if tracker is not None:
            self._wrap(tracker, "update_state", self._update_state)
        self._wrap(model, "make_train_function", self._make_train_function)
        type(model).make_train_function(model, force=True)
        self._functions[True] = model.train_function
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
        if self._records is None:
            return self._functions[False](iterator)
        if self._count - self._taken >= FLUSH:  # not at each one's end: nothing waits for a step that way, nor for what Keras would prepare for callbacks
            self._take_rows()
        self._recorded = self._records.pace.due()
        logs = self._functions[self._recorded](iterator)
        recorded, self._recorded = self._recorded, False
        steps = min(self._at_once, len(iterator)) if isinstance(iterator, list) else self._at_once
        if recorded:
            self._numbers += range(self._count + 1, self._count + steps + 1)
            self._returned += [_loss_of(logs)] * steps
        self._count += steps
        return logs

    def _apply(self, apply: Any, grads: Any, trainable_variables: Any = None) -> Any:
        if not self._recorded:
            return apply(grads, trainable_variables)
        optimizer = self._fitted.optimizer
        variables = self._fitted.trainable_variables if trainable_variables is None else trainable_variables
        gradients = {id(v): g for v, g in zip(variables, grads, strict=False)}
        scale = _loss_scale(optimizer)
        if scale is not None:
            gradients = {v: g if g is None else keras.ops.divide(g, scale) for v, g in gradients.items()}
        rate = optimizer.learning_rate
        self._steps.before([gradients.get(id(v)) for v in self._variables])
        result = apply(grads, trainable_variables)
        self._steps.after(rate)
        return result

    def _update_state(self, update: Any, values: Any, *args: Any, **kwargs: Any) -> Any:
        if self._recorded:
            self._steps.tell(values)
        return update(values, *args, **kwargs)

    def _take_rows(self) -> None:
        if self._records is None:
            return
        self._records.add_steps(self._read)
        self._taken = self._count

    def _read(self) -> _records.Taken:
        taken, numbers, returned = self._steps.take(), self._numbers, self._returned
        self._numbers, self._returned = [], []
        if len(taken.losses) != taken.count:  # a train_step of the user's tells Keras nothing: what it returns must do
            taken.losses = [math.nan if loss is None else float(keras.ops.convert_to_numpy(loss)) for loss in returned]
        n = min(taken.count, len(numbers))  # the last steps_per_execution may have been fewer
        return _records.Taken(self._count, numbers[:n], taken.losses[:n], taken.rates[:n], taken.squares[:n])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Writes the epoch, after a look at the held-out images."""
        if self._records is None:
            return
        if self.params.get("steps"):
            self._count = min(self._count, self._epoch_begun + self.params["steps"])
        self._take_rows()
        self._epoch_begun = self._count
        if self._held is not None:
            self._evaluate(self._held)
        loss = _loss_of(logs)
        self._records.end_epoch(None if loss is None else float(loss))

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
            if self._fitted.train_function == self._train:
                self._fitted.train_function = self._functions[False]

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


def _loss_of(logs: Any) -> Any:
    """The loss among what Keras tells of a step or an epoch; None where there is none, as total_loss of a train_step of one's own."""
    if not isinstance(logs, dict):
        return None
    return logs.get("loss", next((v for k, v in logs.items() if k.endswith("loss") and not k.startswith("val_")), None))


def _steps_of_backend(variables: list[Any], most: int) -> Any:
    """What looks at the steps of the backend's variables; of a graph's at most so many at a time."""
    if keras.backend.backend() == "torch":
        from ._torch_steps import KerasSteps

        return KerasSteps(variables)
    from ._tensorflow_steps import Steps

    return Steps(variables, most)


def _loss_scale(optimizer: Any) -> Any:
    """What the optimizer multiplies a loss by, for the sake of half precision; None: nothing."""
    scales = (getattr(optimizer, name, None) for name in ("dynamic_scale", "initial_scale", "loss_scale_factor"))
    return next((s for s in scales if s is not None), None)
