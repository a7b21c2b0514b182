"""Models of the user's own classes of Keras, whose code is in no file, as functional models of the same layers."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Iterator
from typing import Any

from ._program import Error

BUILD_AS = "build it as keras.Sequential or keras.Model(inputs, outputs), or train the same as a module of PyTorch"


def is_own(model: Any) -> bool:
    """Whether a model's class is none of Keras'."""
    return not _of_keras(type(model))


def check(model: Any) -> None:
    """Raises ``Error`` where the model is trained by code of its own."""
    for name in ("train_step", "compute_loss"):
        if not _of_keras(getattr(type(model), name)):
            raise Error(f"{_what(model)}, which has a {name} of its own, and that is not followed: let compile and fit train it, or train the same as a module of PyTorch")
    if not is_built(model):
        raise Error(f"{_what(model)}, and not built, so that it has no weights yet: call it once before, as model(x[:1])")


def is_built(model: Any) -> bool:
    """Whether a model has its weights. Of one's own class Keras says so too early."""
    return bool(model.built and model.weights)


@contextlib.contextmanager
def functional(model: Any, shape: tuple[int, ...] | None) -> Iterator[Any]:
    """The functional model that the model's ``call`` makes of its layers, which are shared; compiled as the model is.

    ``shape`` is that of one image. When the block ends, the layers have forgotten it. Raises ``Error`` where Keras cannot follow its ``call``.
    """
    what = _what(model)
    if shape is None:
        raise Error(f"{what}, whose code is in no file: give x as an array")
    keras = sys.modules["keras"]
    nodes = [(kept, len(kept)) for layer in model._flatten_layers() for kept in (layer._inbound_nodes, layer._outbound_nodes)]
    try:
        inputs = keras.Input(shape)
        training = {"training": True} if "training" in inspect.signature(model.call).parameters else {}
        try:
            made = keras.Model(inputs, model.call(inputs, **training), name=model.name)
        except Exception as e:  # of code that is not ours
            if "add_loss" in str(e):
                raise Error(f"{what}, which calls add_loss, and that is not followed: let compile name the whole loss, or train the same as a module of PyTorch") from e
            raise Error(f"{what}, whose call Keras cannot follow with images of shape {shape} ({type(e).__name__}: {_first_sentence(e)}): {BUILD_AS}") from e
        object.__setattr__(made, "get_compile_config", model.get_compile_config)
        yield made
    finally:
        for kept, n in nodes:
            del kept[n:]


def _what(model: Any) -> str:
    return f"the model {model.name} is of the class {type(model).__name__}"


def _of_keras(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).split(".")[0] in ("keras", "tf_keras", "tensorflow")


def _first_sentence(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "").partition(". ")[0][:200]
