"""Makes the test files of models/keras and models/keras/hdf5 with real Keras and h5py.

usage: python make_testdata.py        (needs: pip install tensorflow-cpu h5py; run from any folder)

Next to each hdf5/testdata/NAME.h5 stands NAME.json, what h5py reads in it: for each object's path its attributes and, for a dataset, type,
shape and elements in row-major order (as strings, so that no digit is lost). refused_NAME.h5 are files that must be refused.
"""
import json
import os
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t
from tensorflow import keras

HERE = os.path.dirname(os.path.abspath(__file__))
H5 = os.path.join(HERE, "..", "hdf5", "testdata")
L, O = keras.layers, keras.optimizers


def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)


def value(v):
    a = np.asarray(v)
    if a.dtype == np.float16:   # Go has no such type: what it must read is the same number as float32
        a = a.astype("float32")
    kind = "string" if a.dtype.kind in "SOU" else a.dtype.name
    return {"type": kind, "shape": list(a.shape), "data": [text(x) for x in a.reshape(-1)]}


def attributes(o):
    return {k: value(v) for k, v in o.attrs.items()}


def dump(path):
    """What h5py reads in the file, as NAME.json."""
    out = {}

    def visit(name, o):
        entry = {"attributes": attributes(o)}
        if isinstance(o, h5py.Dataset):
            entry.update(value(o[()]))
        out[name] = entry

    with h5py.File(path) as f:
        visit("", f)
        f.visititems(visit)
    with open(path[:-3] + ".json", "w") as f:
        json.dump(out, f, separators=(",", ":"), sort_keys=True)


def sequential():
    return keras.Sequential([keras.Input((8, 8, 1)), L.Conv2D(3, 3, padding="same", activation="relu", kernel_initializer="he_normal"), L.BatchNormalization(),
        L.MaxPooling2D(2, padding="same"), L.Dropout(0.25, seed=7), L.Conv2D(2, 3, strides=2, padding="same"), L.LeakyReLU(negative_slope=0.1), L.Flatten(), L.Dense(4),
        L.Dense(16, activation="relu"), L.Reshape((4, 4, 1)), L.Conv2DTranspose(2, 3, strides=2, padding="same"), L.Conv2D(1, 1, activation="sigmoid")], name="small")


def nested():
    """Two functional models and a sequential one inside a functional one, with a shared layer and a merge."""
    i = keras.Input((8, 8, 1), name="image")
    shared = L.Conv2D(2, 3, padding="same", name="shared")
    h = shared(i)
    skip = L.Concatenate(name="both")([i, h])
    enc = keras.Model(i, L.Dense(5, name="code")(L.Flatten()(L.Conv2D(2, 3, padding="same", name="after")(skip))), name="encoder")
    c = keras.Input((5,), name="code_in")
    dec = keras.Model(c, L.Reshape((8, 8, 1))(L.Dense(64, name="up")(c)), name="decoder")
    tail = keras.Sequential([L.Conv2D(2, 1, name="tail_a"), L.BatchNormalization(name="tail_bn"), L.Conv2D(1, 1, name="tail_b")], name="tail")
    x = keras.Input((8, 8, 1), name="x")
    y = tail(dec(enc(x)))
    return keras.Model(x, L.Add(name="residual")([x, y]), name="autoencoder")


def many():
    """45 layers, so that the group 'layers' takes several symbol table nodes."""
    layers = [L.Dense(2, name=f"d{k}") if k % 5 == 0 else L.Activation("relu", name=f"a{k}") for k in range(45)]
    return keras.Sequential([keras.Input((2,))] + layers, name="many")


def odd_names():
    names = ["conv 1", "Größe", "层", "a.b", "x:0", "quote\"'", "back\\slash", "tab\tnew\nline", "very" * 60, "."]
    return keras.Sequential([keras.Input((2,))] + [L.Dense(2, name=n) for n in names], name="odd names")


def calls():
    """Models called more than once, several inputs and outputs, objects as activation, a merge by operator."""
    i = keras.Input((6,), name="i")
    inner = keras.Model(i, L.Dense(6, activation=keras.layers.LeakyReLU(negative_slope=0.2), name="inner_dense")(i), name="inner")
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    first = inner(a)
    second = inner(inner(b))
    third = inner(second)
    joined = L.Concatenate(name="joined")([first, third])
    noisy = L.Dropout(0.5, name="drop", seed=3)(joined, training=True)
    out = L.Dense(2, activation=keras.activations.gelu, kernel_regularizer="l2", kernel_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=4), name="out")(noisy)
    return keras.Model([a, b], [out, third, b], name="calls")


def train(model, optimizer, loss, steps=3):
    model.compile(optimizer=optimizer, loss=loss)
    rng = np.random.default_rng(1)
    if isinstance(model.input_shape, list):
        return
    x = rng.random((4,) + model.input_shape[1:], dtype="float32")
    for _ in range(steps):
        model.train_on_batch(x, rng.random((4,) + model.output_shape[1:], dtype="float32"))


MODELS = {
    "sequential": (sequential, lambda: O.Adam(O.schedules.CosineDecay(1e-3, 100, warmup_target=2e-3, warmup_steps=10), amsgrad=True, clipnorm=1.0), "mse"),
    "nested": (nested, lambda: O.RMSprop(1e-3, momentum=0.5, centered=True), "mse"),
    "many": (many, lambda: O.SGD(0.01, momentum=0.9, nesterov=True), keras.losses.BinaryCrossentropy(from_logits=True)),
    "odd_names": (odd_names, None, None),
    "calls": (calls, lambda: O.AdamW(1e-3), [keras.losses.MeanSquaredError(), "mae", None]),
}


def make_models():
    for name, (make, optimizer, loss) in MODELS.items():
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model = make()
        if optimizer:
            train(model, optimizer(), loss)
        archive = os.path.join(HERE, name + ".keras")
        model.save(archive)
        with zipfile.ZipFile(archive) as z:
            h5 = os.path.join(H5, name + ".h5")
            with open(h5, "wb") as f:
                f.write(z.read("model.weights.h5"))
        dump(h5)


def make_types():
    """All element types, and the parts of the format that Keras' own files leave out."""
    rng = np.random.default_rng(2)
    path = os.path.join(H5, "types.h5")
    with h5py.File(path, "w") as f:
        for kind in "i1 i2 i4 i8 u1 u2 u4 u8".split():
            lim = np.iinfo(kind)
            f[kind] = np.array([[lim.min, lim.max, 0], [1, 2, 3]], "<" + kind)
        for kind in "f2 f4 f8".split():
            lim = np.finfo(kind)
            f[kind] = np.array([0, -0.0, 1.5, -2, lim.max, lim.tiny, lim.smallest_subnormal, np.inf, -np.inf, np.nan], "<" + kind)
        f["all_halves"] = np.arange(1 << 16, dtype="u2").view("f2")[::97]
        f["scalar"] = np.float32(3.25)
        f["empty"] = np.zeros((0, 3), "f4")
        f["fixed"] = np.array([b"abc", b"", b"longer"])
        f.create_dataset("words", data=["one", "", "zwölf", "x" * 5000], dtype=h5py.string_dtype())
        f.attrs["text"] = "näme"
        f.attrs["fixed text"] = np.bytes_(b"bytes")
        f.attrs["numbers"] = np.arange(6, dtype="i4").reshape(2, 3)
        f.attrs["scalar"] = np.float64(0.1)
        f["odd ü \\ 层/. ./tab\t"] = np.uint8(1)
        g = f.create_group("with many attributes")
        for k in range(40):
            g.attrs[f"attribute {k}"] = f"value {k}"
            g.attrs[f"array {k}"] = rng.random(3, dtype="float32")
        plist = h5p.create(h5p.DATASET_CREATE)
        plist.set_layout(h5d.COMPACT)
        d = h5d.create(f.id, b"compact", h5t.IEEE_F32LE, h5s.create_simple((2, 2)), plist)
        d.write(h5s.ALL, h5s.ALL, np.array([[1, 2], [3, 4]], "f4"))
    dump(path)
    path = os.path.join(H5, "deep_tree.h5")   # in order, so that nodes stay half full: 160 children need a B-tree of two levels
    with h5py.File(path, "w") as f:
        for k in range(160):
            f[f"number {k:03}"] = np.int32(k)
    dump(path)


def make_tiny():
    """One of everything in few bytes, for the tests that damage each bit."""
    path = os.path.join(H5, "tiny.h5")
    with h5py.File(path, "w") as f:
        f["vars/0"] = np.arange(3, dtype="f4")
        f["vars"].attrs["name"] = "dense"
        f["vars/0"].attrs["fixed"] = np.bytes_(b"abc")
    dump(path)


def make_storage():
    """Chunks, filters and the newer versions of the format, which Keras does not ask for, and others who write its files may."""
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 9, (7, 10)).astype("f4"), rng.integers(0, 9, (3, 3, 2, 5)).astype("f4")

    def storage(f):
        f.create_dataset("whole", data=a)
        f.create_dataset("one chunk", data=a, chunks=a.shape)
        f.create_dataset("chunks", data=a, chunks=(3, 4))
        f.create_dataset("gzip", data=a, chunks=(3, 4), compression="gzip")
        f.create_dataset("gzip of one chunk", data=a, chunks=a.shape, compression="gzip", shuffle=True)
        f.create_dataset("shuffle", data=b, chunks=(2, 3, 1, 4), compression="gzip", compression_opts=9, shuffle=True)
        f.create_dataset("all filters", data=b, chunks=(3, 3, 2, 5), compression="gzip", shuffle=True, fletcher32=True)
        f.create_dataset("fletcher32", data=a[:, :3].astype("i1"), chunks=(7, 3), fletcher32=True)
        f.create_dataset("words", data=["one", "two", "three"], chunks=(2,), dtype=h5py.string_dtype())
        d = f.create_dataset("a part was never written", (6, 6), "f4", chunks=(2, 2), fillvalue=1.5)
        d[2:4, 3:5] = 7
        f.create_dataset("zero where never written", (6,), "i4", chunks=(2,), compression="gzip")[1] = 5

    for name, how in {"storage": {}, "storage_v108": {"libver": ("v108", "v108")}, "storage_latest": {"libver": "latest"}, "storage_order": {"track_order": True}}.items():
        path = os.path.join(H5, name + ".h5")
        with h5py.File(path, "w", **how) as f:
            storage(f)
            if name == "storage":
                f.create_dataset("grows", data=a, maxshape=(None, None), chunks=(2, 3))
                f.create_dataset("many chunks", data=np.arange(300, dtype="i2"), chunks=(1,))
                f.create_dataset("early", (4,), "f4", chunks=(2,))[:] = 1
            if name == "storage_latest":
                plist = h5p.create(h5p.DATASET_CREATE)
                plist.set_chunk((2, 5)), plist.set_alloc_time(h5d.ALLOC_TIME_EARLY)
                h5d.create(f.id, b"implicit", h5t.IEEE_F32LE, h5s.create_simple(a.shape), plist).write(h5s.ALL, h5s.ALL, a)
        dump(path)
    path = os.path.join(H5, "dense.h5")   # links and attributes in heaps of one block, of several, and of several rows
    with h5py.File(path, "w", libver="latest") as f:
        for count in (12, 60, 700):
            g = f.create_group(f"{count} links")
            for k in range(count):
                g[f"number {k:03} of {count} links in a group"] = np.int16(k)
        for count in (9, 150):
            g = f.create_group(f"{count} attributes")
            for k in range(count):
                g.attrs[f"attribute {k}"] = np.arange(k, dtype="f4")
    dump(path)
    path = os.path.join(H5, "small_latest.h5")   # for the tests that damage each bit
    with h5py.File(path, "w", libver="latest") as f:
        f.create_dataset("vars/0", data=np.arange(6, dtype="f4"), chunks=(4,), compression="gzip", shuffle=True)
        f["vars"].attrs["name"] = "dense"
    path = os.path.join(H5, "small_chunks.h5")
    with h5py.File(path, "w") as f:
        f.create_dataset("0", data=np.arange(6, dtype="f4"), chunks=(4,), compression="gzip", shuffle=True, fletcher32=True)


def make_refused():
    def file(name, **kw):
        return h5py.File(os.path.join(H5, f"refused_{name}.h5"), "w", **kw)

    with file("lzf") as f: f.create_dataset("layers/dense/vars/0", data=np.arange(8.0), compression="lzf")
    with file("extensible", libver="latest") as f: f.create_dataset("a", data=np.arange(8.0), maxshape=(None,), chunks=(4,))
    with file("many_chunks", libver="latest") as f: f.create_dataset("a", data=np.arange(2000.0), chunks=(1,))
    with file("big_endian") as f: f["group/a"] = np.arange(3, dtype=">f4")
    with file("bool") as f: f["a"] = np.array([True, False])
    with file("complex") as f: f["a"] = np.array([1j])
    with file("bfloat16") as f: f["a"] = np.zeros(3, "V2")
    with file("soft_link") as f: f["a"] = h5py.SoftLink("/b")
    with file("external_link") as f: f["a"] = h5py.ExternalLink("other.h5", "/b")
    with file("hard_link") as f: f["a"] = np.arange(3.0); f["b"] = f["a"]
    with file("cycle") as f: f.create_group("a"); f["a/again"] = f["a"]
    with file("never_written") as f: f.create_dataset("a", (1 << 40,), "f4")
    with file("vlen_array") as f: f.create_dataset("a", (1,), h5py.vlen_dtype("i4"))[0] = [1, 2]
    with file("null") as f: f["a"] = h5py.Empty("f4")
    with h5py.File(os.path.join(H5, "user_block.h5"), "w", userblock_size=512) as f: f["a"] = np.arange(3.0)
    with file("committed_type") as f: f["t"] = np.dtype("f4"); f.create_dataset("a", (3,), f["t"])[:] = 1
    with file("deep") as f: f.create_group("/".join("g" for _ in range(70)))


if __name__ == "__main__":
    os.makedirs(H5, exist_ok=True)
    make_models()
    make_types()
    make_tiny()
    make_storage()
    make_refused()
