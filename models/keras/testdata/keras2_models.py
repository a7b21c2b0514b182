"""Whole models in HDF5 files as Keras 2 (tf_keras) writes them, for check_keras.py, which calls this in a process of its own.

usage: keras2_models.py FOLDER

For every model: NAME.h5, as it was made; NAME.npz, with what Keras 2 computes of it in float64 (keys as `dcae trace` has them); NAME.on.h5, after 5 steps
of training; NAME.on.npz, with what it predicts after 5 more, trained in one go.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import warnings

import h5py
import numpy as np
import tensorflow as tf
import tf_keras as keras

warnings.simplefilter("ignore")
L, O, G, Sched, R, S = keras.layers, keras.optimizers, keras.optimizers.legacy, keras.optimizers.schedules, keras.regularizers, "same"


def chain():
    return keras.Sequential([L.Conv2D(6, 3, padding=S, strides=2, input_shape=(12, 8, 3)), L.BatchNormalization(), L.LeakyReLU(alpha=0.2), L.Conv2D(4, 3, padding=S, activation="elu"),
        L.MaxPooling2D(), L.Flatten(), L.Dense(10, kernel_initializer="he_normal", activity_regularizer=R.l1(1e-4)), L.ReLU(6.0, negative_slope=0.1), L.Dense(96), L.Reshape((6, 4, 4)),
        L.Conv2DTranspose(5, 3, strides=2, padding=S), L.PReLU(shared_axes=[1, 2]), L.Conv2D(3, 1, activation="sigmoid")])


def nested():
    enc = keras.Sequential([L.Conv2D(4, 3, padding=S, activation="relu", name="one"), L.BatchNormalization(name="norm"), L.MaxPooling2D(), L.Conv2D(3, 3, padding=S, name="two"), L.BatchNormalization()], name="enc")
    i = keras.Input((6, 4, 3), name="code")
    h = L.UpSampling2D()(L.Conv2DTranspose(4, 3, padding=S, activation="tanh")(i))
    dec = keras.Model(i, L.Conv2D(3, 3, padding=S)(L.BatchNormalization()(h)), name="dec")
    x = keras.Input((12, 8, 3))
    return keras.Model(x, L.Activation("sigmoid")(dec(enc(x))))


def frozen():
    m = nested()
    m.get_layer("enc").get_layer("one").trainable = False
    m.get_layer("enc").get_layer("norm").trainable = False
    return m


def shared():
    x = keras.Input((12, 8, 3))
    conv, body = L.Conv2D(3, 3, padding=S, activation="tanh"), keras.Sequential([L.Conv2D(3, 3, padding=S), L.BatchNormalization(axis=3)])
    h = body(conv(conv(x)))
    return keras.Model(x, L.Dense(3)(body(h)))


def unet():
    x = keras.Input((12, 8, 3))
    a = L.Conv2D(4, 3, padding=S, activation="relu")(x)
    b = L.Conv2D(6, 3, padding=S, activation="swish")(L.AveragePooling2D()(a))
    c = L.Conv2D(4, 3, padding=S)(L.UpSampling2D(interpolation="bilinear")(b))
    j = L.Concatenate(axis=3)([L.Add()([a, c]), L.Multiply()([a, c]), L.Average()([a, c]), L.Maximum()([a, c])])
    p = L.Cropping2D(((1, 0), (0, 1)))(L.ZeroPadding2D(1)(j))
    s = L.Softmax(axis=3)(L.Conv2D(5, 3, padding=S)(p))
    return keras.Model(x, L.Conv2DTranspose(3, 2, padding=S, activation="sigmoid")(L.Cropping2D(((0, 1), (1, 0)))(s)))


def operators():
    x = keras.Input((12, 8, 3))
    a, b = L.Conv2D(4, 3, padding=S)(x), L.Conv2D(4, 1)(x)
    return keras.Model(x, L.Conv2D(3, 1)((a + b) * a - b))


def mobile():
    return keras.Sequential([keras.Input((12, 8, 3)), L.SeparableConv2D(6, 3, padding=S, depth_multiplier=2), L.DepthwiseConv2D(3, padding=S), L.BatchNormalization(scale=False),
        L.Activation("relu"), L.Conv2D(6, 3, padding=S, groups=2, dilation_rate=2), L.Conv2D(3, 1)])


def signal():
    return keras.Sequential([keras.Input((16, 3)), L.Conv1D(6, 3, padding=S, activation="relu"), L.MaxPooling1D(), L.Conv1D(4, 3, padding=S), L.UpSampling1D(), L.Conv1D(3, 3, padding=S)])


def vector():
    return keras.Sequential([keras.Input((20,)), L.Dense(12, activation="softplus", kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_out", "uniform"), kernel_regularizer=R.L1L2(0.01, 0.02)),
        L.BatchNormalization(axis=1), L.Dense(20, activation="sigmoid", bias_initializer=keras.initializers.Constant(0.1))])


def random_layers():
    return keras.Sequential([keras.Input((12, 8, 3)), L.GaussianNoise(0.1), L.Conv2D(4, 3, padding=S), L.SpatialDropout2D(0.2), L.Dropout(0.3), L.Conv2D(3, 1)])


# name: (model, optimizer, loss)
CASES = {
    "chain": (chain, lambda: O.Adam(2e-3, amsgrad=True), "mse"), "nested": (nested, lambda: O.Adam(1e-3, clipnorm=0.5), "binary_crossentropy"), "frozen": (frozen, lambda: O.SGD(0.05, momentum=0.9), "mse"),
    "shared": (shared, lambda: O.AdamW(1e-3, weight_decay=0.1), "mae"), "unet": (unet, lambda: O.Adamax(2e-3), lambda: keras.losses.Huber(0.3)), "operators": (operators, lambda: O.Nadam(2e-3), "log_cosh"),
    "mobile": (mobile, lambda: O.RMSprop(1e-3, momentum=0.5, centered=True), "mse"), "signal": (signal, lambda: O.Adagrad(0.01), "mse"), "vector": (vector, lambda: O.Adadelta(1.0), lambda: keras.losses.BinaryCrossentropy(label_smoothing=0.1)),
    "lion": (vector, lambda: O.Lion(1e-3), "mse"), "schedule": (vector, lambda: O.Adam(Sched.ExponentialDecay(0.01, 4, 0.5)), "mse"), "random_layers": (random_layers, lambda: O.Adam(1e-3), "mse"), "logits": (signal, lambda: O.SGD(0.1), lambda: keras.losses.BinaryCrossentropy(from_logits=True)),
    "older_sgd": (chain, lambda: G.SGD(0.05, momentum=0.9, nesterov=True, decay=0.02), "mse"), "older_adam": (nested, lambda: G.Adam(1e-3, decay=0.01, amsgrad=True), "mse"), "older_adamax": (vector, lambda: G.Adamax(2e-3), "mse"),
    "older_rmsprop": (chain, lambda: G.RMSprop(1e-3), "mse"), "older_rmsprop_centered": (vector, lambda: G.RMSprop(2e-3, rho=0.8, centered=True, decay=0.01), "mse"), "older_adagrad": (signal, lambda: G.Adagrad(0.01, initial_accumulator_value=0.0), "mae"),
    "older_nadam": (chain, lambda: G.Nadam(2e-3), "mse"), "older_adadelta": (vector, lambda: G.Adadelta(1.0), "mse"), "older_rmsprop_momentum": (vector, lambda: G.RMSprop(1e-3, momentum=0.5, centered=True), "mse"), "older_clip": (signal, lambda: G.SGD(0.1, clipvalue=0.01), "mae"),
}


def made(loss):
    return loss() if callable(loss) else keras.losses.get(loss)


def reference(make, weights, optimizer, loss, x, target):
    keras.backend.clear_session()  # for the same names
    keras.backend.set_floatx("float64")
    m = make()
    m.set_weights([w.astype("float64") for w in weights])
    opt, loss_fn = optimizer(), made(loss)
    x, target = tf.constant(x, "float64"), tf.constant(target, "float64")
    key = {}

    def walk(m, path):
        for l in m.layers:
            if isinstance(l, keras.Model):
                walk(l, path + l.name + "/")
            else:
                found.append((l, path + l.name))

    found = []
    walk(m, "")
    once = {id(l): (l, p) for l, p in found}.values()
    count = {}
    for l, _ in once:
        count[l.name] = count.get(l.name, 0) + 1
    for l, p in once:
        for v in l.weights:
            name = v.name.split("/")[-1].split(":")[0]
            if isinstance(l, L.DepthwiseConv2D):
                name = name.replace("depthwise_", "")  # so does Keras 3 call it
            key[id(v)] = (l.name if count[l.name] == 1 else p) + "/" + name
    r = {"y": m(x, training=False).numpy()}
    losses = []
    for _ in range(20):
        with tf.GradientTape() as t:
            l = tf.reduce_mean(loss_fn(target, m(x, training=True)))
        losses.append(float(l))
        opt.apply_gradients(zip(t.gradient(l, m.trainable_variables), m.trainable_variables))
    r["losses"] = np.array(losses)
    for v in m.trainable_variables:
        r["final/" + key[id(v)]] = v.numpy()
    for v in m.non_trainable_variables:
        r["moving/" + key[id(v)]] = v.numpy()
    keras.backend.set_floatx("float32")
    return r


def repacked(path, to, **how):
    """The same file in chunks, compressed, or as a newer version of HDF5 writes it."""
    with h5py.File(path) as f, h5py.File(to, "w", libver=how.pop("libver", None)) as out:
        def copy(name, o):
            if isinstance(o, h5py.Dataset):
                made = out.create_dataset(name, data=o[()], **(how if o.shape else {}))
            else:
                made = out.require_group(name)
            made.attrs.update(o.attrs)
        out.attrs.update(f.attrs)
        f.visititems(copy)


def main(folder):
    for name, (make, optimizer, loss) in CASES.items():
        keras.backend.clear_session()
        keras.utils.set_random_seed(5)
        m = make()
        rng = np.random.default_rng(5)
        x = rng.random((8, *m.input_shape[1:])).astype("float32")
        target = x if m.output_shape == m.input_shape else rng.random((8, *m.output_shape[1:])).astype("float32")
        m.compile(optimizer(), made(loss) if callable(loss) else loss)
        path = os.path.join(folder, name)
        m.run_eagerly = True  # within a graph, Nadam's product of momenta is another for each variable
        m.save(path + ".h5")
        weights = m.get_weights()
        if name == "random_layers":
            np.savez(path + ".npz", x=x, y=m(x, training=False).numpy())
            continue
        np.savez(path + ".npz", x=x, target=target, **reference(make, weights, optimizer, loss, x, target))
        for _ in range(5):
            m.train_on_batch(x, target)
        m.save(path + ".on.h5")
        for _ in range(5):
            m.train_on_batch(x, target)
        np.savez(path + ".on.npz", x=x, target=target, y=m(x, training=False).numpy())
    for name, how in {"packed": dict(compression="gzip", shuffle=True, chunks=True), "newest": dict(libver="latest", compression="gzip", fletcher32=True)}.items():
        repacked(os.path.join(folder, "chain.h5"), os.path.join(folder, f"chain_{name}.h5"), **how)
        os.link(os.path.join(folder, "chain.npz"), os.path.join(folder, f"chain_{name}.npz"))


if __name__ == "__main__":
    main(sys.argv[1])
