"""Images of any kind as the arrays that the program reads."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ._program import Error

Images: TypeAlias = Any  # an array, a tensor, a list of them, a data set, a loader, or a path

MOST_IMAGES = 10_000  # that are read from a data set or a loader; the program itself looks at 6,000 training images
MOST_BYTES = 1 << 30  # of all that is handed to the program


@dataclass
class Arrays:
    """Images, what they are to become (None: themselves), and remarks on what was left out."""

    x: np.ndarray
    y: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    batch: int | None = None  # that the loader had


def read(images: Images, targets: Images = None, *, shape: tuple[int | None, ...] | None = None, name: str = "x") -> Arrays:
    """Images (and targets) as arrays of shape (N, ...), float32 or uint8.

    ``shape`` is that of one image, where the model says so; by it batches are told from single images. Raises ``Error``.
    """
    if isinstance(images, tuple) and len(images) == 2 and targets is None:
        images, targets = images
    for value, what in ((images, name), (targets, _target(name))):
        if is_path(value):
            raise Error(f"{what} is the path {os.fspath(value)}: give arrays, or as x one path, of a file that holds all of them")
    if isinstance(images, Mapping):
        raise Error(f"{name} is a {type(images).__name__} ({', '.join(map(str, list(images)[:5]))}): give one of its arrays")
    if targets is not None and _iterated(images):
        raise Error(f"{name} is a data set, which gives (x, y) itself: leave out {_target(name)}")
    if _iterated(images):
        return _read_all(images, shape, name)
    out = Arrays(_array(images, name))
    if shape is not None and None not in shape and _fits(out.x.shape, shape):
        raise Error(f"{name} is one image, of shape {out.x.shape}: give many of them, as an array of shape (N, {', '.join(map(str, shape))})")
    if targets is not None:
        y = _array(targets, _target(name), target=True)
        if len(y) != len(out.x):
            raise Error(f"{name} has {len(out.x)} images, {_target(name)} {len(y)}: a target belongs to each image")
        if _is_label(y):
            out.notes.append(f"{_target(name)} holds one number for each image, a label: it is passed over, and each image is its own target")
        else:
            out.y = y
    return out


def write(path: Path, train: Arrays, valid: Arrays | None) -> list[str]:
    """Writes arrays as the program reads them: x, y, and held out xt, yt. Returns what there is to say about it. Raises ``Error``."""
    parts = {"x": train.x, "y": train.y}
    if valid is not None:
        parts |= {"xt": valid.x, "yt": valid.y}
        if (train.y is None) != (valid.y is None):
            raise Error("either both of the training and the held-out images have targets, or none")
    given = {name: a for name, a in parts.items() if a is not None}
    notes = [*train.notes, *(valid.notes if valid else [])]
    size = sum(a.nbytes for a in given.values())
    if size > MOST_BYTES:
        every = -(-size // MOST_BYTES)
        given = {name: a[::every] for name, a in given.items()}
        notes.append(f"of {size >> 20} MB of images every {every}th image is used, since {MOST_BYTES >> 20} MB is the limit")
    try:
        np.savez(path, **given)  # type: ignore[arg-type]
    except OSError as e:
        raise Error(f"cannot write the images to {path}: {e.strerror}") from e
    return notes


def is_path(images: Images) -> bool:
    """Whether images are named, and read by the program itself."""
    return isinstance(images, (str, os.PathLike))


def _target(name: str) -> str:
    return {"x": "y"}.get(name, f"the targets of {name}")


def _iterated(images: Any) -> bool:
    """Whether images come one by one or in batches, and not as one array."""
    if isinstance(images, (np.ndarray, list, tuple)) or hasattr(images, "__array__") or _is_torch_tensor(images):
        return False
    return hasattr(images, "__iter__") or hasattr(images, "__getitem__")


def _is_torch_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def plain(value: Any, name: str) -> np.ndarray:
    """Any one array or tensor, of whatever values. Raises ``Error``."""
    try:
        if _is_torch_tensor(value):
            value = value.detach().cpu()
            if value.is_floating_point():
                value = value.float()  # numpy has no bfloat16
            return value.numpy()
        if isinstance(value, (list, tuple)):
            return np.stack([plain(v, name) for v in value])
        return np.asarray(value)
    except ValueError as e:
        raise Error(f"{name}: its images have different shapes: {e}") from e
    except TypeError as e:
        raise Error(f"{name} is no array: {e}") from e


def _array(value: Any, name: str, target: bool = False) -> np.ndarray:
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        value = list(value)  # of images
    a = plain(value, name)
    if target and a.ndim == 1:
        return a  # labels, of whatever kind
    if a.dtype.kind not in "buif" and not (a.dtype.kind == "V" and "float" in str(a.dtype)):  # bfloat16 is of kind V
        raise Error(f"{name} is {_no_numbers(value, a)}: give numbers")
    if a.ndim < 2:
        raise Error(f"{name} has the shape {a.shape}: give images as (N, height, width, channels), (N, channels, height, width) for PyTorch, or (N, values)")
    if a.size == 0:
        raise Error(f"{name} has the shape {a.shape}: there is nothing in it")
    if a.dtype != np.uint8 and not _is_label(a):
        a = a.astype(np.float32)
    return a


def _no_numbers(value: Any, a: np.ndarray) -> str:
    """What values are that are no numbers."""
    if value is None:
        return "None"
    if hasattr(value, "select_dtypes"):  # a table of pandas
        others = value.select_dtypes(exclude=["number", "bool"]).columns
        return f"a table with other columns ({', '.join(map(str, others[:5]))})"
    return f"an array of {a.dtype}"


def _is_label(a: np.ndarray) -> bool:
    """Whether targets are classes: whole numbers, one for each image."""
    return a.dtype.kind in "bui" and a[0].size == 1 or a.ndim < 2


def _read_all(images: Any, shape: tuple[int | None, ...] | None, name: str) -> Arrays:
    """Reads a data set or a loader once, up to the limits."""
    xs: list[np.ndarray] = []
    ys: list[np.ndarray] = []
    n, size, cut, labels, batch = 0, 0, False, False, None
    with own_randomness(images):
        for item in _items(images):
            x, y = _pair(item, name)
            single = _is_single(images, x, shape)
            if single:
                x, y = x[None], None if y is None else y[None]
            elif batch is None:
                batch = len(x)
            if y is not None and _is_label(y):
                labels, y = True, None
            xs.append(x if x.dtype == np.uint8 else x.astype(np.float32))
            if y is not None:
                ys.append(y if y.dtype == np.uint8 else y.astype(np.float32))
            n, size = n + len(x), size + x.nbytes + (0 if y is None else y.nbytes)
            if n >= MOST_IMAGES or size >= MOST_BYTES:
                cut = True
                break
    if not xs:
        raise Error(f"{name} gives no images")
    try:
        out = Arrays(np.concatenate(xs), np.concatenate(ys) if ys else None, batch=batch)
    except ValueError as e:
        raise Error(f"{name}: its images have different shapes: {e}") from e
    _array(out.x, name)
    if cut:
        out.notes.append(f"of {name} the first {n} images were read: at most {MOST_IMAGES} or {MOST_BYTES >> 20} MB are")
    if labels:
        out.notes.append(f"{name} gives labels, one for each image: they are passed over, and each image is its own target")
    return out


def _items(images: Any) -> Iterator[Any]:
    try:
        if hasattr(images, "as_numpy_iterator"):  # tf.data
            yield from images.as_numpy_iterator()
        elif hasattr(images, "__getitem__") and hasattr(images, "__len__"):
            # A data set of PyTorch, or of Keras. Both have __getitem__, and iterating over a Keras one would never end.
            for i in range(len(images)):
                yield images[i]
        else:
            yield from images
    except (Error, KeyboardInterrupt):
        raise
    except Exception as e:  # of code that is not ours
        raise Error(f"the data set cannot be read: {type(e).__name__}: {e}") from e


def _pair(item: Any, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    if isinstance(item, dict):
        raise Error(f"{name} gives dicts ({', '.join(map(str, item))}): give x, or (x, y)")
    if isinstance(item, (list, tuple)):
        if not item:
            raise Error(f"{name} gives empty {type(item).__name__}s: give x, or (x, y)")
        x = plain(item[0], name)
        return x, None if len(item) < 2 or item[1] is None else plain(item[1], _target(name))
    return plain(item, name), None


def _is_single(images: Any, x: np.ndarray, shape: tuple[int | None, ...] | None) -> bool:
    """Whether what a data set gives is one image, and not a batch of them."""
    if shape is not None:
        return _fits(x.shape, shape) or x.ndim == len(shape) and not _fits(x.shape[1:], shape)
    if _is_keras_data(images):
        return False
    if hasattr(images, "batch_size"):  # a loader of PyTorch
        return images.batch_size is None and getattr(images, "batch_sampler", None) is None and x.ndim < 4
    if hasattr(images, "element_spec"):
        shape = _first_shape(images.element_spec)
        return x.ndim < 4 and not (shape is not None and len(shape) > 0 and shape[0] is None)
    return x.ndim < 4


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether this is the shape of an image that the model takes; a single channel may be left out."""
    if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
        shape = (*shape, 1)
    return len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True))


def _first_shape(spec: Any) -> Any:
    while isinstance(spec, (list, tuple)) and spec:
        spec = spec[0]
    return getattr(spec, "shape", None)


def _is_keras_data(images: Any) -> bool:
    return any(c.__name__ in ("PyDataset", "Sequence") and "keras" in c.__module__ for c in type(images).__mro__)


@contextlib.contextmanager
def own_randomness(images: Any = None) -> Iterator[None]:
    """Leaves all generators as they were: a loader that shuffles draws from its own or from PyTorch's, its data set from whichever it likes."""
    torch = sys.modules.get("torch")
    generator = getattr(images, "generator", None) if torch is not None else None
    states = random.getstate(), np.random.get_state()
    torch_state = torch.get_rng_state() if torch is not None else None
    own_state = generator.get_state() if generator is not None else None
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch_state is not None:
            torch.set_rng_state(torch_state)
        if own_state is not None:
            generator.set_state(own_state)
