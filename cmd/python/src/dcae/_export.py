"""PyTorch modules as exported programs (.pt2) with the file ``dcae.json``, which says how they are trained."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import _arrays, _export_errors
from ._program import Error

# Losses that the program has itself, by the name of their class or function, with the settings that they may have.
OWN_LOSSES = {
    "MSELoss": (), "L1Loss": (), "SmoothL1Loss": ("beta",), "HuberLoss": ("delta",), "BCELoss": (), "BCEWithLogitsLoss": (),
}  # fmt: skip
OWN_FUNCTIONS = {
    "mse_loss": "MSELoss", "l1_loss": "L1Loss", "smooth_l1_loss": "SmoothL1Loss", "huber_loss": "HuberLoss",
    "binary_cross_entropy": "BCELoss", "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
}  # fmt: skip

# Ways to give images whose axes are not those that the module takes.
OTHER_AXES: dict[str, Callable[[Any], Any]] = {"x[:, None]": lambda x: x.unsqueeze(1), "x.transpose(0, 3, 1, 2)": lambda x: x.movedim(-1, 1)}

# What OneCycleLR and CyclicLR leave in an optimizer's groups.
OF_SCHEDULES = ("max_lr", "min_lr", "max_momentum", "base_momentum")


@dataclasses.dataclass
class Exported:
    """An exported module."""

    path: Path
    notes: list[str] = dataclasses.field(default_factory=list)
    batch: int | None = None  # the only one that its code allows; None: any


def is_module(model: Any) -> bool:
    """Whether this is a module of PyTorch. Imports nothing: who has one has imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def name(net: Any) -> str:
    """What a module is called: its class."""
    return type(_unwrapped(net)).__name__


def save(net: Any, images: tuple[np.ndarray, np.ndarray | None], optimizer: Any, loss: Any, path: Path, batch: int | None) -> Exported:
    """Exports a copy of a module in training mode; the module, its mode and the state of all generators stay as they are.

    ``images`` are a few images and targets (None: the images), ``batch`` is what the module is exported with where its code fixes the batch
    (None: what the code takes, or 32).
    Raises ``Error``, which names the line of the module or the loss that cannot be exported.
    """
    import torch

    out = Exported(path)
    net = _unwrapped(net)
    how: dict[str, Any] = {}
    if optimizer is not None:
        how["optimizer"] = _optimizer(net, optimizer, out.notes)
    others = {str(t.dtype).removeprefix("torch.") for t in (*net.parameters(), *net.buffers()) if t.is_floating_point()} - {"float32"}
    if others:
        out.notes.append(f"the module holds {', '.join(sorted(others))}, and is examined in float32: what the other precision does to the training is not seen")
    with _arrays.own_randomness(), _export_errors.quiet():
        own = _own_loss(loss)
        step, inputs = _step(net, None if own else _on_cpu(loss, "the loss") if loss is not None else None, images)
        step.train()
        program = _export(step, inputs, batch, out)
        free = out.batch is None
        if out.batch is not None:
            inputs = _repeated(inputs, out.batch)
        _refuse_changing(program, _once(step, inputs, free))
        if own:
            how["loss"] = own
        elif loss is not None or _returns_loss(program):
            how["loss"] = {"class": "Given"}
        step.eval()
        random = _random_in_evaluation(program, step, inputs, free)
        if random is not None:
            how["evaluation"] = {"random": random}
            out.notes += _otherwise_in_evaluation(program, random)
        torch.export.save(program, path, extra_files={"dcae.json": json.dumps(how)})
    return out


def load_safetensors(path: str) -> dict[str, Any]:
    """Reads the tensors of a .safetensors file (https://github.com/huggingface/safetensors). Raises ``Error``."""
    try:
        import torch
    except ImportError as e:
        raise Error(f"PyTorch is not installed here, so that {path} cannot be read") from e
    kinds = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8, "U8": np.uint8, "BOOL": np.bool_}
    try:
        data = Path(path).read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        out = {}
        for name, about in json.loads(data[8:start]).items():
            if name != "__metadata__":
                begin, end = about["data_offsets"]
                values = np.frombuffer(data[start + begin : start + end], kinds[about["dtype"]])
                out[name] = torch.from_numpy(values.reshape(about["shape"]).copy())
        return out
    except (OSError, ValueError, KeyError) as e:
        raise Error(f"{path} cannot be read: {e}") from e


def _unwrapped(net: Any) -> Any:
    """The module within torch.compile, DataParallel and DistributedDataParallel."""
    while True:
        name = type(net).__name__
        if name == "OptimizedModule":
            net = net._orig_mod
        elif name in ("DataParallel", "DistributedDataParallel"):
            net = net.module
        else:
            break
    if "ScriptModule" in [c.__name__ for c in type(net).__mro__]:
        raise Error("the module was compiled by torch.jit, which cannot be exported: give the module that it was made from")
    for path, module in net.named_modules():
        if "BatchNorm" in type(module).__name__ and getattr(module, "momentum", 0) is None and getattr(module, "track_running_stats", False):
            raise Error(f"{path or 'the module'} is a {type(module).__name__} with momentum=None, whose average over all batches cannot be exported: give it a number, as momentum=0.1")
    return net


def _on_cpu(value: Any, what: str) -> Any:
    """A copy in the computer's own memory and in float32; functions stay themselves."""
    import torch

    memo: dict[int, Any] = {}  # what a module keeps of a computation, as the old weight_norm does, cannot be copied but as numbers
    if isinstance(value, torch.nn.Module):
        kept = [t for m in value.modules() for t in vars(m).values() if isinstance(t, torch.Tensor) and not t.is_leaf]
        memo = {id(t): t.detach().clone() for t in kept}
    try:
        value = copy.deepcopy(value, memo)
    except Exception as e:  # of code that is not ours
        raise Error(f"{what} cannot be copied: {type(e).__name__}: {e}") from e
    return value.cpu().float() if isinstance(value, torch.nn.Module) else value


def _step(net: Any, loss: Callable[[Any, Any], Any] | None, images: tuple[np.ndarray, np.ndarray | None]) -> tuple[Any, tuple[Any, ...]]:
    """A copy of the module, which computes its loss, too, if there is one, and what it is called with.

    The copy gets another class, so that nothing wraps the module: its parameters keep their names.
    """
    import torch

    x, y = (None if a is None else torch.from_numpy(np.array(a, dtype=np.float32)) for a in images)
    if len(x) < 2:  # with one image its code's batch counts as fixed
        x, y = (None if a is None else a.repeat_interleave(2, 0) for a in (x, y))
    _takes(net.forward, "the module", "x")
    step = _on_cpu(net, "the module")
    own = type(step)
    if loss is None:
        step.__class__ = type(own.__name__, (own,), {"forward": lambda self, x: _plain_output(own.forward(self, x)), "__module__": own.__module__})
        return step, (x,)
    if isinstance(loss, type) or not callable(loss):
        what = f"the class {loss.__name__}" if isinstance(loss, type) else f"a {type(loss).__name__}"
        raise Error(f"loss is {what}: give the object, as torch.nn.MSELoss(), or a function loss(output, target)")
    _takes(loss.forward if isinstance(loss, torch.nn.Module) else loss, "the loss", "output, target")
    loss = _traced(loss)

    def forward(self: Any, x: Any, target: Any = None) -> Any:
        target = x if target is None else target
        output = own.forward(self, x)
        return _number(loss(output, target)), _reconstruction(output, target)

    step.__class__ = type(own.__name__, (own,), {"forward": forward, "__module__": own.__module__})
    return step, (x,) if y is None else (x, y)


def _takes(function: Any, what: str, given: str) -> None:
    """Raises ``Error`` where a function does not take what it is called with."""
    try:
        inspect.signature(function).bind(*given.split(", "))
    except TypeError as e:
        hint = "; output is all that the module returns" if what == "the loss" else ""
        raise Error(f"{what} is called as {what.split()[-1]}({given}), which it does not take: {e}{hint}") from e
    except ValueError:  # of a function without a signature
        pass


def _number(loss: Any) -> Any:
    """A loss as one number without axes. Raises ``Error`` for several."""
    shape = tuple(getattr(loss, "shape", ()))
    if any(n != 1 for n in shape):
        raise Error(f"the loss gives an array with {len(shape)} {'axis' if len(shape) == 1 else 'axes'} instead of one number: give its mean or sum, as loss.mean()")
    return loss.reshape(()) if shape else loss


def _traced(loss: Any) -> Any:
    """The loss, of whose lines the program is told: PyTorch notes them only of functions with the name forward."""
    if not isinstance(loss, types.FunctionType):
        return loss
    out = types.FunctionType(loss.__code__.replace(co_name="forward"), loss.__globals__, loss.__name__, loss.__defaults__, loss.__closure__)
    out.__kwdefaults__ = loss.__kwdefaults__
    return out


def _reconstruction(output: Any, target: Any) -> Any:
    """Of a module's outputs the first one of the target's shape."""
    tensors = list(_tensors(_plain_output(output)))
    for t in tensors:
        if t.shape == target.shape:
            return t
    return tensors[0]


def _plain_output(output: Any) -> Any:
    """A module's outputs: a tensor, or tensors in a tuple, a list or a dict, which one in a dataclass becomes. Raises ``Error`` for others."""
    if dataclasses.is_dataclass(output) and not isinstance(output, dict):
        output = {f.name: getattr(output, f.name) for f in dataclasses.fields(output)}
    if not any(True for _ in _tensors(output)):
        raise Error(f"the module returns {'nothing' if output is None else f'a {type(output).__name__}'}: return a tensor, or tensors in a tuple or a dict")
    return output


def _tensors(output: Any) -> Iterator[Any]:
    import torch

    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, (list, tuple)):
        for value in output:
            yield from _tensors(value)


def _export(step: Any, inputs: tuple[Any, ...], batch: int | None, out: Exported) -> Any:
    """Exports with any batch or, where the code fixes it, with the given one; without, with the one that it takes."""
    try:
        return _once(step, inputs, True)
    except Error:
        raise
    except Exception as e:  # PyTorch raises many kinds
        if not _export_errors.may_fix_batch(e):
            raise _export_errors.told(e) from e
    out.batch = batch or 32
    try:
        program = _once(step, _repeated(inputs, out.batch), False)
    except Exception as e:
        only = _only_batch(step, inputs, e)
        if only is None:
            raise _not_exported(step, inputs, e) from e
        if batch is not None:
            place = _export_errors.line(e)
            raise Error(f"{place}: the code takes batches of {only} only, not of {batch}: give batch={only}, or write -1 or x.shape[0] in place of {only}") from e
        return _export(step, inputs, only, out)
    out.notes.append(
        f"the code of the module or the loss fixes the batch (by len(x), or a number in view or reshape): it is trained with batches of exactly {out.batch}; -1 or x.shape[0] in their place leave it free"
    )
    return program


def _only_batch(step: Any, inputs: tuple[Any, ...], error: Exception) -> int | None:
    """The batch that a module takes, if it is among an error's numbers and the module takes no other."""
    if _runs(step, inputs):
        return None
    return next((n for n in _export_errors.numbers(error) if _runs(step, _repeated(inputs, n))), None)


def _not_exported(step: Any, inputs: tuple[Any, ...], error: Exception) -> Error:
    """Why a module cannot be exported, or called at all."""
    if _runs(step, inputs):
        return _export_errors.told(error)
    shape = tuple(inputs[0].shape[1:])
    for written, turned in OTHER_AXES.items():
        if len(shape) > 1 and _runs(step, tuple(turned(t) for t in inputs)):
            return Error(f"the module does not take images of shape {shape}: give {written}, as PyTorch has the axes batch, channels, height, width")
    return _export_errors.told(error, shape)


def _runs(step: Any, inputs: tuple[Any, ...]) -> bool:
    """Whether the module can be called at all."""
    import torch

    try:
        with torch.no_grad():
            step(*inputs)
    except Exception:
        return False
    return True


def _once(step: Any, inputs: tuple[Any, ...], free: bool) -> Any:
    import torch

    batch = torch.export.Dim("batch", min=2)
    shapes = tuple({0: batch} for _ in inputs) if free else None
    return torch.export.export(step, inputs, dynamic_shapes=shapes, strict=False)


def _repeated(inputs: tuple[Any, ...], batch: int) -> tuple[Any, ...]:
    return tuple(t[[i % len(t) for i in range(batch)]] for t in inputs)


def _refuse_changing(first: Any, second: Any) -> None:
    """Numbers of Python are a part of the program as they are at its export. One that changes from step to step would stand still."""
    import torch

    for a, b in zip(first.graph.nodes, second.graph.nodes, strict=False):
        if str(a.target) != str(b.target) or _numbers(a) != _numbers(b):
            raise Error(
                f"a number changes from call to call{_export_errors.where(a)}, and would stand still here: make it constant, or keep it in a tensor that is a buffer of the module"
            )
    for name, value in first.constants.items():
        other = second.constants.get(name)
        if isinstance(value, torch.Tensor) and isinstance(other, torch.Tensor) and not torch.equal(value, other):
            raise Error(f"the constant {name} changes from call to call, and would stand still here: make it a buffer of the module")


def _numbers(node: Any) -> list[Any]:
    return [a for a in (*node.args, *node.kwargs.values()) if isinstance(a, (int, float, bool, str))]


def _returns_loss(program: Any) -> bool:
    """Whether the first output is a single number."""
    outputs = next(n for n in program.graph.nodes if n.op == "output").args[0]
    users = [o for o, s in zip(outputs, program.graph_signature.output_specs, strict=False) if s.kind.name == "USER_OUTPUT"]
    value = users[0].meta.get("val") if users and hasattr(users[0], "meta") else None
    return value is not None and getattr(value, "ndim", 1) == 0


def _random_in_evaluation(program: Any, step: Any, inputs: tuple[Any, ...], free: bool) -> list[str] | None:
    """The program's random nodes that are random in evaluation, too: a dropout that is always on looks like any other one in training.

    None where no node is random, or where the module cannot be exported for evaluation.
    """
    random = [n for n in program.graph.nodes if _is_random(n)]
    if not random:
        return None
    try:
        evaluated = _once(step, inputs, free)
    except Exception:  # noqa: BLE001 - of code that only runs in evaluation; training is what counts
        return None
    left = [_place(n) for n in evaluated.graph.nodes if _is_random(n)]
    out = []
    for n in random:
        if _place(n) in left:
            left.remove(_place(n))
            out.append(n.name)
    return out


def _otherwise_in_evaluation(program: Any, random: list[str]) -> list[str]:
    """What the program does otherwise in evaluation than the module would."""
    return [
        f"an alpha dropout is on in evaluation, too{_export_errors.where(node)}; held-out figures here are without it"
        for node in program.graph.nodes
        if _is_random(node) and "alpha_dropout" in str(node.target) and node.name in random
    ]


def _is_random(node: Any) -> bool:
    if node.op != "call_function":
        return False
    name = str(node.target).removeprefix("aten.").split(".")[0].rstrip("_")
    if "dropout" in name:
        return len(node.args) < 3 or bool(node.args[2])
    return name in ("rand", "randn", "rand_like", "randn_like", "randint", "randint_like", "randperm", "bernoulli", "exponential", "normal", "normal_functional", "uniform", "multinomial")


def _place(node: Any) -> tuple[str, str]:
    return str(node.target), str(node.meta.get("stack_trace"))


def _own_loss(loss: Any) -> dict[str, Any] | None:
    """How the program calls a loss that it has itself; None for others."""
    name = getattr(loss, "__name__", "")
    if name in OWN_FUNCTIONS and getattr(loss, "__module__", "").startswith("torch"):
        return {"class": OWN_FUNCTIONS[name], "reduction": "mean"}
    kind = type(loss).__name__
    if kind not in OWN_LOSSES or not type(loss).__module__.startswith("torch.nn"):
        return None
    if getattr(loss, "weight", None) is not None or getattr(loss, "pos_weight", None) is not None:
        return None
    return {"class": kind, "reduction": loss.reduction} | {s: getattr(loss, s) for s in OWN_LOSSES[kind]}


def _optimizer(net: Any, optimizer: Any, notes: list[str]) -> dict[str, Any]:
    """An optimizer's class and groups, parameters by their names in state_dict."""
    if not hasattr(optimizer, "param_groups"):
        raise Error(f"optimizer is a {type(optimizer).__name__}: give the object, as torch.optim.Adam(net.parameters(), lr=0.001)")
    names = {id(p): name for name, p in reversed(list(net.named_parameters(remove_duplicate=False)))}
    groups, rates = [], []
    for group in optimizer.param_groups:
        foreign = sum(id(p) not in names for p in group["params"])
        if foreign:
            raise Error(f"{foreign} of the optimizer's parameters are not of this module: make the optimizer of net.parameters(), after net.to(...)")
        settings = {k: _plain(v) for k, v in group.items() if k not in ("params", "param_names", *OF_SCHEDULES)}
        groups.append(settings | {"params": [names[id(p)] for p in group["params"]]})
        if "initial_lr" in group:  # so do schedules leave it
            rates.append(f"{_plain(group['lr']):g}")
    if rates:
        notes.append(f"a schedule of the learning rate is not seen: it is {', '.join(rates)} throughout, as now")
    return {"class": type(optimizer).__name__, "groups": groups}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, tuple) else value
