"""Checks that Keras and h5py read what this package writes: the same model, weights, optimizer state and predictions.

usage: python check_written.py [FILE.keras ...]     (needs: pip install tensorflow-cpu h5py, and Go)

Each file (by default the ones beside this script) is read and written again by `go run ./rewrite`; then Keras loads both.
"""
import glob
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import h5py
import numpy as np
from keras import tree
from tensorflow import keras

HERE = os.path.dirname(os.path.abspath(__file__))


def contents(path):
    """All groups, attributes and arrays of the weights, as h5py reads them."""
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        f = h5py.File(io.BytesIO(z.read("model.weights.h5")))
    out = {}

    def visit(name, o):
        out[name] = (dict(o.attrs), (o.dtype, o.shape, o[()].tobytes()) if isinstance(o, h5py.Dataset) else None)

    visit("/", f)
    f.visititems(visit)
    return out


def description(m):
    return re.sub(r'"shared_object_id": \d+', "", m.to_json())   # addresses in memory


def predict(m, x):
    """None where TensorFlow refuses the model's or layers' names, which Keras itself accepts."""
    try:
        return m.predict_on_batch(x)
    except ValueError as e:
        if "scope name" not in str(e):
            raise
        print("not run:", str(e).partition(" has to match")[0])


def trained(path, x, y):
    """The model, its variables and optimizer state, its predictions, and those after two more steps."""
    m = keras.models.load_model(path)
    before = predict(m, x)
    optimizer = getattr(m, "optimizer", None)
    values = [v.numpy() for v in m.variables + (optimizer.variables if optimizer else [])]
    if optimizer:
        keras.utils.set_random_seed(1)
        for _ in range(2):
            m.train_on_batch(x, y)
    return m, values, before, predict(m, x)


def check(path, written):
    a, b = contents(path), contents(written)
    assert a == b, "h5py reads other things in the two files"
    m = keras.models.load_model(path, compile=False)
    rng = np.random.default_rng(5)
    x, y = (tree.map_structure(lambda t: rng.random((3,) + t.shape[1:], dtype="float32"), ts) for ts in (m.inputs, m.outputs))
    if len(m.inputs) == 1:
        x, y = x[0], y[0]
    m1, v1, p1, q1 = trained(path, x, y)
    m2, v2, p2, q2 = trained(written, x, y)
    assert description(m1) == description(m2), "the models differ"
    assert len(v1) == len(v2) and all(np.array_equal(s, t) for s, t in zip(v1, v2)), "variables differ"
    for p, q in zip(tree.flatten([p1, q1]), tree.flatten([p2, q2])):
        assert np.array_equal(p, q), "predictions differ"
    print("equal:", os.path.basename(path), len(a), "h5 objects,", len(v1), "variables, keras", keras.__version__, "h5py", h5py.__version__)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as tmp:
        for path in sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "*.keras"))):
            written = os.path.join(tmp, os.path.basename(path))
            subprocess.run(["go", "run", "./rewrite", os.path.abspath(path), written], check=True, cwd=HERE)
            check(path, written)
