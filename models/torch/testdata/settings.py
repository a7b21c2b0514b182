"""Models of odd sizes, whose layers and optimizers have settings that are not the defaults. check_torch.py compares their traces."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from zoo import Given, module, zoo

optim = torch.optim


def groups(optimizer, second, **settings):
    """The optimizer with its parameters in two groups: those of several axes, and biases and the like, which have settings of their own."""
    def make(parameters):
        ps = list(parameters)
        return optimizer([{"params": [p for p in ps if p.dim() > 1]}, {"params": [p for p in ps if p.dim() < 2]} | second], **settings)
    return make


@zoo(3, 19, 13, warm=15, optimizer=groups(optim.NAdam, {"lr": 4e-3, "weight_decay": 0.0}, lr=1e-3, weight_decay=0.02, momentum_decay=1e-2, betas=(0.8, 0.99), decoupled_weight_decay=True))
def odd_sizes():
    return nn.Sequential(nn.Conv2d(3, 10, (5, 3), stride=(3, 2), padding=(2, 0), bias=False), nn.BatchNorm2d(10, momentum=0.02), nn.SiLU(), nn.Conv2d(10, 7, (2, 3), stride=(2, 1), dilation=(2, 2), padding=(1, 2)), nn.BatchNorm2d(7), nn.ELU(0.5),
                         nn.ConvTranspose2d(7, 10, (4, 3), stride=(2, 2), padding=(0, 1), output_padding=(1, 1)), nn.GELU(), nn.ConvTranspose2d(10, 3, (4, 5), stride=(3, 1), padding=(3, 2), output_padding=(2, 0)), nn.Upsample((19, 13), mode="bilinear"))


@zoo(3, 27, 21, warm=10, loss=nn.L1Loss(), optimizer=lambda p: optim.RMSprop(p, 2e-3, alpha=0.95, eps=1e-3, weight_decay=0.01, momentum=0.8, centered=True))
def unet_of_layer_norms():
    """A U-Net whose poolings round up, with normalizations over images and over channels."""
    def forward(s, x):
        a = F.leaky_relu(s.n1(s.c1(x)), 0.2)
        b = F.leaky_relu(s.n2(s.c2(F.max_pool2d(a, 2, ceil_mode=True)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2), 0.2)
        c = torch.tanh(s.n3(s.c3(F.avg_pool2d(b, 3, 2, 1, ceil_mode=True, count_include_pad=False))))
        u = torch.cat([b, s.u1(c)[..., :14, :11]], 1)
        u = F.relu(s.c4(u))
        return torch.sigmoid(s.c5(torch.cat([F.interpolate(u, scale_factor=2)[:, :, :27, :21], a], 1)))
    return module(forward, c1=nn.Conv2d(3, 6, 3, padding=1), n1=nn.LayerNorm([27, 21]), c2=nn.Conv2d(6, 9, 3, padding=1, groups=3), n2=nn.LayerNorm(9, eps=1e-3), c3=nn.Conv2d(9, 12, 3, padding="same", dilation=2), n3=nn.LayerNorm([12, 8, 6], bias=False),
                  u1=nn.ConvTranspose2d(12, 8, 3, 2, padding=0, groups=4), c4=nn.Conv2d(17, 8, 3, padding=1, padding_mode="reflect"), c5=nn.Conv2d(14, 3, 5, padding=2))


@zoo(2, 15, 15, warm=12, optimizer=groups(optim.Adagrad, {"lr": 0.05}, lr=0.01, lr_decay=0.1, weight_decay=1e-3, initial_accumulator_value=0.1, eps=1e-6))
def unet_of_instance_norms():
    def forward(s, x):
        a = F.relu(s.n1(s.c1(x)))
        b = F.relu(s.n2(s.c2(a)))
        u = s.n3(s.u(b))
        return s.out(torch.relu(torch.cat((u, a), dim=1))) + x
    return module(forward, c1=nn.Conv2d(2, 8, 3, padding=1), n1=nn.InstanceNorm2d(8, affine=True), c2=nn.Conv2d(8, 12, 4, stride=2, padding=1, groups=4), n2=nn.InstanceNorm2d(12, affine=True, eps=1e-2), u=nn.ConvTranspose2d(12, 6, 3, stride=2, padding=0),
                  n3=nn.InstanceNorm2d(6), out=nn.Conv2d(14, 2, 1))


@zoo(3, 18, 12, loss=Given(), optimizer=groups(optim.RMSprop, {"weight_decay": 0.1, "lr": 1e-4}, lr=1e-3, alpha=0.9, centered=True))
def pyramid_loss():
    """A loss at three scales and a penalty on the code, which the program computes."""
    def forward(s, x):
        z = s.enc(x)
        y = s.dec(z)
        scales = [F.mse_loss(F.avg_pool2d(y, k, ceil_mode=True), F.avg_pool2d(x, k, ceil_mode=True)) for k in (1, 2, 5)]
        smooth = F.smooth_l1_loss(y.diff(dim=2), x.diff(dim=2), beta=0.1)
        return torch.stack(scales).sum() + 0.3 * smooth + 1e-3 * z.pow(2).sum((1, 2, 3)).mean(), y
    return module(forward, enc=nn.Sequential(nn.Conv2d(3, 12, 3, stride=3, padding=1), nn.InstanceNorm2d(12, affine=True), nn.Hardswish(), nn.Conv2d(12, 6, 2)),
                  dec=nn.Sequential(nn.ConvTranspose2d(6, 12, 2), nn.LayerNorm([6, 4]), nn.Softplus(), nn.ConvTranspose2d(12, 3, 3, stride=3), nn.Sigmoid()))


@zoo(1, 17, 23, warm=20, loss=nn.SmoothL1Loss(beta=0.3), optimizer=lambda p: optim.SGD(p, 0.03, momentum=0.8, dampening=0.5, weight_decay=0.01))
def slow_statistics():
    """Statistics of all batches alike (momentum=None), of none and of the last one."""
    return nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.BatchNorm2d(8, momentum=0.5, eps=1e-2), nn.CELU(), nn.Conv2d(8, 8, (3, 5), padding=(1, 2), groups=8), nn.BatchNorm2d(8, momentum=0.0), nn.Mish(),
                         nn.ConvTranspose2d(8, 8, 3, 2), nn.BatchNorm2d(8, momentum=1.0, affine=False), nn.Tanh(), nn.Conv2d(8, 1, 1))


@zoo(3, 14, 10, optimizer=groups(optim.AdamW, {"weight_decay": 0.0, "lr": 5e-3}, lr=2e-3, weight_decay=0.2, amsgrad=True, eps=1e-6), loss=nn.BCEWithLogitsLoss(reduction="sum"))
def group_norms():
    return nn.Sequential(nn.Conv2d(3, 12, 4, 2, 1, bias=False), nn.GroupNorm(4, 12, eps=1e-3), nn.PReLU(12), nn.Conv2d(12, 12, 3, padding=2, dilation=2, groups=6), nn.GroupNorm(1, 12, affine=False), nn.SELU(), nn.PixelShuffle(2), nn.Conv2d(3, 3, 3, padding=1, padding_mode="circular"))


@zoo(2, 9, 16, optimizer=lambda p: optim.NAdam(p, 5e-3, weight_decay=0.05), loss=nn.HuberLoss(delta=0.2))
def channels_mixed():
    """Squeezed and permuted images, a learned table added to them, a buffer that weighs them."""
    def forward(s, x):
        h = s.a(x * s.weigh) + s.table
        h = s.n(h.permute(0, 3, 2, 1)).permute(0, 3, 2, 1)
        g = torch.sigmoid(s.g(F.adaptive_max_pool2d(h, (1, None)).squeeze(2).flatten(1))).unflatten(1, (5, 1, 16))
        return s.o(F.gelu(h, approximate="tanh") * g)
    return module(forward, a=nn.Conv2d(2, 5, 3, padding="same"), table=nn.Parameter(torch.randn(5, 9, 1) * 0.2), n=nn.LayerNorm([9, 5]), g=nn.Linear(80, 80), o=nn.Conv2d(5, 2, (1, 3), padding=(0, 1)), weigh=torch.linspace(0.5, 1.5, 16))


@zoo(3, 23, 17, warm=8, optimizer=groups(optim.RAdam, {"lr": 3e-3}, lr=1e-2, weight_decay=0.01, betas=(0.7, 0.9), decoupled_weight_decay=True))
def pooled_up():
    """Poolings that round up and pad, dilated ones, and sizes brought back with indices."""
    def forward(s, x):
        h = F.elu(s.a(x))
        p, at = F.max_pool2d(h, 3, stride=2, padding=1, return_indices=True)
        q = F.max_pool2d(s.b(p), 2, stride=1, dilation=2, ceil_mode=True)
        q = F.avg_pool2d(q, (2, 3), stride=(2, 2), padding=(1, 1), ceil_mode=True, divisor_override=5)
        u = F.max_unpool2d(s.c(F.interpolate(q, size=p.shape[2:], mode="bicubic")), at, 3, stride=2, padding=1, output_size=(23, 17))
        return s.d(u + h)
    return module(forward, a=nn.Conv2d(3, 7, 3, padding=1), b=nn.Conv2d(7, 7, 3, padding=1, groups=7), c=nn.Conv2d(7, 7, 1), d=nn.Conv2d(7, 3, 3, padding=1, padding_mode="replicate"))


@zoo(40, warm=5, loss=nn.MSELoss(reduction="sum"), optimizer=groups(optim.Adamax, {"weight_decay": 0.1}, lr=3e-3, eps=1e-4, betas=(0.8, 0.95)))
def normalized_vectors():
    def forward(s, x):
        z = F.normalize(s.a(x), dim=1, eps=1e-6)
        return s.b(s.n(z) + s.m(s.bn(z.unsqueeze(2))).squeeze(-1))
    return module(forward, a=nn.Sequential(nn.Linear(40, 24), nn.BatchNorm1d(24, affine=False, momentum=0.3), nn.LeakyReLU(0.3), nn.Linear(24, 12)), n=nn.LayerNorm(12), bn=nn.BatchNorm1d(12), m=nn.GroupNorm(3, 12), b=nn.Linear(12, 40))


@zoo(3, 11, 11, optimizer=groups(optim.Adadelta, {"lr": 0.1}, lr=1.0, rho=0.8, eps=1e-5, weight_decay=1e-3), loss=Given())
def scored():
    """A structural term beside the error, of images without padding."""
    def forward(s, x):
        y = s.net(x)
        mean = lambda t: F.avg_pool2d(t, 3, 1)
        mx, my = mean(x), mean(y)
        vx, vy, c = mean(x * x) - mx.square(), mean(y * y) - my.square(), mean(x * y) - mx * my
        score = ((2 * mx * my + 0.01) * (2 * c + 0.03)) / ((mx.square() + my.square() + 0.01) * (vx + vy + 0.03))
        return 0.8 * (1 - score.mean()) + 0.2 * F.huber_loss(y, x, delta=0.5), y
    return module(forward, net=nn.Sequential(nn.Conv2d(3, 9, 3, 2), nn.InstanceNorm2d(9), nn.ReLU(), nn.ConvTranspose2d(9, 3, 3, 2, output_padding=0, groups=3), nn.Sigmoid()))
