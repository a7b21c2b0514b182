"""Naming what keeps a model from learning."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import _arrays, _check, _export, _keras_file, _page
from ._arrays import Images
from ._program import Error, call
from ._warn import tell
from ._words import in_python


@dataclass(frozen=True)
class Cause:
    """A cause and what speaks for it. Names as in ``dcae diagnose``: activation, learning_rate_high, data_scale, ..."""

    cause: str
    confidence: float  # 0 to 1
    evidence: list[str]


@dataclass(frozen=True)
class Fix:
    """The smallest change that was seen to repair the model, or with too few images the one that helps most."""

    changes: list[str]  # in words
    code: str  # to paste after the model was built
    data: str | None  # code for the images; None where they stay as they are
    learned: str  # with how many fresh random seeds the changed model learned, as 6/6
    fvu_before: float  # fraction of variance unexplained on test images: 0 perfect, 1 no better than the mean image
    fvu_after: float
    model: str  # path of the repaired, trained model; empty where it could not be saved
    likely: bool  # too few seeds were tried to be sure that it repairs
    narrows: bool  # it does not repair: it helps until there are more images


@dataclass
class Diagnosis:
    """The answer. In a notebook it shows itself as a page."""

    verdict: str  # healthy, faulty, unreliable (it learns with some random seeds) or unknown
    causes: list[Cause]  # the most likely one first; none where the model is healthy
    fix: Fix | None
    seconds: float  # that the examination took
    findings: list[str]  # certain without any training
    notes: list[str]  # what the program and this package remarked, such as labels that were passed over
    interrupted: bool  # it was stopped: the answer is what was certain until then
    truncated: bool  # the time was over before it was done
    path: Path  # the folder of the answer: report.html, diagnosis.json, the repaired model
    json: dict[str, Any] = field(repr=False)  # all that `dcae diagnose --json` says
    _model: Any = field(default=None, repr=False)

    @property
    def page(self) -> Path:
        """The answer as a page, with pictures and all that was tried."""
        return self.path / "report.html"

    def fixed_model(self) -> Any:
        """The repaired model, trained and compiled, of Keras.

        Raises ``Error`` where there is none, where the model is one of PyTorch (see ``fixed_state_dict``), or without Keras.
        """
        path = self._repaired()
        if path.endswith(".safetensors"):
            raise Error("the model is one of PyTorch: net.load_state_dict(d.fixed_state_dict()) after d.fix.code")
        return _keras_file.load(path, self._model)

    def fixed_state_dict(self) -> dict[str, Any]:
        """The values of the repaired, trained module of PyTorch, for ``net.load_state_dict`` after ``fix.code``; tensors on the CPU.

        Raises ``Error`` where there is none, where the model is one of Keras (see ``fixed_model``), or without PyTorch.
        """
        path = self._repaired()
        if not path.endswith(".safetensors"):
            raise Error("the model is one of Keras: d.fixed_model() gives it")
        return _export.load_safetensors(path)

    def _repaired(self) -> str:
        if self.fix is None:
            raise Error(f"there is no repaired model: the verdict is {self.verdict}")
        if not self.fix.model:
            raise Error("the repaired model could not be saved: " + ("; ".join(self.notes) or "see fix.code"))
        return self.fix.model

    def __repr__(self) -> str:
        first = f", {self.causes[0].cause} ({self.causes[0].confidence:.2f})" if self.causes else ""
        return f"<dcae.Diagnosis {self.verdict}{first}, {self.seconds:.0f} s{', interrupted' if self.interrupted else ''}>"

    def __str__(self) -> str:
        lines = [f"{self.verdict}" + (" (interrupted)" if self.interrupted else "")]
        for c in self.causes:
            lines += [f"{c.cause}, confidence {c.confidence:.2f}", *(f"  - {e}" for e in c.evidence)]
        if self.fix:
            what = "helps until there are more images" if self.fix.narrows else "likely repair" if self.fix.likely else "repair"
            lines += [f"{what}: " + "; ".join(self.fix.changes), f"  learns with {self.fix.learned}"]
            lines += ["", *(code for code in (self.fix.data, self.fix.code) if code)]
        return "\n".join(lines)

    def _repr_html_(self) -> str | None:
        return _page.inline(self.page)


def diagnose(
    model: Any,
    x: Images,
    y: Images = None,
    *,
    valid: Images = None,
    optimizer: Any = None,
    loss: Any = None,
    seconds: float = 60,
    batch: int | None = None,
    scale: str | None = None,
    seeds: int = 6,
    threads: int | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Diagnosis:
    """Finds what keeps a model from learning, by changing one thing at a time and training briefly; the model itself is left as it is.

    - ``model``: a compiled model of Keras 3, also of a class of your own whose ``call`` uses layers of Keras; a module of PyTorch, with its
      ``optimizer`` (the object) and ``loss`` (a module, or a function
      ``loss(output, target)``; absent: the mean squared error, or the module returns its loss itself); or the path of a file.
    - ``x``: images, as an array or tensor of shape (N, height, width, channels) for Keras and (N, channels, height, width) for PyTorch, flat
      (N, values); as a data set or loader of batches x or (x, y), of which 10,000 images are read; or a path. Values are used as they are.
    - ``y``: what the images are to become, of the model's output's shape; absent: themselves. ``valid``: held-out x or (x, y); absent: a
      tenth of the images.
    - ``seconds``: the work that is done, in seconds of two processors. ``batch``: images in a step; absent: the loader's, else 32.
    - ``scale``: none, unit (0..1), standardize or minmax. ``seeds``: fresh random seeds that confirm a repair, at least 6.
    - ``threads``: processors; absent: all. ``out``: a folder for the answer; absent: a temporary one, which lives as long as the answer.

    An interrupt stops the program, and the answer is what was certain until then (``interrupted``). It is saved beside an earlier one that is
    whole, in the folder ``interrupted``. Raises ``Error`` with one sentence on what
    is wrong, such as layers that are not supported.
    """
    _check.number("seconds", seconds, 1, whole=False)
    _check.number("seeds", seeds, 6)
    for name, value in (("batch", batch), ("threads", threads)):
        if value is not None:
            _check.number(name, value, 1)
    _check.scale(scale)
    given = None if out is None else _check.folder("out", out)
    kind = _kind(model)
    if kind != "torch" and (optimizer is not None or loss is not None):
        raise Error("optimizer and loss belong to a module of PyTorch; a Keras model brings its own: model.compile(optimizer, loss)")
    scratch = Path(tempfile.mkdtemp(prefix="dcae-"))
    try:
        file, source, notes, batch = _inputs(model, kind, (x, y, valid), (optimizer, loss, batch), scratch)
        folder = given or scratch / "answer"
        arguments: list[str | os.PathLike[str]] = ["diagnose", file, "--data", source, "--json", "--progress", "--out", folder, "--seconds", f"{seconds:g}", "--seeds", str(seeds)]
        for flag, value in (("batch", batch), ("scale", scale), ("threads", threads)):
            if value is not None:
                arguments += [f"--{flag}", str(value)]
        for note in notes:
            tell(note)
        answer = call(arguments, event=_shown, progress=progress, finished="diagnosed")
        answer.notes = [in_python(note, scratch) for note in answer.notes]
        for note in answer.notes:
            tell(note)
        if answer.interrupted and (folder / "interrupted" / "diagnosis.json").exists():
            folder /= "interrupted"  # an earlier answer in the folder is whole, and stays
        result = _diagnosis(json.loads(answer.output), folder, notes + answer.notes, model if kind == "keras" else None)
    except BaseException as e:
        shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(e, Error):  # the user knows nothing of the folder, which is gone
            raise Error(in_python(str(e), scratch)) from e.__cause__
        raise
    if out is not None:
        shutil.rmtree(scratch, ignore_errors=True)
    else:
        weakref.finalize(result, shutil.rmtree, scratch, ignore_errors=True)
    return result


def _inputs(
    model: Any, kind: str, given: tuple[Images, Images, Images], training: tuple[Any, Any, int | None], scratch: Path
) -> tuple[Path, Path, list[str], int | None]:
    """The model and the images as files, remarks, and the batch."""
    optimizer, loss, batch = training
    source, notes, arrays = _images(model, kind, *given, scratch)
    batch = batch or (arrays.batch if arrays else None)
    if kind == "path":
        return Path(model), source, notes, batch
    if kind == "keras":
        return _keras_file.save(model, scratch, arrays.x.shape[1:] if arrays else None, notes), source, notes, batch
    file = scratch / (_keras_file.file_name(_export.name(model)) + ".pt2")
    exported = _export.save(model, _first(source), optimizer, loss, file, batch)
    return exported.path, source, notes + exported.notes, exported.batch or batch


def _kind(model: Any) -> str:
    if isinstance(model, (str, os.PathLike)):
        return "path"
    if _keras_file.is_model(model):  # first: with the torch backend a Keras model is a module of PyTorch, too
        return "keras"
    if _export.is_module(model):
        return "torch"
    if isinstance(model, type):
        raise Error(f"model is the class {model.__name__}: give an object of it, as {model.__name__}()")
    raise Error(f"model is a {type(model).__name__}: give a model of Keras, a module of PyTorch, or the path of a file")


def _images(model: Any, kind: str, x: Images, y: Images, valid: Images, scratch: Path) -> tuple[Path, list[str], _arrays.Arrays | None]:
    """Images as a file or folder for the program, remarks, and the arrays, where they are such."""
    if _arrays.is_path(x):
        if y is not None or valid is not None:
            raise Error("x is a path: the file holds targets (y) and held-out images (xt) itself; leave out y and valid")
        if kind == "torch":
            raise Error("a module of PyTorch needs x as an array, a tensor or a loader: its first images are what it is exported with")
        return Path(x), [], None
    shape = _keras_file.image_shape(model) if kind == "keras" else None
    train = _arrays.read(x, y, shape=shape)
    held = None if valid is None else _arrays.read(valid, shape=shape, name="valid")
    source = scratch / "images.npz"
    return source, _arrays.write(source, train, held), train


def _first(source: Path) -> tuple[Any, Any]:
    """The first images and targets of a file, by which a module is exported."""
    import numpy as np

    with np.load(source) as arrays:
        return arrays["x"][:2], arrays["y"][:2] if "y" in arrays else None


def _shown(event: dict[str, Any]) -> str | None:
    return str(event.get("text", ""))


def _diagnosis(answer: dict[str, Any], folder: Path, notes: Sequence[str], model: Any) -> Diagnosis:
    fix = answer.get("fix")
    return Diagnosis(
        verdict=answer["verdict"],
        causes=[Cause(c["cause"], c["confidence"], [in_python(e) for e in c["evidence"] or []]) for c in answer["causes"] or []],
        fix=fix
        and Fix(
            changes=list(fix["changes"] or []),
            code=fix.get("pytorch") or fix["keras"],
            data=fix["data"],
            learned=fix["learned"],
            fvu_before=_number(fix["fvu_before"]),
            fvu_after=_number(fix["fvu_after"]),
            model=fix["model"],
            likely=fix.get("likely", False),
            narrows=fix.get("narrows", False),
        ),
        seconds=answer["seconds"],
        findings=[in_python(f["text"]) for f in answer.get("findings") or []],
        notes=list(notes),
        interrupted=answer.get("interrupted", False),
        truncated=answer.get("truncated", False),
        path=folder,
        json=answer,
        _model=model,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
