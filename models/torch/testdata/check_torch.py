"""Checks the program against the real PyTorch: the models of zoo.py, their traces, training, and what comes back.

usage: check_torch.py [--only PATTERN,...] [--parts trace,training,gradients,code,refused] [--keep DIR]     (called by `make check-torch`)

For every model, with float64 PyTorch as the reference:
  trace     `dcae trace` agrees: outputs and loss 1e-5, gradients 1e-4 of their own norm or 1e-5 of all, 20 losses 1e-3, weights after them 5e-3, buffers
            1e-4, or three times the error of PyTorch's own float32 where that is larger
  predict   `dcae predict` gives model.eval()(x) to 1e-5
  code      what a diagnosis prints for many changes runs, and makes of the module what it is to be
  gradients those of each program are what finite differences give, and the bits are the same for every number of threads; each operation of
            docs/supported.md is in one of the programs
  training  after an epoch of `dcae train` PyTorch loads model.safetensors with load_state_dict, and predicts what `dcae predict` does to 1e-5
Models that draw at random have no trace. Then there are programs that must be refused, each in one line that names what cannot be done.
PyTorch lives in a virtual environment outside of the repository (DCAE_TORCH, default ~/.cache/dcae-torch), made on first use.
"""
import argparse
import copy
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import warnings
import zipfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent
peers = pathlib.Path(os.environ.get("DCAE_TORCH", pathlib.Path.home() / ".cache" / "dcae-torch"))
python = peers / "bin" / "python"
if pathlib.Path(sys.prefix).resolve() != peers.resolve():
    if not python.exists():
        print(f"setting up PyTorch in {peers}", file=sys.stderr)
        venv.create(peers, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "torch", "numpy", "safetensors"], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], env=environment).returncode)

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

import make_models as made
import operations  # noqa: F401 - adds its programs to ZOO, as the next one does
import settings  # noqa: F401
from zoo import ZOO, Given, module

warnings.filterwarnings("ignore")
parser = argparse.ArgumentParser()
parser.add_argument("--only", default="")
parser.add_argument("--parts", default="trace,training,gradients,code,refused")
parser.add_argument("--keep", default="")
args = parser.parse_args()
work = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="dcae-torch-"))
work.mkdir(parents=True, exist_ok=True)
dcae = work / "dcae"
subprocess.run(["go", "build", "-o", dcae, "./cmd/dcae"], cwd=root, check=True, env=os.environ | {"CGO_ENABLED": "0"})
failures = []


def run(*command, fails=False):
    p = subprocess.run([dcae, *map(str, command)], capture_output=True, text=True)
    if (p.returncode != 0) != fails:
        raise RuntimeError(f"dcae {' '.join(map(str, command))}: {p.stderr.strip() or p.returncode}")
    return p.stderr.strip() if fails else p.stdout


def off(got, want):
    return float(np.linalg.norm(got - want) / max(np.linalg.norm(want), 1e-30))


def check(name, what, error, bound):
    if not error <= bound:
        failures.append(f"{name}: {what} is off by {error:.2g}, more than {bound:.2g}")


BOUNDS = {"y": 1e-5, "y_train": 1e-5, "loss": 1e-5, "losses": 1e-3, "final": 5e-3, "moving": 1e-4}


def trace(name, path, arrays):
    np.savez(work / "batch.npz", x=arrays["x"].astype("float32"), target=arrays["target"].astype("float32"))
    run("trace", path, "--data", work / "batch.npz", "--out", work / "trace.npz")
    got = np.load(work / "trace.npz")
    whole = np.sqrt(sum(np.linalg.norm(v) ** 2 for k, v in arrays.items() if k.startswith("grad/")))
    for key, want in arrays.items():
        kind = key.split("/")[0]
        if kind in ("floor", "x", "target", "param"):
            continue
        if key not in got or got[key].shape != want.shape:
            failures.append(f"{name}: the trace has no {key} of shape {want.shape}")
        elif kind == "grad":
            e = np.linalg.norm(got[key] - want)
            if e > 1e-4 * np.linalg.norm(want) and e > 1e-5 * whole:
                failures.append(f"{name}: {key} is off by {off(got[key], want):.2g}, {e / whole:.2g} of all")
        else:
            check(name, key, off(got[key], want), max(BOUNDS[kind], 3 * float(arrays.get("floor/" + key, 0))))


def predicted(m, name, x):
    torch.manual_seed(0)
    batches = x.split(ZOO[name]["export"].get("batch", len(x)))
    with torch.no_grad():
        return torch.cat([made.first(m.eval()(*made.inputs(name, b, b))) for b in batches]).numpy()


def training(name, path, m, shape):
    """An epoch here; what comes of it there."""
    n = 48
    x = torch.rand(n, *shape)
    np.savez(work / "images.npz", x=x.numpy())
    out = work / "train"
    shutil.rmtree(out, ignore_errors=True)
    run("train", path, "--data", work / "images.npz", "--epochs", 1, "--batch", 8, "--out", out)
    m.load_state_dict(load_file(out / "model.safetensors"))
    if ZOO[name]["export"].get("random"):
        return
    want = predicted(m, name, x)
    run("predict", out / "model.safetensors", "--data", work / "images.npz", "--out", work / "y.npz")
    check(name, "what PyTorch predicts with model.safetensors", off(np.load(work / "y.npz")["y"], want), 1e-5)


def go_test(package, name, variable, folder):
    """Runs a test of Go for the programs of a folder, which it is told by an environment variable; gives whether it passed."""
    p = subprocess.run(["go", "test", package, "-count=1", "-timeout=1h", "-run", name], cwd=root, capture_output=True, text=True, env=os.environ | {variable: str(folder)})
    if p.returncode:
        failures.append(f"{name}: {p.stdout}{p.stderr}")
    return p.returncode == 0


def missing_operations():
    """Operations that the program says it reads, and that none of the programs has."""
    met = set()
    for path in work.glob("*.pt2"):
        with zipfile.ZipFile(path) as z:
            program = next(z.read(n).decode() for n in z.namelist() if n.endswith("models/model.json"))
        met.update(name if name.startswith("__") else name.removesuffix("_") for name in re.findall(r'"torch\.ops\.aten\.(\w+)\.', program))
    known = set()
    for line in (root / "docs" / "supported.md").read_text().splitlines():
        cells = line.split(" | ")
        if cells[0] == "| activations by name":
            break
        known.update(re.findall("`(\\w+)`", cells[-1]) if line.startswith("| ") else [])
    return sorted(known - met)


def paste(names):
    """Runs the code that a diagnosis prints for many changes of all programs. Where it is whole, the module is what it is to be: its weights have the right sizes and,
    drawn anew, the right spread; its output is right to 1e-4 where it keeps the weights."""
    folder = work / "code"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in names:
        shutil.copy(work / (name + ".pt2"), folder)
    if not names or not go_test("./experiments/diagnosis", "TestPastedCode", "DCAE_TORCH_CODE", folder):
        return
    ran = whole = 0
    found = json.loads((folder / "code.json").read_text())
    for name, fresh in found["fresh"].items():
        initial(name, fresh)
    for name, codes in found["codes"].items():
        original, x, target = made.prepare(name)
        for c in codes:
            said = any(word in c["code"] for word in ("# in forward", "made anew", "other settings", "is to begin"))
            ran, whole = ran + 1, whole + (not said)
            try:
                complaint = run_pasted(name, copy.deepcopy(original), x, target, c, said)
            except Exception as e:
                complaint = f"{type(e).__name__}: {e}"
            if complaint:
                failures.append(f"{name}, {c['change']}: {complaint}\n{c['code']}")
    print(f"{ran} pieces of code ran, {whole} of them say all")


def initial(name, fresh):
    """Values for new seeds are distributed as PyTorch's own, where the file tells whether its values were trained."""
    if ZOO[name]["warm"] and not any("num_batches_tracked" in n for n, _ in ZOO[name]["make"]().named_buffers()):
        return
    drawn = {}
    for seed in range(101, 106):
        torch.manual_seed(seed)
        for n, p in ZOO[name]["make"]().named_parameters():
            drawn.setdefault(n, []).append(p.detach().ravel())
    for n, f in fresh.items():
        v, count = torch.cat(drawn[n]), len(drawn[n][0])
        sd, mean = v.std(correction=0).item(), v.mean().item()
        if abs(f["deviation"] - sd) > (0.02 + 2 / count**0.5) * sd + 1e-6 or abs(f["mean"] - mean) > 5 / count**0.5 * sd + 1e-6:
            failures.append(f"{name}: a new seed gives {n} mean {f['mean']:.3g} and deviation {f['deviation']:.3g}, in PyTorch {mean:.3g} and {sd:.3g}")


def run_pasted(name, m, x, target, c, said):
    scope = {"model": m}
    torch.manual_seed(0)
    exec(c["code"], scope)
    m = scope["model"]
    if said:
        return ""
    if c["y"]:
        image = torch.tensor(c["x"]).reshape(1, *x.shape[1:])
        with torch.no_grad():
            y = made.first(copy.deepcopy(m).eval()(*made.inputs(name, image, image))).numpy().ravel()
        if off(np.array(c["y"]), y) > 1e-4:
            return f"its output is off by {off(np.array(c['y']), y):.2g}"
    for n, spread in (c["spread"] or {}).items():
        p = dict(m.named_parameters()).get(n)
        if p is not None and p.numel() >= 500 and not abs(p.std(correction=0).item() - spread) <= 0.15 * spread:
            return f"{n} has a spread of {p.std().item():.3g}, not {spread:.3g}"
    _, loss = made.loss_of(ZOO[name], m.train(), name, x, target)
    loss.backward()
    sizes = sorted(p.numel() for p in m.parameters() if p.grad is not None)
    if sizes != sorted(c["sizes"]):
        return f"it trains weights of {sizes} values, not {sorted(c['sizes'])}"
    scope["optimizer"].step()
    return ""


REFUSED = {}


def refused(what, *shape, target=False, batch="free"):
    def add(make):
        REFUSED[make.__name__] = (make, what, shape, target, batch)
        return make
    return add


@refused("conv3d", 1, 4, 4, 4)
def volumes():
    return nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), nn.Conv3d(2, 1, 3, padding=1))


@refused("lstm", 6, 4)
def recurrent():
    return module(lambda s, x: s.out(s.net(x)[0]), net=nn.LSTM(4, 5, batch_first=True), out=nn.Linear(5, 4))


@refused("track_running_stats", 2, 6, 6)
def no_statistics():
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4, track_running_stats=False), nn.Conv2d(4, 2, 1))


@refused("brings together images of a batch", 4)
def pairs():
    def forward(s, x):
        z = s.enc(x)
        return torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist").mean(), s.dec(z)  # in other modes PyTorch looks at the batch's size
    return module(forward, enc=nn.Linear(4, 2), dec=nn.Linear(2, 4))


@refused("whose batches are different axes", 4)
def differences():
    def forward(s, x):
        z = s.enc(x)
        return (z.unsqueeze(1) - z.unsqueeze(0)).square().mean(), s.dec(z)
    return module(forward, enc=nn.Linear(4, 2), dec=nn.Linear(2, 4))


@refused("part of the batch", 4)
def first_of_the_batch():
    return module(lambda s, x: s.a(x) - s.a(x)[:1], a=nn.Linear(4, 4))


@refused("reorders the batch", 4)
def rolled():
    return module(lambda s, x: s.a(x.roll(1, 0)), a=nn.Linear(4, 4))


@refused("it repeats [batch 4] to [2*batch 4]: along the batch that is not supported", 4)
def copies():
    return module(lambda s, x: s.a(x.repeat(2, 1)).view(2, -1, 4).mean(0), a=nn.Linear(4, 4))


@refused("it repeats [batch 4] to [3 batch 4]: an axis before the batch is not supported", 4)
def samples():
    return module(lambda s, x: s.a(x).expand(3, -1, -1).mean(0), a=nn.Linear(4, 4))


@refused("it repeats each image of the batch", 4)
def copies_side_by_side():
    return module(lambda s, x: s.a(x.repeat_interleave(2, 0)).view(-1, 2, 4).mean(1), a=nn.Linear(4, 4))


@refused("float64", 4)
def double():
    return nn.Linear(4, 4).double()


@refused("values are float16", 4)
def half():
    m = nn.Linear(4, 4)
    m.register_buffer("table", torch.ones(3).half())
    return m


@refused("by itself", 4)
def changes_itself():
    def forward(s, x):
        s.mean.mul_(0.9).add_(0.1 * x.mean(0))
        return s.a(x - s.mean)
    return module(forward, a=nn.Linear(4, 4), mean=torch.zeros(4))


@refused("nothing of the shape", 4)
def no_reconstruction():
    return module(lambda s, x: (s.a(x), s.b(x)), a=nn.Linear(4, 3), b=nn.Linear(4, 3))


@refused("whose batch is axis 2, not the first", 4, 4)
def batch_elsewhere():
    return module(lambda s, x: s.a(s.norm(x.transpose(0, 1).unsqueeze(0)).squeeze(0).transpose(0, 1)), norm=nn.GroupNorm(1, 4), a=nn.Linear(4, 4))


@refused("along that", 4, 4)
def along_the_batch():
    return module(lambda s, x: s.a(x.permute(1, 2, 0).softmax(-1).permute(2, 0, 1)), a=nn.Linear(4, 4))


def refusals():
    for name, (make, what, shape, _, _) in REFUSED.items():
        try:
            m = make().train()
            x = torch.rand(8, *shape, dtype=next(m.parameters()).dtype)
            program = torch.export.export(m, (x,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},))
            torch.export.save(program, work / (name + ".pt2"))
        except Exception as e:
            print(f"{name}: PyTorch itself does not export it: {str(e).splitlines()[0][:100]}")
            continue
        try:
            said = run("summary", work / (name + ".pt2"), fails=True)
        except RuntimeError:
            failures.append(f"{name} is not refused")
            continue
        if what not in said or "\n" in said:
            failures.append(f"{name}: {said!r} does not say {what!r} in one line")


def main():
    names = [n for n in ZOO if not args.only or any(fnmatch.fnmatch(n, pattern) for pattern in args.only.split(","))]
    for name in names:
        before = len(failures)
        path = work / (name + ".pt2")
        try:
            m, x, target = made.prepare(name)
            made.export(name, m, x, target, path)
            if "trace" in args.parts and not ZOO[name]["export"].get("random"):
                arrays = made.arrays(name, m, x, target)
                trace(name, path, arrays)
            if "training" in args.parts and not ZOO[name]["export"].get("target") and not ZOO[name].get("alone"):
                training(name, path, m, ZOO[name]["shape"])
        except Exception as e:
            failures.append(f"{name}: {type(e).__name__}: {e}")
        print(name, "ok" if len(failures) == before else "FAILED", flush=True)
    if "gradients" in args.parts:
        go_test("./models/torch", "TestProgramsHaveTheirGradients", "DCAE_TORCH_ZOO", work)
        missing = [] if args.only else missing_operations()
        if missing:
            failures.append("no program has these operations: " + ", ".join(missing))
    if "code" in args.parts:
        paste([n for n in names if not ZOO[n].get("alone") and "batch" not in ZOO[n]["export"] and (work / (n + ".pt2")).exists()])
    if "refused" in args.parts and not args.only:
        refusals()
    print("\n".join(failures))
    print(f"{len(names)} models, {len(failures)} failures")
    sys.exit(bool(failures))


main()
