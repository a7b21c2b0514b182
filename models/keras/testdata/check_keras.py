"""Checks the program against the real Keras: models of many kinds, their traces, and what comes back after a round trip.

usage: check_keras.py [--only NAME,...] [--random 20] [--keep DIR] [--write]     (called by `make check-keras`)

For every model, with float64 Keras as the reference:
  trace     `dcae trace` agrees: outputs 1e-5, gradients 1e-4 of their own norm or 1e-5 of all, 20 losses 1e-3, weights after them 5e-3,
            moving statistics 1e-4. A gradient that is off counts only if Keras' own float32 is not off there by half as much or more,
            and what the steps end with only if Keras' float32 is within the bounds everywhere; both are told in any case
  again     Keras loads what the program read and wrote, without a warning, and predicts the same to 1e-5
  anew      the same with a config made from the graph, with the same settings of all layers
  go on     5 steps there, 5 steps here, 5 steps there end with the losses and weights of 15 steps there
  training  after an epoch of `dcae train` Keras finds the held-out loss that was reported, to 1e-4
With --write it also leaves some of the models in experiments/testdata, with what Keras computed, for the tests that need no Keras:
NAME.keras and NAME.npz without layers' outputs; continued.keras after 5 steps, and the losses of the next 5 in continued.npz.
Keras lives in a virtual environment outside of the repository (DCAE_PEERS, default ~/.cache/dcae-peers), made on first use.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import venv
import warnings

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent.parent
peers = pathlib.Path(os.environ.get("DCAE_PEERS", pathlib.Path.home() / ".cache" / "dcae-peers"))
python = peers / "bin" / "python"
if pathlib.Path(sys.prefix).resolve() != peers.resolve():
    if not python.exists():
        print(f"setting up Keras in {peers}", file=sys.stderr)
        venv.create(peers, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "tensorflow-cpu"], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    environment.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
    sys.exit(subprocess.run([python, __file__, *sys.argv[1:]], env=environment).returncode)

import keras
import numpy as np
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--only", default="")
parser.add_argument("--random", type=int, default=20)
parser.add_argument("--keep", default="")
parser.add_argument("--write", action="store_true")
args = parser.parse_args()
L, O, Sched, R, S = keras.layers, keras.optimizers, keras.optimizers.schedules, keras.regularizers, "same"


def seq(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


def unet(shape=(20, 14, 3), join=L.Concatenate):
    i = keras.Input(shape)
    a = L.Conv2D(8, 3, padding=S, activation="relu")(i)
    b = L.Conv2D(12, 3, strides=2, padding=S, activation="relu")(a)
    b = L.BatchNormalization()(b)
    u = L.Conv2DTranspose(8, 3, strides=2, padding=S, activation="relu")(b)
    return keras.Model(i, L.Conv2D(shape[2], 1, activation="sigmoid")(join()([u, a])))


def nested(shape=(16, 16, 3)):
    """A Sequential and a Functional in a Functional in a Sequential, with layers of one name in several of them."""
    i = keras.Input(shape)
    enc = keras.Model(i, L.Conv2D(10, 3, strides=2, padding=S, activation="relu", name="conv")(i), name="encoder")
    dec = keras.Sequential([keras.Input((8, 8, 10)), L.BatchNormalization(name="bn"), L.Conv2DTranspose(shape[2], 3, strides=2, padding=S, name="conv")], name="decoder")
    x = keras.Input(shape)
    return keras.Sequential([keras.Input(shape), keras.Model(x, dec(enc(x)), name="both"), L.Conv2D(shape[2], 3, padding=S, name="last")])


def shared():
    """One layer called twice, a model called twice, and its output joined by every merging layer."""
    i = keras.Input((9, 7, 2))
    conv = L.Conv2D(2, 3, padding=S, activation="tanh")
    inner = keras.Sequential([keras.Input((9, 7, 2)), L.Conv2D(2, 1, activation="softplus"), L.BatchNormalization()])
    a, b = conv(i), conv(conv(i))
    c, d = inner(a), inner(b)
    h = L.Add()([L.Subtract()([a, b]), L.Multiply()([c, d]), L.Average()([a, c])])
    h = L.Concatenate()([h, L.Maximum()([a, d]), L.Minimum()([b, c])])
    return keras.Model(i, L.Dense(2)(h))


def frozen():
    """The first layers are not trained."""
    return seq((12, 12, 1), L.Conv2D(6, 3, padding=S, activation="elu", trainable=False), L.Dense(6, activation="tanh", trainable=False),
               L.Conv2D(4, 3, padding=S), L.BatchNormalization(trainable=False), L.MaxPooling2D(2), L.UpSampling2D(2), L.BatchNormalization(),
               L.Conv2D(1, 3, padding=S, trainable=False), L.PReLU())


def every_layer():
    return seq((13, 11, 3), L.Rescaling([2.0, 1.5, 1.0], offset=[-1.0, 0.5, 0.25]), L.ZeroPadding2D(((1, 2), (0, 3))), L.Conv2D(6, (3, 2), dilation_rate=2),
               L.PReLU(shared_axes=[1, 2], alpha_initializer="ones"), L.Cropping2D(((1, 0), (2, 1))), L.BatchNormalization(scale=False), L.UpSampling2D((2, 1), interpolation="bilinear"),
               L.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.05), L.AveragePooling2D((3, 2), strides=2, padding=S), L.BatchNormalization(center=False, momentum=0.5),
               L.Conv2DTranspose(5, 3, strides=2, output_padding=1), L.ELU(0.7), L.Identity(), L.MaxPooling2D(3, strides=2, padding="valid"), L.Dense(4, activation="gelu"), L.Softmax(),
               L.Reshape((-1, 4)), L.Flatten(), L.Dense(13 * 11 * 3, use_bias=False), L.Activation("hard_sigmoid"), L.LeakyReLU(0.0), L.Reshape((13, 11, 3)))


def regularized():
    """Penalties take part in training, but not in a trace."""
    return seq((10, 8, 3), L.Conv2D(6, 3, padding=S, activation="relu", kernel_regularizer=R.L2(0.02), bias_regularizer=R.L1(0.05), activity_regularizer=R.L2(0.01)),
               L.BatchNormalization(gamma_regularizer=R.L2(0.1)), L.PReLU(alpha_regularizer=R.L1L2(0.01, 0.02)), L.Conv2DTranspose(4, 3, padding=S, kernel_regularizer=R.L1L2(0.001, 0.01)),
               L.Dense(3, activation="elu", activity_regularizer=R.L1(0.01), kernel_regularizer=R.L2(0.05)))


def activation_objects():
    return seq((10, 8, 3), L.Conv2D(6, 3, padding=S, activation=L.LeakyReLU(0.15)), L.BatchNormalization(), L.Conv2D(5, 3, strides=2, padding=S, activation=L.ELU(0.5)),
               L.Conv2DTranspose(4, 3, strides=2, padding=S, activation=L.ReLU(max_value=2.0)), L.Dense(3, activation=L.Activation("softplus")))


def pooled():
    i = keras.Input((11, 9, 3))
    h = L.Conv2D(7, 3, activation="silu")(i)
    g = L.Multiply()([h, L.GlobalAveragePooling2D(keepdims=True)(h)])
    code = L.Dense(6)(L.Concatenate()([L.GlobalMaxPooling2D()(h), L.GlobalAveragePooling2D()(g)]))
    return keras.Model(i, L.Reshape((11, 9, 3))(L.Dense(11 * 9 * 3)(code)))


def small(shape=(10, 12, 1), last="linear"):
    return seq(shape, L.Conv2D(8, 3, strides=2, padding=S, activation="relu"), L.BatchNormalization(), L.Flatten(), L.Dense(16, activation="tanh"),
               L.Dense(5 * 6 * 8, activation="relu"), L.Reshape((5, 6, 8)), L.Conv2DTranspose(shape[2], 3, strides=2, padding=S, activation=last))


activations = ["elu", "selu", "gelu", "silu", "softplus", "softsign", "exponential", "hard_sigmoid", "hard_silu", "relu6", "mish", "softmax", "log_softmax", "celu",
               "hard_tanh", "tanh_shrink", "squareplus", "sparse_plus", "sparsemax", "sparse_sigmoid", "log_sigmoid", "hard_shrink", "soft_shrink", "leaky_relu", "relu", "tanh", "sigmoid"]


def chain_of(names):
    layers = []
    for n in names:
        layers += [L.Dense(5, activation=n), L.BatchNormalization(momentum=0.8)]
    return seq((6, 5, 2), *layers, L.Dense(2))


def random_model(seed):
    """A convolutional autoencoder of random size, depth, activations, with or without skips and nesting; and how to train it."""
    r = random.Random(seed)
    h, w, c = r.randint(7, 33), r.randint(7, 33), r.choice([1, 3])
    act = lambda: r.choice(["relu", "relu", "elu", "tanh", "selu", "gelu", "swish", "leaky_relu", "sigmoid", "softplus", "mish"])
    init = lambda: r.choice(["glorot_uniform", "he_normal", "lecun_normal", "orthogonal", "he_uniform", "random_normal"])
    skips, norm, levels = r.random() < 0.5, r.random() < 0.6, r.randint(1, 3)

    def make():
        i = keras.Input((h, w, c))
        x, left = i, []
        for level in range(levels):
            x = L.Conv2D(r.randint(2, 9) * 2, r.choice([1, 2, 3, 5]), padding=S, activation=act(), kernel_initializer=init())(x)
            if norm:
                x = L.BatchNormalization(momentum=r.choice([0.9, 0.99]))(x)
            left.append(x)
            if r.random() < 0.5:
                x = r.choice([L.MaxPooling2D, L.AveragePooling2D])(2, padding=S)(x)
            else:
                x = L.Conv2D(r.randint(3, 17), 3, strides=2, padding=S, activation=act())(x)
        if r.random() < 0.4:
            shape = x.shape[1:]
            x = L.Dense(r.randint(4, 20), activation=act())(L.Flatten()(x))
            x = L.Reshape(shape)(L.Dense(int(np.prod(shape)), activation=act())(x))
        for side in reversed(left):
            f = r.randint(2, 9)
            x = L.Conv2DTranspose(f, r.choice([2, 3, 4]), strides=2, padding=S, activation=act())(x) if r.random() < 0.6 else L.Conv2D(f, 3, padding=S, activation=act())(L.UpSampling2D(2)(x))
            dh, dw = x.shape[1] - side.shape[1], x.shape[2] - side.shape[2]
            if dh or dw:
                x = L.Cropping2D(((0, dh), (dw, 0)))(x)
            if skips:
                x = L.Concatenate()([x, side]) if r.random() < 0.5 else L.Add()([x, L.Conv2D(f, 1)(side)])
        body = keras.Model(i, L.Conv2D(c, 3, padding=S, activation=r.choice(["linear", "sigmoid", "tanh"]))(x), name="body")
        if r.random() < 0.3:
            o = keras.Input((h, w, c))
            return keras.Model(o, body(o))
        return body

    return make, r.choice(list(optimizers.values())), r.choice(["mse", "mae", keras.losses.Huber, keras.losses.LogCosh])


optimizers = {
    "sgd": lambda: O.SGD(0.05), "sgd_momentum": lambda: O.SGD(0.02, momentum=0.9), "nesterov": lambda: O.SGD(0.02, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda: O.Adam(), "amsgrad": lambda: O.Adam(2e-3, amsgrad=True, beta_1=0.8), "adamw": lambda: O.AdamW(1e-3), "adamw_clip": lambda: O.AdamW(1e-3, weight_decay=0.1, clipnorm=0.01),
    "adamax": lambda: O.Adamax(2e-3), "nadam": lambda: O.Nadam(1e-3), "rmsprop": lambda: O.RMSprop(1e-3), "rmsprop_centered": lambda: O.RMSprop(1e-3, rho=0.8, momentum=0.5, centered=True),
    "adagrad": lambda: O.Adagrad(0.01), "adadelta": lambda: O.Adadelta(0.5), "global_clip": lambda: O.Adam(1e-3, global_clipnorm=0.05), "clipvalue": lambda: O.SGD(0.1, clipvalue=0.001),
    "exponential": lambda: O.Adam(Sched.ExponentialDecay(2e-3, 5, 0.8)), "staircase": lambda: O.SGD(Sched.ExponentialDecay(0.1, 5, 0.5, staircase=True)), "piecewise": lambda: O.SGD(Sched.PiecewiseConstantDecay([4, 11], [0.1, 0.03, 0.01])),
    "polynomial": lambda: O.RMSprop(Sched.PolynomialDecay(2e-3, 8, power=2.0, cycle=True)), "inverse": lambda: O.Adamax(Sched.InverseTimeDecay(2e-3, 4, 0.5)),
    "cosine": lambda: O.AdamW(Sched.CosineDecay(1e-4, 10, alpha=0.1, warmup_target=2e-3, warmup_steps=5)), "restarts": lambda: O.Nadam(Sched.CosineDecayRestarts(2e-3, 4, t_mul=1.5, m_mul=0.9)),
}
# name: (model, optimizer, loss)
cases = {
    "unet": (unet, optimizers["adamw"], "mae"), "unet_add": (lambda: unet((18, 16, 3), L.Add), optimizers["global_clip"], "mse"),
    "nested": (nested, optimizers["adamw_clip"], "mse"), "shared": (shared, optimizers["adam"], "mse"), "frozen": (frozen, optimizers["sgd_momentum"], "mse"),
    "every_layer": (every_layer, optimizers["adam"], "mse"), "regularized": (regularized, optimizers["sgd_momentum"], "mse"), "activation_objects": (activation_objects, optimizers["nadam"], "mse"), "pooled": (pooled, optimizers["rmsprop"], "mae"),
    "bce": (lambda: small(last="sigmoid"), optimizers["adam"], "binary_crossentropy"), "bce_smooth": (lambda: small(last="sigmoid"), optimizers["adam"], lambda: keras.losses.BinaryCrossentropy(label_smoothing=0.1)),
    "bce_logits": (small, optimizers["adam"], lambda: keras.losses.BinaryCrossentropy(from_logits=True)), "bce_relu6": (lambda: small(last="hard_sigmoid"), optimizers["adam"], "binary_crossentropy"),
    "huber": (small, optimizers["adam"], keras.losses.Huber), "log_cosh": (small, optimizers["adam"], "log_cosh"), "mae": (small, optimizers["adam"], keras.losses.MeanAbsoluteError),
    **{f"optimizer_{n}": (small, o, "mse") for n, o in optimizers.items()},
    **{f"activations_{k}": ((lambda k=k: chain_of(activations[k::9])), optimizers["sgd"], "mse") for k in range(9)},
    **{f"random_{k}": random_model(k) for k in range(args.random)},
}


def leaves(m):
    for l in m.layers:
        yield from leaves(l) if isinstance(l, keras.Model) else [l]


def keys(m):
    """The name of every variable in a trace: layers of one name go by their path."""
    def walk(m, path):
        for l in m.layers:
            if isinstance(l, keras.Model):
                yield from walk(l, path + l.name + "/")
            else:
                yield l, path + l.name
    found = {id(l): (l, p) for l, p in walk(m, "")}
    count = {}
    for l, _ in found.values():
        count[l.name] = count.get(l.name, 0) + (not isinstance(l, L.InputLayer))
    return {id(v): f"{l.name if count[l.name] == 1 else p}/{v.name}" for l, p in found.values() for v in l.weights}


def loss_of(loss):
    return loss() if callable(loss) else keras.losses.get(loss)


def steps(m, opt, loss_fn, x, target, n, penalties):
    """Losses, without the penalties of regularizers, before each step."""
    losses = []
    for _ in range(n):
        with tf.GradientTape() as t:
            l = tf.reduce_mean(loss_fn(target, m(x, training=True)))
            total = l + sum(m.losses) if penalties else l
        losses.append(float(l))
        opt.apply_gradients(zip(t.gradient(total, m.trainable_variables), m.trainable_variables))
    return losses


def reference(m32, optimizer, loss, x, target, seed, precision="float64"):
    """What Keras computes."""
    keras.config.set_floatx(precision)
    x, target = tf.constant(x.astype(precision)), tf.constant(target.astype(precision))
    keras.utils.set_random_seed(seed)
    m = keras.models.model_from_json(m32.to_json().replace('"float32"', f'"{precision}"'))
    m.set_weights([w.astype(precision) for w in m32.get_weights()])
    loss_fn, opt = loss_of(loss), optimizer()
    top = [l for l in m.layers if not isinstance(l, L.InputLayer)]
    inner = any(isinstance(l, keras.Model) for l in top)
    if isinstance(m, keras.Sequential):
        h = inp = keras.Input(x.shape[1:], dtype=precision)
        taps = None if inner else keras.Model(inp, [h := l(h) for l in top])
    else:
        single = all(len(l._inbound_nodes) == 1 for l in top)
        taps = None if inner or not single else keras.Model(m.inputs, [l.output for l in top])
    key = keys(m)
    r = {"x": x.numpy(), "target": target.numpy(), "y": m(x, training=False).numpy()}
    stats = [tf.identity(v) for v in m.non_trainable_variables]
    with tf.GradientTape(persistent=True) as t:
        t.watch(x)  # so that there is a gradient by layers before the first trainable one, too
        acts = taps(x, training=True) if taps else [m(x, training=True)]
        acts = acts if isinstance(acts, list) else [acts]
        l = tf.reduce_mean(loss_fn(target, acts[-1]))
    for v, v0 in zip(m.non_trainable_variables, stats):
        v.assign(v0)
    r["y_train"], r["loss"] = acts[-1].numpy(), np.float64(l)
    for v, g in zip(m.trainable_variables, t.gradient(l, m.trainable_variables)):
        r["param/" + key[id(v)]], r["grad/" + key[id(v)]] = v.numpy(), g.numpy()
    if taps:
        for layer, a, g in zip(top, acts, t.gradient(l, acts)):
            r["act/" + layer.name] = a.numpy()
            if g is not None:  # the loss is taken from what went into the last sigmoid
                r["actgrad/" + layer.name] = g.numpy()
    r["losses"] = np.array(steps(m, opt, loss_fn, x, target, 20, False))
    for v in m.trainable_variables:
        r["final/" + key[id(v)]] = v.numpy()
    for v in m.non_trainable_variables:
        r["moving/" + key[id(v)]] = v.numpy()
    keras.config.set_floatx("float32")
    return r


def norm(x):
    return float(np.sqrt((np.asarray(x, "float64") ** 2).sum()))


def compare(got, want):
    """What of a trace is beyond the bounds: for each name by how much."""
    bad, after, weights = {}, 0.0, 0.0
    every = {}
    for k, v in want.items():
        kind = k.split("/")[0]
        every[kind] = np.hypot(every.get(kind, 0.0), norm(v))
    for k, v in want.items():
        if k not in got or got[k].shape != np.shape(v) or got[k].dtype != np.float32:
            bad[k + " (missing, of another shape or type)"] = np.inf
            continue
        kind, d, own = k.split("/")[0], norm(got[k] - v), norm(v)
        if kind in ("grad", "actgrad"):
            ok = d <= 1e-4 * own or d <= 1e-5 * every[kind]
        elif kind == "losses":
            d, own = np.max(np.abs(got[k] - v) / np.abs(v)), 1
            ok = d <= 1e-3
        elif kind == "final":
            after, weights, ok = np.hypot(after, d), np.hypot(weights, own), True
        else:
            ok = d <= (1e-4 if kind == "moving" else 1e-5) * own
        if not ok:
            bad[k] = d / own if own else d
    if after > 5e-3 * weights:
        bad["weights after the steps"] = after / weights
    return bad | {k + " (not in Keras)": np.inf for k in got if k not in want}


def told(bad):
    return ", ".join(f"{k}: {d:.1e}" for k, d in bad.items())


def load(path):
    """Loads a model; a warning is an error."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        m = keras.models.load_model(path)
    return m, [f"Keras warns: {w.message}" for w in seen]


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return [] if done.returncode == 0 and not done.stderr else [f"{pathlib.Path(command[0]).name}: {done.stderr.strip()}"]


def check(name, case, folder, seed=7):
    make, optimizer, loss = case
    keras.backend.clear_session()
    keras.config.set_floatx("float32")
    keras.utils.set_random_seed(seed)
    m = make()
    rng = np.random.default_rng(seed)
    x = rng.random((8, *m.input_shape[1:])).astype("float32")
    target = x if m.output_shape[1:] == x.shape[1:] else rng.random((8, *m.output_shape[1:])).astype("float32")
    m.compile(optimizer=optimizer(), loss=loss_of(loss) if callable(loss) else loss)
    path, again, batch = folder / f"{name}.keras", folder / f"{name}.again.keras", folder / f"{name}.npz"
    m.save(path)
    np.savez(batch, x=x, target=target)
    want = reference(m, optimizer, loss, x, target, seed)
    if args.write and name in ("unet_add", "nested", "shared", "frozen", "pooled"):
        shutil.copy(path, written / f"{name}.keras")
        np.savez_compressed(written / f"{name}.npz", **{k: v if k in ("x", "target") else np.asarray(v, "float32") for k, v in want.items() if not k.startswith("act")})
    bad = run(dcae, "trace", path, "--data", batch, "--out", folder / f"{name}.trace.npz")
    if bad:
        return bad
    beyond = compare(np.load(folder / f"{name}.trace.npz"), want)
    if beyond:  # where Keras' own float32 is beyond the bounds, too, training is so ill-conditioned that the steps tell nothing
        own = compare({k: np.asarray(v, "float32") for k, v in reference(m, optimizer, loss, x, target, seed, "float32").items()}, want)
        print(f"{name}: trace beyond the bounds: {told(beyond)} [Keras' own float32: {told(own) or 'within'}]")
        later = ("losses", "moving", "weights after the steps")
        if not own or any(k.split("/")[0] not in later and own.get(k, 0) < d / 2 for k, d in beyond.items()):
            bad.append(f"trace: {told(beyond)}")

    bad += run(resave, path, again)
    m2, warned = load(again)
    bad += warned
    d = norm(m2(x, training=False) - m(x, training=False)) / norm(m(x, training=False))
    if d > 1e-5:
        bad.append(f"again: predictions differ by {d:.1e}")
    if m2.optimizer.get_config() | {"name": ""} != m.optimizer.get_config() | {"name": ""}:
        bad.append(f"again: optimizer {m2.optimizer.get_config()} was {m.optimizer.get_config()}")

    if name != "activation_objects" and "/" not in "".join(k.rsplit("/", 1)[0] for k in keys(m).values()):  # no path stands for a layer's name
        bad += run(resave, "-anew", path, again)
        m3, warned = load(again)
        bad += warned
        d = norm(m3(x, training=False) - m(x, training=False)) / norm(m(x, training=False))
        if d > 1e-5:
            bad.append(f"anew: predictions differ by {d:.1e}")
        if [layer.get_config() for layer in leaves(m3) if not isinstance(layer, L.InputLayer)] != [layer.get_config() for layer in leaves(m) if not isinstance(layer, L.InputLayer)]:
            bad.append("anew: other settings: " + next(f"{a.get_config()} was {b.get_config()}" for a, b in zip([l for l in leaves(m3) if not isinstance(l, L.InputLayer)], [l for l in leaves(m) if not isinstance(l, L.InputLayer)]) if a.get_config() != b.get_config()))

    # 5 steps there, 5 here, 5 there, against 15 there
    loss_fn = loss_of(loss)
    straight, warned = load(path)
    want = steps(straight, straight.optimizer, loss_fn, x, target, 15, True)
    first, warned = load(path)
    steps(first, first.optimizer, loss_fn, x, target, 5, True)
    first.save(again)
    if args.write and name == "optimizer_amsgrad":
        shutil.copy(again, written / "continued.keras")
        np.savez_compressed(written / "continued.npz", x=x, target=target, losses=np.array(steps(first, first.optimizer, loss_fn, x, target, 5, True)))
    bad += run(resave, again, again, batch, 5)
    last, warned = load(again)
    bad += warned
    got = steps(last, last.optimizer, loss_fn, x, target, 5, True)
    d = np.max(np.abs(np.array(got) - want[10:]) / np.abs(want[10:]))
    w = norm(np.concatenate([(a - b).ravel() for a, b in zip(last.get_weights(), straight.get_weights())])) / norm(np.concatenate([a.ravel() for a in straight.get_weights()]))
    if d > 1e-3 or w > 5e-3:
        bad.append(f"go on: losses {d:.1e}, weights {w:.1e}")
    if int(last.optimizer.iterations) != 15:
        bad.append(f"go on: {int(last.optimizer.iterations)} iterations, not 15")
    return bad


def check_training(folder):
    """An epoch of `dcae train`: Keras finds the held-out loss that it reports, and the optimizer's state."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    m = unet((12, 10, 3))
    m.compile(optimizer="nadam", loss="mse")
    m.save(folder / "train.keras")
    rng = np.random.default_rng(3)
    images = lambda n: rng.random((n, 12, 10, 3)).astype("float32")
    x, held = images(300), images(60)
    np.savez(folder / "train.npz", x=x, x_val=held, xt=images(50))
    subprocess.run([dcae, "train", folder / "train.keras", "--data", folder / "train.npz", "--epochs", "1", "--force", "--quiet", "--out", folder / "train"], check=True, capture_output=True)
    (epochs,) = (folder / "train").glob("runs/*/*/epochs.csv")
    names, values = (line.split(",") for line in epochs.read_text().split())
    reported = float(values[names.index("heldout_mse")])
    m, bad = load(folder / "train" / "last.keras")
    found = float(np.mean((m.predict(held, verbose=0).astype("float64") - held) ** 2))
    if abs(found - reported) > 1e-4 * reported:
        bad.append(f"held-out loss {found} in Keras, {reported} here")
    if int(m.optimizer.iterations) != 10:
        bad.append(f"{int(m.optimizer.iterations)} iterations, not 10")
    return bad


folder = pathlib.Path(args.keep or tempfile.mkdtemp())
folder.mkdir(parents=True, exist_ok=True)
written = root / "experiments" / "testdata"
written.mkdir(exist_ok=True)
dcae, resave = folder / "dcae", folder / "resave"
subprocess.run(["go", "build", "-o", dcae, "./cmd/dcae"], cwd=root, check=True)
subprocess.run(["go", "build", "-o", resave, "./models/keras/testdata/resave"], cwd=root, check=True)
failed = 0
checks = {name: (lambda name=name, case=case: check(name, case, folder)) for name, case in cases.items()} | {"training": lambda: check_training(folder)}
for name, one in checks.items():
    if args.only and not any(name.startswith(o) for o in args.only.split(",")):
        continue
    try:
        bad = one()
    except Exception as e:  # goes on with the others
        bad = [f"{type(e).__name__}: {e}"]
    failed += bool(bad)
    print(f"{name}: {'ok' if not bad else '; '.join(bad)}", flush=True)
print(f"{failed} models deviate" if failed else "all models agree")
sys.exit(bool(failed))
