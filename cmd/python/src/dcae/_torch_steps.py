"""What an optimizer's steps do to parameters of PyTorch."""

from __future__ import annotations

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
        squares = torch.stack([norms for *_, norms in rows]).double().square().cpu().numpy() if rows else np.empty((0, 0))
        return Taken(self._count, [n for n, *_ in rows], [float(loss) for _, loss, *_ in rows], [float(rate) for *_, rate, _ in rows], squares)
