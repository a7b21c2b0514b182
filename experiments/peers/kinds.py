"""The kinds of models that `dcae bench` times beside the models under study (models/kinds.go), each as a short entry for Keras and PyTorch alike.

An entry is a function of a builder b and an input x. Layers have padding "same"; an activation is None, "relu", "elu" or "sigmoid".
"""


def strided_64(b, x):
    for filters in (64, 128, 256):
        x = b.leaky(b.norm(b.conv(x, filters, 4, stride=2)))
    for filters in (128, 64):
        x = b.leaky(b.norm(b.up(x, filters, 4)))
    return b.up(x, 3, 4, "sigmoid")


def strided_96(b, x):
    for filters in (32, 64, 128):
        x = b.conv(x, filters, 5, "relu", stride=2)
    x = b.image(b.dense(b.dense(b.flat(x), 128), 12 * 12 * 128, "relu"), 12, 12, 128)
    return b.up(b.up(b.up(x, 64, 5, "relu"), 32, 5, "relu"), 1, 5, "sigmoid")


def dense_784(b, x):
    for units in (512, 256, 64, 256, 512):
        x = b.dense(x, units, "relu")
    return b.dense(x, 784, "sigmoid")


def residual_32(b, x):
    def block(x, filters):
        y = b.norm(b.conv(b.norm(b.conv(x, filters, 3, "elu")), filters, 3))
        return b.act(b.add(y, b.conv(x, filters, 1)), "elu")

    x = block(b.pool(block(b.pool(block(x, 32)), 64)), 64)
    return b.conv(b.repeat(block(b.repeat(x), 32)), 3, 3, "sigmoid")


def unet_64(b, x):
    def twice(x, filters):
        return b.conv(b.conv(x, filters, 3, "relu"), filters, 3, "relu")

    around = []
    for filters in (32, 64, 128):
        around.append(twice(x, filters))
        x = b.pool(around[-1])
    x = twice(x, 256)
    for filters in (128, 64, 32):
        x = twice(b.concatenate(b.up(x, filters, 2), around.pop()), filters)
    return b.conv(x, 3, 1, "sigmoid")


def pooled(*widths):
    def build(b, x):
        for filters in widths:
            x = b.pool(b.conv(x, filters, 3, "relu"))
        for filters in reversed(widths):
            x = b.repeat(b.conv(x, filters, 3, "relu"))
        return b.conv(x, 1, 3, "sigmoid")
    return build


# name: entry, shape of an image, batch, loss
KINDS = {
    "strided-64": (strided_64, (64, 64, 3), 32, "mse"),
    "strided-96": (strided_96, (96, 96, 1), 32, "mse"),
    "dense-784": (dense_784, (784,), 128, "binary_crossentropy"),
    "residual-32": (residual_32, (32, 32, 3), 64, "mse"),
    "unet-64": (unet_64, (64, 64, 3), 16, "mse"),
    "pooled-28": (pooled(8, 16), (28, 28, 1), 128, "mse"),
    "pooled-256": (pooled(16, 32, 64, 128), (256, 256, 1), 8, "mse"),
}


class KerasBuilder:
    def __init__(self):
        from tensorflow.keras import layers
        self.layers = layers

    def conv(self, x, filters, kernel, act=None, stride=1):
        return self.layers.Conv2D(filters, kernel, strides=stride, padding="same", activation=act)(x)

    def up(self, x, filters, kernel, act=None):
        return self.layers.Conv2DTranspose(filters, kernel, strides=2, padding="same", activation=act)(x)

    def dense(self, x, units, act=None):
        return self.layers.Dense(units, activation=act)(x)

    def norm(self, x):
        return self.layers.BatchNormalization()(x)

    def leaky(self, x):
        return self.layers.LeakyReLU()(x)

    def act(self, x, name):
        return self.layers.Activation(name)(x)

    def pool(self, x):
        return self.layers.MaxPooling2D()(x)

    def repeat(self, x):
        return self.layers.UpSampling2D()(x)

    def flat(self, x):
        return self.layers.Flatten()(x)

    def image(self, x, h, w, c):
        return self.layers.Reshape((h, w, c))(x)

    def add(self, x, y):
        return self.layers.Add()([x, y])

    def concatenate(self, x, y):
        return self.layers.Concatenate()([x, y])


class TorchBuilder:
    """Makes the modules of an entry in its first pass, and uses them in all others."""

    def __init__(self, modules):
        self.modules, self.at, self.first = modules, 0, len(modules) == 0

    def module(self, x, make):
        if self.first:
            self.modules.append(make())
        self.at += 1
        return self.modules[self.at - 1](x)

    def act(self, x, name):
        import torch
        return {None: lambda x: x, "relu": torch.relu, "elu": torch.nn.functional.elu, "sigmoid": torch.sigmoid}[name](x)

    def conv(self, x, filters, kernel, act=None, stride=1):
        from torch import nn
        return self.act(self.module(x, lambda: nn.Conv2d(x.shape[1], filters, kernel, stride, padding=(kernel - 1) // 2 if kernel % 2 == 0 else kernel // 2)), act)

    def up(self, x, filters, kernel, act=None):
        from torch import nn
        pad = (kernel - 1) // 2
        return self.act(self.module(x, lambda: nn.ConvTranspose2d(x.shape[1], filters, kernel, 2, pad, 2 + 2 * pad - kernel)), act)

    def dense(self, x, units, act=None):
        from torch import nn
        return self.act(self.module(x, lambda: nn.Linear(x.shape[1], units)), act)

    def norm(self, x):
        from torch import nn
        return self.module(x, lambda: nn.BatchNorm2d(x.shape[1]))

    def leaky(self, x):
        import torch
        return torch.nn.functional.leaky_relu(x, 0.3)

    def pool(self, x):
        import torch
        return torch.nn.functional.max_pool2d(x, 2)

    def repeat(self, x):
        import torch
        return torch.nn.functional.interpolate(x, scale_factor=2)

    def flat(self, x):
        return x.flatten(1)

    def image(self, x, h, w, c):
        return x.reshape(-1, c, h, w)

    def add(self, x, y):
        return x + y

    def concatenate(self, x, y):
        import torch
        return torch.cat([x, y], 1)


def torch_model(entry, shape):
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList()

        def forward(self, x):
            return entry(TorchBuilder(self.parts), x)

    model = Model()
    model(torch.zeros(2, *(shape[-1:] + shape[:-1] if len(shape) == 3 else shape)))
    return model
