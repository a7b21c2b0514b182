"""Remarks to the user."""

from __future__ import annotations

import warnings


class Remark(UserWarning):
    """What was left out, assumed or changed on the way to an answer."""


def tell(text: str, kind: type[Warning] = Remark) -> None:
    """Warns at the line of the user's code that called this package."""
    warnings.warn(text, kind, stacklevel=3)
