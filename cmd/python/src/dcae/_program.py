"""Calling the program: where it is, its progress, its errors, interrupts."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ._progress import Line


class Error(Exception):
    """What is wrong, in one sentence that says where, and what to do."""


def program() -> str:
    """The path of the program: what the environment variable ``DCAE`` names, else the one in this package, else ``dcae`` of the PATH.

    Raises ``Error`` where there is none.
    """
    name = "dcae.exe" if sys.platform == "win32" else "dcae"
    own = Path(__file__).parent / "bin" / name
    given = os.environ.get("DCAE")
    if given:
        if not shutil.which(given):
            raise Error(f"the environment variable DCAE names {given}, which is no program")
        return given
    if own.exists():
        return str(own)
    found = shutil.which("dcae")
    if found and not _is_script(found):
        return found
    raise Error("the program dcae is not in this package, nor on the PATH: install the wheel for this system, or set DCAE to the program's path")


def _is_script(path: str) -> bool:
    """Whether this is the command that pip made of this package, which would call itself."""
    with open(path, "rb") as f:
        return f.read(2) == b"#!"


def version() -> str:
    """What ``dcae --version`` prints: the build, the compute kernels it would choose, and the number of their bits."""
    return call(["--version"]).output.strip()


@dataclass
class Answer:
    """What a call of the program came to."""

    output: str  # standard output
    interrupted: bool = False
    failed: str = ""  # the program's sentence; empty if all went well
    notes: list[str] = field(default_factory=list)  # warnings and remarks


def call(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    event: Callable[[dict[str, Any]], str | None] | None = None,
    progress: bool = False,
    finished: str = "",
) -> Answer:
    """Calls the program and waits for its end.

    ``event`` is told of each JSON object that comes a line, and may return a line of progress to show; ``finished`` is the last such line.
    The first interrupt (Ctrl-C, a notebook's stop button) is passed on to the program, which saves what it has: the answer then says so. The
    second one ends the program at once.

    Raises ``Error`` with the program's own sentence if it fails, and ``KeyboardInterrupt`` if it was interrupted before it had an answer.
    """
    command = [program(), *(os.fspath(a) for a in arguments)]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **_own_group())
    except OSError as e:
        raise Error(f"cannot start {command[0]}: {e.strerror}") from e
    with Line(progress) as line:
        try:
            answer = _follow(process, event, line)
        except BaseException:
            _end(process)
            raise
        if answer.interrupted and not answer.output:
            raise KeyboardInterrupt
        if answer.failed and not answer.interrupted:
            raise Error(answer.failed)
        line.last(finished)
    return answer


def _own_group() -> dict[str, Any]:
    # A terminal sends Ctrl-C to all processes in its foreground, a notebook to the kernel alone. In a group of its own the program hears of
    # it from here in both cases, and once.
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _follow(process: subprocess.Popen[bytes], event: Callable[[dict[str, Any]], str | None] | None, line: Line) -> Answer:
    lines: queue.Queue[tuple[str, str | None]] = queue.Queue()
    for name, stream in (("out", process.stdout), ("err", process.stderr)):
        threading.Thread(target=_read, args=(name, stream, lines), daemon=True).start()
    answer, output, open_streams = Answer(""), [], 2
    while open_streams:
        try:
            source, text = lines.get(timeout=0.2)  # a wait without end could not be interrupted on Windows
        except queue.Empty:
            continue
        except KeyboardInterrupt:
            if answer.interrupted:
                raise
            answer.interrupted = True
            line.show("interrupted: the program saves what it has (interrupt once more to stop it at once)")
            _interrupt(process)
            continue
        if text is None:
            open_streams -= 1
        elif (shown := _event(text, event)) is not None:
            line.show(shown)
        elif source == "out":
            output.append(text)
        elif text.startswith("dcae: "):
            answer.failed = text[len("dcae: ") :].strip()
        elif text.strip():
            answer.notes.append(text.strip().removeprefix("warning: "))
    code = process.wait()
    if code != 0 and not answer.failed:
        answer.failed = _ended(code, answer.notes)
    answer.output = "".join(output)
    return answer


def _read(name: str, stream: Any, lines: queue.Queue[tuple[str, str | None]]) -> None:
    with stream:
        for raw in stream:
            lines.put((name, raw.decode("utf-8", "replace")))
    lines.put((name, None))


def _event(text: str, event: Callable[[dict[str, Any]], str | None] | None) -> str | None:
    """The line of progress for a line of the program; None where it is no event, an empty one where nothing is to be shown."""
    if event is None or not text.startswith('{"event":'):
        return None
    try:
        return event(json.loads(text)) or ""
    except ValueError:
        return None


def _ended(code: int, notes: list[str]) -> str:
    panic = next((n for n in notes if n.startswith(("panic:", "fatal error:"))), None)
    if panic is not None:
        return f"the program broke off, which it never should ({panic}): please report it with the model"
    if code < 0:
        with contextlib.suppress(ValueError):
            name = signal.Signals(-code).name
            return f"the program was ended by {name}" + ("; was there enough memory?" if name == "SIGKILL" else "")
    last = f": {notes[-1]}" if notes else ""
    return f"the program ended with exit code {code}{last}"


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        process.send_signal(signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGINT)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()
