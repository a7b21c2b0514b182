"""Values computed by PyTorch in float64, for checking layers against its operations.

usage: make_torch_fixtures.py OUT.npz     (needs: pip install torch)

  CASE/x, CASE/target, CASE/param/I     a model's inputs and weights: those of a dense layer with tanh, which all models begin with, then the operation's
  CASE/y, CASE/loss, CASE/grad/I        output, mean squared error, gradients
  function/NAME/z, .../y, .../slope     functions of one value: f(z) and f'(z), kinks included
Images are stored with channels last, weights as the layers here have them. The models of the cases are written once more in torch_cases_test.go.
"""
import os, sys
import numpy as np, torch, torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(1)

def draw(shape, scale=1.0):
    """Rounded, so that the file is small."""
    return torch.tensor(np.round(rng.normal(size=shape) * scale * 16) / 16)
def first(x): return x.permute(0, 3, 1, 2)   # channels
def last(x): return x.permute(0, 2, 3, 1)
def image(f):
    """An operation on images with channels first."""
    return lambda h, *p: last(f(first(h), *p))
def conv(**settings):
    """Kernels are [height, width, channels / groups, filters]."""
    return image(lambda h, w, b: F.conv2d(h, w.permute(3, 2, 0, 1), b, **settings))
def transposed(**settings):
    """Kernels are [height, width, filters / groups, channels]."""
    return image(lambda h, w, b: F.conv_transpose2d(h, w.permute(3, 2, 0, 1), b, **settings))
def sequences(f):
    return lambda h, *p: f(h.transpose(1, 2), *p).transpose(1, 2)

def resized(**settings):
    return image(lambda h: F.interpolate(h, **settings))
def unpooled(h):
    y, at = F.max_pool2d(first(h), (2, 2), 2, padding=(1, 0), return_indices=True)
    return last(F.max_unpool2d(2 * y, at, (2, 2), 2, padding=(1, 0), output_size=h.shape[1:3]))

image_, odd, vector, sequence = (6, 4, 2), (7, 5, 2), (6,), (9, 4)
CASES = {   # name: (input shape, units of the dense layer, operation, shapes of its weights)
    "permute_chw": (odd, 3, lambda h: h.permute(0, 3, 1, 2), ()),
    "permute_wch": (odd, 3, lambda h: h.permute(0, 2, 3, 1), ()),
    "permute_whc": (odd, 3, lambda h: h.permute(0, 2, 1, 3), ()),
    "permute_cwh": (odd, 3, lambda h: h.permute(0, 3, 2, 1), ()),
    "permute_large": ((4, 5, 2), 19, lambda h: h.permute(0, 3, 1, 2), ()),
    "permute_sequence": (sequence, 3, lambda h: h.transpose(1, 2), ()),
    "slice_rows": (odd, 3, lambda h: h[:, 1:-1], ()),
    "slice_columns": (odd, 3, lambda h: h[:, :, -4::2], ()),
    "slice_channels": (odd, 5, lambda h: h[..., 1:4], ()),
    "take_rows": (odd, 3, lambda h: h[:, [2, 3, 0, 2]], ()),
    "take_channels": (odd, 3, lambda h: h.flip(-1), ()),
    "split": (image_, 5, lambda h: torch.cat(h.split([2, 3], -1)[::-1], -1) * h, ()),
    "expand": (image_, 3, lambda h: h[:, :, 1:2, 1:2].expand(-1, -1, 5, 3), ()),
    "expand_channels": (image_, 3, lambda h: h[:, :1].expand(-1, 4, -1, -1), ()),
    "repeat_vector": (vector, 3, lambda h: h[:, None].expand(-1, 4, -1), ()),
    "conv_groups": (odd, 4, conv(groups=2, padding=1), ((3, 3, 2, 6), (6,))),
    "conv_groups_strided": (odd, 6, conv(groups=3, stride=2, padding=(1, 0), dilation=(1, 2)), ((3, 2, 2, 3), (3,))),
    "conv_depthwise": (odd, 3, conv(groups=3, padding=1), ((3, 3, 1, 3), (3,))),
    "conv_depthwise_twice": (odd, 3, conv(groups=3, stride=(2, 1), padding=2), ((3, 2, 1, 6), (6,))),
    "conv_margins": (odd, 3, conv(stride=(2, 1), padding=(1, 3)), ((4, 2, 3, 2), (2,))),
    "conv_wide_margins": (image_, 6, conv(padding=5), ((3, 3, 6, 5), (5,))),
    "conv_margins_dilated": (odd, 5, conv(padding=(2, 4), dilation=2), ((3, 3, 5, 6), (6,))),
    "conv_uneven_margins": (odd, 3, image(lambda h, w, b: F.conv2d(F.pad(h, (2, 0, 1, 3)), w.permute(3, 2, 0, 1), b)), ((3, 2, 3, 2), (2,))),
    "conv_same_dilated": (odd, 3, conv(padding="same", dilation=(2, 1)), ((2, 4, 3, 2), (2,))),
    "transposed_padding": (image_, 3, transposed(stride=2, padding=1, output_padding=1), ((3, 3, 2, 3), (2,))),
    "transposed_uneven": (image_, 5, transposed(stride=(2, 3), padding=(2, 0), output_padding=(0, 2)), ((4, 2, 6, 5), (6,))),
    "transposed_holes": (image_, 3, transposed(stride=3, padding=0), ((2, 2, 2, 3), (2,))),
    "transposed_dilated": (image_, 5, transposed(stride=2, padding=(1, 2), dilation=3, output_padding=(2, 1)), ((3, 2, 5, 5), (5,))),
    "transposed_groups": (image_, 4, transposed(stride=2, padding=1, groups=2), ((4, 4, 3, 4), (6,))),
    "transposed_depthwise": (image_, 3, transposed(stride=2, padding=1, output_padding=(1, 0), groups=3), ((3, 3, 1, 3), (3,))),
    "transposed_depthwise_twice": (image_, 2, transposed(stride=2, groups=2), ((2, 3, 2, 2), (4,))),
    "layer_norm": (odd, 4, lambda h, g, b: F.layer_norm(h, (4,), g, b), ((4,), (4,))),
    "layer_norm_image": (odd, 3, lambda h, g, b: F.layer_norm(h, (7, 5, 3), g, b, eps=0.1), ((7, 5, 3), (7, 5, 3))),
    "layer_norm_pixels": (odd, 3, image(lambda h, g, b: F.layer_norm(h, (7, 5), g, b)), ((7, 5), (7, 5))),
    "layer_norm_rows": (odd, 3, lambda h: F.layer_norm(h.transpose(2, 3), (5,)).transpose(2, 3), ()),
    "layer_norm_vector": (vector, 5, lambda h, g: F.layer_norm(h, (5,), g), ((5,),)),
    "group_norm": (odd, 6, image(lambda h, g, b: F.group_norm(h, 3, g, b)), ((6,), (6,))),
    "group_norm_one": (odd, 6, image(lambda h, g, b: F.group_norm(h, 1, g, b)), ((6,), (6,))),
    "group_norm_vector": (vector, 6, lambda h, g, b: F.group_norm(h, 2, g, b), ((6,), (6,))),
    "instance_norm": (odd, 3, image(lambda h, g, b: F.instance_norm(h, weight=g, bias=b)), ((3,), (3,))),
    "instance_norm_plain": (odd, 3, image(lambda h: F.instance_norm(h, eps=1e-3)), ()),
    "rms_norm": (odd, 4, lambda h, g: F.rms_norm(h, (4,), g, eps=1e-5), ((4,),)),
    "rms_norm_image": (image_, 3, lambda h: F.rms_norm(h, (6, 4, 3), eps=0.01), ()),
    "normalize": (odd, 3, image(F.normalize), ()),
    "normalize_rows": (odd, 3, lambda h: F.normalize(h, dim=1), ()),
    "resize_nearest": (odd, 2, resized(size=(9, 4)), ()), "resize_nearest_scale": (odd, 2, resized(scale_factor=(1.7, 0.6)), ()), "resize_nearest_exact": (odd, 2, resized(size=(10, 3), mode="nearest-exact"), ()),
    "resize_bilinear": (odd, 2, resized(size=(10, 3), mode="bilinear"), ()), "resize_bilinear_corners": (odd, 2, resized(size=(3, 9), mode="bilinear", align_corners=True), ()),
    "resize_bilinear_scale": (odd, 2, resized(scale_factor=(1.7, 2.5), mode="bilinear"), ()), "resize_bilinear_one": (odd, 2, resized(size=(1, 5), mode="bilinear", align_corners=True), ()),
    "resize_bicubic": (odd, 2, resized(size=(11, 3), mode="bicubic"), ()), "resize_bicubic_corners": (odd, 2, resized(size=(4, 9), mode="bicubic", align_corners=True), ()),
    "pad_constant": (image_, 3, image(lambda h: F.pad(h, (1, 0, 2, 3), value=0.7)), ()), "pad_reflect": (image_, 3, image(lambda h: F.pad(h, (3, 2, 1, 4), mode="reflect")), ()),
    "pad_replicate": (image_, 3, image(lambda h: F.pad(h, (1, 2, 7, 0), mode="replicate")), ()), "pad_circular": (image_, 3, image(lambda h: F.pad(h, (4, 2, 1, 3), mode="circular")), ()),
    "pixel_shuffle": (image_, 12, image(lambda h: F.pixel_shuffle(h, 2)), ()), "pixel_unshuffle": (image_, 3, image(lambda h: F.pixel_unshuffle(h, 2)), ()),
    "max_pool_margins": (odd, 3, image(lambda h: F.max_pool2d(h, (3, 2), (2, 1), padding=(1, 1))), ()), "max_pool_ceil": (odd, 3, image(lambda h: F.max_pool2d(h, (2, 3), 2, ceil_mode=True)), ()),
    "max_pool_ceil_margins": (odd, 3, image(lambda h: F.max_pool2d(h, 3, (3, 2), padding=1, ceil_mode=True)), ()), "max_pool_dilated": (odd, 3, image(lambda h: F.max_pool2d(h, (3, 2), 1, padding=(1, 0), dilation=(2, 3))), ()),
    "max_pool_large": ((18, 17, 1), 1, image(lambda h: F.max_pool2d(h, 17, 1, padding=(1, 0))), ()),
    "avg_pool_margins": (odd, 3, image(lambda h: F.avg_pool2d(h, (3, 2), 2, padding=(1, 1))), ()), "avg_pool_inside": (odd, 3, image(lambda h: F.avg_pool2d(h, (3, 2), 2, padding=(1, 1), count_include_pad=False)), ()),
    "avg_pool_ceil": (odd, 3, image(lambda h: F.avg_pool2d(h, 3, (3, 2), padding=1, ceil_mode=True)), ()), "avg_pool_divided": (odd, 3, image(lambda h: F.avg_pool2d(h, 2, 3, ceil_mode=True, divisor_override=3)), ()),
    "adaptive_avg_pool": (odd, 3, image(lambda h: F.adaptive_avg_pool2d(h, (3, 2))), ()), "adaptive_avg_pool_up": (odd, 2, image(lambda h: F.adaptive_avg_pool2d(h, (1, 7))), ()),
    "adaptive_max_pool": (odd, 3, image(lambda h: F.adaptive_max_pool2d(h, (4, 3))), ()), "max_unpool": (odd, 3, unpooled, ()),
    **{f"reduce_{how}": (odd, 3, lambda h, f=f: f(h), ()) for how, f in {
        "sum": lambda h: h.sum((1, 3)), "mean": lambda h: h.mean((1, 2), keepdim=True), "max": lambda h: h.amax(3), "min": lambda h: h.amin((1, 2, 3), keepdim=True), "var": lambda h: h.var((1, 2)),
        "var_biased": lambda h: h.var(2, correction=0, keepdim=True), "std": lambda h: h.std(3, keepdim=True), "norm": lambda h: torch.linalg.vector_norm(h, dim=(2, 3)), "all": lambda h: h.sum((1, 2, 3))[:, None],
        "ties": lambda h: h.sign().amax(2) * h.mean(2) + h.clamp(-0.3, 0.3).amax(2)}.items()},
    "softmax_channels": (odd, 3, lambda h: h.softmax(-1), ()), "softmax_rows": (odd, 3, lambda h: h.softmax(1), ()), "log_softmax_columns": (odd, 3, lambda h: h.log_softmax(2), ()), "log_softmax": (vector, 4, lambda h: h.log_softmax(1), ()),
    "matmul": (odd, 4, lambda h: h.matmul(h.flip(1).transpose(2, 3)[..., :2]), ()), "bmm": (sequence, 5, lambda h: h[..., :2].bmm(h[..., 2:4].transpose(1, 2)), ()),
    "divide": (image_, 4, lambda h: h[..., :2] / (h[..., 2:] + 2), ()), "divide_broadcast": (image_, 3, lambda h: h / (h.mean((1, 2), keepdim=True) + 2), ()), "power": (image_, 4, lambda h: (h[..., :2] + 2) ** h[..., 2:], ()),
    "compare": (image_, 4, lambda h: (h[..., :2] > h[..., 2:]) * h[..., 2:] + (h[..., :2] >= h[..., :2]) * h[..., :2], ()),
    "elementwise": (image_, 3, lambda h: h.exp().clamp(0.5, 2).log1p(), ()),
    "conv1d": (sequence, 4, sequences(lambda h, w, b: F.conv1d(h, w.permute(2, 1, 0), b, stride=2, padding=2, groups=2)), ((3, 2, 6), (6,))),
    "conv1d_transpose": (sequence, 4, sequences(lambda h, w, b: F.conv_transpose1d(h, w.permute(2, 1, 0), b, stride=2, padding=1, output_padding=1, groups=2)), ((3, 3, 4), (6,))),
}

grid = np.concatenate([np.linspace(-6, 6, 49), [-3, -1, -0.5, 0, 0.5, 1, 3, 0.3, -0.3, -30, 30, -1e-9, 1e-9]])
above = np.concatenate([np.linspace(0.1, 6, 30), [1e-6, 30, 1]])
FUNCTIONS = {   # name: (function, where)
    **{name: (getattr(torch, name), grid) for name in "exp expm1 abs neg square sin cos sinh cosh erf sign floor ceil round trunc reciprocal".split()},
    **{name: (getattr(torch, name), above) for name in "log log1p log2 log10 sqrt rsqrt".split()},
    "log1p_below": (torch.log1p, np.linspace(-0.9, 0.5, 15)), "reciprocal": (torch.reciprocal, grid[grid != 0]),
    **{f"pow_{p}": (lambda z, p=p: z ** p, grid) for p in (0, 1, 2, 3, 4)}, **{f"pow_{p}": (lambda z, p=p: z ** p, above) for p in (0.5, -0.5, 1.5, -1, -2)},
    "clamp": (lambda z: z.clamp(-1, 0.5), grid), "clamp_min": (lambda z: z.clamp(min=0.5), grid), "clamp_max": (lambda z: z.clamp(max=-1), grid),
    "greater": (lambda z: (z > 0.5) * 1.0 + 0 * z, grid), "less_equal": (lambda z: (z <= 0.5) * 1.0 + 0 * z, grid), "not_equal": (lambda z: (z != 0.5) * 1.0 + 0 * z, grid),
    "hardtanh": (F.hardtanh, grid), "hardtanh_between": (lambda z: F.hardtanh(z, -0.5, 3), grid), "celu": (F.celu, grid), "celu_2": (lambda z: F.celu(z, 2.0), grid), "selu": (F.selu, grid),
    "softplus": (F.softplus, grid), "softplus_steep": (lambda z: F.softplus(z, 4.0, 2.0), grid), "hardshrink": (F.hardshrink, grid), "hardshrink_1": (lambda z: F.hardshrink(z, 1.0), grid),
    "softshrink": (F.softshrink, grid), "softshrink_1": (lambda z: F.softshrink(z, 1.0), grid), "threshold": (lambda z: F.threshold(z, 0.5, -2.0), grid), "gelu_tanh": (lambda z: F.gelu(z, approximate="tanh"), grid),
    # those that are a layer Activation, or another of Keras' layers
    "relu": (F.relu, grid), "sigmoid": (torch.sigmoid, grid), "tanh": (torch.tanh, grid), "relu6": (F.relu6, grid), "elu": (F.elu, grid), "elu_0.3": (lambda z: F.elu(z, 0.3), grid), "leaky_relu": (lambda z: F.leaky_relu(z, 0.1), grid),
    "gelu": (F.gelu, grid), "silu": (F.silu, grid), "mish": (F.mish, grid), "hardswish": (F.hardswish, grid), "hardsigmoid": (F.hardsigmoid, grid), "softsign": (F.softsign, grid), "tanhshrink": (F.tanhshrink, grid), "logsigmoid": (F.logsigmoid, grid),
}

out = {}
for name, (f, z) in FUNCTIONS.items():
    v = torch.tensor(z).requires_grad_()
    y = f(v)
    out.update({f"function/{name}/z": z, f"function/{name}/y": y.detach().numpy(), f"function/{name}/slope": torch.autograd.grad(y.sum(), v)[0].numpy()})
for name, (shape, units, operation, weights) in CASES.items():
    params = [draw(s, scale) for s, scale in [((shape[-1], units), 0.7), ((units,), 0.3)] + [(s, 0.5) for s in weights]]
    for p in params: p.requires_grad_()
    x = draw((3,) + shape)
    y = operation(torch.tanh(x @ params[0] + params[1]), *params[2:])
    target = draw(y.shape)
    loss = F.mse_loss(y, target)
    for i, (p, g) in enumerate(zip(params, torch.autograd.grad(loss, params))): out[f"{name}/param/{i}"], out[f"{name}/grad/{i}"] = p.detach().numpy(), g.numpy()
    out.update({f"{name}/x": x.numpy(), f"{name}/target": target.numpy(), f"{name}/y": y.detach().numpy(), f"{name}/loss": loss.detach().numpy()})
np.savez_compressed(sys.argv[1], **{k: np.ascontiguousarray(v) for k, v in out.items()})
print(len(CASES), "cases,", os.path.getsize(sys.argv[1]), "bytes")
