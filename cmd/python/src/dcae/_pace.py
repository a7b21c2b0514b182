"""Which steps of a training norms are taken of."""

from __future__ import annotations

import math
import operator
import sys
import time
from collections import deque
from collections.abc import Callable
from statistics import median
from typing import Any

from ._program import Error

SHARE = 0.05  # of a step's time that norms may take on average: half of the tenth that is promised, for the first steps take more, and measuring is not exact
FIRST = 10  # steps that are all recorded
COMPARED = 40  # steps after them, every second one recorded: how much longer do those take?
AGAIN = 50  # steps after which it is decided anew
SURE = 40  # comparisons before all steps are recorded: then there are no more of them

# Seconds that the process computed: other programs do not disturb them. Windows counts them in ticks that are longer than most steps.
clock = time.perf_counter if sys.platform == "win32" else time.process_time


class Pace:
    """Decides step by step: the first steps all, then every k-th, with k so large that recording takes less than a tenth of the training's time.

    A step's time is that from its beginning to the next one's. One that is recorded is compared with the one before, which was not; the median of that
    leaves out what happens between epochs.
    """

    def __init__(self, every: int | None, now: Callable[[], float] = clock) -> None:
        self._fixed = _whole(every)
        self.every = self._fixed or 1
        self.writing = 0.0  # seconds to write one recorded step
        self._now = now
        self._plain: deque[float] = deque(maxlen=2 * AGAIN)  # seconds of steps that were not recorded
        self._more: deque[float] = deque(maxlen=2 * AGAIN)  # what one that was recorded took more, as a share of the one before
        self._steps, self._last, self._begun = 0, 0, 0.0
        self._due = self._alone = False  # whether the last step was recorded, and the one before it was not

    def due(self) -> bool:
        """Whether norms are to be taken of the step that begins now."""
        now = self._now()
        took = now - self._begun
        if self._steps and not self._due:
            self._plain.append(took)
        elif self._due and self._plain and self._plain[-1] > 0 and self._alone:
            self._more.append(took / self._plain[-1] - 1)
        self._begun, self._steps = now, self._steps + 1
        after = self._steps - FIRST - COMPARED
        if not self._fixed and after > 0 and after % AGAIN == 1:
            self._choose()
        every = self._fixed or (self.every if after > 0 else 1 if self._steps <= FIRST else 2)
        due = self._last == 0 or self._steps - self._last >= every
        self._alone = due and not self._due  # the step before was not recorded
        self._due = due
        if due:
            self._last = self._steps
        return due

    def _choose(self) -> None:
        if self._more:
            self.every = max(1 if len(self._more) >= SURE else 2, math.ceil((median(self._more) + self.writing / median(self._plain)) / SHARE))


def _whole(every: Any) -> int | None:
    try:
        whole = None if every is None else operator.index(every)
    except TypeError:
        whole = 0
    if whole is not None and (whole < 1 or isinstance(every, bool)):
        raise Error(f"every is {every!r}: give a whole number, 1 to record each step, or leave it out")
    return whole
