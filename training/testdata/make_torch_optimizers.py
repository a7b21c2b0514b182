"""Writes torch_optimizers.npz: what PyTorch computes in float64, for the tests of package training.

Run it with a Python that has torch and numpy, in this folder. As in make_optimizers.py: gradient/I [20, shape], value/I [shape], and
CASE/I [20, shape], the values after each step. In the cases of GROUPS variables 2 and 3 are a parameter group of their own.
"""

import numpy as np
import torch

o = torch.optim
SHAPES = [(2, 3, 4), (5, 2), (3,), (1,)]
STEPS = 20

CASES = {
    "sgd": lambda p: o.SGD(p),
    "sgd_momentum": lambda p: o.SGD(p, 0.05, momentum=0.9, dampening=0.3),
    "sgd_nesterov_decay": lambda p: o.SGD(p, 0.02, momentum=0.8, nesterov=True, weight_decay=0.1),
    "adam": lambda p: o.Adam(p),
    "adam_settings": lambda p: o.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2),
    "adam_amsgrad": lambda p: o.Adam(p, 0.01, amsgrad=True),
    "adamw": lambda p: o.AdamW(p),
    "adamw_settings": lambda p: o.AdamW(p, 0.02, weight_decay=0.3, eps=1e-4),
    "nadam": lambda p: o.NAdam(p),
    "nadam_settings": lambda p: o.NAdam(p, 0.01, betas=(0.85, 0.99), momentum_decay=0.01, weight_decay=0.1, decoupled_weight_decay=True),
    "radam": lambda p: o.RAdam(p),
    "radam_settings": lambda p: o.RAdam(p, 0.01, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1),
    "adamax": lambda p: o.Adamax(p),
    "adamax_settings": lambda p: o.Adamax(p, 0.05, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.02),
    "rmsprop": lambda p: o.RMSprop(p),
    "rmsprop_all": lambda p: o.RMSprop(p, 0.005, alpha=0.9, momentum=0.5, centered=True, eps=1e-2, weight_decay=0.1),
    "adagrad": lambda p: o.Adagrad(p),
    "adagrad_settings": lambda p: o.Adagrad(p, 0.1, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-3, weight_decay=0.1),
    "adadelta": lambda p: o.Adadelta(p),
    "adadelta_settings": lambda p: o.Adadelta(p, 0.5, rho=0.8, eps=1e-4, weight_decay=0.1),
}
GROUPS = {
    "groups_sgd": lambda p: o.SGD([{"params": p[:2], "weight_decay": 0.1}, {"params": p[2:], "lr": 0.2}], 0.05, momentum=0.9),
    "groups_adamw": lambda p: o.AdamW([{"params": p[:2]}, {"params": p[2:], "lr": 0.002, "weight_decay": 0.0}], 0.02, weight_decay=0.3),
}

rng = np.random.default_rng(7)
values = [rng.normal(size=s).astype("float32") for s in SHAPES]
gradients = [(rng.normal(size=(STEPS, *s)) * rng.uniform(0.1, 2)).astype("float32") for s in SHAPES]
out = {f"value/{i}": v for i, v in enumerate(values)} | {f"gradient/{i}": g for i, g in enumerate(gradients)}
for name, make in (CASES | GROUPS).items():
    p = [torch.nn.Parameter(torch.tensor(v, dtype=torch.float64)) for v in values]
    optimizer, after = make(p), [[] for _ in p]
    for step in range(STEPS):
        for v, g in zip(p, gradients):
            v.grad = torch.tensor(g[step], dtype=torch.float64)
        optimizer.step()
        for i, v in enumerate(p):
            after[i].append(v.detach().numpy().astype("float32"))
    out |= {f"{name}/{i}": np.stack(a) for i, a in enumerate(after)}
np.savez_compressed("torch_optimizers.npz", **out)
