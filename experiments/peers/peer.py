"""Trains one of the benchmark models in a peer framework and prints its speed as a line of JSON.

usage: peer.py keras|torch|torch-channels-last|torch-compile MODEL --data TRAIN-IMAGES.gz [--batch N] [--threads 2] [--steps 300]

MODEL is sigmoid, highlr, improved, deep or one of kinds.py. Optimizer (Adam), loss, shuffling and data are those of `dcae bench`; the speed is
the median of five windows.
"""
import argparse
import gzip
import json
import os
import resource
import statistics
import time

from kinds import KINDS, KerasBuilder, torch_model

parser = argparse.ArgumentParser()
parser.add_argument("framework", choices=["keras", "torch", "torch-channels-last", "torch-compile"])
parser.add_argument("model", choices=["sigmoid", "highlr", "improved", "deep", *KINDS])
parser.add_argument("--data", required=True)
parser.add_argument("--batch", type=int, help="images in a step (default: the model's own, else 32)")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--steps", type=int, default=300, help="steps of a window, at most")
args = parser.parse_args()
entry, shape, batch, loss = KINDS.get(args.model, (None, (28, 28, 1), 32, "mse"))
args.batch = args.batch or batch
os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS=str(args.threads))

import numpy as np  # noqa: E402  (after the environment is set)

WINDOWS = 5
COUNT = 256 if args.model == "deep" else max(4 * args.batch, min(4096, args.steps * args.batch, 4096 * 784 // int(np.prod(shape))))  # images of a window
RATE = 0.1 if args.model == "highlr" else 0.001


def load():
    with gzip.open(args.data) as f:
        raw = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28)[:COUNT]
    x = raw.astype(np.float32) / 255
    size = 128 if args.model == "deep" else shape[0]
    if len(shape) == 1:
        return x.reshape(len(x), -1)
    scale = size // 28
    before = (size - 28 * scale) // 2
    after = size - 28 * scale - before
    x = np.pad(np.kron(x, np.ones((1, scale, scale), np.float32)), ((0, 0), (before, after), (before, after)))
    return np.repeat(x[..., None], shape[2], axis=3)


def keras_speeds(x):
    import tensorflow as tf
    from tensorflow import keras
    from tensorflow.keras import layers as kl

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    he = {"kernel_initializer": "he_normal"} if args.model in ("improved", "deep") else {}

    def conv(filters, act="relu", size=3, **more):
        return kl.Conv2D(filters, size, padding="same", activation=act, **more)

    def up(filters, **more):
        return kl.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu", **more)

    def pool():
        return kl.MaxPooling2D(2, padding="same")

    def norm():
        return [kl.BatchNormalization()] if args.model in ("improved", "deep") else []

    if entry is not None:
        stack = []
    elif args.model == "deep":
        stack = []
        for f in (32, 64, 128, 256):
            stack += [conv(f, **he), *norm(), pool()]
        stack += [conv(16, size=1, **he)] + [up(f, **he) for f in (256, 128, 64, 32)] + [conv(1, "sigmoid")]
    elif args.model == "sigmoid":
        stack = [conv(32, "sigmoid"), pool(), conv(64, "sigmoid"), pool(), kl.Flatten(),
                 kl.Dense(32, activation="sigmoid"), kl.Dense(784, activation="sigmoid"), kl.Reshape((28, 28, 1))]
    else:
        stack = [conv(32, **he), *norm(), pool(), conv(64, **he), *norm(), pool(), kl.Flatten(),
                 kl.Dense(32, activation="relu", **he), kl.Dense(3136, activation="relu", **he), kl.Reshape((7, 7, 64)),
                 up(64), up(32), conv(1, "sigmoid")]
    if entry is not None:
        inputs = keras.Input(x.shape[1:])
        model = keras.Model(inputs, entry(KerasBuilder(), inputs))
    else:
        model = keras.Sequential([keras.Input(x.shape[1:]), *stack])
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss=loss)
    model.fit(x[:4 * args.batch], x[:4 * args.batch], batch_size=args.batch, epochs=1, verbose=0)
    for _ in range(WINDOWS):
        start = time.perf_counter()
        model.fit(x, x, batch_size=args.batch, epochs=1, verbose=0)
        yield len(x) / (time.perf_counter() - start)


def torch_speeds(x):
    import torch
    from torch import nn

    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)

    def conv(i, o, act=nn.ReLU, size=3):
        return [nn.Conv2d(i, o, size, padding=size // 2), act()]

    def up(i, o):
        return [nn.ConvTranspose2d(i, o, 3, stride=2, padding=1, output_padding=1), nn.ReLU()]

    def norm(c):
        return [nn.BatchNorm2d(c)] if args.model in ("improved", "deep") else []

    if entry is not None:
        stack = [torch_model(entry, shape)]
    elif args.model == "deep":
        stack, c = [], 1
        for f in (32, 64, 128, 256):
            stack += [*conv(c, f), *norm(f), nn.MaxPool2d(2)]
            c = f
        stack += conv(256, 16, size=1)
        for i, o in ((16, 256), (256, 128), (128, 64), (64, 32)):
            stack += up(i, o)
        stack += conv(32, 1, nn.Sigmoid)
    elif args.model == "sigmoid":
        stack = [*conv(1, 32, nn.Sigmoid), nn.MaxPool2d(2), *conv(32, 64, nn.Sigmoid), nn.MaxPool2d(2), nn.Flatten(),
                 nn.Linear(3136, 32), nn.Sigmoid(), nn.Linear(32, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))]
    else:
        stack = [*conv(1, 32), *norm(32), nn.MaxPool2d(2), *conv(32, 64), *norm(64), nn.MaxPool2d(2), nn.Flatten(),
                 nn.Linear(3136, 32), nn.ReLU(), nn.Linear(32, 3136), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
                 *up(64, 64), *up(64, 32), *conv(32, 1, nn.Sigmoid)]
    model, data = nn.Sequential(*stack), torch.from_numpy(x if x.ndim == 2 else np.ascontiguousarray(np.moveaxis(x, 3, 1)))
    if args.framework == "torch-channels-last" and x.ndim == 4:
        model, data = model.to(memory_format=torch.channels_last), data.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=1e-7)
    forward = torch.compile(model) if args.framework == "torch-compile" else model

    def step(batch):
        optimizer.zero_grad()
        distance = (nn.functional.mse_loss if loss == "mse" else nn.functional.binary_cross_entropy)(forward(batch), batch)
        distance.backward()
        optimizer.step()
        return distance.item()

    for i in range(4):
        step(data[i * args.batch:(i + 1) * args.batch])
    for _ in range(WINDOWS):
        start, order = time.perf_counter(), torch.randperm(len(data))
        used = 0
        for i in range(0, len(data) - args.batch + 1, args.batch):
            step(data[order[i:i + args.batch]])
            used += args.batch
        yield used / (time.perf_counter() - start)


windows = list((keras_speeds if args.framework == "keras" else torch_speeds)(load()))
print(json.dumps({"framework": args.framework, "model": args.model, "batch": args.batch, "threads": args.threads,
                  "images_per_s": round(statistics.median(windows), 1), "windows": [round(w, 1) for w in windows],
                  "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
