"""One line of progress that moves, in a notebook or a terminal."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import Any


class Line:
    """Shows one line at a time, each in the former one's place. Where nobody looks (a pipe, a file) it shows nothing."""

    def __init__(self, wanted: bool) -> None:
        self._handle: Any = None
        self._notebook = wanted and _in_notebook()
        self._terminal = wanted and not self._notebook and sys.stderr is not None and sys.stderr.isatty()
        self._shown = False
        self._last = ""

    def show(self, text: str) -> None:
        """Shows a line; an empty one changes nothing."""
        text = " ".join(text.split())
        if not text:
            return
        if self._notebook:
            self._display(text)
        elif self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + text[:width].ljust(width))
            sys.stderr.flush()
            self._shown = True

    def last(self, text: str) -> None:
        """Leaves this line in a notebook when all is done; a terminal's line is cleared."""
        self._last = text

    def _display(self, text: str) -> None:
        from IPython.display import HTML, display  # there is a notebook, so there is IPython

        content = HTML("<code>" + text.replace("&", "&amp;").replace("<", "&lt;") + "</code>")
        if self._handle is None:
            self._handle = display(content, display_id=True)
        else:
            self._handle.update(content)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        if self._handle is not None and self._last:
            self._display(self._last)
        if self._shown:
            sys.stderr.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            sys.stderr.flush()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
