"""PyTorch's operations, one tiny program each: what stands in forward, by a name. check_torch.py compares their values, gradients and training steps.

A program takes h of a layer with weights, so that there are gradients through the operation, and gives as its loss the operation's results, weighed by
fixed numbers; a LOSSES entry is given (h, x) and gives the loss. Its reconstruction is h.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from zoo import Given, ZOO, adam

aten = torch.ops.aten
IMAGE, SEQUENCE, FLAT = (3, 6, 8), (4, 12), (12,)
A = torch.rand(3, 6, 8, generator=torch.Generator().manual_seed(1))
P = lambda *shape: nn.Parameter(torch.randn(*shape, generator=torch.Generator().manual_seed(2)) / 2)
positive = lambda h: h.abs() + 0.1
unit = lambda h: torch.sigmoid(h)


class With(nn.Module):
    """A function of parts and h."""
    def __init__(self, f, **parts):
        super().__init__()
        self.f = f
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, h):
        return self.f(self, h)


def no_grad(h):
    with torch.no_grad():
        c = h.mean((2, 3), keepdim=True) * 2
    return h * c


def in_place_if(h):
    g = h.clone()
    g[g > 0.2] = 0.1
    return g


def unpool(h):
    p, at = F.max_pool2d(h, 2, return_indices=True)
    return F.max_unpool2d(p, at, 2)


def pool_module_unpool(s, h):
    p, at = s.pool(h)
    return s.unpool(p * 2, at, output_size=h.size())


def written(h):
    g = torch.zeros_like(h)
    g[:, 1:, ::2] = h[:, 1:, ::2] * 2
    g[:, 0, 1] += h[:, 0, 2]
    return g


def copied(h):
    g = h.new_empty(h.shape)
    g.copy_(h * 3)
    return g


IMAGES = {
    # convolutions
    "conv": nn.Conv2d(3, 4, 3),
    "conv_no_bias": nn.Conv2d(3, 4, (2, 3), bias=False),
    "conv_strided": nn.Conv2d(3, 5, 3, stride=(2, 1), padding=(1, 2)),
    "conv_groups": nn.Conv2d(3, 6, 3, groups=3, padding=1),
    "conv_dilated": nn.Conv2d(3, 4, 3, dilation=(2, 1), padding=2),
    "conv_same": nn.Conv2d(3, 4, 3, padding="same"),
    "conv_same_even": nn.Conv2d(3, 4, (2, 4), padding="same", dilation=(3, 1)),
    "conv_valid": nn.Conv2d(3, 4, 3, padding="valid"),
    "conv_reflect": nn.Conv2d(3, 4, 3, padding=(2, 1), padding_mode="reflect"),
    "conv_replicate": nn.Conv2d(3, 4, 5, padding=2, padding_mode="replicate"),
    "conv_circular": nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"),
    "conv_functional": With(lambda s, h: F.conv2d(h, s.w, s.b, stride=2, padding=1), w=P(4, 3, 3, 3), b=P(4)),
    "conv_functional_same": With(lambda s, h: F.conv2d(h, s.w, padding="same"), w=P(4, 3, 4, 2)),
    "conv_fixed": With(lambda s, h: F.conv2d(h, s.w, padding=1, groups=3), w=A[:, None, :3, :3]),
    "conv_1x1_strided": nn.Conv2d(3, 4, 1, stride=2),
    "conv_large": nn.Conv2d(3, 2, (6, 8)),
    "transposed": nn.ConvTranspose2d(3, 4, 3),
    "transposed_strided": nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1),
    "transposed_output_padding": nn.ConvTranspose2d(3, 4, 3, stride=(3, 2), padding=1, output_padding=(2, 1)),
    "transposed_groups": nn.ConvTranspose2d(3, 6, 3, stride=2, groups=3, output_padding=1),
    "transposed_dilated": nn.ConvTranspose2d(3, 2, 3, dilation=2, padding=1),
    "transposed_gap": nn.ConvTranspose2d(3, 2, 1, stride=3),
    "transposed_no_bias": nn.ConvTranspose2d(3, 4, (1, 2), stride=(1, 2), bias=False),
    "transposed_functional": With(lambda s, h: F.conv_transpose2d(h, s.w, s.b, stride=2, padding=1), w=P(3, 4, 3, 3), b=P(4)),
    "linear_over_width": nn.Linear(8, 5),
    "linear_no_bias": nn.Linear(8, 5, bias=False),
    "linear_functional": With(lambda s, h: F.linear(h, s.w), w=P(4, 8)),
    # normalization
    "batch_norm": nn.BatchNorm2d(3),
    "batch_norm_momentum": nn.BatchNorm2d(3, momentum=0.7, eps=0.1),
    "batch_norm_plain": nn.BatchNorm2d(3, affine=False),
    "batch_norm_eval": With(lambda s, h: F.batch_norm(h, s.m, s.v, s.w, s.b), m=torch.ones(3) * 0.1, v=torch.ones(3) * 2, w=P(3), b=P(3)),
    "instance_norm": nn.InstanceNorm2d(3),
    "instance_norm_affine": nn.InstanceNorm2d(3, affine=True, eps=1e-2),
    "instance_norm_functional": lambda h: F.instance_norm(h),
    "group_norm": nn.GroupNorm(3, 3),
    "group_norm_one": nn.GroupNorm(1, 3, eps=1e-3),
    "group_norm_plain": nn.GroupNorm(1, 3, affine=False),
    "layer_norm": nn.LayerNorm([3, 6, 8]),
    "layer_norm_width": nn.LayerNorm(8, elementwise_affine=False),
    "layer_norm_no_bias": nn.LayerNorm([6, 8], bias=False),
    "rms_norm": nn.RMSNorm(8),
    "rms_norm_plain": nn.RMSNorm([6, 8], eps=1e-3, elementwise_affine=False),
    "layer_norm_channels": lambda h: F.layer_norm(h.permute(0, 2, 3, 1), (3,)).permute(0, 3, 1, 2),
    "normalize": lambda h: F.normalize(h, dim=1),
    "normalize_flat": lambda h: F.normalize(h.flatten(1), p=1.0),
    "weight_norm": torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3)),
    "weight_norm_linear": torch.nn.utils.parametrizations.weight_norm(nn.Linear(8, 4), dim=1),
    # pools and sizes
    "max_pool": nn.MaxPool2d(2),
    "max_pool_padding": nn.MaxPool2d(3, stride=2, padding=1),
    "max_pool_ceil": nn.MaxPool2d(4, ceil_mode=True),
    "max_pool_dilated": nn.MaxPool2d(2, stride=1, dilation=2),
    "max_pool_functional": lambda h: F.max_pool2d(h, (1, 2)),
    "max_unpool": unpool,
    "max_unpool_module": With(pool_module_unpool, pool=nn.MaxPool2d(2, return_indices=True), unpool=nn.MaxUnpool2d(2)),
    "avg_pool": nn.AvgPool2d(2),
    "avg_pool_padding": nn.AvgPool2d(3, 2, 1),
    "avg_pool_ceil": nn.AvgPool2d(4, 3, 1, ceil_mode=True),
    "avg_pool_no_pad": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "avg_pool_divisor": nn.AvgPool2d(2, divisor_override=3),
    "adaptive_avg": nn.AdaptiveAvgPool2d((4, 3)),
    "adaptive_avg_one": nn.AdaptiveAvgPool2d(1),
    "adaptive_avg_none": nn.AdaptiveAvgPool2d((None, 5)),
    "adaptive_max": nn.AdaptiveMaxPool2d((4, 3)),
    "adaptive_max_one": nn.AdaptiveMaxPool2d(1),
    "adaptive_larger": nn.AdaptiveAvgPool2d((9, 11)),
    "avg_pool3d": lambda h: F.avg_pool3d(h.unflatten(1, (1, 3)), (2, 3, 2), (1, 2, 3), (1, 1, 0)),
    "avg_pool3d_ceil": lambda h: F.avg_pool3d(h.unsqueeze(1), (2, 4, 3), padding=(0, 1, 1), ceil_mode=True, count_include_pad=False),
    "local_response_norm": nn.LocalResponseNorm(2, alpha=0.5),
    "unfold": nn.Unfold(3),
    "unfold_settings": nn.Unfold((2, 3), dilation=(2, 1), padding=(1, 2), stride=(2, 3)),
    "unfold_patches": lambda h: F.unfold(h, 2, stride=2).transpose(1, 2),
    "fold": lambda h: F.fold(F.unfold(h, 3, padding=1), (6, 8), 3, padding=1),
    "fold_settings": lambda h: F.fold(F.unfold(h, (2, 3), dilation=(2, 1), padding=(1, 2), stride=(2, 3)).exp(), (6, 9), (2, 3), dilation=(2, 1), padding=(1, 2), stride=(2, 3)),
    "fold_patches": lambda h: F.fold(F.unfold(h, (3, 2), stride=(3, 2)).sigmoid(), (6, 8), (3, 2), stride=(3, 2)),
    "fold_gaps": lambda h: F.fold(F.unfold(h, 1, stride=2), (6, 8), 1, stride=2),
    "tensor_unfold": lambda h: h.unfold(2, 3, 2).unfold(3, 2, 1),
    "tensor_unfold_channels": lambda h: h.unfold(1, 2, 1),
    "lp_pool": lambda h: F.lp_pool2d(positive(h), 2, 2),
    "upsample_nearest": nn.Upsample(scale_factor=2),
    "upsample_nearest_size": nn.Upsample(size=(9, 5)),
    "upsample_bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "upsample_bilinear_aligned": nn.UpsamplingBilinear2d(scale_factor=2),
    "upsample_bilinear_smaller": lambda h: F.interpolate(h, size=(4, 5), mode="bilinear"),
    "upsample_bicubic": nn.Upsample(scale_factor=2, mode="bicubic"),
    "upsample_bicubic_aligned": lambda h: F.interpolate(h, size=(7, 13), mode="bicubic", align_corners=True),
    "upsample_exact": nn.Upsample(size=(9, 5), mode="nearest-exact"),
    "upsample_factor": lambda h: F.interpolate(h, scale_factor=(1.5, 2.5)),
    "upsample_recompute": lambda h: F.interpolate(h, scale_factor=1.3, mode="bilinear", recompute_scale_factor=True),
    "upsample_factor_bilinear": lambda h: F.interpolate(h, scale_factor=1.3, mode="bilinear"),
    "interpolate_area": lambda h: F.interpolate(h, size=(3, 4), mode="area"),
    "pixel_shuffle": nn.Sequential(nn.Conv2d(3, 8, 1), nn.PixelShuffle(2)),
    "pixel_unshuffle": nn.PixelUnshuffle(2),
    "channel_shuffle": lambda h: F.channel_shuffle(h, 3),
    "pad_constant": lambda h: F.pad(h, (1, 2, 0, 1)),
    "pad_value": lambda h: F.pad(h, (1, 0), value=0.3),
    "pad_crop": lambda h: F.pad(h, (-1, 2, -2, 0)),
    "pad_channels": lambda h: F.pad(h, (0, 0, 0, 0, 1, 1)),
    "pad_reflect": lambda h: F.pad(h, (1, 2, 3, 0), mode="reflect"),
    "pad_replicate": lambda h: F.pad(h, (1, 2, 3, 0), mode="replicate"),
    "pad_circular": lambda h: F.pad(h, (1, 2, 3, 1), mode="circular"),
    "zero_pad": nn.ZeroPad2d((1, 2, 0, 1)),
    "reflection_pad": nn.ReflectionPad2d(2),
    "replication_pad": nn.ReplicationPad2d((0, 1, 2, 0)),
    "constant_pad": nn.ConstantPad2d(1, -0.5),
    "circular_pad": nn.CircularPad2d((1, 2, 3, 1)),
    # joins and parts
    "cat": lambda h: torch.cat([h, h * 2], 1),
    "cat_height": lambda h: torch.cat([h, h[:, :, :2]], dim=-2),
    "concat": lambda h: torch.concat((h, h), 3),
    "stack": lambda h: torch.stack([h, h.abs()], 2),
    "split": lambda h: torch.cat(torch.split(h, 2, 2)[::-1], 2),
    "split_sizes": lambda h: h.split([1, 2], 1)[1],
    "chunk": lambda h: torch.chunk(h, 2, 3)[0] * 2,
    "slice": lambda h: h[:, 1:, ::2, :-1],
    "slice_negative": lambda h: h[:, -2:, 1:5:3, -3:],
    "select": lambda h: h[:, 1],
    "select_method": lambda h: h.select(2, -1),
    "narrow": lambda h: h.narrow(3, 2, 4),
    "unbind": lambda h: h.unbind(1)[2] + h.unbind(1)[0],
    "repeat": lambda h: h.repeat(1, 2, 1, 2),
    "tile": lambda h: h.tile((1, 1, 2, 1)),
    "repeat_interleave": lambda h: h.repeat_interleave(2, dim=2),
    "index_list": lambda h: h[:, [2, 0, 0]],
    "index_buffer": With(lambda s, h: h[:, :, s.i], i=torch.tensor([5, 1, 1, 0])),
    "index_select": With(lambda s, h: torch.index_select(h, 3, s.i), i=torch.tensor([7, 0, 3])),
    "flip": lambda h: h.flip((2, 3)),
    "diff": lambda h: torch.diff(h, dim=2),
    "diff_twice": lambda h: h.diff(2, -1, prepend=h[:, :, :, :1], append=h[..., -2:]),
    "roll": lambda h: h.roll((1, -2), (2, 3)),
    "ellipsis": lambda h: h[..., 1:3],
    "none_index": lambda h: h[:, None, :, 0],
    "rot90": lambda h: torch.rot90(h, 1, (2, 3)),
    "meshgrid": lambda h: h + torch.stack(torch.meshgrid(torch.linspace(-1, 1, 6), torch.linspace(-1, 1, 8), indexing="ij")).mean(0),
    "tensor_split": lambda h: torch.tensor_split(h, 4, 2)[1] * 2 + torch.tensor_split(h, (1, 4), 2)[0],
    "rot270": lambda h: torch.rot90(h, -1, (2, 3)),
    # other names of operations, and those that few write
    "absolute": torch.absolute,
    "concatenate": lambda h: torch.concatenate((h, -h), 1),
    "ravel": With(lambda s, h: h * s.w.ravel(), w=P(2, 4)),
    "adjoint": lambda h: h.adjoint(),
    "moveaxis": lambda h: torch.moveaxis(h, 1, 3),
    "swapdims": lambda h: h.swapdims(1, 3),
    "broadcast_to": lambda h: h[:, :1].broadcast_to(h.shape) * h,
    "special_expit": torch.special.expit,
    "fmax": lambda h: torch.fmax(h, h.flip(3)) + torch.fmin(h, h.flip(2)),
    "subtract": lambda h: torch.subtract(h, h.flip(3)),
    "multiply": lambda h: torch.multiply(h, h.flip(3)),
    "divide": lambda h: torch.divide(h, positive(h.flip(3))),
    "true_divide": lambda h: torch.true_divide(h, positive(h.flip(2))),
    "less": lambda h: h * torch.less(h, 0.1) + 2 * h * torch.greater(h, h.flip(2)),
    "logical": lambda h: h * torch.logical_and(h > 0, h < 0.5) + 2 * h * torch.logical_or(h < 0.1, h > 0.3) + 3 * h * torch.logical_not(h > 0.2),
    "bitwise": lambda h: h * ((h > 0) & (h < 0.5)) + 2 * h * ((h < 0.1) | (h > 0.3)) + 3 * h * ~(h > 0.2),
    "bitwise_calls": lambda h: h * torch.bitwise_and(h > 0, h < 0.5) + 2 * h * torch.bitwise_or(h < 0.1, h > 0.3) + 3 * h * torch.bitwise_not(h > 0.2),
    "vector_norm": lambda h: torch.linalg.vector_norm(h, dim=1),
    "matrix_norm": lambda h: torch.linalg.matrix_norm(h),
    "frobenius_norm": lambda h: torch.norm(h, p="fro", dim=(2, 3)),
    "negative": lambda h: torch.negative(h) * torch.positive(h.flip(3)),
    "equal": lambda h: h * (h.sign() == 1) + 2 * h * (h.sign() != h.flip(3).sign()),
    "dot": With(lambda s, h: h * torch.dot(s.w, s.v), w=P(5), v=P(5)),
    "float_power": lambda h: torch.float_power(positive(h), 1.5).float(),
    "scalar_tensor": lambda h: h * torch.scalar_tensor(0.5),
    "aten_norm": lambda h: aten.norm.ScalarOpt_dim(h, 2, [1], True) + aten.frobenius_norm.dim(h, [2, 3], True),
    "aten_softmax": lambda h: aten._softmax(h, 1, False) + aten._log_softmax(h, 2, False),
    "aten_views": lambda h: aten._unsafe_view(aten.alias(aten._to_copy(aten.constant_pad_nd(h, [1, 1], 0.5), dtype=torch.float32)), [h.shape[0], -1]),
    "aten_lift_fresh": lambda h: h * aten.lift_fresh(torch.tensor(0.5)),
    "empty": lambda h: h * torch.empty(6, 8).fill_(0.3),
    "empty_like": lambda h: torch.empty_like(h).copy_(h) * 2,
    "new_ones": lambda h: h * h.new_ones(8) * 3,
    "max_pool1d_places": lambda h: F.max_pool1d(h.flatten(2), 3, return_indices=True)[0],
    # shapes
    "view": lambda h: h.view(h.size(0), 18, 8),
    "view_minus": lambda h: h.view(-1, 3, 48).transpose(1, 2),
    "view_as": lambda h: (h * 2).flatten(1).view_as(h),
    "reshape": lambda h: h.permute(0, 2, 3, 1).reshape(h.shape[0], -1),
    "reshape_as": lambda h: h.flatten(1).reshape_as(h),
    "flatten": nn.Flatten(),
    "flatten_part": nn.Flatten(2),
    "unflatten": lambda h: h.flatten(1).unflatten(1, (6, 24)),
    "permute": lambda h: h.permute(0, 3, 1, 2),
    "transpose": lambda h: h.transpose(-1, 1),
    "squeeze": lambda h: h[:, :1].squeeze(1),
    "squeeze_all": lambda h: h.mean((2, 3), keepdim=True).squeeze(3).squeeze(-1),
    "unsqueeze": lambda h: h.unsqueeze(2),
    "expand": lambda h: h[:, :1].expand(-1, 3, -1, -1) * h,
    "expand_as": lambda h: h.mean(1, keepdim=True).expand_as(h),
    "movedim": lambda h: h.movedim(1, -1),
    "swapaxes": lambda h: h.swapaxes(1, 2),
    "broadcast_tensors": lambda h: torch.broadcast_tensors(h, h[:, :1])[1] * 2,
    "mT": lambda h: h.mT,
    "contiguous": lambda h: h.transpose(2, 3).contiguous().view(h.size(0), -1),
    # arithmetic
    "add_alpha": lambda h: torch.add(h, h.abs(), alpha=0.3),
    "add_number": lambda h: h + 0.2,
    "sub": lambda h: h - h[:, :1],
    "rsub": lambda h: 1 - h,
    "rsub_alpha": lambda h: torch.rsub(h, 2, alpha=3),
    "mul": lambda h: h * h[:, :, :1],
    "div": lambda h: h / 3 / positive(h),
    "div_floor": lambda h: h * torch.div(h, 0.3, rounding_mode="floor"),
    "rdiv": lambda h: 2 / positive(h),
    "pow": lambda h: h ** 2 + h.pow(3),
    "pow_half": lambda h: positive(h) ** 0.5,
    "pow_negative": lambda h: positive(h) ** -1.5,
    "pow_tensor": lambda h: positive(h) ** h,
    "pow_base": lambda h: 2 ** h,
    "square": lambda h: torch.square(h),
    "neg": lambda h: -h,
    "reciprocal": lambda h: torch.reciprocal(positive(h)),
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": lambda h: torch.log(positive(h)),
    "log1p": lambda h: torch.log1p(positive(h)),
    "log2": lambda h: positive(h).log2(),
    "log10": lambda h: positive(h).log10(),
    "sqrt": lambda h: positive(h).sqrt(),
    "rsqrt": lambda h: positive(h).rsqrt(),
    "abs": torch.abs,
    "sign": lambda h: h * torch.sign(h),
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "logit": lambda h: torch.logit(unit(h), eps=1e-3),
    "floor": lambda h: h * (h * 9).floor(),
    "ceil": lambda h: h * (h * 9).ceil(),
    "round": lambda h: h * (h * 9).round(),
    "trunc": lambda h: h * (h * 9).trunc(),
    "frac": lambda h: torch.frac(h * 3),
    "clamp": lambda h: h.clamp(-0.2, 0.3),
    "clamp_min": lambda h: h.clamp(min=0.1),
    "clamp_max": lambda h: torch.clamp_max(h, 0.2),
    "clip": lambda h: torch.clip(h, -0.1, 0.4),
    "clamp_tensor": lambda h: torch.clamp(h, min=h.mean(1, keepdim=True)),
    "maximum": lambda h: torch.maximum(h, h.flip(3)),
    "minimum": lambda h: torch.minimum(h, h * 0.3),
    "max_of_two": lambda h: torch.max(h, -h),
    "min_of_two": lambda h: torch.min(h, h.flip(2)),
    "addcmul": lambda h: torch.addcmul(h, h, h.abs(), value=0.5),
    "addcdiv": lambda h: torch.addcdiv(h, h, positive(h), value=0.5),
    "lerp": lambda h: torch.lerp(h, h.abs(), 0.3),
    "lerp_tensor": lambda h: torch.lerp(h, h * 2, unit(h)),
    "where": lambda h: torch.where(h > 0.1, h, 0.2 * h),
    "where_number": lambda h: torch.where(h > 0, h, 0.0),
    "masked_fill": lambda h: h.masked_fill(h < 0, 0.5),
    "gt_mask": lambda h: h * (h > 0).float(),
    "comparisons": lambda h: h * ((h >= 0) & (h < 0.5) | ~(h <= 0.7)).to(h.dtype),
    "index_put_mask": in_place_if,
    "hypot": lambda h: torch.hypot(h, h * 0.5 + 0.1),
    "logaddexp": lambda h: torch.logaddexp(h, h.flip(3)),
    "sigmoid_chain": lambda h: torch.special.expit(h),
    "dunder": lambda h: 1.0 / (1.0 + torch.exp(-h)),
    "in_place_chain": lambda h: h.clone().mul_(2).add_(1).div_(3).sub_(0.1).relu_(),
    "in_place_quotient": lambda h: h.clone().addcdiv_(h * 2, positive(h), value=0.5),
    "in_place_axes": lambda h: h.clone().swapaxes_(2, 3) @ torch.arange(48.0).view(8, 6).t_().t_().t(),
    "in_place_product": lambda h: torch.zeros_like(h[:, 0]).baddbmm_(h[:, 1] @ h[:, 2].mT, h[:, 1], beta=0.5, alpha=2),
    "written": written,
    "copied": copied,
    "type_as": lambda h: h * (h > 0).type_as(h),
    "to_float": lambda h: h * (h > 0).to(torch.float32),
    "clone_detach": lambda h: h * h.clone().detach(),
    "no_grad": no_grad,
    "lift_fresh": lambda h: h * torch.tensor([0.5, 1.0, 2.0]).view(1, 3, 1, 1),
    "scalar_tensor": lambda h: h * torch.tensor(0.5),
    "nn_identity": nn.Sequential(nn.Identity(), nn.Conv2d(3, 3, 1)),
    # reductions
    "mean": lambda h: h.mean(),
    "mean_axes": lambda h: h.mean((2, 3)),
    "mean_keepdim": lambda h: h.mean(1, keepdim=True),
    "sum": lambda h: h.sum(),
    "sum_axes": lambda h: h.sum([1, -1]),
    "prod": lambda h: (h + 1.5).prod(2),
    "max_axis": lambda h: h.max(1).values,
    "max_pair": lambda h: torch.max(h, dim=3, keepdim=True)[0],
    "min_axis": lambda h: h.min(dim=2)[0],
    "amax": lambda h: h.amax((2, 3)),
    "amin": lambda h: h.amin(1, keepdim=True),
    "var": lambda h: h.var(1),
    "var_biased": lambda h: h.var((2, 3), unbiased=False, keepdim=True),
    "var_correction": lambda h: torch.var(h, (1, 2), correction=0),
    "var_all": lambda h: h.var(),
    "std": lambda h: h.std(dim=(2, 3)),
    "std_all": lambda h: h.std(),
    "norm": lambda h: h.norm(),
    "norm_axis": lambda h: h.norm(dim=1),
    "norm_1": lambda h: h.norm(p=1, dim=(2, 3)),
    "vector_norm": lambda h: torch.linalg.vector_norm(h, dim=1, keepdim=True),
    "vector_norm_inf": lambda h: torch.linalg.vector_norm(h, float("inf"), dim=(1, 2)),
    "matrix_norm": lambda h: torch.linalg.matrix_norm(h),
    "linalg_norm": lambda h: torch.linalg.norm(h.flatten(1), dim=1),
    "logsumexp": lambda h: torch.logsumexp(h, 1),
    "cumsum": lambda h: h.cumsum(2),
    "max_place": lambda h: h * torch.zeros_like(h).scatter_(-1, h.max(-1, keepdim=True)[1], 2.0),
    "min_place": lambda h: h * F.one_hot(h.min(1)[1], 3).permute(0, 3, 1, 2),
    "argmax_keepdim": lambda h: h * torch.zeros_like(h).scatter(3, h.argmax(3, keepdim=True), 1.0),
    "topk": lambda h: h.topk(3, dim=2)[0] * 2,
    "topk_smallest": lambda h: h.flatten(1).topk(5, largest=False)[0],
    "topk_threshold": lambda h: h * (h >= h.topk(2, dim=1)[0][:, -1:]),
    "argmax_mask": lambda h: h * F.one_hot(h.argmax(1), 3).permute(0, 3, 1, 2).float(),
    # products
    "matmul": lambda h: h @ h.transpose(2, 3),
    "matmul_weight": With(lambda s, h: h @ s.w, w=P(8, 4)),
    "matmul_left": With(lambda s, h: s.w @ h, w=P(4, 6)),
    "matmul_stack": With(lambda s, h: h @ s.w, w=P(3, 8, 4)),
    "matmul_stack_left": With(lambda s, h: s.w @ h, w=P(1, 3, 4, 6)),
    "matmul_stack_repeated": With(lambda s, h: s.v @ (h.mean(1, keepdim=True) @ s.w), w=P(1, 5, 8, 4), v=P(1, 1, 3, 6)),
    "matmul_codes": With(lambda s, h: h.flatten(2) @ s.w[None], w=P(48, 4)),
    "bmm": lambda h: torch.bmm(h.flatten(2), h.flatten(2).transpose(1, 2)),
    "mm": With(lambda s, h: torch.mm(h.flatten(1), s.w.t()), w=P(5, 144)),
    "addmm": With(lambda s, h: torch.addmm(s.b, h.flatten(1), s.w), w=P(144, 5), b=P(5)),
    "einsum": With(lambda s, h: torch.einsum("nchw,oc->nohw", h, s.w), w=P(5, 3)),
    "einsum_pair": lambda h: torch.einsum("nchw,ndhw->ncd", h, h),
    "outer": With(lambda s, h: h.mean((1, 2)) * torch.outer(s.w, s.w).sum(0), w=P(8)),
    "attention": lambda h: F.scaled_dot_product_attention(h.flatten(2), h.flatten(2) * 0.5, h.flatten(2)),
    "attention_causal": lambda h: F.scaled_dot_product_attention(h, h * 0.5, h, is_causal=True),
    "attention_mask": With(lambda s, h: F.scaled_dot_product_attention(h, h, h * 2, attn_mask=s.m), m=torch.eye(6, dtype=torch.bool) | torch.ones(6, 6, dtype=torch.bool).tril()),
    "attention_bias": With(lambda s, h: F.scaled_dot_product_attention(h, h, h * 2, attn_mask=s.m), m=A[0, :, :6]),
    "baddbmm": lambda h: torch.baddbmm(h[:, 0], h[:, 1] @ h[:, 2].mT, h[:, 1], beta=0.5, alpha=2),
    "batch_second": With(lambda s, h: (F.relu(s.norm(s.lin(h.flatten(2).permute(1, 0, 2)))) / 2 + s.a).softmax(-1).transpose(0, 1), lin=nn.Linear(48, 5), norm=nn.LayerNorm(5), a=P(3, 1, 5)),
    "batch_behind": With(lambda s, h: s.lin(h.flatten(2).transpose(0, 1).reshape(-1, 48)).tanh().view(3, -1, 4).permute(1, 0, 2), lin=nn.Linear(48, 4)),
    "cdist": lambda h: torch.cdist(h.flatten(2), h.flatten(2) * 0.5 + 1),
    "cdist_codes": With(lambda s, h: torch.cdist(h.flatten(2).transpose(1, 2), s.w[None]).min(2)[0], w=P(5, 3)),
    "cosine_axis": lambda h: F.cosine_similarity(h, h.flip(3), dim=1),
    # constants
    "zeros": lambda h: torch.cat([h, torch.zeros(h.size(0), 1, 6, 8)], 1),
    "ones_like": lambda h: h + torch.ones_like(h),
    "full": lambda h: h + torch.full((6, 8), 0.3),
    "full_like": lambda h: h * torch.full_like(h, 2.0),
    "zeros_like": lambda h: torch.zeros_like(h) + h,
    "new_zeros": lambda h: torch.cat([h, h.new_zeros(h.shape[0], 2, 6, 8)], 1),
    "new_full": lambda h: h * h.new_full((8,), 0.5),
    "arange": lambda h: h * torch.arange(8),
    "arange_step": lambda h: h * torch.arange(0, 4, 0.5),
    "linspace": lambda h: h * torch.linspace(0, 1, 8),
    "eye": lambda h: h @ torch.eye(8),
    "tensor_constant": lambda h: h + torch.tensor([1.0, 2.0, 3.0])[None, :, None, None],
    "buffer": With(lambda s, h: h * s.a + s.k, a=A, k=torch.tensor(0.3)),
    "parameter": With(lambda s, h: h * s.a, a=P(3, 1, 1)),
    # activations
    **{c.__name__: c() for c in [nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.Sigmoid, nn.Tanh, nn.SiLU, nn.Mish, nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish, nn.Hardshrink, nn.Softshrink, nn.Tanhshrink, nn.LogSigmoid, nn.ReLU6, nn.Softmin, nn.Softmax2d]},
    "relu_in_place": nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True)),
    "leaky_slope": nn.LeakyReLU(0.3, inplace=False),
    "leaky_functional": lambda h: F.leaky_relu(h, 0.2),
    "prelu_channels": nn.PReLU(3, init=0.1),
    "elu_alpha": lambda h: F.elu(h, alpha=0.5),
    "gelu_tanh": nn.GELU("tanh"),
    "glu": lambda h: F.glu(h, 2),
    "softplus_beta": nn.Softplus(beta=2, threshold=1),
    "softmax": nn.Softmax(dim=1),
    "softmax_height": lambda h: F.softmax(h, dim=2),
    "softmax_flat": lambda h: h.flatten(1).softmax(-1),
    "log_softmax": nn.LogSoftmax(dim=1),
    "hardtanh_limits": nn.Hardtanh(-0.2, 0.4),
    "threshold": nn.Threshold(0.1, -0.3),
    "hardshrink_limit": nn.Hardshrink(0.1),
    "softshrink_limit": nn.Softshrink(0.1),
    "rrelu_eval": lambda h: F.rrelu(h),
    "celu_alpha": nn.CELU(0.3),
    "swish_by_hand": lambda h: h * h.sigmoid(),
    "silu_in_place": nn.Sequential(nn.Conv2d(3, 3, 1), nn.SiLU(inplace=True)),
    "relu_method": lambda h: h.relu(),
    "tanh_method": lambda h: h.tanh(),
    "softmax_method": lambda h: h.softmax(1),
    "log_sigmoid_functional": lambda h: F.logsigmoid(h),
    "hardtanh_functional": lambda h: F.hardtanh(h, -0.1, 0.2),
    # in evaluation mode nothing is drawn
    "dropout_off": lambda h: F.dropout(h, 0.5, training=False),
    "dropout_0": nn.Dropout(0.0),
}

SEQUENCES = {
    "conv1d": nn.Conv1d(4, 5, 3),
    "conv1d_strided": nn.Conv1d(4, 6, 5, stride=2, padding=2, groups=2),
    "conv1d_same": nn.Conv1d(4, 5, 4, padding="same", dilation=2),
    "conv1d_reflect": nn.Conv1d(4, 5, 3, padding=1, padding_mode="reflect"),
    "transposed1d": nn.ConvTranspose1d(4, 5, 4, stride=2, padding=1),
    "transposed1d_output_padding": nn.ConvTranspose1d(4, 6, 3, stride=3, output_padding=2, groups=2),
    "local_response_norm1d": nn.LocalResponseNorm(3, k=0.5),
    "batch_norm1d": nn.BatchNorm1d(4),
    "instance_norm1d": nn.InstanceNorm1d(4, affine=True),
    "group_norm1d": nn.GroupNorm(2, 4),
    "layer_norm1d": nn.LayerNorm(12),
    "max_pool1d": nn.MaxPool1d(2),
    "max_pool1d_ceil": nn.MaxPool1d(5, ceil_mode=True, padding=1),
    "avg_pool1d": nn.AvgPool1d(3, 2, 1),
    "adaptive_avg1d": nn.AdaptiveAvgPool1d(5),
    "adaptive_max1d": nn.AdaptiveMaxPool1d(5),
    "upsample_nearest1d": nn.Upsample(scale_factor=2),
    "upsample_linear1d": nn.Upsample(scale_factor=2, mode="linear"),
    "upsample_linear1d_aligned": nn.Upsample(20, mode="linear", align_corners=True),
    "upsample_exact1d": nn.Upsample(17, mode="nearest-exact"),
    "pad1d": nn.ConstantPad1d((1, 2), 0.5),
    "reflection_pad1d": nn.ReflectionPad1d((2, 1)),
    "replication_pad1d": nn.ReplicationPad1d(2),
    "circular_pad1d": lambda h: F.pad(h, (1, 2), mode="circular"),
    "linear1d": nn.Linear(12, 7),
    "dropout1d_0": nn.Dropout1d(0.0),
    "prelu1d": nn.PReLU(4),
}

FLATS = {
    "linear": nn.Linear(12, 5),
    "batch_norm_flat": nn.BatchNorm1d(12),
    "layer_norm_flat": nn.LayerNorm(12),
    "unflatten_flat": nn.Unflatten(1, (3, 4)),
    "reshape_to_image": lambda h: F.max_pool2d(h.view(-1, 1, 3, 4), 2),
    "softmax_last": lambda h: h.softmax(-1),
    "topk_mask": lambda h: h * torch.zeros_like(h).scatter(1, h.topk(4, dim=1)[1], 1.0),
    "topk_values": lambda h: (lambda top: torch.zeros_like(h).scatter_(-1, top.indices, top.values.relu()))(torch.topk(h, 4)),
    "t": With(lambda s, h: h @ s.w.t(), w=P(5, 12)),
    "mv": With(lambda s, h: torch.mv(h, s.w), w=P(12)),
    "numpy_T": With(lambda s, h: h @ s.w.T, w=P(5, 12)),
    "gram": lambda h: h.t() @ h / h.shape[0],
    "batch_mean": lambda h: h - h.mean(0),
    "batch_std": lambda h: h / (h.std(0) + 0.1),
    "outer_product": lambda h: h.unsqueeze(2) * h.unsqueeze(1),
    "cosine_flat": lambda h: F.cosine_similarity(h, h.flip(1)),
    "diag": lambda h: (h.t() @ h).diagonal(),
    "trace": lambda h: torch.trace(h.t() @ h),
    "glu_flat": nn.GLU(),
    "one_hot_argmax": lambda h: h * F.one_hot(h.argmax(-1), 12),
}

LOSSES = {
    "mse_loss": F.mse_loss,
    "mse_sum": lambda y, x: F.mse_loss(y, x, reduction="sum"),
    "mse_none": lambda y, x: F.mse_loss(y, x, reduction="none").sum((1, 2, 3)).mean(),
    "l1_loss": F.l1_loss,
    "smooth_l1": F.smooth_l1_loss,
    "smooth_l1_beta": lambda y, x: F.smooth_l1_loss(y, x, beta=0.2, reduction="sum"),
    "huber": F.huber_loss,
    "huber_delta": lambda y, x: F.huber_loss(y, x, delta=0.2),
    "bce": lambda y, x: F.binary_cross_entropy(unit(y), x),
    "bce_sum": lambda y, x: F.binary_cross_entropy(unit(y), x, reduction="sum") / x.size(0),
    "bce_weight": lambda y, x: F.binary_cross_entropy(unit(y), x, weight=torch.full((8,), 0.5)),
    "bce_logits": F.binary_cross_entropy_with_logits,
    "bce_logits_pos_weight": lambda y, x: F.binary_cross_entropy_with_logits(y, x, pos_weight=torch.tensor(3.0)),
    "bce_by_hand": lambda y, x: -(x * torch.log(unit(y) + 1e-8) + (1 - x) * torch.log(1 - unit(y) + 1e-8)).mean(),
    "kl_div": lambda y, x: F.kl_div(F.log_softmax(y.flatten(1), 1), F.softmax(x.flatten(1), 1), reduction="batchmean"),
    "kl_div_log": lambda y, x: F.kl_div(F.log_softmax(y.flatten(1), 1), F.log_softmax(x.flatten(1), 1), reduction="sum", log_target=True),
    "kl_div_mean": lambda y, x: F.kl_div(F.log_softmax(y, 1), F.softmax(x, 1)),
    "gaussian_nll": lambda y, x: (0.5 * (torch.log(F.softplus(y) + 0.1) + (y - x) ** 2 / (F.softplus(y) + 0.1))).mean(),
    "poisson_nll": F.poisson_nll_loss,
    "poisson_nll_plain": lambda y, x: F.poisson_nll_loss(positive(y), x, log_input=False, full=False),
    "cosine_similarity": lambda y, x: (1 - F.cosine_similarity(y.flatten(1), x.flatten(1))).mean(),
    "cosine_embedding": lambda y, x: F.cosine_embedding_loss(y.flatten(1), x.flatten(1), torch.ones(1)),
    "soft_margin": lambda y, x: F.soft_margin_loss(y, 2 * x - 1),
    "pairwise_distance": lambda y, x: F.pairwise_distance(y.flatten(1), x.flatten(1)).mean(),
    "dist": lambda y, x: torch.dist(y, x),
    "log_cosh": lambda y, x: torch.log(torch.cosh(y - x)).mean(),
    "charbonnier": lambda y, x: torch.sqrt((y - x) ** 2 + 1e-6).mean(),
    "rmse": lambda y, x: torch.sqrt(F.mse_loss(y, x)),
    "psnr": lambda y, x: 10 * torch.log10(F.mse_loss(y, x)),
    "dice": lambda y, x: 1 - 2 * (unit(y) * x).sum() / (unit(y).sum() + x.sum() + 1),
    "dice_per_image": lambda y, x: (1 - (2 * (unit(y) * x).sum((1, 2, 3)) + 1) / (unit(y).sum((1, 2, 3)) + x.sum((1, 2, 3)) + 1)).mean(),
    "iou": lambda y, x: 1 - (unit(y) * x).sum() / (unit(y) + x - unit(y) * x).sum(),
    "focal": lambda y, x: ((1 - torch.exp(-F.binary_cross_entropy_with_logits(y, x, reduction="none"))) ** 2 * F.binary_cross_entropy_with_logits(y, x, reduction="none")).mean(),
    "tversky": lambda y, x: 1 - (unit(y) * x).sum() / ((unit(y) * x).sum() + 0.3 * ((1 - x) * unit(y)).sum() + 0.7 * (x * (1 - unit(y))).sum()),
    "total_variation": lambda y, x: F.mse_loss(y, x) + 0.1 * ((y[:, :, 1:] - y[:, :, :-1]).abs().mean() + torch.mean(torch.abs(y[..., 1:] - y[..., :-1]))),
    "sobel": lambda y, x: (F.conv2d(y - x, torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]).repeat(3, 1, 1, 1), groups=3) ** 2).mean(),
    "multi_scale": lambda y, x: sum(F.l1_loss(F.avg_pool2d(y, k), F.avg_pool2d(x, k)) for k in (1, 2)),
    "laplacian": lambda y, x: F.l1_loss(y - F.interpolate(F.avg_pool2d(y, 2), scale_factor=2, mode="bilinear"), x - F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear")),
    "masked": lambda y, x: ((y - x) ** 2 * (x > 0.5)).sum() / (x > 0.5).sum(),
    "weighted": lambda y, x: (torch.where(x > 0.5, 3.0, 1.0) * (y - x).abs()).mean(),
    "quantile": lambda y, x: torch.max(0.3 * (x - y), -0.7 * (x - y)).mean(),
    "top": lambda y, x: (y - x).abs().amax((1, 2, 3)).mean(),
    "frobenius": lambda y, x: torch.norm(y - x, p="fro"),
    "per_image_norm": lambda y, x: torch.linalg.norm((y - x).flatten(1), dim=1).mean(),
    "gram_matrix": lambda y, x: F.mse_loss(torch.bmm(y.flatten(2), y.flatten(2).transpose(1, 2)) / 48, torch.bmm(x.flatten(2), x.flatten(2).transpose(1, 2)) / 48),
    "correlation": lambda y, x: 1 - ((y - y.mean()) * (x - x.mean())).sum() / (torch.sqrt(((y - y.mean()) ** 2).sum()) * torch.sqrt(((x - x.mean()) ** 2).sum())),
    "hinge": lambda y, x: F.relu(1 - y * (2 * x - 1)).mean(),
    "mixture": lambda y, x: 0.8 * F.l1_loss(y, x) + 0.2 * F.mse_loss(y, x),
    "entropy": lambda y, x: F.mse_loss(y, x) - 0.01 * (F.softmax(y, 1) * F.log_softmax(y, 1)).sum(1).mean(),
    "mean_of_sums": lambda y, x: torch.mean(torch.sum((x - y) ** 2, dim=[1, 2, 3])),
    "module_loss": nn.MSELoss(reduction="sum"),
}


class Operation(nn.Module):
    def __init__(self, f, shape):
        super().__init__()
        width = shape[0]
        self.a = {1: lambda: nn.Linear(width, width), 2: lambda: nn.Conv1d(width, width, 1), 3: lambda: nn.Conv2d(width, width, 1)}[len(shape)]()
        self.op = f
        z = f(self.a(torch.rand(8, *shape)))
        self.batched = z.dim() > 0 and z.shape[0] == 8
        w = torch.rand(z.shape[1:] if self.batched else z.shape)
        self.register_buffer("w", w)

    def forward(self, x):
        h = self.a(x)
        z = self.op(h)
        return (z * self.w).mean() + 0.01 * F.mse_loss(h, x), h


class Loss(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.a = nn.Conv2d(3, 3, 3, padding=1)
        self.f = f

    def forward(self, x):
        h = self.a(x)
        return self.f(h, x), h


for prefix, shape, entries in (("op_", IMAGE, IMAGES), ("op_", SEQUENCE, SEQUENCES), ("op_", FLAT, FLATS), ("loss_", IMAGE, LOSSES)):
    for name, f in entries.items():
        make = (lambda f=f: Loss(f)) if prefix == "loss_" else (lambda f=f, shape=shape: Operation(f, shape))
        ZOO[prefix + name] = dict(make=make, shape=shape, optimizer=adam, loss=Given(), warm=0, committed=False, alone=True, export={})
