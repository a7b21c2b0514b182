"""The program's messages in the words of this package, which has arguments in place of flags and temporary files of no interest."""

from __future__ import annotations

import os
import re
from pathlib import Path

_OTHERWISE = (
    (r" after --resize: give --resize (\S+)", r": bring them to \1"),
    (r": --resize (\S+) brings them to that size", r": bring them to \1"),
    (r"; give --optimizer, --lr and --loss, or save it with the extra file dcae\.json", "; give optimizer and loss"),
    (r"the data must hold targets \(y and yt beside x and xt, or --target\)", "give as y what they are to become"),
    (r"the data must hold targets\b", "give as y what they are to become"),
    (r"--(out|seconds|seeds|batch|scale|threads|images|epochs|arms|data|force)\b", r"\1"),
)


def in_python(text: str, scratch: Path | None = None) -> str:
    """A message with arguments in place of flags; files in the folder ``scratch`` are not named."""
    if scratch is not None:
        text = text.replace(f"{scratch}{os.sep}", "")
        text = re.sub(r"^[\w-]+\.(keras|h5|pt2): ", "", text)
        text = re.sub(r"^data images(\.npz)?: ", "", text)
    for pattern, instead in _OTHERWISE:
        text = re.sub(pattern, instead, text)
    return text
