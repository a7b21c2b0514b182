"""Trains the benchmark models here and in Keras and PyTorch, in turns, and prints the speeds side by side.

usage: compare.py [--rounds 5] [--models A,B] [--threads 2] [--batch N] [--steps 20]   (called by `make bench-peers`; by default all models)

The peers live in a virtual environment outside of the repository (DCAE_PEERS, default ~/.cache/dcae-peers), made on first use.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import venv

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
from kinds import KINDS

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--models", default=",".join(["sigmoid", "highlr", "improved", "deep", *KINDS]))
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--batch", type=int, default=0, help="images in a step (default: each model's own)")
parser.add_argument("--steps", type=int, default=300, help="steps of a window, of the peers alone: fewer end sooner (default: at most 300)")
parser.add_argument("--frameworks", default="keras,torch-channels-last,torch-compile")
args = parser.parse_args()

peers = pathlib.Path(os.environ.get("DCAE_PEERS", pathlib.Path.home() / ".cache" / "dcae-peers"))
python = peers / "bin" / "python"
frameworks_there = "from importlib.util import find_spec; raise SystemExit(not (find_spec('tensorflow') and find_spec('torch')))"
if not python.exists() or subprocess.run([python, "-c", frameworks_there]).returncode:  # a first call may have been stopped
    print(f"setting up Keras and PyTorch in {peers}", file=sys.stderr)
    venv.create(peers, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "tensorflow-cpu", "torch"], check=True)
binary = peers / "dcae"
subprocess.run(["go", "build", "-o", binary, "./cmd/dcae"], cwd=root, check=True, env={**os.environ, "CGO_ENABLED": "0"})

# a tuned OpenBLAS core type slows current numpy
environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
data = root / "training" / "dataset" / "mnist" / "train-images-idx3-ubyte.gz"


def run(framework, model):
    if framework == "dcae":
        command = [binary, "bench", model, "--json", "--threads", str(args.threads)]
    else:
        command = [python, here / "peer.py", framework, model, "--data", data, "--threads", str(args.threads), "--steps", str(args.steps)]
    if args.batch:
        command += ["--batch", str(args.batch)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{framework} {model} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


frameworks = ["dcae", *args.frameworks.split(",")]
speeds, memory, products = {}, {}, {}
for round_ in range(args.rounds):
    for model in args.models.split(","):
        for framework in frameworks:
            r = run(framework, model)
            speeds.setdefault((model, framework), []).append(r["images_per_s"])
            memory[model, framework] = max(memory.get((model, framework), 0), r["peak_rss_mib"])
            if framework == "dcae":  # the share of the machine's peak that an image a second takes, by products as of direct convolution
                products.setdefault(model, []).append(r["gflops"] / r["images_per_s"] / r["peak_gflops"])
            print(f"round {round_ + 1}: {model} {framework} {r['images_per_s']:.0f} images/s", file=sys.stderr, flush=True)

best = {m: max(statistics.median(speeds[m, f]) for f in frameworks if f != "dcae") for m in args.models.split(",")}
ratio = {m: statistics.median(speeds[m, "dcae"]) / best[m] for m in best}
print(f"images/s, {args.threads} threads, median of {args.rounds} rounds (lowest to highest); peak memory in MiB; products as a share of the machine's peak\n")
for model in sorted(best, key=ratio.get):
    for f in frameworks:
        s = speeds[model, f]
        share = statistics.median(s) * min(products[model])
        times = f"  {ratio[model]:.2f} x the fastest peer" if f == "dcae" else ""
        print(f"{model:12} {f:20} {statistics.median(s):8.0f}  ({min(s):.0f} to {max(s):.0f})  {memory[model, f]:5d} MiB  {share:4.0%}{times}")
print(f"\ngeometric mean {statistics.geometric_mean(ratio.values()):.2f} x")
