"""Writes reference.json: what scipy and statsmodels compute for the cases in statistics_test.go.

    pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    python3 make_reference.py

Where they lack a method, it is computed here the long way: intervals by inverting scipy's test at every shift, the
distribution under all signs by trying all.
"""
import itertools
import json
import pathlib

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(1)


def distinct(d):
    return len(set(np.abs(d))) == len(d) and 0 not in d


def pratt(d):
    if len(d) == 1:
        return 1.0  # both signs are as likely; scipy wants two values
    every = "exact" if distinct(d) else stats.PermutationMethod(n_resamples=2**12)
    return float(stats.wilcoxon(d, zero_method="pratt", method=every).pvalue)


def rank_biserial(d):
    ranks = stats.rankdata(np.abs(d))
    return float((ranks * np.sign(d)).sum() / ranks.sum())


def shift(d):
    """Median of the means of pairs, and the smallest and largest of them that has, a little to the left or to the right
    of it, a shift that the exact test does not reject. The test changes at these means alone."""
    d = np.array(d)
    means = np.sort([(a + b) / 2 for a, b in itertools.combinations_with_replacement(d, 2)])
    step = np.diff(np.unique(means.round(9))).min() / 4
    p = lambda theta: stats.wilcoxon(d - theta, method="exact").pvalue
    inside = [m for m in means if p(m + step) > 0.05 or p(m - step) > 0.05]
    if p(means[0] - step) > 0.05:
        return [float(np.median(means)), None, None]
    return [float(np.median(means)), min(inside), max(inside)]


def newcombe(both, control_only, arm_only, neither):
    """Method 10, from a list of pairs."""
    pairs = np.array([(1, 1)] * both + [(1, 0)] * control_only + [(0, 1)] * arm_only + [(0, 0)] * neither, dtype=float)
    n = len(pairs)
    control, arm = pairs.mean(axis=0)
    bounds = [proportion_confint(round(p * n), n, method="wilson") for p in (control, arm)]
    deviations = pairs.std(axis=0)
    phi = 0.0
    if deviations.min() > 0:
        covariance = np.cov(pairs.T, bias=True)[0, 1]
        if covariance > 0:
            covariance = max(covariance - 1 / (2 * n), 0)
        phi = covariance / deviations.prod()
    (control_low, control_high), (arm_low, arm_high) = bounds
    length = lambda a, b: np.sqrt(a * a - 2 * phi * a * b + b * b)
    d = arm - control
    return [d, d - length(arm - arm_low, control_high - control), d + length(arm_high - arm, control - control_low)]


SAMPLES = {
    "one": [0.3],
    "five of one sign": [-0.1, -0.2, -0.3, -0.4, -0.5],
    "six": [-0.11, 0.23, -0.35, -0.42, -0.57, -0.66],
    "depression scale": [-0.952, 0.147, -1.022, -0.43, -0.62, -0.59, -0.49, 0.08, -0.01],
    "ties": [-1, -1, 2, -2, -3, 1, -4, -4, -4, 5, -6, -6],
    "zeros": [0, 0, 1, 2, -3, 4, 5, -6, 7, 8],
    "zeros and ties": [0, 0, 0, -1, -1, 1, -2, -2, -2, 3, -3, -3],
    "zeros but one": [0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    "ten": np.round(rng.normal(-0.4, 0.5, 10), 6).tolist(),
    "twenty": np.round(rng.normal(-0.2, 0.5, 20), 6).tolist(),
}
PROPORTIONS = [(0, 1), (1, 1), (0, 5), (2, 5), (5, 5), (7, 20), (99, 100)]
PAIRS = [(20, 12, 2, 16), (14, 5, 0, 22), (1, 1, 7, 12), (5, 0, 0, 0), (0, 0, 0, 5), (0, 5, 0, 0), (0, 0, 20, 0), (9, 1, 0, 0),
         (1, 0, 0, 0), (0, 3, 4, 0), (3, 0, 0, 2), (50, 3, 2, 45), (2, 0, 13, 5)]
P_VALUES = [[0.01], [0.01, 0.04, 0.03, 0.005], [0.2, 0.2, 0.001, 0.9, 1.0], [0.04, 0.04, 0.04]]

samples = []
for name, d in SAMPLES.items():
    samples.append({
        "name": name, "differences": d, "p": pratt(d), "effect": rank_biserial(d),
        "shift": shift(d) if distinct(d) and len(d) > 1 else None,
    })
    print(samples[-1])

json.dump({
    "samples": samples,
    "wilson": [{"k": k, "n": n, "interval": proportion_confint(k, n, method="wilson")} for k, n in PROPORTIONS],
    "pairs": [{"counts": c, "difference": newcombe(*c)} for c in PAIRS],
    "holm": [{"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in P_VALUES],
}, open(pathlib.Path(__file__).parent / "reference.json", "w"), indent=1)
