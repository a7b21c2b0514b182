"""Autoencoders of many kinds in PyTorch: what the reader is tested with.

ZOO: name -> (function that makes the module, input shape of one sample, how it is trained). make_models.py writes some of them as files for the
tests; check_torch.py compares the program with PyTorch on all.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

ZOO = {}
adam = lambda p: torch.optim.Adam(p, 1e-3)


def zoo(*shape, optimizer=adam, loss=None, warm=0, committed=False, **export):
    """export: batch (a constant one), low and high (of a free one)."""
    def add(make):
        ZOO[make.__name__] = dict(make=make, shape=shape, optimizer=optimizer, loss=loss or nn.MSELoss(), warm=warm, committed=committed, export=export)
        return make
    return add


class Given(nn.Module):
    """The program gives the loss itself, as its first output (or as "loss" of a dict)."""
    reduction = "mean"

    def forward(self, out, target):
        return out["loss"] if isinstance(out, dict) else out[0]


def module(forward, **parts):
    """A module with the given parts, whose forward is a function of it and its inputs."""
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                    self.register_buffer(name, part)
                else:
                    setattr(self, name, part)

        def forward(self, x):
            return forward(self, x)
    return Model()


# ---- convolutions ------------------------------------------------------------------------------------------------------


@zoo(3, 11, 9)
def odd_rgb():
    """Sizes that are odd, strides that leave a rest, an output padding to mend it."""
    return nn.Sequential(nn.Conv2d(3, 8, (3, 2), stride=(2, 3), padding=(1, 0)), nn.ELU(), nn.Conv2d(8, 6, 2, stride=2), nn.Tanh(),
                         nn.ConvTranspose2d(6, 8, (2, 3), stride=2, output_padding=(0, 1)), nn.SELU(), nn.ConvTranspose2d(8, 3, (5, 4), stride=(1, 1)), nn.Conv2d(3, 3, (1, 2), padding=(0, 1)),
                         nn.Upsample(size=(11, 9)), nn.Sigmoid())


@zoo(4, 8, 8)
def groups():
    """Groups, depthwise, dilation, asymmetric and string padding, padding modes."""
    return nn.Sequential(nn.Conv2d(4, 8, 3, padding=1, groups=2), nn.ReLU(), nn.Conv2d(8, 8, 3, padding="same", groups=8, dilation=2), nn.LeakyReLU(),
                         nn.Conv2d(8, 16, 3, padding="valid", groups=8), nn.SiLU(), nn.ConvTranspose2d(16, 8, 3, groups=4), nn.GELU(),
                         nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1, groups=8), nn.Mish(), nn.Conv2d(8, 8, 4, stride=2, padding=1, padding_mode="reflect"), nn.ReLU6(),
                         nn.Conv2d(8, 4, 3, padding=1, padding_mode="replicate"), nn.Conv2d(4, 4, 2, padding="same"))


@zoo(2, 10, 10)
def dilated():
    return nn.Sequential(nn.Conv2d(2, 6, 3, dilation=(2, 3)), nn.Softplus(), nn.ConvTranspose2d(6, 4, 3, dilation=2), nn.Hardswish(), nn.ConvTranspose2d(4, 2, (1, 3), padding=0), nn.CELU(0.7), nn.Conv2d(2, 2, 1))


@zoo(1, 9, 7)
def circular():
    return nn.Sequential(nn.Conv2d(1, 5, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.ZeroPad2d((1, 0, 2, 1)), nn.Conv2d(5, 5, (4, 2)), nn.ConstantPad2d(1, 0.3), nn.Conv2d(5, 1, 3))


@zoo(3, 20, loss=nn.L1Loss())
def conv1d():
    return nn.Sequential(nn.Conv1d(3, 8, 5, stride=2, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(8, 12, 3, padding=1, groups=2), nn.InstanceNorm1d(12, affine=True), nn.ReLU(),
                         nn.Upsample(scale_factor=2), nn.ConvTranspose1d(12, 8, 4, stride=2, padding=1), nn.AvgPool1d(3, 1, 1), nn.Conv1d(8, 3, 1))


# ---- normalization -----------------------------------------------------------------------------------------------------


@zoo(3, 10, 12, warm=10, optimizer=lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, dampening=0.1, weight_decay=1e-3), committed=True)
def batch_norms():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8, momentum=0.3, eps=1e-3), nn.ReLU(True), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8, affine=False), nn.ReLU(True),
                         nn.Conv2d(8, 3, 3, padding=1), nn.BatchNorm2d(3, momentum=1.0))


@zoo(3, 8, 8, optimizer=lambda p: torch.optim.NAdam(p, 2e-3))
def instance_norms():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.InstanceNorm2d(8), nn.ReLU(), nn.Conv2d(8, 6, 3, padding=1), nn.InstanceNorm2d(6, affine=True, eps=1e-3), nn.PReLU(), nn.Conv2d(6, 3, 3, padding=1), nn.PReLU(3))


@zoo(2, 6, 8, optimizer=lambda p: torch.optim.RMSprop(p, 1e-3, alpha=0.9, momentum=0.5, centered=True))
def layer_norms():
    m = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.LayerNorm([6, 6, 8]), nn.GELU(), nn.Conv2d(6, 6, 3, padding=1), nn.LayerNorm([8], elementwise_affine=False), nn.Flatten(), nn.Linear(288, 20), nn.LayerNorm(20), nn.GELU("tanh"),
                      nn.RMSNorm(20), nn.Linear(20, 96), nn.Unflatten(1, (2, 6, 8)), nn.GroupNorm(2, 2))
    with torch.no_grad():
        for p in m.parameters():
            p.add_(0.1 * torch.randn_like(p))
    return m


@zoo(3, 8, 8, warm=5, committed=True)
def frozen():
    """Weights without a gradient, a normalization in evaluation mode, one without statistics of its own."""
    m = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6), nn.Tanh(), nn.Conv2d(6, 3, 1))
    m[0].requires_grad_(False)
    m[3].bias.requires_grad_(False)
    m[4].requires_grad_(False)
    return m


# ---- shapes ------------------------------------------------------------------------------------------------------------


@zoo(3, 4, 6, optimizer=lambda p: torch.optim.Adagrad(p, 0.02, lr_decay=0.01), committed=True)
def reshapes():
    """view, flatten, permute, transpose, squeeze and unsqueeze keep PyTorch's order of values."""
    def forward(s, x):
        h = s.c(x)                                                     # n 6 4 6
        h = s.a(h.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)             # over channels
        h = s.b(h.transpose(2, 3)).transpose(-1, -2)                   # over height
        h = torch.tanh(h).contiguous().view(h.size(0), 6, 2, 2, 6).transpose(2, 4).contiguous()
        h = h.reshape(x.shape[0], -1)
        z = s.d(h).unsqueeze(1)                                        # n 1 8
        z = (z.squeeze(1).unsqueeze(-1) * z.expand(-1, 8, -1)).flatten(1)
        return s.e(z).unflatten(1, (6, 4, 3)).movedim(3, 1).permute(0, 1, 3, 2)
    return module(forward, c=nn.Conv2d(3, 6, 3, padding=1), a=nn.Linear(6, 6), b=nn.Linear(4, 4), d=nn.Linear(144, 8), e=nn.Linear(64, 72))


@zoo(2, 8, 8)
def splits():
    """chunk, split, slices, select, narrow, unbind, stack, cat, repeat."""
    def forward(s, x):
        h = s.c(x)                                    # n 12 8 8
        a, b, c = h.chunk(3, 1)
        d, e = torch.split(a, [1, 3], dim=1)
        f = torch.cat([b * torch.sigmoid(c), d.repeat(1, 2, 1, 1), e.narrow(2, 1, 6).abs().repeat(1, 1, 1, 1).new_zeros(()) + e], 1)
        top, bottom = f[:, :, :4], f[:, :, 4:]
        f = torch.cat([bottom, top.flip(2)], dim=2)
        rows = f.unbind(2)
        f = torch.stack(rows[::2] + rows[1::2], dim=2)
        g = torch.stack([f[:, :, ::2, 1::2], f[:, :, 1::2, ::2]], 1).mean(1)
        return s.o(F.pixel_shuffle(s.u(g), 2)) + F.pixel_unshuffle(s.w(F.pixel_shuffle(torch.cat([f, f[:, :7]], 1), 4)), 4).mean(1, keepdim=True) + h[:, 3:5] + h[:, -1, None]
    return module(forward, c=nn.Conv2d(2, 12, 3, padding=1), u=nn.Conv2d(9, 16, 1), o=nn.Conv2d(4, 2, 3, padding=1), w=nn.Conv2d(1, 1, 3, padding=1))


@zoo(4, 6, 6)
def in_place():
    """Operations in place: what is read afterwards is the changed value, also through views."""
    def forward(s, x):
        h = s.a(x)
        r = F.relu_(h)
        h = s.b(r) + h                                # h was changed, too
        v = h.view(h.size(0), -1)
        v.mul_(0.5).add_(0.1)
        h = h + s.c(h).clamp_(-0.5, 0.5)
        h[:, 0] = 0.25
        h[:, 1:3, 1:-1] *= 2
        h[:, :, 0].sub_(h[:, :, 1])
        y = s.d(h)
        y += x
        y.sigmoid_()
        return y
    return module(forward, a=nn.Conv2d(4, 6, 3, padding=1), b=nn.Conv2d(6, 6, 3, padding=1), c=nn.Conv2d(6, 6, 1), d=nn.Conv2d(6, 4, 3, padding=1))


# ---- pooling and enlarging ---------------------------------------------------------------------------------------------


@zoo(3, 13, 11)
def pools():
    """ceil_mode, padding, overlapping, adaptive and global pools, and back with their indices."""
    def forward(s, x):
        h = s.a(x)
        p, at = F.max_pool2d(h, 2, return_indices=True)
        q = F.max_pool2d(h, 3, stride=2, padding=1, ceil_mode=True)
        r = F.avg_pool2d(h, (3, 2), stride=2, padding=(1, 0), ceil_mode=True, count_include_pad=False)
        t = F.avg_pool2d(h, 3, 2, 1, divisor_override=7)
        u = F.max_unpool2d(s.b(p), at, 2, output_size=(13, 11))
        g = F.adaptive_avg_pool2d(h, 1) * F.adaptive_max_pool2d(h, (1, 1))
        w = F.adaptive_avg_pool2d(h, (5, 4)) + F.adaptive_max_pool2d(h, (5, 4))
        up = lambda z: F.interpolate(z, size=(13, 11))
        return s.c(torch.cat([u, up(q), up(r), up(t), up(w)], 1) + torch.cat([g] * 5, 1) + F.avg_pool2d(h, 3, 1, 1).repeat(1, 5, 1, 1) + F.lp_pool2d(h.abs() + 0.1, 2, (13, 11)).repeat(1, 5, 1, 1))
    return module(forward, a=nn.Conv2d(3, 6, 3, padding=1), b=nn.Conv2d(6, 6, 1), c=nn.Conv2d(30, 3, 3, padding=1))


@zoo(3, 6, 8)
def upsamplings():
    def forward(s, x):
        h = F.max_pool2d(s.a(x), 2)                   # 3x4
        ups = [F.interpolate(h, scale_factor=2, mode="nearest"), F.interpolate(h, size=(6, 8), mode="bilinear", align_corners=True), F.interpolate(h, scale_factor=2.0, mode="bilinear"),
               F.interpolate(h, size=(6, 8), mode="bicubic"), F.interpolate(h, scale_factor=2, mode="bicubic", align_corners=True), F.interpolate(h, size=(6, 8), mode="nearest-exact"),
               F.interpolate(F.interpolate(h, size=(5, 7), mode="bilinear"), size=(6, 8), mode="nearest"), F.interpolate(F.interpolate(h, size=(5, 7), mode="nearest"), size=(6, 8), mode="nearest-exact")]
        return s.b(torch.cat(ups, 1))
    return module(forward, a=nn.Conv2d(3, 4, 3, padding=1), b=nn.Conv2d(32, 3, 3, padding=1))


@zoo(4, 12)
def upsamplings1d():
    return nn.Sequential(nn.Conv1d(4, 6, 3, stride=2, padding=1), nn.Tanh(), nn.Upsample(scale_factor=2, mode="linear"), nn.Conv1d(6, 6, 3, padding=1), nn.Upsample(24, mode="nearest-exact"), nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(6),
                         nn.Upsample(12, mode="linear", align_corners=True), nn.Conv1d(6, 4, 1))


# ---- whole architectures -----------------------------------------------------------------------------------------------


@zoo(3, 20, 28)
def unet():
    """Skips by concatenation; sizes that have to be padded back."""
    class Double(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.net = nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True), nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))

        def forward(self, x):
            return self.net(x)

    def forward(s, x):
        a = s.a(x)
        b = s.b(F.max_pool2d(a, 2))
        c = s.c(F.max_pool2d(b, 2))
        d = s.d(F.max_pool2d(c, 2))
        u = s.up1(d)
        u = F.pad(u, [(c.shape[3] - u.shape[3]) // 2, c.shape[3] - u.shape[3] - (c.shape[3] - u.shape[3]) // 2, 0, c.shape[2] - u.shape[2]])
        u = s.e(torch.cat([c, u], 1))
        u = s.f(torch.cat([b, s.up2(u)], 1))
        return s.out(s.g(torch.cat([a, s.up3(u)], dim=1)))
    return module(forward, a=Double(3, 4), b=Double(4, 6), c=Double(6, 8), d=Double(8, 8), up1=nn.ConvTranspose2d(8, 8, 2, stride=2), e=Double(16, 8), up2=nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), f=Double(14, 6),
                  up3=nn.ConvTranspose2d(6, 6, 2, stride=2), g=Double(10, 4), out=nn.Conv2d(4, 3, 1))


@zoo(1, 10, 12, committed=True)
def multihead():
    """torch.nn.MultiheadAttention, which views the batch as a second axis, and as a part of the first: to itself and to others, with masks, with and without its weights."""
    def forward(s, x):
        t = s.embed(x.squeeze(1))                                           # n 10 16
        a, w = s.own(t, t, t, attn_mask=s.mask)
        t = t + a + w @ t
        t = t + s.other(t, s.keys.repeat(t.size(0), 1, 1), s.keys.repeat(t.size(0), 1, 1), need_weights=False)[0]
        return s.head(t).unsqueeze(1)
    return module(forward, embed=nn.Linear(12, 16), own=nn.MultiheadAttention(16, 4, batch_first=True), other=nn.MultiheadAttention(16, 2, batch_first=True, kdim=6, vdim=6, bias=False),
                  keys=nn.Parameter(torch.randn(1, 5, 6)), mask=torch.triu(torch.ones(10, 10, dtype=torch.bool), 1), head=nn.Linear(16, 12))


@zoo(1, 10, 12)
def encoder_layers():
    """torch.nn's transformer with the batch as the second axis, as it is by default: an encoder after, one before its normalization, and a decoder."""
    def forward(s, x):
        t = s.embed(x.squeeze(1)).transpose(0, 1) + s.position              # 10 n 16
        t = s.before(s.after(t))
        t = s.decoder(t * 0.5, t, tgt_mask=s.mask)
        return s.head(t).permute(1, 0, 2).unsqueeze(1)
    layer = lambda **k: nn.TransformerEncoderLayer(16, 2, 24, dropout=0.0, **k)
    return module(forward, embed=nn.Linear(12, 16), position=nn.Parameter(torch.randn(10, 1, 16) * 0.1), after=nn.TransformerEncoder(layer(), 2), before=layer(norm_first=True, activation="gelu"),
                  decoder=nn.TransformerDecoderLayer(16, 2, 24, dropout=0.0), mask=nn.Transformer.generate_square_subsequent_mask(10), head=nn.Linear(16, 12))


@zoo(1, 12, 12)
def residual():
    """Residual blocks with operations in place, squeeze and excitation."""
    class Block(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.body = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU(inplace=True), nn.Conv2d(c, c, 1, bias=False))
            self.se = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 3), nn.ReLU(), nn.Linear(3, c), nn.Sigmoid())

        def forward(self, x):
            h = self.body(x)
            return x + h * self.se(h)[:, :, None, None]
    return nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), Block(8), Block(8), nn.ReLU(inplace=True), nn.ConvTranspose2d(8, 1, 4, 2, 1))


@zoo(64, optimizer=lambda p: torch.optim.Adam(p, 1e-3, weight_decay=1e-4), loss=nn.BCEWithLogitsLoss())
def dense():
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 8), nn.Sigmoid(), nn.Linear(8, 32), nn.Hardtanh(), nn.Linear(32, 64))


@zoo(12, 12)
def dense_of_images():
    """Input without a channel axis."""
    def forward(s, x):
        return s.net(x.view(x.size(0), -1)).view(x.size())
    return module(forward, net=nn.Sequential(nn.Linear(144, 20), nn.Tanh(), nn.Linear(20, 144), nn.Sigmoid()))


@zoo(1, 8, 8, committed=True)
def tied():
    """The decoder's weights are the encoder's, transposed; two layers share one weight; a module is called twice."""
    def forward(s, x):
        h = F.elu(s.conv(x))
        h = F.elu(s.twice(s.twice(h)))
        z = torch.tanh(F.linear(h.flatten(1), s.w, s.b))
        z = s.one(z) + s.two(z)
        h = F.linear(z, s.w.t(), s.c).view(-1, 4, 8, 8)
        return F.conv_transpose2d(h, s.conv.weight, s.d, padding=1)
    m = module(forward, conv=nn.Conv2d(1, 4, 3, padding=1), twice=nn.Conv2d(4, 4, 3, padding=1), w=nn.Parameter(torch.randn(10, 256) / 16), b=nn.Parameter(torch.zeros(10)), c=nn.Parameter(torch.zeros(256)), d=nn.Parameter(torch.zeros(1)),
               one=nn.Linear(10, 10), two=nn.Linear(10, 10))
    m.two.weight = m.one.weight
    return m


@zoo(3, 8, 8, committed=True)
def computed_weights():
    """Weight normalization, weight standardization, parameters as tensors, constants."""
    def forward(s, x):
        w = s.raw - s.raw.mean((1, 2, 3), keepdim=True)
        w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        h = F.conv2d(x, w, padding=1) * s.gain.view(1, -1, 1, 1) + s.shift
        h = torch.relu(h + s.position)
        return s.last(h * s.mask + s.k)
    m = module(forward, raw=nn.Parameter(torch.randn(5, 3, 3, 3)), gain=nn.Parameter(torch.rand(5)), shift=nn.Parameter(torch.randn(5, 1, 1) * 0.1), position=nn.Parameter(torch.randn(1, 5, 8, 8) * 0.1), mask=torch.rand(8, 8),
               last=nn.utils.parametrizations.weight_norm(nn.Conv2d(5, 3, 3, padding=1)))
    m.k = torch.linspace(-1, 1, 8)
    return m


@zoo(3, 8, 8)
def attention():
    """Matrix products, softmax over axes, einsum."""
    def forward(s, x):
        h = s.inp(x)                                                     # n 8 8 8
        q, k, v = s.qkv(h).flatten(2).chunk(3, dim=1)                    # n 8 64
        w = torch.softmax(torch.bmm(q.transpose(1, 2), k) / math.sqrt(8), dim=-1)
        o = torch.matmul(v, w.transpose(1, 2)).view_as(h)
        g = torch.einsum("bchw,bdhw->bcd", h, o) / 64
        o = o + torch.einsum("bcd,bdhw->bchw", F.log_softmax(g, 1), h) + (h.flatten(2) @ s.mix).view(h.shape)
        return s.out(F.softmax(o, dim=1) + F.softmin(o, dim=2) + h)
    return module(forward, inp=nn.Conv2d(3, 8, 3, padding=1), qkv=nn.Conv2d(8, 24, 1), mix=nn.Parameter(torch.randn(64, 64) / 16), out=nn.Conv2d(8, 3, 1))


@zoo(3, 16, 16)
def transformer():
    """A vision transformer's encoder and a linear decoder, with torch's own attention."""
    def forward(s, x):
        t = s.embed(x).flatten(2).transpose(1, 2) + s.position              # n 16 12
        t = torch.cat([s.cls.expand(t.size(0), -1, -1), t], 1)
        for b in (s.b1, s.b2):
            n = b["n1"](t)
            B, T, C = n.shape
            q, k, v = b["qkv"](n).reshape(B, T, 3, 3, C // 3).permute(2, 0, 3, 1, 4)
            a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, C)
            t = t + b["proj"](a)
            t = t + b["fc2"](F.gelu(b["fc1"](b["n2"](t))))
        p = s.head(t[:, 1:])
        return p.reshape(-1, 4, 4, 4, 4, 3).permute(0, 5, 1, 3, 2, 4).reshape(-1, 3, 16, 16)
    block = lambda: nn.ModuleDict({"n1": nn.LayerNorm(12), "qkv": nn.Linear(12, 36), "proj": nn.Linear(12, 12), "n2": nn.LayerNorm(12), "fc1": nn.Linear(12, 24), "fc2": nn.Linear(24, 12)})
    return module(forward, embed=nn.Conv2d(3, 12, 4, 4), position=nn.Parameter(torch.randn(1, 16, 12) * 0.1), cls=nn.Parameter(torch.randn(1, 1, 12) * 0.1), b1=block(), b2=block(), head=nn.Linear(12, 48))


@zoo(1, 12, 12)
def broadcast_decoder():
    """A spatial broadcast decoder: the code is repeated over all pixels and their coordinates are put beside it."""
    def forward(s, x):
        z = s.enc(x)
        b, d = z.shape
        tiled = z.view(b, d, 1, 1).expand(-1, -1, 12, 12)
        yy, xx = torch.meshgrid(torch.linspace(-1, 1, 12), torch.linspace(-1, 1, 12), indexing="ij")
        grid = torch.stack([yy, xx]).unsqueeze(0).repeat(b, 1, 1, 1)
        return s.dec(torch.cat([tiled, grid, s.xs.expand(b, -1, -1, -1), torch.ones_like(x)], 1))
    return module(forward, enc=nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(100, 6)), dec=nn.Sequential(nn.Conv2d(10, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1)), xs=torch.rand(1, 1, 12, 12))


# ---- functions ---------------------------------------------------------------------------------------------------------

ACTIVATIONS = [F.celu, F.elu, F.gelu, F.hardshrink, F.hardsigmoid, F.hardswish, F.hardtanh, F.leaky_relu, F.logsigmoid, F.mish, F.relu, F.relu6, F.rrelu, F.selu, F.silu, F.softplus, F.softshrink, F.softsign, F.tanh, F.tanhshrink, F.sigmoid]


@zoo(3, 6, 6)
def activations():
    """All activations of torch.nn.functional, with and without settings of their own."""
    def forward(s, x):
        h = s.c(x)
        y = [f(h) for f in ACTIVATIONS if f is not F.rrelu]
        y += [F.celu(h, 0.5), F.elu(h, 0.7), F.gelu(h, approximate="tanh"), F.hardshrink(h, 0.2), F.hardtanh(h, -0.3, 0.6), F.leaky_relu(h, 0.05), F.softplus(h, 2, 3), F.softshrink(h, 0.1), F.threshold(h, 0.1, -0.2), F.glu(h, 1).repeat(1, 2, 1, 1),
              F.prelu(h, s.slope), F.log_softmax(h, 1), F.softmax(h, 3), F.normalize(h, dim=1)]
        return s.o(torch.cat(y, 1))
    return module(forward, c=nn.Conv2d(3, 4, 3, padding=1), o=nn.Conv2d(4 * 34, 3, 1), slope=nn.Parameter(torch.tensor([0.2])))


@zoo(3, 6, 6)
def arithmetic():
    """Sums, products, powers and functions of tensors and numbers."""
    def forward(s, x):
        h, g = s.c(x).chunk(2, 1)
        p = h.abs() + 0.5
        y = [h + g, h - 2 * g, 1 - h, 2 / p, h * g, h / p, p ** g, p ** 1.5, h ** 2, h ** 3, 2 ** h, -h, torch.exp(h), p.log(), torch.log1p(p), torch.log2(p), torch.log10(p), p.sqrt(), p.rsqrt(), p.reciprocal(), h.abs(), h.clamp(-0.2, 0.3),
             h.clamp(min=0.1), torch.clamp(h, max=0.2), torch.maximum(h, g), torch.minimum(h, g), torch.where(h > 0, h, 0.1 * g), h.masked_fill(g < 0, 0.5), torch.cosh(h), torch.sinh(h), torch.sin(h), torch.cos(h), torch.erf(h), torch.ceil(h) * g,
             torch.square(h), torch.expm1(h), torch.lerp(h, g, 0.3), torch.addcmul(h, g, p, value=0.5), torch.rsub(h, 1), h.sign() * g, torch.add(h, g, alpha=0.5), (h >= g).float() * h, torch.addcdiv(h, g, p), h.mul(torch.tensor(0.5)), torch.logaddexp(h, g),
             torch.tan(0.3 * h), h.sigmoid().logit(eps=1e-6), torch.hypot(p, g), torch.float_power(p, 2).float() if False else p.pow(2), torch.special.expit(h)]
        return s.o(torch.cat(y, 1))
    return module(forward, c=nn.Conv2d(3, 4, 3, padding=1), o=nn.Conv2d(2 * 50, 3, 1))


@zoo(4, 6, 8)
def reductions():
    """Means, sums, extremes, variances and norms over axes."""
    def forward(s, x):
        h = s.c(x)
        m = h.mean((2, 3), keepdim=True) + h.sum(1, keepdim=True) / 8 + h.amax(1, keepdim=True) + h.amin((1, 2), keepdim=True) + h.max(3, keepdim=True)[0] + h.min(2, keepdim=True).values + h.var(1, keepdim=True) + h.std((2, 3), keepdim=True, correction=0)
        n = torch.linalg.vector_norm(h, dim=1, keepdim=True) + h.norm(dim=2, keepdim=True) + h.norm(p=1, dim=3, keepdim=True) / 8 + torch.logsumexp(h, 1, keepdim=True) + h.flatten(1).mean(1)[:, None, None, None] + h.square().mean([1, 2, 3], keepdim=True).sqrt()
        c = (h - h.mean(dim=(2, 3), keepdim=True)) / torch.sqrt(h.var(dim=(2, 3), keepdim=True, unbiased=False) + 1e-5) + h.cumsum(3) / 8 + h.prod(1, keepdim=True)
        return s.o(c + m * n)
    return module(forward, c=nn.Conv2d(4, 4, 3, padding=1), o=nn.Conv2d(4, 4, 1))


@zoo(2, 6, 6, optimizer=lambda p: torch.optim.RAdam(p, 2e-3))
def noise_outside():
    """Operations that leave values alone: detach, clone, to, type_as, contiguous, dropout of nothing, no_grad."""
    def forward(s, x):
        h = s.a(x.to(s.a.weight.dtype)).contiguous().clone()
        with torch.no_grad():
            scale = h.abs().mean((1, 2, 3), keepdim=True) + 0.1
        assert x.shape[1] == 2
        h = F.dropout(h, 0.0) / scale.type_as(h) + (h * 2).detach() * h.sigmoid()
        q = h + (torch.round(h * 8) / 8 - h).detach()                          # straight through
        return s.b(nn.Identity()(q))
    return module(forward, a=nn.Conv2d(2, 4, 3, padding=1), b=nn.Conv2d(4, 2, 3, padding=1))


# ---- losses of their own -----------------------------------------------------------------------------------------------


@zoo(1, 10, 10, loss=Given())
def sparse_loss():
    """A penalty on the code's activity and on weights beside a summed error."""
    def forward(s, x):
        z = torch.sigmoid(s.enc(x))
        y = s.dec(z).view_as(x)
        rho = z.mean(0)
        kl = (0.05 * torch.log(0.05 / rho) + 0.95 * torch.log(0.95 / (1 - rho))).sum()
        l1 = s.enc[1].weight.abs().sum()
        return F.mse_loss(y, x, reduction="sum") / x.size(0) + 0.1 * kl + 1e-3 * l1 + 1e-3 * z.norm(p=1, dim=1).mean(), y
    return module(forward, enc=nn.Sequential(nn.Flatten(), nn.Linear(100, 12)), dec=nn.Linear(12, 100))


@zoo(3, 12, 12, loss=Given())
def ssim_loss():
    """Structural similarity with a Gaussian window that is a buffer, and an edge term, in a dict."""
    def forward(s, x):
        y = s.net(x)
        w, c = s.window.expand(3, 1, 5, 5), dict(padding=2, groups=3)
        mx, my = F.conv2d(x, w, **c), F.conv2d(y, w, **c)
        vx, vy, vxy = F.conv2d(x * x, w, **c) - mx ** 2, F.conv2d(y * y, w, **c) - my ** 2, F.conv2d(x * y, w, **c) - mx * my
        ssim = ((2 * mx * my + 1e-4) * (2 * vxy + 9e-4)) / ((mx ** 2 + my ** 2 + 1e-4) * (vx + vy + 9e-4))
        edge = F.l1_loss(y[:, :, 1:] - y[:, :, :-1], x[:, :, 1:] - x[:, :, :-1])
        return {"loss": 1 - ssim.mean() + 0.5 * edge + 0.1 * F.smooth_l1_loss(y, x), "reconstruction": y, "ssim": ssim}
    g = torch.exp(-(torch.arange(5.) - 2) ** 2 / 4.5)
    g = g / g.sum()
    return module(forward, net=nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 3, padding=1), nn.Sigmoid()), window=torch.outer(g, g)[None, None])


@zoo(3, 8, 8, loss=Given(), optimizer=lambda p: torch.optim.Adamax(p, 2e-3))
def many_losses():
    """Losses as operations, with reductions, and a perceptual term with a small frozen net."""
    def forward(s, x):
        l = s.net(x)
        y = torch.sigmoid(l)
        a, b = s.frozen(y).flatten(1), s.frozen(x).flatten(1)
        loss = F.binary_cross_entropy(y, x) + F.binary_cross_entropy_with_logits(l, x, reduction="sum") / 1000 + F.huber_loss(y, x, delta=0.3) + F.smooth_l1_loss(y, x, beta=0.2) + F.l1_loss(y, x) + F.mse_loss(a, b)
        loss = loss + (1 - F.cosine_similarity(a, b)).mean() + F.kl_div(F.log_softmax(l.flatten(1), 1), F.softmax(x.flatten(1), 1), reduction="batchmean") + F.binary_cross_entropy(y, x, reduction="none").sum((1, 2, 3)).mean() / 100
        loss = loss + F.cosine_embedding_loss(a, b, torch.ones(1)) + F.pairwise_distance(a, b).mean() / 10 + torch.log(torch.cosh(y - x)).mean() + F.poisson_nll_loss(l, x) / 10 + torch.dist(y, x) / 100 + F.mse_loss(y, x, reduction="none").mean()
        return loss, y
    m = module(forward, net=nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 3, padding=1)), frozen=nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), nn.Conv2d(4, 4, 3)))
    m.frozen.requires_grad_(False)
    return m


@zoo(1, 8, 8, loss=Given())
def mean_vae():
    """A variational autoencoder with the noise left out, so that it can be compared."""
    def forward(s, x):
        h = torch.relu(s.enc(x)).flatten(1)
        mu, logvar = s.mu(h), s.logvar(h)
        y = torch.sigmoid(s.dec(F.relu(s.grow(mu)).view(-1, 4, 4, 4)))
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        bce = F.binary_cross_entropy(y.view(-1, 64), x.view(-1, 64), reduction="sum")
        return bce + kl, y, mu, logvar
    return module(forward, enc=nn.Conv2d(1, 4, 4, 2, 1), mu=nn.Linear(64, 5), logvar=nn.Linear(64, 5), grow=nn.Linear(5, 64), dec=nn.ConvTranspose2d(4, 1, 4, 2, 1))


@zoo(1, 6, 6, loss=Given())
def batch_terms():
    """Terms over the batch: decorrelation of the code, its mean and variance, per-batch normalization."""
    def forward(s, x):
        z = s.enc(x.flatten(1))
        y = s.dec(z).view(x.shape)
        c = z - z.mean(0, keepdim=True)
        cov = c.t() @ c / (z.shape[0] - 1)
        off = cov.pow(2).sum() - cov.diagonal().pow(2).sum()
        v = torch.relu(1 - torch.sqrt(z.var(0) + 1e-4)).mean() + z.std(dim=0, unbiased=False).sum() / 10
        n = (z - z.mean(0)) / z.std(0)
        corr = torch.einsum("bi,bj->ij", n, n) / z.shape[0]
        return F.mse_loss(y, x) + 0.1 * off + 0.1 * v + 0.01 * (corr - torch.eye(5)).pow(2).sum() + 0.1 * z.norm() / x.shape[0], y
    return module(forward, enc=nn.Linear(36, 5), dec=nn.Linear(5, 36))


@zoo(1, 6, 6, loss=Given())
def vector_quantized():
    """A codebook: the nearest entry, straight through, with codebook and commitment terms."""
    def forward(s, x):
        z = s.enc(x).permute(0, 2, 3, 1).contiguous()
        flat = z.view(-1, 4)
        d = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ s.book.weight.t() + s.book.weight.pow(2).sum(1)
        at = torch.argmin(d, dim=1)
        q = s.book(at).view(z.shape)
        loss = F.mse_loss(q, z.detach()) + 0.25 * F.mse_loss(q.detach(), z)
        q = z + (q - z).detach()
        y = s.dec(q.permute(0, 3, 1, 2))
        return F.mse_loss(y, x) + loss, y
    return module(forward, enc=nn.Conv2d(1, 4, 2, 2), book=nn.Embedding(8, 4), dec=nn.ConvTranspose2d(4, 1, 2, 2))


@zoo(1, 6, 6, loss=Given())
def contractive():
    """The squared Frobenius norm of the encoder's Jacobian, in closed form."""
    def forward(s, x):
        h = torch.sigmoid(s.enc(x.flatten(1)))
        y = s.dec(h).view(x.shape)
        dh = h * (1 - h)
        j = torch.sum(torch.mul(dh ** 2, s.enc.weight.pow(2).sum(1)), 1).mean()
        return F.mse_loss(y, x) + 0.1 * j + 1e-3 * torch.mm(dh ** 2, (s.enc.weight ** 2).sum(dim=1).unsqueeze(1)).sum(), y
    return module(forward, enc=nn.Linear(36, 6), dec=nn.Linear(6, 36))


class Denoiser(nn.Module):
    """Two inputs, x and the target; the loss is weighted by a mask of the target."""
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 3, 3, padding=1))

    def forward(self, x, target):
        y = self.net(x)
        w = torch.where(target > 0.5, 2.0, 1.0)
        return (w * (y - target) ** 2).mean(), y


@zoo(3, 8, 8, loss=Given(), target=True)
def with_target():
    return Denoiser()


@zoo(2, 6, 6)
def several_outputs():
    """Outputs without a loss: the first of the target's shape is the reconstruction."""
    def forward(s, x):
        z = torch.relu(s.enc(x))
        return {"code": z, "image": s.dec(z), "mean": z.mean()}
    return module(forward, enc=nn.Conv2d(2, 4, 3, padding=1), dec=nn.Conv2d(4, 2, 3, padding=1))


# ---- batches -----------------------------------------------------------------------------------------------------------


@zoo(1, 6, 6, batch=8, committed=True)
def constant_batch():
    def forward(s, x):
        h = s.enc(x).view(8, 36 * 3)
        return s.dec(torch.tanh(h)).view(len(x), 1, 6, 6)
    return module(forward, enc=nn.Conv2d(1, 3, 3, padding=1), dec=nn.Linear(108, 36))


@zoo(1, 6, 6, low=3, high=64)
def limited_batch():
    return nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 1, 3, padding=1))


# ---- that draw at random: not to be compared value by value --------------------------------------------------------------


@zoo(1, 12, 12, loss=Given(), random=True)
def vae():
    def forward(s, x):
        h = s.enc(x)
        mu, logvar = s.mu(h), s.logvar(h)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        y = torch.sigmoid(s.dec(z)).view_as(x)
        kl = -0.5 * torch.mean(torch.sum(1 + logvar - mu ** 2 - logvar.exp(), dim=1))
        return F.mse_loss(y, x, reduction="sum") / x.shape[0] + kl, y
    return module(forward, enc=nn.Sequential(nn.Flatten(), nn.Linear(144, 32), nn.ReLU()), mu=nn.Linear(32, 6), logvar=nn.Linear(32, 6), dec=nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 144)))


@zoo(3, 8, 8, random=True)
def dropouts():
    def forward(s, x):
        h = s.net(x + 0.1 * torch.randn(x.shape) + torch.rand_like(x) * 0.1)
        h = F.alpha_dropout(F.dropout2d(h, 0.1), 0.1, training=True) * torch.bernoulli(torch.full_like(h, 0.9)) + torch.normal(0.0, 0.1, h.shape) * (torch.rand(h.shape) < 0.5) + F.rrelu(h, training=True) + F.gumbel_softmax(h, dim=1)
        return s.out(h)
    return module(forward, net=nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(6, 6, 3, padding=1), nn.Dropout2d(0.2), nn.FeatureAlphaDropout(0.1)), out=nn.Conv2d(6, 3, 1))


@zoo(1, 6, 6, random=True, in_evaluation=[], committed=True)
def drawn_in_training():
    """Dropouts, and noise that is drawn in training alone, as dcae.json says."""
    def forward(s, x):
        h = s.a(x)
        if s.training:
            h = h + torch.randn_like(h)
        return s.b(s.net(h)) * 1.5
    return module(forward, a=nn.Conv2d(1, 4, 3, padding=1), b=nn.Conv2d(4, 1, 3, padding=1), net=nn.Sequential(nn.Dropout(0.5), nn.Dropout2d(0.3), nn.Tanh()))


@zoo(4, 10, random=True)
def dropouts1d():
    return nn.Sequential(nn.Conv1d(4, 6, 3, padding=1), nn.Dropout1d(0.3), nn.SELU(), nn.AlphaDropout(0.1), nn.FeatureAlphaDropout(0.1), nn.Conv1d(6, 4, 3, padding=1))


@zoo(1, 14, 14, loss=Given())
def flattened_vae():
    """As in PyTorch's examples: the reconstruction is a vector for each image. Its noise is left out."""
    def forward(s, x):
        h = F.relu(s.fc1(x.view(-1, 196)))
        mu, logvar = s.fc21(h), s.fc22(h)
        y = torch.sigmoid(s.fc4(F.relu(s.fc3(mu))))
        return F.binary_cross_entropy(y, x.view(-1, 196), reduction="sum") - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()), y, mu, logvar
    return module(forward, fc1=nn.Linear(196, 40), fc21=nn.Linear(40, 5), fc22=nn.Linear(40, 5), fc3=nn.Linear(5, 40), fc4=nn.Linear(40, 196))


@zoo(3, 6, 6, loss=Given())
def flattened_rgb():
    """A vector of an image of several channels, whose values are in PyTorch's order."""
    def forward(s, x):
        y = s.dec(torch.tanh(s.enc(x.flatten(1))))
        return F.mse_loss(y, x.flatten(1)), y
    return module(forward, enc=nn.Linear(108, 10), dec=nn.Linear(10, 108))
