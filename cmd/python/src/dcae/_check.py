"""Looks at arguments before anything starts. Each function raises ``Error`` with the argument's name and what to give."""

from __future__ import annotations

import math
import os
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from ._program import Error

SCALES = ("none", "unit", "standardize", "minmax")


def number(name: str, value: Any, least: int, *, whole: bool = True) -> None:
    """A number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        raise Error(f"{name} must be a {'whole ' if whole else ''}number, not {_shown(value)}")
    if not (least <= value < math.inf):
        raise Error(f"{name} must be at least {least}, not {value}")


def scale(value: Any) -> None:
    """How values are scaled; None is the program's choice."""
    if value is not None and not (isinstance(value, str) and value in SCALES):
        raise Error(f"scale is {', '.join(SCALES[:-1])} or {SCALES[-1]}, not {_shown(value)}")


def folder(name: str, value: Any) -> Path:
    """The path of a folder."""
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise Error(f"{name} must be the path of a folder, not {_shown(value)}")
    return Path(value)


def seeds(value: Any) -> str:
    """Random seeds as "1-5", 3 or [1, 2, 5]."""
    if isinstance(value, str):
        return value
    given = [value] if isinstance(value, Integral) else _listed(value)
    if not given or any(isinstance(s, bool) or not isinstance(s, Integral) for s in given):
        raise Error(f'seeds must be a text as "1-5", a whole number or a list of them, not {_shown(value)}')
    return ",".join(map(str, given))


def arms(value: Any) -> str:
    """Names of arms, as a list or separated by commas."""
    given = value.split(",") if isinstance(value, str) else _listed(value)
    if not given or not all(isinstance(a, str) for a in given):
        raise Error(f"arms must be a list of names, not {_shown(value)}")
    return ",".join(given)


def _listed(value: Any) -> list[Any]:
    return list(value) if hasattr(value, "__iter__") else []


def _shown(value: Any) -> str:
    return f"{value!r:.80}"
