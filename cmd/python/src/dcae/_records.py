"""Records of a training that runs elsewhere, in the form in which the program writes those of its own runs."""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ._pace import Pace, clock
from ._program import Error

SHOWN = 8  # held-out images whose reconstructions are kept
MOST_VALID = 1000  # held-out images that are looked at after each epoch


@dataclass
class LayerInfo:
    """A layer with variables."""

    name: str
    kind: str  # its class
    values: int  # that are trained
    has_kernel: bool  # a variable of two or more dimensions
    variables: int = 1  # that are trained; with 0 the layer is frozen

    @property
    def frozen(self) -> bool:
        """Whether it has variables, and none of them is trained."""
        return self.variables == 0


@dataclass
class Held:
    """Held-out images, and what the model makes of them after an epoch."""

    x: np.ndarray
    y: np.ndarray  # what they are to become; x itself where nothing else is given
    outputs: np.ndarray | None = None
    units: dict[str, tuple[float, float]] = field(default_factory=dict)  # shares of dead units and of saturated values, by layer

    def first(self) -> Held:
        """Two images, with which to try whether a model takes them."""
        return Held(self.x[:2], self.y[:2])

    def scores(self) -> tuple[float, float, float, float]:
        """Mean squared error, FVU, spread and mean of the outputs, as epochs.csv has them.

        Of the training images' mean nothing is known here: the held-out targets' own mean stands for it.
        """
        if self.outputs is None or self.outputs.shape != self.y.shape:
            return math.nan, math.nan, math.nan, math.nan
        out, y = self.outputs.astype(np.float64), self.y.astype(np.float64)
        variance = np.mean((y - y.mean(0)) ** 2)
        mse = np.mean((out - y) ** 2)
        deviation = np.sqrt(np.mean((out - out.mean(0)) ** 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(mse), float(mse / variance), float(deviation / np.sqrt(variance)), float(out.mean())


@dataclass
class Taken:
    """Steps that were taken since the last time, those of them that were recorded."""

    count: int  # of all steps since the beginning
    numbers: list[int]  # which of them were recorded, from 1
    losses: list[float]
    rates: list[float]
    squares: np.ndarray  # a row for each: sums of squares of the gradients of all trained variables, of the variables before the step, and of their steps


def held_out(valid: Any) -> Held | None:
    """Held-out images of x or (x, y); None stays None. Raises ``Error``."""
    if valid is None:
        return None
    from . import _arrays

    if _arrays.is_path(valid):
        raise Error(f"valid is {valid!r}: give arrays or a loader, for the model looks at them itself")
    arrays = _arrays.read(valid, name="valid")
    x = arrays.x[:MOST_VALID].astype(np.float32)
    return Held(x, x if arrays.y is None else arrays.y[:MOST_VALID].astype(np.float32))


class Records:
    """Writes study.json, steps.csv and epochs.csv of one run to a folder, which must be new or hold an earlier recording."""

    def __init__(self, folder: str | os.PathLike[str], name: str, layers: list[LayerInfo], source: str, held: Held | None, channels_first: bool, every: int | None = 1) -> None:
        self.pace = Pace(every)
        self.folder = Path(folder)
        self.name = _folder_name(name)
        self.layers, self.source, self.held, self.channels_first = layers, source, held, channels_first
        self.trained = [la for la in layers if not la.frozen]
        self.epoch, self.step, self.batch = 1, 0, 1
        self._recorded = 0  # steps
        self._losses: list[float] = []
        self._before = 0
        self._claim()
        run = self.folder / "runs" / self.name / "seed-1"
        run.mkdir(parents=True, exist_ok=True)
        self._steps: TextIO = open(run / "steps.csv", "w", newline="", encoding="utf-8")  # noqa: SIM115 - open as long as this
        self._epochs: TextIO = open(run / "epochs.csv", "w", newline="", encoding="utf-8")  # noqa: SIM115
        columns = ("gradient_norm", "gradient_rms", "weight_norm", "update_ratio")
        _line(self._steps, ["epoch", "step", "loss", "learning_rate", *(_column(la.name, c) for la in self.trained for c in columns)])
        self._write_study()
        if held is not None:
            self._write_images("images.npz", test=held.x[:SHOWN], mean=held.y.mean(0)[None], **({} if held.y is held.x else {"target": held.y[:SHOWN]}))

    def _claim(self) -> None:
        study = self.folder / "study.json"
        if study.exists():
            try:
                if json.loads(study.read_text("utf-8")).get("recorded_by"):
                    for old in (self.folder / "runs").glob("*/seed-1/*"):
                        if old.name in ("steps.csv", "epochs.csv", "reconstructions.npz"):
                            old.unlink()
                    return
            except (OSError, ValueError, AttributeError):
                pass
            raise Error(f"the folder {self.folder} holds a study that was not recorded here: name another one")
        if self.folder.exists() and any(not p.name.startswith(".") for p in self.folder.iterdir()):
            raise Error(f"the folder {self.folder} is not empty, and holds no recording: name another one")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise Error(f"cannot make the folder {self.folder}: {e.strerror}") from e

    def add_step(self, loss: float, rate: float, norms: Sequence[Sequence[float]]) -> None:
        """Writes a step: its loss, the learning rate, and of each trained layer the norms of gradient, weights before, and the step taken."""
        self.step += 1
        self._recorded += 1
        self._losses.append(loss)
        row: list[Any] = [self.epoch, self.step, _short(loss), repr(float(rate))]
        for layer, (gradient, weights, taken) in zip(self.trained, norms, strict=True):
            ratio = taken / weights if weights else math.nan
            row += [_short(v) for v in (gradient, gradient / math.sqrt(layer.values), weights, ratio)]
        _line(self._steps, row)

    def add_steps(self, take: Callable[[], Taken]) -> None:
        """Writes the steps that take gives, and what is still in memory. Variables are in the order of their layers."""
        begun = clock()
        taken = take()
        if taken.numbers:
            starts = np.cumsum([0] + [la.variables for la in self.trained])[:-1]
            squares = taken.squares.astype(np.float64).reshape(len(taken.numbers), 3, -1)
            norms = np.sqrt(np.add.reduceat(squares, starts, axis=2)).transpose(0, 2, 1).tolist()
            for number, loss, rate, row in zip(taken.numbers, taken.losses, taken.rates, norms, strict=True):
                self.step = number - 1
                self.add_step(loss, rate, row)
        self.step = taken.count
        self.flush()
        if taken.numbers:
            self.pace.writing = (clock() - begun) / len(taken.numbers)

    def end_epoch(self, loss: float | None = None) -> None:
        """Writes an epoch; without a loss the mean of its recorded steps'. Nothing is written of an epoch without steps."""
        if self.step == self._before:
            return
        loss = float(np.mean(self._losses or math.nan)) if loss is None else loss
        scores = self.held.scores() if self.held else (math.nan,) * 4
        units = self.held.units if self.held else {}
        if self.epoch == 1:
            _line(self._epochs, ["epoch", "train_loss", "heldout_mse", "heldout_fvu", "heldout_spread", "heldout_mean", *(_column(n, c) for n in units for c in ("dead", "saturated"))])
        _line(self._epochs, [self.epoch, *map(_long, (loss, *scores)), *(_long(v) for pair in units.values() for v in pair)])
        self.flush()
        self._write_study()
        if self.held is not None and self.held.outputs is not None and self.held.outputs.shape == self.held.y.shape:
            self._write_images(f"runs/{self.name}/seed-1/reconstructions.npz", y=self.held.outputs[:SHOWN])
        self.epoch, self._before, self._losses = self.epoch + 1, self.step, []

    def flush(self) -> None:
        """Writes what is still in memory: whoever interrupts a training wants to see it."""
        self._steps.flush()
        self._epochs.flush()

    def close(self) -> None:
        """Ends the files."""
        self._steps.close()
        self._epochs.close()

    def _write_images(self, file: str, **images: np.ndarray) -> None:
        if not all(a.ndim == 4 for a in images.values()):
            images = {n: a.reshape(len(a), 1, -1, 1) for n, a in images.items()}
        elif self.channels_first:
            images = {n: a.transpose(0, 2, 3, 1) for n, a in images.items()}
        np.savez(self.folder / file, **{n: np.ascontiguousarray(a, np.float32) for n, a in images.items()})

    def _shape(self) -> list[int]:
        shape = [1, 1, 1] if self.held is None else list(self.held.y.shape[1:])
        if len(shape) != 3:
            return [1, int(np.prod(shape)), 1]
        return [shape[1], shape[2], shape[0]] if self.channels_first else shape

    def _write_study(self) -> None:
        """study.json as the program writes it, with recorded_by, which says that it cannot be run again."""
        steps = self.step if self.epoch == 1 else self._before // (self.epoch - 1)
        layers = [
            {"name": la.name, "class": la.kind, "settings": {}, "output": [], "values": la.values, "kernel": la.has_kernel} | ({"frozen": True} if la.frozen else {})
            for la in self.layers
        ]
        arm = {"name": self.name, "differs_from_control_in": [], "epochs": self.epoch, "optimizer": "", "loss": "", "input": [], "layers": layers}
        held = self.held
        source = self.source if self._recorded == self.step else f"{self.source}, {self._recorded} of {self.step} steps"
        variance = float(np.mean((held.y - held.y.mean(0)) ** 2)) if held else 0.0
        study = {
            "format": 1, "kernels": "", "bits": 0, "recorded_by": source, "name": self.name, "question": f"How did {self.name} train?",
            "data": {"name": "images", "sha256": "", "shape": self._shape(), "train_images": max(1, steps) * self.batch, "validation_images": len(held.x) if held else 0,
                     "test_images": 0, "mse_of_mean_image": variance, "mse_of_all_black": float(np.mean(held.y**2)) if held else 0.0},
            "budget": {"seeds": [1], "batch": self.batch, "full": False},
            "groups": [{"name": "recorded", "control": self.name, "seeds": [1], "arms": [arm]}],
        }  # fmt: skip
        beside = self.folder / ".study.json"
        beside.write_text(json.dumps(study, indent=2) + "\n", "utf-8")
        beside.replace(self.folder / "study.json")


def _folder_name(name: str) -> str:
    """A model's name as a folder's, on any system: Windows keeps some names for devices."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-").lower()[:80] or "model"
    return f"model-{plain}" if re.fullmatch(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", plain) else plain


def _column(layer: str, quantity: str) -> str:
    """A column's name as the program writes it: control characters are escaped, and nothing begins as what a spreadsheet would run."""
    name = "'" + layer if layer[:1] in tuple("=+-@'") else layer
    if not name.isprintable() or "\\" in name:
        name = "".join(c if c.isprintable() else _ESCAPES.get(c, f"\\x{ord(c):02x}" if ord(c) < 128 else f"\\u{ord(c):04x}" if ord(c) < 65536 else f"\\U{ord(c):08x}")
                       for c in name.replace("\\", "\\\\"))  # fmt: skip
    return f"{name}/{quantity}"


_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}


def _line(file: TextIO, row: list[Any]) -> None:
    csv.writer(file, lineterminator="\n").writerow(row)


def _short(value: float) -> str:
    """A number that was computed in float32, in the digits that it has."""
    return _words(value) or str(np.float32(value))


def _long(value: float) -> str:
    return _words(value) or repr(float(value))


def _words(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "" if math.isfinite(value) else "+Inf" if value > 0 else "-Inf"


class Units:
    """Counts dead units and saturated values of layers, batch by batch."""

    def __init__(self) -> None:
        self._asleep: dict[str, np.ndarray] = {}  # units that have been zero for every image so far
        self._saturated: dict[str, list[int]] = {}  # and values, of which these are a share

    def add(self, layer: str, values: np.ndarray, activation: str | None, units_last: bool) -> None:
        """Looks at a batch of a layer's outputs. Units are channels, or outputs of a dense layer."""
        over = tuple(i for i in range(values.ndim) if i != (values.ndim - 1 if units_last else 1))
        zero = np.all(values == 0, axis=over)
        self._asleep[layer] = zero & self._asleep.get(layer, True)
        counts = self._saturated.setdefault(layer, [0, 0])
        counts[1] += values.size
        limits = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}.get(activation or "")
        if limits is not None:
            margin = 0.05 * (limits[1] - limits[0])
            counts[0] += int(np.sum((values < limits[0] + margin) | (values > limits[1] - margin)))

    def shares(self) -> dict[str, tuple[float, float]]:
        """The share of dead units, and of values within 5% of the range from a limit of sigmoid or tanh, by layer."""
        return {layer: (float(asleep.mean()), self._saturated[layer][0] / self._saturated[layer][1]) for layer, asleep in self._asleep.items()}
