"""What an optimizer's steps do to parameters of PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ._records import Taken


class Steps:
    """Norms of parameters' gradients, of the parameters and of their steps, without waiting for the device that they are on."""

    def __init__(self, parameters: list[torch.Tensor]) -> None:
        self._parameters = parameters
        self._copies = [torch.empty_like(p) for p in parameters]
        self._norms: list[torch.Tensor] = []  # of gradients and parameters, before a step
        self._count = 0
        self._rows: list[tuple[int, torch.Tensor | float, torch.Tensor | float, torch.Tensor]] = []  # number, loss, rate, norms

    @torch.no_grad()
    def before(self, gradients: list[torch.Tensor | None]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        given = [torch.zeros((), device=p.device) if g is None else g for g, p in zip(gradients, self._parameters, strict=True)]
        torch._foreach_copy_(self._copies, self._parameters)
        self._norms = [*torch._foreach_norm(given), *torch._foreach_norm(self._parameters)]

    @torch.no_grad()
    def after(self) -> torch.Tensor:
        """The norms of a step that was taken: of all gradients, all parameters, all their steps."""
        torch._foreach_sub_(self._copies, self._parameters)
        return torch.stack([*self._norms, *torch._foreach_norm(self._copies)])

    def add(self, loss: torch.Tensor | float, rate: torch.Tensor | float, norms: torch.Tensor | None) -> None:
        """Counts a step, and keeps it where there are norms of it."""
        self._count += 1
        if norms is not None:
            self._rows.append((self._count, loss, rate, norms))

    def take(self) -> Taken:
        """What was kept since the last time."""
        rows, self._rows = self._rows, []
        numbers, losses, rates, norms = zip(*rows, strict=True) if rows else ((), (), (), ())
        return Taken(self._count, list(numbers), list(map(float, losses)), list(map(float, rates)), _squares(norms))


class KerasSteps:
    """Steps of Keras' optimizers on PyTorch."""

    def __init__(self, variables: list[Any]) -> None:
        self._steps = Steps([v.value for v in variables])
        self._losses: list[torch.Tensor] = []
        self._rows: list[tuple[Any, torch.Tensor]] = []  # rate, norms

    def tell(self, values: torch.Tensor) -> None:
        """Tells the loss of a step, before or after it is looked at."""
        self._losses.append(values.detach().mean())

    def before(self, gradients: list[torch.Tensor | None]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._steps.before(gradients)

    def after(self, rate: Any) -> None:
        """Looks at a step that was taken."""
        self._rows.append((rate.value.clone() if hasattr(rate, "value") else rate, self._steps.after()))

    def take(self) -> Taken:
        """What was left since the last time; steps are counted that were looked at."""
        rows, losses, self._rows, self._losses = self._rows, self._losses, [], []
        return Taken(len(rows), [], list(map(float, losses)), [float(rate) for rate, _ in rows], _squares([norms for _, norms in rows]))


def _squares(norms: Sequence[torch.Tensor]) -> np.ndarray:
    """Steps' norms as sums of squares, a row for each."""
    return torch.stack(list(norms)).double().square().cpu().numpy() if norms else np.empty((0, 0))
