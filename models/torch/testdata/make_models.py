"""Writes NAME.pt2 and NAME.npz of the models in zoo.py, as PyTorch computes them in float64.

usage: make_models.py OUT_DIR [NAME...]     (default: those that the tests read, compressed, in float32 and without param/; `all` for all)

NAME.pt2 is the program in training mode with float32 weights, whose extra file dcae.json says how it is trained. NAME.npz, in PyTorch's layouts:
  x, target        [8, ...] input batch and what it is to become
  y                model.eval()(x)
  y_train, loss    model.train()(x) and its loss
  param/NAME, grad/NAME    trainable weights at the start, and the gradient of the loss by them
  losses           [20] the loss before each of 20 optimizer steps on this batch
  final/NAME, moving/NAME  trainable weights and buffers after them
  floor/...        the relative error of PyTorch's own float32 in those arrays, the largest of three runs whose weights differ by their rounding, where it is over
                   1e-7: optimizers that divide by a gradient's size, and values near a bend, make much of it
Of models that draw at random there is only x, and evaluated, their output in evaluation, where they do not draw there.
"""
import copy
import json
import os
import sys
import warnings
import zipfile

import numpy as np
import torch

from zoo import ZOO, Given

warnings.filterwarnings("ignore")


def first(y):
    """The reconstruction among a program's outputs."""
    if isinstance(y, dict):
        return y.get("reconstruction", y.get("image"))
    return y[1] if isinstance(y, tuple) else y


def how(m, optimizer, loss):
    names = {p: n for n, p in m.named_parameters()}
    groups = [g | {"params": [names[p] for p in g["params"]]} for g in optimizer.param_groups]
    if len(groups) == 1:
        del groups[0]["params"]
    settings = {k: getattr(loss, k) for k in ("reduction", "beta", "delta") if hasattr(loss, k)}
    return {"optimizer": {"class": type(optimizer).__name__, "groups": groups}, "loss": {"class": type(loss).__name__} | settings}


def prepare(name, seed=5):
    """The module in training mode, warmed up, and the batch (x, target)."""
    spec = ZOO[name]
    torch.manual_seed(seed)
    m = spec["make"]().train()
    x = torch.rand(64, *spec["shape"])
    target = (x + 0.1).clamp(0, 1) if spec["export"].get("target") else x
    if spec["warm"]:
        o = torch.optim.Adam([p for p in m.parameters() if p.requires_grad], 1e-3)
        for i in range(spec["warm"]):
            b = torch.rand(8, *spec["shape"])
            o.zero_grad()
            spec["loss"](m(b), b).backward()
            o.step()
    return m, x[:8].clone(), target[:8].clone()


def inputs(name, x, target):
    return (x, target) if ZOO[name]["export"].get("target") else (x,)


def export(name, m, x, target, path):
    spec = ZOO[name]
    e = spec["export"]
    dims = None if "batch" in e else tuple({0: torch.export.Dim("batch", min=e.get("low", 2), max=e.get("high"))} for _ in inputs(name, x, target))
    program = torch.export.export(m, inputs(name, x, target), dynamic_shapes=dims)
    training = how(m, spec["optimizer"](trained(m)), spec["loss"])
    if "in_evaluation" in e:
        training["evaluation"] = {"random": e["in_evaluation"]}
    torch.export.save(program, path, extra_files={"dcae.json": json.dumps(training)})


def deflate(path):
    """Compresses the archive, to keep the repository small; PyTorch itself does not."""
    with zipfile.ZipFile(path) as z:
        entries = [(n, z.read(n)) for n in z.namelist() if not n.endswith("sample_inputs/model.pt")] + [(n, b"") for n in z.namelist() if n.endswith("sample_inputs/model.pt")]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for n, b in entries:
            z.writestr(zipfile.ZipInfo(n), b, zipfile.ZIP_DEFLATED)


def trained(m):
    return [p for p in m.parameters() if p.requires_grad]


def loss_of(spec, m, name, x, target):
    out = m(*inputs(name, x, target))
    if isinstance(spec["loss"], Given):
        return out, spec["loss"](out, target)
    return out, spec["loss"](first(out), target)


def reference(name, m, x, target, dtype):
    """All arrays, computed in dtype."""
    spec = ZOO[name]
    cast = lambda t: t.to(dtype)
    d = copy.deepcopy(m).to(dtype)
    for k, v in vars(m).items():
        if isinstance(v, torch.Tensor):
            setattr(d, k, cast(v))
    x, target = cast(x), cast(target)
    torch.set_default_dtype(dtype)
    try:
        r = {"x": x, "target": target, "y": first(copy.deepcopy(d).eval()(*inputs(name, x, target)))}
        probe = copy.deepcopy(d)
        y, l = loss_of(spec, probe, name, x, target)
        l.backward()
        r["y_train"], r["loss"] = first(y), l
        for n, p in probe.named_parameters():
            if p.requires_grad:
                r["param/" + n], r["grad/" + n] = p.detach().clone(), torch.zeros_like(p) if p.grad is None else p.grad.clone()
        opt, losses = spec["optimizer"](trained(d)), []
        for _ in range(20):
            opt.zero_grad()
            _, l = loss_of(spec, d, name, x, target)
            l.backward()
            losses.append(l.item())
            opt.step()
        r["losses"] = torch.tensor(losses)
        for n, p in d.named_parameters():
            if p.requires_grad:
                r["final/" + n] = p
        for n, b in d.named_buffers():
            if b.dtype.is_floating_point and n.split(".")[-1].startswith("running"):
                r["moving/" + n] = b
    finally:
        torch.set_default_dtype(torch.float32)
    return {k: v.detach().double().numpy() for k, v in r.items()}


def rounded(m, seed):
    """A copy whose weights are off by their rounding; the same for seed 0."""
    m, g = copy.deepcopy(m), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in m.parameters():
            p.mul_(1 + (seed > 0) * 6e-8 * torch.randn(p.shape, generator=g))
    return m


def arrays(name, m, x, target):
    if ZOO[name]["export"].get("random"):
        evaluated = {"evaluated": copy.deepcopy(m).eval()(x).detach().numpy()} if "in_evaluation" in ZOO[name]["export"] else {}
        return {"x": x.numpy()} | evaluated
    r, runs = reference(name, m, x, target, torch.float64), [reference(name, rounded(m, k), x, target, torch.float32) for k in range(3)]
    for k in list(r):
        e = max(np.linalg.norm(r[k] - s[k]) / max(np.linalg.norm(r[k]), 1e-30) for s in runs)
        if k not in ("x", "target") and e > 1e-7:
            r["floor/" + k] = np.array(e)
    return {k: v.astype("float32") if "/" in k and not k.startswith("floor") else v for k, v in r.items()}


def write(name, out, small=False):
    m, x, target = prepare(name)
    export(name, m, x, target, os.path.join(out, name + ".pt2"))
    all = arrays(name, m, x, target)
    if small:
        deflate(os.path.join(out, name + ".pt2"))
        all = {k: v.astype("float32") for k, v in all.items() if not k.startswith("param/") and not (k == "target" and x is target)}
    np.savez_compressed(os.path.join(out, name + ".npz"), **all)


if __name__ == "__main__":
    out, names = sys.argv[1], sys.argv[2:]
    os.makedirs(out, exist_ok=True)
    if not names:
        names = [n for n, s in ZOO.items() if s["committed"]]
    for n in ZOO if names == ["all"] else names:
        try:
            write(n, out, small=not sys.argv[2:])
            print(n)
        except Exception as e:
            print(n, "FAILED", type(e).__name__, str(e).split("\n")[0][:300])
            if len(names) == 1 and names != ["all"]:
                raise
