"""Studies: arms side by side, each with several random seeds."""

from __future__ import annotations

import csv
import importlib.util
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import _arrays, _check, _page
from ._arrays import Images
from ._program import Error, call
from ._warn import tell


@dataclass
class Study:
    """What a study's folder holds. In a notebook it shows itself as a page."""

    path: Path  # the folder: records, pictures, report.html
    records: list[dict[str, Any]] = field(repr=False)  # one of each finished run: arm, seed, outcome, test_mse, test_fvu, ...
    interrupted: bool = False  # it was stopped; the same call goes on
    notes: list[str] = field(default_factory=list, repr=False)

    @property
    def results(self) -> Any:
        """The records, as a DataFrame where pandas is installed, else as a list of dicts."""
        if importlib.util.find_spec("pandas") is None:
            return self.records
        import pandas

        return pandas.DataFrame(self.records)

    @property
    def page(self) -> Path:
        """The report: all pictures, tables, and what came out."""
        return self.path / "report.html"

    def _repr_html_(self) -> str | None:
        return _page.inline(self.page)


def run(
    study: str | os.PathLike[str] = "failure-modes",
    *,
    seeds: str | int | Iterable[int] | None = None,
    epochs: int | None = None,
    images: int | None = None,
    batch: int | None = None,
    arms: Iterable[str] | None = None,
    data: Images = None,
    scale: str | None = None,
    threads: int | None = None,
    out: str | os.PathLike[str] | None = None,
    force: bool = False,
    progress: bool = True,
) -> Study:
    """Trains every arm of a study with every seed, and reports. A study that lies in its folder goes on where it stopped.

    - ``study``: one that is built in (``dcae list`` names them), or a .yaml file.
    - ``seeds``: as "1-5", 3 or [1, 2, 5]. ``epochs``, ``images``, ``batch``, ``arms``: in place of the study's own.
    - ``data``: images as for ``diagnose``, in place of the study's own. Arrays are kept as images.npz beside the folder, so that the study can
      be verified and go on. ``scale``: none, unit (0..1), standardize or minmax.
    - ``threads``: processors; the results do not depend on it. ``out``: the folder; absent: results/STUDY. ``force`` replaces what is there.

    An interrupt stops the program, which keeps what it has. Raises ``Error``.
    """
    if not isinstance(study, (str, os.PathLike)):
        raise Error(f"study is a {type(study).__name__}: give the name of one, or the path of a .yaml file")
    name = os.fspath(study)
    if not name:
        raise Error("study is empty: give the name of one, or the path of a .yaml file")
    folder = _check.folder("out", out) if out is not None else Path("results") / Path(name).name.removesuffix(".yaml").removesuffix(".yml")
    _check.scale(scale)
    notes: list[str] = []
    written: Path | None = None
    arguments: list[str | os.PathLike[str]] = ["run", name, "--json"]
    for flag, value in (("epochs", epochs), ("images", images), ("batch", batch), ("threads", threads)):
        if value is not None:
            _check.number(flag, value, 1)
            arguments += [f"--{flag}", str(value)]
    if seeds is not None:
        arguments += ["--seeds", _check.seeds(seeds)]
    if arms is not None:
        arguments += ["--arms", _check.arms(arms)]
    if data is not None:
        source = data
        if not _arrays.is_path(data):
            arrays = _arrays.read(data, name="data")
            folder.parent.mkdir(parents=True, exist_ok=True)
            source = written = folder.parent / (folder.name + "-images.npz")
            notes += _arrays.write(source, arrays, None)
        arguments += ["--data", source]
    if scale is not None:
        arguments += ["--scale", scale]
    if out is not None:
        arguments += ["--out", folder]
    if force:
        arguments.append("--force")
    watcher = _Watcher()
    try:
        answer = call(arguments, event=watcher.seen, progress=progress, finished="finished")
    except BaseException:
        if written is not None and not folder.exists():
            written.unlink(missing_ok=True)  # nothing began with it
        raise
    notes += answer.notes
    for note in notes:
        tell(note)
    return Study(folder, _read_results(folder), answer.interrupted, notes)


class _Watcher:
    """Turns the program's events into one line."""

    def __init__(self) -> None:
        self.finished = 0

    def seen(self, event: dict[str, Any]) -> str | None:
        kind = event["event"]
        run = f"{event.get('arm')}, seed {event.get('seed')}"
        if kind == "run-finished":
            self.finished += 1
            return f"{self.finished} runs finished; {run}: {event['outcome']}, test FVU {event['test_fvu']}"
        if kind == "epoch-ended":
            return f"{self.finished} runs finished; {run}: epoch {event['epoch']} of {event['epochs']}, held-out FVU {event['heldout_fvu']}"
        if kind == "warning":
            tell(f"{run}: {event['warning']}")
        return None


def _read_results(folder: Path) -> list[dict[str, Any]]:
    try:
        with open(folder / "results.csv", newline="", encoding="utf-8") as f:
            return [{name: _value(name, text) for name, text in row.items()} for row in csv.DictReader(f)]
    except OSError as e:
        raise Error(f"cannot read the results: {e}") from e


def _value(column: str, text: str) -> Any:
    if column in ("arm", "outcome", "why"):
        return text
    if column in ("seed", "epochs", "steps"):
        return int(text)
    return float(text)
