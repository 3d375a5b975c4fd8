#!/usr/bin/env python3
"""The PyTorch side of the comparison: the same nets and the same step, timed the same way.

Prints one JSON line. FP32 runs as the field's scripts do on a CPU (eager, NCHW); BF16 as the best a user can ask for
(autocast, channels-last). Batches are ready in memory in the layout of the run, so no data loading is charged to this side.
"""
import argparse
import contextlib
import json
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    """3x3, 3x3 and a 1x1 shortcut where size or width change (He et al. 2016a, option B)."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = None
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += x if self.shortcut is None else self.shortcut(x)
        return F.relu(y, inplace=True)


class ResidualNet(nn.Module):
    """CIFAR form: normalisation of pixels, 3x3 stem, stages at halved size, global average pool, linear head."""

    def __init__(self, widths, blocks, classes=10):
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, 3, 1, 1), 0.25))
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        inputs = widths[0]
        for stage, width in enumerate(widths):
            layer = nn.Sequential()
            for block in range(blocks):
                layer.add_module(str(block), Block(inputs, width, 2 if stage > 0 and block == 0 else 1))
                inputs = width
            self.add_module(f"layer{stage + 1}", layer)
        self.stages = len(widths)
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.std)), inplace=True)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.linear(x.mean((2, 3)))


NETS = {
    "res-net8": lambda classes=10: ResidualNet([16, 32, 64], 1, classes),
    "res-net18": lambda classes=10: ResidualNet([64, 128, 256, 512], 2, classes),
}


def rate(step, batch, seconds):
    """Images per second over at least three steps and about the asked seconds, after two steps of warm-up."""
    step()
    start = time.perf_counter()
    step()
    once = time.perf_counter() - start
    steps = max(3, int(seconds / once))
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return batch * steps / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", choices=sorted(NETS), required=True)
    parser.add_argument("--arithmetic", choices=["fp32", "bf16"], required=True)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    bf16 = options.arithmetic == "bf16"
    net = NETS[options.net]()
    images = torch.rand(options.batch, 3, 32, 32)
    labels = torch.arange(options.batch) % 10
    if bf16:
        net = net.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    last = [0.0]

    def arithmetic():
        return torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext()

    def train():
        optimizer.zero_grad(set_to_none=True)
        with arithmetic():
            logits = net(images)
        loss = F.cross_entropy(logits.float(), labels)
        loss.backward()
        optimizer.step()
        last[0] = loss.detach()

    def forward():
        with torch.no_grad(), arithmetic():
            net(images)

    training = rate(train, options.batch, options.seconds)
    if not torch.isfinite(last[0]):
        raise SystemExit("The loss is not finite.")
    net.eval()
    print(json.dumps({
        "trainImagesPerSecond": training,
        "forwardImagesPerSecond": rate(forward, options.batch, options.seconds / 2),
        "parameters": sum(p.numel() for p in net.parameters()),
        "library": "PyTorch " + torch.__version__,
    }))


if __name__ == "__main__":
    main()
