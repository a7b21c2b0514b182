"""What is odd about images."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import _arrays, _check
from ._arrays import Images
from ._program import Error, call
from ._warn import tell
from ._words import in_python


class DataWarning(UserWarning):
    """A finding with which training on images as they are would fail or mislead."""


@dataclass(frozen=True)
class Data:
    """What images are like. Printed, it is the table of ``dcae data``."""

    shape: tuple[int, int, int]  # height, width, channels
    images: int  # training, validation and test images together
    warnings: list[str]  # with what to do about each
    text: str

    def __str__(self) -> str:
        return self.text


def data(x: Images, y: Images = None, *, valid: Images = None, scale: str | None = None) -> Data:
    """Describes images, and warns (``DataWarning``) of each finding that training on them as they are would fail on.

    ``x``, ``y``, ``valid`` and ``scale`` are as for ``diagnose``. Raises ``Error``.
    """
    _check.scale(scale)
    with tempfile.TemporaryDirectory(prefix="dcae-") as scratch:
        source = str(x) if _arrays.is_path(x) else str(Path(scratch) / "images.npz")
        notes = []
        if not _arrays.is_path(x):
            train, held = _arrays.read(x, y), None if valid is None else _arrays.read(valid, name="valid")
            notes = _arrays.write(Path(source), train, held)
        try:
            answer = call(["data", source, "--json", *(["--scale", scale] if scale else [])])
        except Error as e:
            raise Error(in_python(str(e), Path(scratch))) from e.__cause__
    found = json.loads(answer.output)
    for note in notes + answer.notes:
        tell(note)
    for warning in found["warnings"]:
        tell(warning, DataWarning)
    count = sum(found[part] for part in ("training_images", "validation_images", "test_images"))
    return Data(tuple(found["shape"]), count, found["warnings"], found["text"])
