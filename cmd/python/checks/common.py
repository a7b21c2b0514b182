"""What the checks of all frameworks have in common."""

import csv
import subprocess
import time
from pathlib import Path

import numpy as np

import dcae


def blobs(n, seed):
    """Three soft spots of random place and size on 16x16 pixels, 0 to 1: (n, 16, 16, 1)."""
    r = np.random.default_rng(seed)
    row, column = np.mgrid[:16, :16]
    y, x = r.uniform(3, 13, (2, n, 3, 1, 1))
    size = r.uniform(1.2, 2.5, (n, 3, 1, 1))
    return np.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * size**2)).max(1)[..., None].astype(np.float32)


def timed(what, verdict, causes, *args, **kwargs):
    """Diagnoses, and checks the verdict, the cause, and how long it took."""
    start = time.monotonic()
    d = dcae.diagnose(*args, **kwargs)
    took = time.monotonic() - start
    cause = d.causes[0].cause if d.causes else None
    print(f"{what}: {d.verdict}, {cause}, {took:.1f} s of which {took - d.seconds:.1f} s not the program's", flush=True)
    assert d.verdict == verdict, d
    assert not causes or cause in causes, d
    assert "<iframe" in d._repr_html_()
    return d


def program(*args):
    """Calls the program, and returns what it prints."""
    return subprocess.run([dcae.program(), *map(str, args)], check=True, capture_output=True, text=True).stdout


def compare_norms(run, trace, layers):
    """Compares a recorder's first step with what dcae trace computes on the same batch. ``layers``: from a layer's name to its variables'."""
    row = next(csv.DictReader(open(next(Path(run).glob("runs/*/seed-1/steps.csv")))))
    worst = 0.0
    with np.load(trace) as t:
        assert abs(float(row["loss"]) / float(t["loss"]) - 1) < 1e-4, (row["loss"], t["loss"])
        for layer, variables in layers.items():
            for quantity, prefix in (("gradient_norm", "grad"), ("weight_norm", "param")):
                norm = np.sqrt(sum(np.sum(t[f"{prefix}/{v}"].astype(float) ** 2) for v in variables))
                worst = max(worst, abs(float(row[f"{layer}/{quantity}"]) / norm - 1))
    print(f"recorder's first step: norms differ by at most {worst:.1e}", flush=True)
    assert worst < 1e-4


def refused(words, call):
    """Checks that a mistake is told in these words."""
    try:
        call()
    except dcae.Error as e:
        assert words in str(e), e
    else:
        raise AssertionError(f"not refused: {words}")
