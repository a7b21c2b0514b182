"""Records a training loop of PyTorch."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

import numpy as np

try:
    import torch
except ImportError as e:
    raise ImportError("dcae.torch records trainings of torch (PyTorch), which is not installed here") from e

from . import _check, _export, _records, _torch_steps, _warn
from ._arrays import Images
from ._program import Error

FLUSH = 50  # steps between writes: until then all stays on its device, so that nothing waits for it


class Recorder:
    """Records steps of an optimizer: loss, gradient norm, weight norm and update ratio of each layer, as ``dcae train`` does.

        with dcae.torch.Recorder(net, optimizer, "run/", valid=xv) as r:
            for epoch in range(5):
                for x in loader:
                    optimizer.zero_grad()
                    loss = loss_fn(net(x), x)
                    loss.backward()
                    optimizer.step()
                    r.step(loss)
                r.epoch()

    ``dcae plot run/`` draws it, ``dcae diagnose run/ --records`` tells its symptoms. A layer is a module that has parameters itself, named by its
    path. Norms are L2, of the gradients that the optimizer gets (after clipping), and of the weights before the step. ``valid``, held-out images x or
    (x, y), of which up to 1,000 are looked at after each epoch, adds held-out figures, dead and saturated units, and pictures. FVU is over the
    variance around the held-out targets' own mean. The net, its mode and the random state stay as they are.

    Norms need several passes over the weights. So after the first 50 steps as many are recorded, evenly spaced, as take less than a tenth of the
    training's time; ``every=1`` records each step, whatever it takes, ``every=k`` each k-th. An epoch's loss is always the mean over all of its steps.

    Raises ``Error`` where the folder holds something else, or where the optimizer's parameters are not the net's.
    """

    def __init__(self, net: torch.nn.Module, optimizer: torch.optim.Optimizer, folder: str | os.PathLike[str], *, valid: Images = None, every: int | None = None) -> None:
        if not isinstance(net, torch.nn.Module):
            raise Error(f"net is a {type(net).__name__}: give the module that is trained")
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise Error(f"optimizer is a {type(optimizer).__name__}: give the object that takes the steps")
        _check.folder("folder", folder)
        self._net, self._optimizer = _export._unwrapped(net), optimizer
        held = _records.held_out(valid)
        owned = {id(p) for g in optimizer.param_groups for p in g["params"]}
        layers: list[_records.LayerInfo] = []
        self._parameters: list[torch.nn.Parameter] = []
        for path, module in self._net.named_modules():
            own = [p for p in module.parameters(recurse=False)]
            trained = [p for p in own if p.requires_grad and id(p) in owned]
            if own:
                values = sum(p.numel() for p in trained or own)
                layers.append(_records.LayerInfo(path or type(module).__name__, type(module).__name__, values, any(p.ndim > 1 for p in own), len(trained)))
            if trained:
                self._parameters += trained
        if not self._parameters:
            raise Error("none of the optimizer's parameters is the net's: was it made for another module?")
        if held is not None:
            try:
                self._evaluate(held.first())
            except Exception as e:  # of code that is not ours
                raise Error(f"the net does not take the images of valid, each of shape {held.x.shape[1:]}: {type(e).__name__}: {e}") from e
        self._records = _records.Records(folder, type(self._net).__name__, layers, f"PyTorch {torch.__version__}", held, channels_first=True, every=every)
        self._held = held
        self._hooks: list[Any] = []
        self._steps = _torch_steps.Steps(self._parameters)
        self._recorded = self._stepped = False  # whether the optimizer's step is recorded; whether it was taken, and its loss is not known yet
        self._norms: torch.Tensor | None = None  # of this step
        self._loss: torch.Tensor | None = None  # told before the optimizer's step
        self._losses: list[torch.Tensor] = []  # since the last write
        self._sum, self._summed = 0.0, 0  # of the epoch's losses

    def __enter__(self) -> Recorder:
        self._hooks = [self._optimizer.register_step_pre_hook(self._before), self._optimizer.register_step_post_hook(self._after)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        try:
            self.epoch()
        finally:
            self._records.close()
        if kind is None and self._records.step == 0:
            _warn.tell("nothing was recorded: each step needs optimizer.step(), of the optimizer that was given, and r.step(loss)")

    def step(self, loss: torch.Tensor | float) -> None:
        """Tells the loss of a step, a single number, after the optimizer's step or before it."""
        if not self._hooks:
            raise Error("steps are recorded within `with dcae.torch.Recorder(...) as r:`")
        loss = torch.as_tensor(loss).detach()
        if loss.numel() != 1:
            raise Error(f"the loss of a step is one number, not of shape {tuple(loss.shape)}")
        if self._stepped:
            self._add(loss)
        else:
            self._loss = loss

    def epoch(self) -> None:
        """Ends an epoch: looks at the held-out images. At the end of ``with`` the last one ends by itself."""
        self._write()
        if self._held is not None and self._records.step > self._records._before:
            self._evaluate(self._held)
        self._records.end_epoch(self._sum / max(1, self._summed))
        self._sum, self._summed = 0.0, 0

    def _before(self, optimizer: Any, *_: Any) -> None:
        self._recorded = self._records.pace.due()
        if self._recorded:
            self._steps.before([p.grad for p in self._parameters])

    def _after(self, optimizer: Any, *_: Any) -> None:
        self._norms, self._stepped = self._steps.after() if self._recorded else None, True
        if self._loss is not None:
            self._add(self._loss)

    def _add(self, loss: torch.Tensor) -> None:
        self._steps.add(loss, self._optimizer.param_groups[0]["lr"], self._norms)
        self._losses.append(loss)
        self._loss, self._stepped = None, False
        if len(self._losses) >= FLUSH:
            self._write()

    def _write(self) -> None:
        self._sum, self._summed, self._losses = self._sum + sum(map(float, self._losses)), self._summed + len(self._losses), []
        self._records.add_steps(self._steps.take)

    def _evaluate(self, held: _records.Held) -> None:
        """Runs the net over the held-out images, and watches its units."""
        units = _records.Units()
        hooks = [m.register_forward_hook(self._watch(path, units)) for path, m in self._net.named_modules() if not any(m.children())]
        modes = {m: m.training for m in self._net.modules()}
        device = self._parameters[0].device
        outputs = []
        try:
            self._net.eval()
            with torch.no_grad(), torch.random.fork_rng():
                for i in range(0, len(held.x), 100):
                    output = self._net(torch.from_numpy(held.x[i : i + 100]).to(device, self._parameters[0].dtype))
                    target = torch.from_numpy(held.y[i : i + 100])
                    outputs.append(_export._reconstruction(output, target).float().cpu().numpy())
        finally:
            for hook in hooks:
                hook.remove()
            for module, mode in modes.items():
                module.training = mode
        held.outputs = np.concatenate(outputs)
        held.units = units.shares()

    @staticmethod
    def _watch(path: str, units: _records.Units) -> Any:
        def hook(module: torch.nn.Module, _: Any, output: Any) -> None:
            is_layer = any(p.ndim > 1 for p in module.parameters(recurse=False)) or type(module).__module__ == "torch.nn.modules.activation"
            if is_layer and isinstance(output, torch.Tensor) and output.ndim > 1:
                units.add(path, output.float().cpu().numpy(), type(module).__name__.lower(), units_last=output.ndim < 3)

        return hook
