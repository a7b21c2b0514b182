"""Checks with PyTorch."""

import dataclasses

import numpy as np
import torch
import torch.nn as nn
from common import blobs, compare_norms, program, refused, timed

import dcae
from dcae import _export

x, xv = (torch.from_numpy(blobs(n, seed).transpose(0, 3, 1, 2).copy()) for n, seed in ((1500, 1), (200, 2)))


def autoencoder():
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 12), nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 256), nn.Unflatten(1, (1, 16, 16)))


net = autoencoder().eval()
optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
state = {k: v.clone() for k, v in net.state_dict().items()}
random = torch.get_rng_state()
d = timed("rate too high", "faulty", ["learning_rate_high"], net, x, optimizer=optimizer, loss=nn.MSELoss())
assert not net.training and torch.equal(random, torch.get_rng_state())
assert all(torch.equal(v, net.state_dict()[k]) for k, v in state.items()), "the net was changed"
net.load_state_dict(d.fixed_state_dict(), strict=True)

healthy = autoencoder()
timed("healthy", "healthy", None, healthy, x, valid=xv, optimizer=torch.optim.Adam(healthy.parameters(), lr=0.002), loss=nn.MSELoss())

loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, torch.arange(len(x))), batch_size=50, shuffle=True)
net = autoencoder()
timed(
    "a loader, and a loss of one's own", "faulty", ["learning_rate_low", "optimizer"], net, loader,
    optimizer=torch.optim.SGD(net.parameters(), lr=1e-6), loss=lambda output, target: (output - target).abs().mean(), seconds=30,
)  # fmt: skip

net = autoencoder()
optimizer = torch.optim.Adam(net.parameters())
exported = _export.save(net, (x[:2].numpy(), None), optimizer, nn.MSELoss(), __import__("pathlib").Path("recorded.pt2"), 32)
np.savez("batch.npz", x=x[:32].numpy())
program("trace", exported.path, "--data", "batch.npz", "--steps", "1", "--out", "trace.npz")
with dcae.torch.Recorder(net, optimizer, "run", valid=xv) as r:
    for _ in range(2):
        for batch in x.split(32):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(batch), batch)
            loss.backward()
            optimizer.step()
            r.step(loss)
        r.epoch()
compare_norms("run", "trace.npz", {p: [f"{p}.{n}" for n, _ in m.named_parameters()] for p, m in net.named_modules() if isinstance(m, nn.Linear)})
program("plot", "run")
assert "None of them is a cause" in program("diagnose", "run", "--records")


refused("loss is the class MSELoss: give the object", lambda: dcae.diagnose(net, x, optimizer=optimizer, loss=nn.MSELoss))
refused("an array with 1 axis instead of one number", lambda: dcae.diagnose(net, x, optimizer=optimizer, loss=lambda output, target: (output - target).square().mean((1, 2, 3))))
refused("fails when called with images of shape (1, 8, 8)", lambda: dcae.diagnose(net, x[:, :, :8, :8], optimizer=optimizer, loss=nn.MSELoss()))
refused("optimizer is a type", lambda: dcae.torch.Recorder(net, torch.optim.Adam, "unused"))
refused("images of valid, each of shape (1, 8, 8)", lambda: dcae.torch.Recorder(net, optimizer, "unused", valid=xv[:, :, :8, :8]))
refused("within `with", lambda: dcae.torch.Recorder(net, optimizer, "run").step(1.0))

one_cycle = torch.optim.Adam(net.parameters())
torch.optim.lr_scheduler.OneCycleLR(one_cycle, 0.01, total_steps=100)
weighted = nn.Parameter(torch.ones(1))
drawn = np.random.get_state()[1].copy()


class Noisy(nn.Sequential):
    """Draws from numpy, which an export cannot see."""

    def forward(self, x):
        return super().forward(x + float(np.random.normal()))


refused("a number changes from call to call", lambda: dcae.diagnose(Noisy(net), x, loss=nn.MSELoss()))
assert (drawn == np.random.get_state()[1]).all(), "the export drew from numpy's generator"
d = dcae.diagnose(net, x, optimizer=one_cycle, loss=lambda output, target: (output - target).square().mean() * weighted, seconds=2)
assert any("schedule" in n for n in d.notes), d.notes


class Conditional(nn.Sequential):
    """Takes a second input."""

    def forward(self, x, label):
        return super().forward(x) + label


refused("the module is called as module(x), which it does not take: missing a required argument: 'label'", lambda: dcae.diagnose(Conditional(net), x, loss=nn.MSELoss()))


class Calling(nn.Module):
    """What a function makes of an autoencoder's output."""

    def __init__(self, function):
        super().__init__()
        self.net, self.function = autoencoder(), function

    def forward(self, x):
        return self.function(self.net(x))


@dataclasses.dataclass
class Output:
    image: torch.Tensor


for words, function in {
    "a device is named": lambda y: y + torch.zeros(16, 16).cuda(),
    "the module returns nothing": lambda y: None,
    "the module returns a object": lambda y: object(),
}.items():
    refused(words, lambda function=function: dcae.diagnose(Calling(function), x, loss=nn.MSELoss()))
refused("takes batches of 8 only, not of 16", lambda: dcae.diagnose(Calling(lambda y: y.view(8, 1, 16, 16)), x, loss=nn.MSELoss(), batch=16))
d = dcae.diagnose(Calling(lambda y: y.view(8, 1, 16, 16)), x, loss=nn.MSELoss(), seconds=2)
assert any("batches of exactly 8" in n for n in d.notes), d.notes
refused("give x[:, None]", lambda: dcae.diagnose(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1)), x[:, 0], loss=nn.MSELoss()))
assert dcae.diagnose(Calling(Output), x, loss=nn.MSELoss(), seconds=2).verdict != "", "a dataclass is not taken"
