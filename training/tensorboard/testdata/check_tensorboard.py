"""Checks event files with the real TensorBoard: what it shows is what was recorded.

usage: check_tensorboard.py [--keep DIR]

Trains small models with the program in writelog, one of which is killed and goes on from a checkpoint and one of which diverges. Then
  records     TensorFlow reads every record of every file to the end: lengths, checksums, messages
  python      `tensorboard --load_fast=false` serves, for each run, the scalars, histograms and pictures that were recorded and no others
  data server `tensorboard --load_fast=true`, which most people have, serves the same
Scalars are compared as float32, histograms with numpy.histogram, pictures pixel by pixel with values drawn here.
TensorBoard lives in a virtual environment outside of the repository (DCAE_PEERS, default ~/.cache/dcae-peers), made on first use.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent
peers = pathlib.Path(os.environ.get("DCAE_PEERS", pathlib.Path.home() / ".cache" / "dcae-peers"))
python = peers / "bin" / "python"
if pathlib.Path(sys.prefix).resolve() != peers.resolve():
    if not python.exists():
        print(f"setting up TensorFlow and TensorBoard in {peers}", file=sys.stderr)
        venv.create(peers, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "tensorflow-cpu", "tensorboard", "pillow"], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    environment.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], env=environment).returncode)

import io
import json
import re
import time
import urllib.parse
import urllib.request

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorboard.compat.proto import event_pb2

parser = argparse.ArgumentParser()
parser.add_argument("--keep", default="")
args = parser.parse_args()
bad = []


def expect(fine, what):
    if not fine:
        bad.append(what)


def check_records(folder):
    """Every file holds whole records alone, of which the first two are version and session start."""
    files = sorted(folder.glob("*/events.out.tfevents.*"))
    expect([p.parent.name for p in files] == ["color", "diverged", "resumed", "resumed"], f"files {files}")
    starts = {}
    for path in files:
        events = [event_pb2.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]  # raises where a checksum is wrong
        expect(events[0].file_version == "brain.Event:2" and events[0].step == 0, f"{path}: first event {events[0]}")
        expect(events[1].session_log.status == event_pb2.SessionLog.START, f"{path}: second event {events[1]}")
        expect(all(e.HasField("summary") and len(e.summary.value) > 0 for e in events[2:]), f"{path}: an event without values")
        for value in (v for e in events[2:] for v in e.summary.value if v.tag == "heldout/reconstructions"):
            width, height, png = tf.make_ndarray(value.tensor)
            expect(Image.open(io.BytesIO(png)).size == (int(width), int(height)), f"{path}: picture of {width} x {height}")
        starts.setdefault(path.parent.name, []).append(events[1].step)
    expect(starts == {"color": [1], "diverged": [1], "resumed": [1, 7]}, f"sessions start at {starts}")


def draw(picture, shape, black, white, shown):
    """The picture that the images should give: originals above, reconstructions below, 2 gray pixels between."""
    h, w, c = shape
    rows = []
    for images in (picture["Originals"][:shown], picture["Output"][:shown]):
        tiles = []
        for values in images:
            v = (np.array([float(x) for x in values]).reshape(h, w, c) - black) / (white - black)
            tile = np.clip(np.nan_to_num(v), 0, 1) * 255
            tiles += [np.repeat(tile, 3 // c, axis=2), np.full((h, 2, 3), 128.0)]
        rows += [np.concatenate(tiles[:-1], axis=1), np.full((2, shown * (w + 2) - 2, 3), 128.0)]
    return np.concatenate(rows[:-1])


def check_served(get, run, expected, shape, black=0.0, white=1.0, shown=8):
    scalars = {}
    for p in expected["Scalars"]:
        scalars.setdefault(p["Tag"], []).append((p["Step"], np.float32(float(p["Value"]))))
    histograms = {}
    for a in expected["Histograms"] or []:
        values = np.array([float(v) for v in a["Values"]])
        finite = np.isfinite(values)
        if not finite.all():
            group, name = a["Tag"].split("/", 1)
            scalars.setdefault(f"{group}_not_finite/{name}", []).append((a["Step"], np.float32(np.sum(~finite))))
        histograms.setdefault(a["Tag"], []).append((a["Step"], values[finite]))

    tags = get("scalars/tags")[run]
    expect(set(tags) == set(scalars), f"{run}: scalars {sorted(set(tags) ^ set(scalars))}")
    for tag, want in scalars.items():
        got = [(step, np.float32(float(v))) for _, step, v in get("scalars/scalars", run=run, tag=tag)]
        expect(np.array_equal(np.array(got), np.array(want), equal_nan=True), f"{run}: {tag} is {got}, not {want}")

    tags = get("histograms/tags")[run]
    expect(set(tags) == set(histograms), f"{run}: histograms {sorted(set(tags) ^ set(histograms))}")
    for tag, want in histograms.items():
        got = get("histograms/histograms", run=run, tag=tag)
        expect([step for _, step, _ in got] == [step for step, _ in want], f"{run}: {tag} has steps {[g[1] for g in got]}")
        for (_, step, buckets), (_, values) in zip(got, want):
            b = np.array(buckets)
            if len(values) == 0 or values.min() == values.max():
                edge = values[0] if len(values) else 0.0
                count, edges = np.array([0] * 29 + [len(values)]), np.full(31, edge)
            else:
                count, edges = np.histogram(values, 30)
            expect(np.array_equal(b[:, 2], count), f"{run}: {tag} at step {step} counts {b[:, 2]}, not {count}")
            size = np.abs(edges).max() + 1e-300
            expect(np.abs(b[:, 0] - edges[:-1]).max() <= 1e-12 * size and np.abs(b[:, 1] - edges[1:]).max() <= 1e-12 * size, f"{run}: {tag} at step {step} has other edges")

    pictures = expected["Pictures"] or []
    tags = get("images/tags").get(run, {})
    expect(list(tags) == (["heldout/reconstructions"] if pictures else []), f"{run}: pictures {tags}")
    if pictures:
        expect("below" in tags["heldout/reconstructions"]["description"], f"{run}: description {tags}")
        got = get("images/images", run=run, tag="heldout/reconstructions", sample=0)
        expect([g["step"] for g in got] == [p["Step"] for p in pictures], f"{run}: pictures at {[g['step'] for g in got]}")
        for g, p in zip(got, pictures):
            image = np.array(Image.open(io.BytesIO(get("images/individualImage?" + g["query"]))).convert("RGB"))
            want = draw(p, shape, black, white, shown)
            expect(image.shape == want.shape and np.abs(image - want).max() <= 0.501, f"{run}: picture at step {p['Step']} differs")


def serve(folder, fast, check):
    """Runs TensorBoard on the folder."""
    command = [python, "-m", "tensorboard.main", "--logdir", folder, "--port", "0", f"--load_fast={fast}", "--reload_interval", "0", "--samples_per_plugin", "images=100,scalars=1000,histograms=500"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if found := re.search(r"http://\S+", line):
                    break
            else:
                raise SystemExit("TensorBoard does not start")
            address = found[0].rstrip("/")

            def get(path, **query):
                url = f"{address}/data/plugin/{path}" + ("?" + urllib.parse.urlencode(query) if query else "")
                with urllib.request.urlopen(url) as answer:
                    content = answer.read()
                    return json.loads(content) if "json" in answer.headers["Content-Type"] else content

            check(get)
        finally:
            server.terminate()


def check_all(get, expected):
    runs = {name: expected[name.capitalize()] for name in ("resumed", "color", "diverged")}
    last = {name: e["Histograms"][-1] for name, e in runs.items()}  # of the last event of each run
    for _ in range(100):  # it reads in the background
        served = get("histograms/tags")
        if all(a["Tag"] in served.get(n, []) and get("histograms/histograms", run=n, tag=a["Tag"])[-1][1] == a["Step"] for n, a in last.items()):
            break
        time.sleep(0.1)
    expect(set(get("scalars/tags")) == set(runs), f"runs {list(get('scalars/tags'))}")
    check_served(get, "resumed", expected["Resumed"], (6, 8, 1))
    check_served(get, "color", expected["Color"], (6, 8, 3), -1.0, 1.0, 3)
    check_served(get, "diverged", expected["Diverged"], (6, 8, 1))


folder = pathlib.Path(args.keep or tempfile.mkdtemp())
subprocess.run(["go", "run", "./training/tensorboard/testdata/writelog", folder], cwd=root, check=True)
expected = json.loads((folder / "expected.json").read_text())
last = [p["Value"] for p in expected["Diverged"]["Scalars"] if p["Tag"] == "train/loss"][-1]
expect(not np.isfinite(float(last)), f"the diverged run ends with the loss {last}")
failed = 0
for name, check in {
    "records": lambda: check_records(folder),
    "python": lambda: serve(folder, "false", lambda get: check_all(get, expected)),
    "data server": lambda: serve(folder, "true", lambda get: check_all(get, expected)),
}.items():
    bad.clear()
    check()
    failed += bool(bad)
    print(f"{name}: {'ok' if not bad else chr(10).join(bad)}", flush=True)
sys.exit(bool(failed))
