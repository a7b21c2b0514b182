"""Keras models to files, and back."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from pathlib import Path
from typing import Any

from . import _keras_class
from ._program import Error


def is_model(model: Any) -> bool:
    """Whether this is a model of Keras, of any version. Imports nothing: who has a model has imported Keras."""
    return any(c.__name__ == "Model" and "keras" in c.__module__.split(".") for c in type(model).__mro__)


def image_shape(model: Any) -> tuple[int | None, ...] | None:
    """The shape of one image that a model takes; None where the model does not say. Raises ``Error`` for a model of several inputs."""
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise Error(f"the model {_name(model)} has {len(inputs)} inputs ({', '.join(str(i.name) for i in inputs)}): only models of one are supported")
    shape = getattr(model, "input_shape", None) if getattr(model, "built", False) else None
    if isinstance(shape, (tuple, list)) and shape and (shape[0] is None or isinstance(shape[0], int)):
        return tuple(shape[1:])
    return None


def save(model: Any, folder: Path, shape: tuple[int, ...] | None, notes: list[str]) -> Path:
    """Saves a model as it is, compiled or not, for the program, and notes how. ``shape`` is that of one image, where it is known. Raises ``Error``."""
    own = _is_new(model) and _keras_class.is_own(model)
    if own:
        _keras_class.check(model)
    elif not getattr(model, "built", True):
        call = "model.build(...) with the shape of a batch" if shape is None else f"model.build({(None, *shape)})"
        raise Error(f"the model {_name(model)} is not built, so that it has no weights yet: call {call} before, or begin it with keras.Input")
    path = folder / (file_name(_name(model)) + (".keras" if _is_new(model) else ".h5"))
    try:
        with _keras_class.functional(model, shape) if own else contextlib.nullcontext(model) as saved:
            saved.save(path)
    except Error:
        raise
    except Exception as e:  # custom code of the model may raise anything
        raise Error(f"Keras cannot save the model {_name(model)}: {type(e).__name__}: {e}") from e
    if own:
        notes.append(f"the model is of the class {type(model).__name__}: it is examined, and repaired, as the functional model that its call makes of its layers")
    return path


def file_name(name: str) -> str:
    """A model's name as a file's, by which the answer calls the model."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:60].strip("-") or "model"


def load(path: str, model: Any | None) -> Any:
    """Reads a model with the Keras that the given model came from, or that can be imported. Raises ``Error``."""
    if model is not None and not _is_new(model):
        raise Error(f"{path} is a file of Keras 3, and the model was one of Keras 2: read it with keras.models.load_model")
    keras = sys.modules.get("keras")
    if keras is None:
        try:
            keras = importlib.import_module("keras")
        except ImportError as e:
            raise Error(f"Keras is not installed here, so that {path} cannot be read") from e
    return keras.models.load_model(path)


def _is_new(model: Any) -> bool:
    return any(c.__module__.startswith("keras.src") for c in type(model).__mro__) and not _is_keras_2()


def _is_keras_2() -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and str(getattr(keras, "__version__", "3")).startswith("2.")


def _name(model: Any) -> str:
    return str(getattr(model, "name", type(model).__name__))
