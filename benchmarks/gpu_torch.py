"""The yardstick in PyTorch: ResNet50V2, compiled, channels last, in fp16. torch is no dependency.

The architecture of keras.applications.ResNet50V2 with random weights, which take the same time.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.rounds import Work

Module = Any
Tensor = Any
"""torch's own, which may be missing."""
STACKS = ((64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1))
"""Of each: filters, blocks, and the stride of its last block."""


def installed() -> bool:
    """Whether there is a PyTorch."""
    return find_spec("torch") is not None


def torch_work(device: str, batch: int, batches: int) -> Work:
    """Runs from uint8 pictures on the device to probabilities on the device.

    Args:
        device: `cuda:0`.
        batch: images of each run.
        batches: runs of each work.
    """
    torch: Any = import_module("torch")

    network = resnet50v2().to(device, torch.float16, memory_format=torch.channels_last).eval()
    compiled = torch.compile(network, mode="max-autotune")
    pixels = torch.randint(0, 256, (batch, 3, 224, 224), dtype=torch.uint8, device=device)
    pixels = pixels.contiguous(memory_format=torch.channels_last)

    def work() -> None:
        with torch.inference_mode():
            for _ in range(batches):
                compiled(pixels)
            torch.cuda.synchronize(device)

    return work


def resnet50v2(classes: int = 1000) -> Module:
    """uint8 (batch, 3, height, width) → probabilities (batch, classes)."""
    torch: Any = import_module("torch")
    nn = torch.nn

    def activated(channels: int) -> Module:
        return nn.Sequential(nn.BatchNorm2d(channels, eps=1.001e-5), nn.ReLU())

    class Block(nn.Module):
        """Pre-activation: the sum itself passes no batch normalisation."""

        def __init__(self, before: int, filters: int, stride: int, *, first: bool) -> None:
            super().__init__()
            self.before = activated(before)
            self.branch = nn.Sequential(
                nn.Conv2d(before, filters, 1, bias=False), activated(filters),
                nn.Conv2d(filters, filters, 3, stride, 1, bias=False), activated(filters),
                nn.Conv2d(filters, 4 * filters, 1),
            )  # fmt: skip
            self.widened = nn.Conv2d(before, 4 * filters, 1, stride) if first else None
            self.thinned = nn.MaxPool2d(1, stride) if stride > 1 else nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            ready = self.before(x)
            shortcut = self.thinned(x) if self.widened is None else self.widened(ready)
            return shortcut + self.branch(ready)

    class Levels(nn.Module):
        """0-255 → -1 to 1, as the graph does it inside."""

        def forward(self, x: Tensor) -> Tensor:
            return x.to(torch.float16 if x.is_cuda else torch.float32) / 127.5 - 1

    layers: list[Module] = [Levels(), nn.Conv2d(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for filters, blocks, stride in STACKS:
        for block in range(blocks):
            last = block == blocks - 1
            layers.append(Block(channels, filters, stride if last else 1, first=block == 0))
            channels = 4 * filters
    layers += [activated(channels), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, classes), nn.Softmax(dim=1))
