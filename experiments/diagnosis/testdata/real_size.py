#!/usr/bin/env python3
"""Models of 96 to 256 pixels that dcae diagnose is measured with: what Keras says of them, and what dcae does.

    real_size.py make FOLDER              draws the images and writes the models
    real_size.py check FOLDER [NAME ...]  trains models as given and as mended in Keras, with --seeds, and writes keras.csv: a case counts
                                          where the given model fails and the mended one learns
    real_size.py score FOLDER [NAME ...]  runs dcae diagnose (--dcae, --seconds) on them, and prints what it named and when

A model has learned when it explains half of what as many principal components as it has values in its code explain, at most 64. The given
model is trained at least as long as the mended one took.
"""
import argparse, csv, json, os, pathlib, resource, subprocess, time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

L, A, SGD = keras.layers, keras.optimizers.Adam, keras.optimizers.SGD
normal, constant = keras.initializers.RandomNormal, keras.initializers.Constant

# name: pixels a side, channels, images to train on; 100 more are held out
DATA = {"d96": (96, 3, 600), "d128": (128, 3, 500), "d160": (160, 1, 500), "d192": (192, 1, 400), "d256": (256, 1, 300), "d224": (224, 3, 150)}
RAW = {"d128": "raw128", "d160": "raw160"}  # the same from 0 to 255
HELD = 100


def draw(n, side, channels, seed):
    """Images of discs and boxes of one color each on a waved ground, from 0 to 1."""
    rng = np.random.default_rng(seed)
    out = np.zeros((n, side, side, channels), np.float32)
    y, x = np.mgrid[0:side, 0:side] / side
    for i in range(n):
        image = np.ones((side, side, 1)) * rng.uniform(0, 0.4, (1, 1, channels))
        image = image + 0.15 * np.sin(2 * np.pi * (rng.uniform(0.5, 3) * x + rng.uniform(0.5, 3) * y + rng.uniform()))[..., None]
        for _ in range(rng.integers(2, 5)):
            cy, cx, r = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.3)
            disc = (y - cy) ** 2 + (x - cx) ** 2 < r * r
            box = (abs(y - cy) < r) & (abs(x - cx) < 0.7 * r)
            inside = disc if rng.random() < 0.5 else box
            image = np.where(inside[..., None], rng.uniform(0, 1, (1, 1, channels)), image)
        out[i] = np.clip(image, 0, 1)
    return out


def net(side, channels, act, out="sigmoid", levels=3, code=64, init="glorot_uniform", filters=16, bias="zeros", each=1, norm=False, down="pool", up="transposed", penalty=None):
    """Levels of convolutions down to a dense code, and up again; code 0: without one."""
    settings = dict(padding="same", kernel_initializer=init, bias_initializer=bias, kernel_regularizer=penalty)
    inputs = y = keras.Input((side, side, channels))

    def conv(y, n, strides=1, transposed=False):
        layer = L.Conv2DTranspose if transposed else L.Conv2D
        y = layer(n, 3, strides=strides, activation=None if norm else act, **settings)(y)
        return L.Activation(act)(L.BatchNormalization()(y)) if norm else y

    for k in range(levels):
        for _ in range(each - 1):
            y = conv(y, filters << k)
        y = L.MaxPooling2D()(conv(y, filters << k)) if down == "pool" else conv(y, filters << k, 2)
    deepest = side >> levels
    if code:
        y = L.Dense(code, kernel_initializer=init)(L.Flatten()(y))
        y = L.Reshape((deepest, deepest, 16))(L.Dense(deepest * deepest * 16, activation=act, kernel_initializer=init)(y))
    for k in reversed(range(levels)):
        y = conv(y, filters << k, 2, True) if up == "transposed" else conv(L.UpSampling2D()(y), filters << k)
        for _ in range(each - 1):
            y = conv(y, filters << k)
    return keras.Model(inputs, L.Conv2D(channels, 3, padding="same", activation=out)(y))


def unet(side, channels, act, filters=16):
    """Two levels with skips around them, and no bottleneck."""
    inputs = y = keras.Input((side, side, channels))
    skips = []

    def two(y, n):
        for _ in range(2):
            y = L.Conv2D(n, 3, padding="same", activation=act)(y)
        return y

    for k in range(2):
        y = two(y, filters << k)
        skips.append(y)
        y = L.MaxPooling2D()(y)
    y = two(y, filters << 2)
    for k in reversed(range(2)):
        y = two(L.Concatenate()([L.Conv2DTranspose(filters << k, 2, strides=2)(y), skips.pop()]), filters << k)
    return keras.Model(inputs, L.Conv2D(channels, 1, activation="sigmoid")(y))


def residual(side, channels, act, filters=16, code=64, norm=False):
    """Strided convolutions with a residual block behind each, and a dense code."""
    inputs = y = keras.Input((side, side, channels))

    def conv(y):
        y = L.Conv2D(y.shape[-1], 3, padding="same")(y)
        return L.BatchNormalization()(y) if norm else y

    def block(y):
        return L.Activation(act)(L.Add()([y, conv(L.Activation(act)(conv(y)))]))

    for k in range(3):
        y = block(L.Conv2D(filters << k, 3, strides=2, padding="same", activation=act)(y))
    deepest = side // 8
    y = L.Reshape((deepest, deepest, 16))(L.Dense(deepest * deepest * 16, activation=act)(L.Dense(code)(L.Flatten()(y))))
    for k in reversed(range(3)):
        y = block(L.Conv2DTranspose(filters << k, 3, strides=2, padding="same", activation=act)(y))
    return keras.Model(inputs, L.Conv2D(channels, 3, padding="same", activation="sigmoid")(y))


def flat(side, channels, act, hidden=256, code=32):
    """Dense layers alone."""
    inputs = keras.Input((side, side, channels))
    y = L.Dense(code)(L.Dense(hidden, activation=act)(L.Flatten()(inputs)))
    y = L.Dense(side * side * channels, activation="sigmoid")(L.Dense(hidden, activation=act)(y))
    return keras.Model(inputs, L.Reshape((side, side, channels))(y))


def vgg(side, channels, act, code=64):
    """An encoder as wide as that of VGG with a dense code, and a light decoder."""
    inputs = y = keras.Input((side, side, channels))
    for filters in (64, 128, 256, 512, 512):
        y = L.MaxPooling2D()(L.Conv2D(filters, 3, padding="same", activation=act, kernel_initializer="he_normal")(y))
    deepest = side // 32
    y = L.Dense(deepest * deepest * 64, activation=act)(L.Dense(code)(L.Flatten()(y)))
    y = L.Reshape((deepest, deepest, 64))(y)
    for filters in (64, 64, 32, 32, 16):
        y = L.Conv2DTranspose(filters, 3, strides=2, padding="same", activation=act)(y)
    return keras.Model(inputs, L.Conv2D(channels, 3, padding="same", activation="sigmoid")(y))


class Case:
    def __init__(self, data, causes, given, mended=None, loss="mse", code=64, divisor=1):
        self.data, self.causes, self.given, self.mended, self.loss, self.code, self.divisor = data, causes.split(), given, mended, loss, code, divisor


# The causes that a right answer may name first; none: the model is healthy. given and mended make a model and its optimizer.
CASES = {
    "good96": Case("d96", "", lambda: (net(96, 3, "leaky_relu", down="strided", code=128), A(1e-3))),
    "good160": Case("d160", "", lambda: (net(160, 1, "relu", norm=True, code=0, filters=8), A(1e-3))),
    "good256": Case("d256", "", lambda: (net(256, 1, "elu", levels=4, filters=8, code=48, down="strided"), A(1e-3)), loss="mae", code=48),
    "goodres128": Case("d128", "", lambda: (residual(128, 3, "elu"), A(1e-3))),
    "goodunet160": Case("d160", "", lambda: (unet(160, 1, "leaky_relu", 8), A(1e-3))),
    "sigmoid96": Case("d96", "activation", lambda: (net(96, 3, "sigmoid", levels=4), A(1e-3)), lambda: (net(96, 3, "leaky_relu", levels=4), A(1e-3))),
    "rate128": Case("d128", "learning_rate_high", lambda: (net(128, 3, "relu"), A(0.1)), lambda: (net(128, 3, "relu"), A(1e-3))),
    "slow192": Case("d192", "learning_rate_low optimizer", lambda: (net(192, 1, "leaky_relu"), SGD(1e-4)), lambda: (net(192, 1, "leaky_relu"), A(1e-3))),
    "init192": Case("d192", "initialization", lambda: (net(192, 1, "leaky_relu", init=normal(stddev=1.0)), A(1e-3)), lambda: (net(192, 1, "leaky_relu"), A(1e-3))),
    "dead256": Case("d256", "initialization activation", lambda: (net(256, 1, "relu", levels=4, filters=8, bias=constant(-1.0)), A(1e-3)), lambda: (net(256, 1, "relu", levels=4, filters=8), A(1e-3))),
    "deep160": Case("d160", "depth learning_rate_low optimizer activation", lambda: (net(160, 1, "tanh", each=6, filters=8, code=32), SGD(0.01)), lambda: (net(160, 1, "tanh", filters=8, code=32), A(1e-3)), code=32),
    "raw128": Case("raw128", "data_scale output_range", lambda: (net(128, 3, "leaky_relu", down="strided"), A(1e-3)), lambda: (net(128, 3, "leaky_relu", down="strided"), A(1e-3)), divisor=255),
    "narrow160": Case("d160", "capacity", lambda: (net(160, 1, "leaky_relu", code=1, down="strided"), A(1e-3)), lambda: (net(160, 1, "leaky_relu", down="strided"), A(1e-3))),
    "range96": Case("d96", "output_range", lambda: (net(96, 3, "leaky_relu", out="softmax", down="strided"), A(1e-3)), lambda: (net(96, 3, "leaky_relu", down="strided"), A(1e-3))),
    "rate256bce": Case("d256", "learning_rate_high", lambda: (net(256, 1, "relu", levels=4, filters=8, code=48, down="strided"), A(0.05)), lambda: (net(256, 1, "relu", levels=4, filters=8, code=48, down="strided"), A(1e-3)), loss="binary_crossentropy", code=48),
    "zero160": Case("d160", "initialization", lambda: (net(160, 1, "elu", init="zeros", up="repeated", down="strided", filters=8), A(1e-3)), lambda: (net(160, 1, "elu", up="repeated", down="strided", filters=8), A(1e-3))),
    "penalty96": Case("d96", "regularization", lambda: (net(96, 3, "leaky_relu", down="strided", penalty=keras.regularizers.L2(1.0)), A(1e-3)), lambda: (net(96, 3, "leaky_relu", down="strided"), A(1e-3))),
    "rateres128": Case("d128", "learning_rate_high", lambda: (residual(128, 3, "relu"), A(0.3)), lambda: (residual(128, 3, "elu"), A(1e-3))),
    "slowunet160": Case("d160", "learning_rate_low optimizer", lambda: (unet(160, 1, "leaky_relu", 8), A(1e-7)), lambda: (unet(160, 1, "leaky_relu", 8), A(1e-3))),
    "goodstrided256": Case("d256", "", lambda: (net(256, 1, "leaky_relu", levels=5, filters=8, down="strided", up="repeated"), A(1e-3))),
    "flat96": Case("d96", "learning_rate_high", lambda: (flat(96, 3, "relu"), A(0.03)), lambda: (flat(96, 3, "relu"), A(1e-3)), code=32),
    "slownorm128": Case("d128", "learning_rate_low optimizer", lambda: (residual(128, 3, "relu", norm=True), SGD(1e-5)), lambda: (residual(128, 3, "relu", norm=True), A(1e-3))),
    "raw160": Case("raw160", "data_scale output_range", lambda: (net(160, 1, "relu"), A(1e-3)), lambda: (net(160, 1, "relu"), A(1e-3)), divisor=255),
    "zerotanh192": Case("d192", "initialization", lambda: (net(192, 1, "tanh", init="zeros", down="strided"), A(1e-3)), lambda: (net(192, 1, "tanh", down="strided"), A(1e-3))),
    "ratevgg224": Case("d224", "learning_rate_high", lambda: (vgg(224, 3, "relu"), A(0.1)), lambda: (vgg(224, 3, "relu"), A(1e-3))),
}


def make(folder, names):
    for name, (side, channels, n) in DATA.items():
        if not (folder / f"{name}.npz").exists():
            x = draw(n + HELD, side, channels, side)
            np.savez(folder / f"{name}.npz", x=x[:n], xt=x[n:])
            if name in RAW:
                np.savez(folder / f"{RAW[name]}.npz", x=(255 * x[:n]).astype(np.uint8), xt=(255 * x[n:]).astype(np.uint8))
    for name in names:
        case = CASES[name]
        keras.utils.set_random_seed(1)
        m, optimizer = case.given()
        m.compile(optimizer, case.loss)
        m.save(folder / f"{name}.keras")


def left(x, held, k):
    """Share of the held-out variance that k principal components leave."""
    x = x.reshape(len(x), -1).astype(np.float64)
    mean = x.mean(0)
    x, held = x - mean, held.reshape(len(held), -1) - mean
    values, vectors = np.linalg.eigh(x @ x.T)
    components = x.T @ vectors[:, ::-1][:, :k] / np.sqrt(np.maximum(values[::-1][:k], 1e-9))
    return ((held - held @ components @ components.T) ** 2).sum() / (held**2).sum()


def train(made, loss, x, held, steps, mark, seed):
    """Trains until the model has learned, or for so many steps: FVU, steps."""
    m, optimizer = made
    m.compile(optimizer, loss)
    variance, rng, every = ((held - x.mean(0)) ** 2).sum(), np.random.default_rng(seed), 50
    for done in range(every, steps + every, every):
        for _ in range(every):
            batch = x[rng.integers(0, len(x), 32)]
            value = float(m.train_on_batch(batch, batch))
        fvu = float(((m.predict(held, batch_size=25, verbose=0) - held) ** 2).sum() / variance)
        if fvu < mark or not np.isfinite(value):
            break
    return fvu, done


def check(folder, names, seeds, most):
    with open(folder / "keras.csv", "a") as f:
        out = csv.writer(f)
        for name in names:
            case, z = CASES[name], np.load(folder / f"{CASES[name].data}.npz")
            x, held = z["x"].astype(np.float32), z["xt"].astype(np.float32)
            mark = 1 - 0.5 * (1 - left(x, held, case.code))
            for seed in range(1, seeds + 1):
                fvu, steps = float("nan"), 100
                if case.mended:
                    keras.utils.set_random_seed(seed)
                    fvu, steps = train(case.mended(), case.loss, x / case.divisor, held / case.divisor, most, mark, seed)
                keras.utils.set_random_seed(seed)
                given, _ = train(case.given(), case.loss, x, held, max(100, steps) if case.mended else most, mark, seed)
                proven = fvu < mark <= given or not np.isfinite(given) if case.mended else given < mark
                row = [name, seed, f"{mark:.3f}", f"{given:.3f}", f"{fvu:.3f}", steps, "proven" if proven else "NOT"]
                print(*row, flush=True)
                out.writerow(row)
                f.flush()



def score(folder, names, dcae, seconds, arguments):
    right = 0
    for name in names:
        case, before, start = CASES[name], resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        p = subprocess.run([dcae, "diagnose", str(folder / f"{name}.keras"), "--data", str(folder / f"{case.data}.npz"), "--scale", "none", "--seconds", str(seconds),
                            "--json", "--out", str(folder / "answers" / name), *arguments], capture_output=True, text=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        d = json.loads(p.stdout)
        named = [c["cause"] for c in d["causes"]]
        ok = d["verdict"] == "healthy" if not case.causes else d["verdict"] in ("faulty", "unreliable") and bool(named) and named[0] in case.causes
        right += ok
        print("right" if ok else "WRONG", name, d["verdict"], named, f"{time.time() - start:.0f} s,", f"{(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime) / 2:.0f} s of two processors |", (d.get("twin") or {}).get("seen"), flush=True)
    print(f"{right} of {len(names)} right")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["make", "check", "score"])
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("names", nargs="*")
    p.add_argument("--seeds", type=int, default=3)
    p.add_argument("--steps", type=int, default=600, help="at most, of a run in Keras")
    p.add_argument("--dcae", default="./dcae")
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--patient", action="store_true", help="for a busy machine")
    a = p.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    names = a.names or list(CASES)
    if a.what == "make":
        make(a.folder, names)
    elif a.what == "check":
        check(a.folder, names, a.seeds, a.steps)
    else:
        score(a.folder, names, a.dcae, a.seconds, ["--patient"] if a.patient else [])
