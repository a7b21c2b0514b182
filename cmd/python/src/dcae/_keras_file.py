"""Keras models to files, and back."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from ._program import Error


def is_model(model: Any) -> bool:
    """Whether this is a model of Keras, of any version. Imports nothing: who has a model has imported Keras."""
    return any(c.__name__ == "Model" and "keras" in c.__module__.split(".") for c in type(model).__mro__)


def input_rank(model: Any) -> int | None:
    """The rank of a model's input with its batch; None where the model does not say."""
    shape = getattr(model, "input_shape", None) if getattr(model, "built", False) else None
    if isinstance(shape, (tuple, list)) and (not shape or shape[0] is None or isinstance(shape[0], int)):
        return len(shape)
    return None


def save(model: Any, folder: Path) -> Path:
    """Saves a model as it is, compiled or not, for the program. Raises ``Error``."""
    if not getattr(model, "built", True):
        raise Error(f"the model {_name(model)} is not built: give it an Input of fixed size, or call it once on a batch of images")
    path = folder / (file_name(_name(model)) + (".keras" if _is_new(model) else ".h5"))
    try:
        model.save(path)
    except Exception as e:  # custom code of the model may raise anything
        raise Error(f"Keras cannot save the model {_name(model)}: {type(e).__name__}: {e}") from e
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
