"""Writes optimizers.npz and schedules.npz: what Keras 3 (TensorFlow) computes, for the tests of package training.

Run it with a Python that has keras, tensorflow and tf_keras, in this folder. Everything is computed in float64 but for
schedules, which Keras computes in float32 whatever its setting.

optimizers.npz
  gradient/I [20, shape]     of variable I at each step, the same for all optimizers
  value/I [shape]            before the first step
  CASE/I [20, shape]         after each step
  CASE/state [n]             the optimizer's variables after the last step, one after the other, without iteration
                             and learning rate
  plateau/loss [n]           after each epoch
  plateau_CASE [n]           learning rate after each epoch
schedules.npz
  CASE [201]                 learning rate at steps 0 to 200
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

schedules = keras.optimizers.schedules
o = keras.optimizers

SHAPES = [(2, 3, 4), (5, 2), (3,), (1,)]
STEPS = 20

OPTIMIZERS = {
    "sgd": lambda: o.SGD(),
    "sgd_momentum": lambda: o.SGD(0.05, momentum=0.9),
    "sgd_nesterov": lambda: o.SGD(0.02, momentum=0.8, nesterov=True),
    "sgd_momentum_decay": lambda: o.SGD(0.05, momentum=0.9, weight_decay=0.1),
    "adam": lambda: o.Adam(),
    "adam_settings": lambda: o.Adam(0.01, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    "adam_amsgrad": lambda: o.Adam(0.01, amsgrad=True),
    "adam_no_momentum": lambda: o.Adam(0.01, beta_1=0.0),
    "adam_clipnorm": lambda: o.Adam(0.01, clipnorm=1.0),
    "adam_global_clipnorm": lambda: o.Adam(0.01, global_clipnorm=2.0),
    "adam_clipvalue": lambda: o.Adam(0.01, clipvalue=0.25),
    "adam_cosine": lambda: o.Adam(schedules.CosineDecay(0.0, 12, 0.1, warmup_target=0.02, warmup_steps=4), weight_decay=0.05),
    "adamw": lambda: o.AdamW(),
    "adamw_settings": lambda: o.AdamW(0.01, weight_decay=0.3, amsgrad=True, global_clipnorm=1.0),
    "adamw_no_decay": lambda: o.AdamW(0.01, weight_decay=0.0),
    "adamax": lambda: o.Adamax(),
    "adamax_settings": lambda: o.Adamax(0.05, beta_1=0.7, beta_2=0.9, epsilon=1e-3, weight_decay=0.02),
    "nadam": lambda: o.Nadam(),
    "nadam_settings": lambda: o.Nadam(0.02, beta_1=0.8, beta_2=0.9, epsilon=1e-4, clipnorm=3.0),
    "rmsprop": lambda: o.RMSprop(),
    "rmsprop_momentum": lambda: o.RMSprop(0.005, rho=0.8, momentum=0.7),
    "rmsprop_centered": lambda: o.RMSprop(0.005, rho=0.85, centered=True, epsilon=1e-3),
    "rmsprop_all": lambda: o.RMSprop(0.005, momentum=0.5, centered=True, epsilon=1e-2, weight_decay=0.1, clipvalue=0.5),
    "rmsprop_no_rho": lambda: o.RMSprop(0.005, rho=0.0),
    "adagrad": lambda: o.Adagrad(),
    "adagrad_settings": lambda: o.Adagrad(0.1, initial_accumulator_value=0.5, epsilon=1e-3, clipnorm=0.5),
    "adagrad_from_zero": lambda: o.Adagrad(0.1, initial_accumulator_value=0.0),
    "adadelta": lambda: o.Adadelta(),
    "lion": lambda: o.Lion(),
    "lion_settings": lambda: o.Lion(0.01, beta_1=0.8, beta_2=0.95, weight_decay=0.2, clipnorm=1.0),
    "adadelta_paper": lambda: o.Adadelta(1.0, rho=0.9, epsilon=1e-5, weight_decay=0.01),
}

older = tf_keras.optimizers.legacy  # as they were before Keras 2.11; the arrays of their state, in the order of Keras 3
OLDER = {
    "older_rmsprop": (lambda: older.RMSprop(0.005, rho=0.8), ["rms"]),
    "older_rmsprop_centered": (lambda: older.RMSprop(0.005, epsilon=1e-3, centered=True), ["rms", "mg"]),
    "older_adagrad": (lambda: older.Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-4), ["accumulator"]),
    "older_nadam": (lambda: older.Nadam(0.01), ["m", "v"]),
    "older_nadam_settings": (lambda: older.Nadam(0.02, beta_1=0.8, beta_2=0.9, epsilon=1e-4, schedule_decay=0.1), ["m", "v"]),
}

SCHEDULES = {
    "exponential": lambda: schedules.ExponentialDecay(0.1, 30, 0.9),
    "exponential_staircase": lambda: schedules.ExponentialDecay(0.1, 30, 0.5, staircase=True),
    "inverse_time": lambda: schedules.InverseTimeDecay(0.1, 20, 0.5),
    "inverse_time_staircase": lambda: schedules.InverseTimeDecay(0.1, 20, 0.5, staircase=True),
    "polynomial": lambda: schedules.PolynomialDecay(0.1, 150),
    "polynomial_settings": lambda: schedules.PolynomialDecay(0.1, 120, end_learning_rate=0.01, power=2.0),
    "polynomial_to_zero": lambda: schedules.PolynomialDecay(0.1, 120, end_learning_rate=0.0, power=0.5),
    "polynomial_cycle": lambda: schedules.PolynomialDecay(0.1, 50, end_learning_rate=0.01, power=1.5, cycle=True),
    "piecewise": lambda: schedules.PiecewiseConstantDecay([10, 60, 150], [0.1, 0.05, 0.01, 0.001]),
    "cosine": lambda: schedules.CosineDecay(0.1, 150),
    "cosine_alpha": lambda: schedules.CosineDecay(0.1, 150, alpha=0.2),
    "cosine_warmup": lambda: schedules.CosineDecay(0.01, 120, alpha=0.1, warmup_target=0.2, warmup_steps=30),
    "cosine_warmup_no_steps": lambda: schedules.CosineDecay(0.01, 120, warmup_target=0.2),
    "restarts": lambda: schedules.CosineDecayRestarts(0.1, 25),
    "restarts_settings": lambda: schedules.CosineDecayRestarts(0.1, 16, t_mul=1.5, m_mul=0.8, alpha=0.05),
    "restarts_even": lambda: schedules.CosineDecayRestarts(0.1, 40, t_mul=1.0, m_mul=0.9),
}

PLATEAUS = {
    "default": dict(patience=3),
    "cooldown": dict(factor=0.5, patience=2, cooldown=2, min_delta=0.01),
    "floor": dict(factor=0.2, patience=1, min_delta=0.0, min_lr=0.004),
}
LOSSES = [1, 0.9, 0.8, 0.8, 0.79995, 0.85, 0.7, np.nan, 0.9, 0.695, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5]


def train(make, values, gradients, dtype):
    """Values of each variable after each step, and the optimizer's own variables at the end."""
    variables = [keras.Variable(v, dtype=dtype, name=f"v{i}") for i, v in enumerate(values)]
    optimizer = make()
    optimizer.build(variables)
    after = [[] for _ in variables]
    for step in range(STEPS):
        optimizer.apply([keras.ops.convert_to_tensor(g[step], dtype=dtype) for g in gradients])
        for i, v in enumerate(variables):
            after[i].append(keras.ops.convert_to_numpy(v).copy())
    state = [keras.ops.convert_to_numpy(v).ravel() for v in optimizer.variables if v.name not in ("iteration", "learning_rate")]
    return [np.stack(a) for a in after], np.concatenate(state) if state else np.zeros(0)


def train_older(make, values, gradients, dtype):
    """The same of an optimizer of Keras 2."""
    tf_keras.backend.set_floatx(dtype)
    make, slots = make
    variables = [tf.Variable(v, dtype=dtype) for v in values]
    optimizer = make()
    after = [[] for _ in variables]
    for step in range(STEPS):
        optimizer.apply_gradients([(tf.constant(g[step], dtype), v) for g, v in zip(gradients, variables)])
        for i, v in enumerate(variables):
            after[i].append(v.numpy())
    arrays = [[optimizer.get_slot(v, slot).numpy().ravel() for v in variables] for slot in slots]
    if slots == ["m", "v"]:
        arrays = [[a for pair in zip(*arrays) for a in pair]]
    product = [optimizer.weights[1].numpy().ravel()] if "Nadam" in type(optimizer).__name__ else []
    return [np.stack(a) for a in after], np.concatenate(sum(arrays, []) + product)


def plateau(settings):
    class Model:
        optimizer = o.SGD(0.1)
        metrics = []

    callback = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", mode="min", **settings)
    callback.set_model(Model())
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(LOSSES):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        rates.append(float(keras.ops.convert_to_numpy(callback.model.optimizer.learning_rate)))
    return np.array(rates)


def main():
    random = np.random.default_rng(1)
    scale = np.array([1, 0.1, 3, 0.5, 1e-3, 1, 2, 0.2, 10, 1, 0.3, 1, 1e-5, 1, 0.7, 5, 1, 0.1, 1, 1])
    values = [random.normal(size=s).astype(np.float32) for s in SHAPES]
    gradients = [(random.normal(size=(STEPS, *s)) * scale.reshape(-1, *[1] * len(s))).astype(np.float32) for s in SHAPES]
    gradients[1][:, 0, 0] = 0  # a value that no gradient ever reaches
    gradients[2][3:6] = 0

    arrays, rates = {}, {}
    for i in range(len(SHAPES)):
        arrays[f"value/{i}"], arrays[f"gradient/{i}"] = values[i], gradients[i]
    for name, make in SCHEDULES.items():
        keras.config.set_floatx("float32")
        rates[name] = np.array([float(make()(s)) for s in range(201)])
    for name, make in (OPTIMIZERS | OLDER).items():
        take_steps = train_older if name in OLDER else train
        keras.config.set_floatx("float32")
        rounded, _ = take_steps(make, values, gradients, "float32")
        keras.config.set_floatx("float64")
        after, state = take_steps(make, values, gradients, "float64")
        worst = max(np.abs(r - a).max() / np.abs(a).max() for r, a in zip(rounded, after))
        print(f"{name}: Keras in float32 is off by {worst:.1e}")
        for i, a in enumerate(after):
            arrays[f"{name}/{i}"] = a.astype(np.float32)
        arrays[f"{name}/state"] = state.astype(np.float32)
    arrays["plateau/loss"] = np.array(LOSSES)
    for name, settings in PLATEAUS.items():
        arrays[f"plateau_{name}"] = plateau(settings)
    np.savez_compressed("optimizers.npz", **arrays)
    np.savez_compressed("schedules.npz", **rates)


if __name__ == "__main__":
    main()
