"""What torch.export says, in a sentence about the user's own code."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._program import Error

PACKAGE = str(Path(__file__).parent)


def may_fix_batch(error: Exception) -> bool:
    """Whether the export may have failed because the code makes the batch a constant: then it succeeds with that batch."""
    return not (_depends_on_data(error) or _leaves_torch(error) or _names_device(error) or isinstance(error, TypeError))


def numbers(error: Exception) -> list[int]:
    """Numbers in an error's text that may be a batch's size."""
    return [n for n in dict.fromkeys(map(int, re.findall(r"\b\d{1,4}\b", _first_line(str(error))))) if 0 < n <= 1024][:8]


def _depends_on_data(error: Exception) -> bool:
    return "data-dependent" in str(error) or "DataDependent" in type(error).__name__


def _names_device(error: Exception) -> bool:
    return any(part in str(error) for part in ("CUDA", "cuda", "MPS", "NVIDIA", "on the same device"))


def _leaves_torch(error: Exception) -> bool:
    return any(part in str(error) for part in (".numpy()", "__array__", "Can't call numpy()"))


def told(error: Exception, fails_with: tuple[int, ...] | None = None) -> Error:
    """The error as one sentence, with the line of the module or the loss that is in the way; and the shape of an image, where they fail unexported, too."""
    place = line(error)
    text = str(error)
    if isinstance(error, Error):
        return error
    if _depends_on_data(error):
        return Error(f"{place}: what is computed depends on a value of the data (as `if loss > 1:` or `assert not x.isnan().any()` do), which a fixed graph cannot: leave that out, or use torch.where")
    if _leaves_torch(error):
        return Error(f"{place}: values leave PyTorch (.numpy()), and no gradient comes back: compute it with tensors")
    if _names_device(error):
        return Error(f"{place}: a device is named (as .cuda() does), and a module is exported on the CPU: write x.device in its place, or keep the tensor in a buffer")
    if "fake tensor in the exported program" in text:
        return Error(f"{place}: a tensor is taken out of what is computed, as z.data does: write z.detach()")
    if fails_with is not None:
        return Error(f"{place}: this fails when called with images of shape {fails_with}: {type(error).__name__}: {_first_line(text)}")
    return Error(f"{place}: this cannot be exported: {type(error).__name__}: {_first_line(text)}")


def where(node: Any) -> str:
    """The user's line that a node comes from, as " (net.py, line 7)"; empty where it is not known."""
    found = re.findall(r'File "(.*?)", line (\d+)', str(node.meta.get("stack_trace") or ""))
    found = [f for f in found if not _is_library(f[0])]
    return f" ({Path(found[-1][0]).name}, line {found[-1][1]})" if found else ""


def line(error: Exception) -> str:
    for file, number, code in reversed(re.findall(r'File "(.*?)", line (\d+), in .*\n +(.*)', str(error))):  # torch.export cuts tracebacks, and tells the call
        if not _is_library(file):
            return f"{Path(file).name}, line {number} ({code})"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    in_export = [f for f in frames if f.name != "<module>"]
    for frame in reversed(in_export):
        return f"{Path(frame.filename).name}, line {frame.lineno}{f' ({frame.line})' if frame.line else ''}"
    return "the module"


def _is_library(file: str) -> bool:
    return file.startswith((PACKAGE, "<string>", "<eval")) or any(part in file for part in ("-packages/torch/", "-packages\\torch\\", "_pytest", "/pluggy/", "importlib"))


def _first_line(text: str) -> str:
    return next((one.strip() for one in text.splitlines() if one.strip()), "")[:300]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what an export prints about itself from the user. Nothing that it warns of is of use here: what fails is told as an error."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
