"""What an optimizer's steps do to parameters of PyTorch."""

from __future__ import annotations

import numpy as np
import torch


class Steps:
    """Norms of parameters' gradients, of the parameters and of their steps, without waiting for the device that they are on.

    A small net's step takes a millisecond, most of it for getting values from memory. So layer by layer, values are used again while they are in the cache.
    """

    def __init__(self, layers: list[list[torch.Tensor]]) -> None:
        self._layers = layers
        self._copies = [[torch.empty_like(p) for p in own] for own in layers]
        self._gradients: list[torch.Tensor] = []  # norms, one for each parameter
        self._weights: list[torch.Tensor] = []
        self._pending: list[tuple[torch.Tensor | float, torch.Tensor | float, torch.Tensor]] = []  # loss, rate, norms

    @torch.no_grad()
    def before(self, gradients: list[list[torch.Tensor | None]]) -> None:
        """Looks at a step before it is taken; None is a gradient of 0."""
        self._gradients, self._weights = [], []
        for own, copies, given in zip(self._layers, self._copies, gradients, strict=True):
            self._gradients += torch._foreach_norm([torch.zeros((), device=p.device) if g is None else g for g, p in zip(given, own, strict=True)])
            torch._foreach_copy_(copies, own)
            self._weights += torch._foreach_norm(copies)

    @torch.no_grad()
    def after(self) -> torch.Tensor:
        """The norms of a step that was taken: of all gradients, all parameters, all their steps."""
        taken: list[torch.Tensor] = []
        for own, copies in zip(self._layers, self._copies, strict=True):
            torch._foreach_sub_(copies, own)
            taken += torch._foreach_norm(copies)
        return torch.stack(self._gradients + self._weights + taken)

    def add(self, loss: torch.Tensor | float, rate: torch.Tensor | float, norms: torch.Tensor) -> int:
        """Keeps a step until it is taken; tells how many are kept."""
        self._pending.append((loss, rate, norms))
        return len(self._pending)

    def take(self) -> tuple[list[float], list[float], np.ndarray]:
        """The losses and rates of the steps that were kept, and the squares of their norms, as ``Records.add_steps`` takes them."""
        pending, self._pending = self._pending, []
        if not pending:
            return [], [], np.empty((0, 0))
        squares = torch.stack([norms for _, _, norms in pending]).double().square().cpu().numpy()
        return [float(loss) for loss, _, _ in pending], [float(rate) for _, rate, _ in pending], squares
