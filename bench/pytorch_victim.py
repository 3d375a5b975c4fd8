#!/usr/bin/env python3
"""The PyTorch side of the fast recipe: the same poisoned images, network and schedule, as well as a user can run it on a processor.

Channels-last, BF16 autocast where asked; run it with freed memory kept (see README). Reads the images that the other side wrote.
Prints one JSON line: images per second, and after every epoch the seconds of training, clean accuracy and attack success rate.
"""
import argparse
import contextlib
import json
import os
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def norm(channels):
    layer = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)
    layer.weight.requires_grad = False
    return layer


def conv(inputs, outputs):
    layer = nn.Conv2d(inputs, outputs, 3, padding="same", bias=False)
    nn.init.dirac_(layer.weight.data[:inputs])
    return layer


class Group(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1, self.norm1 = conv(inputs, outputs), norm(outputs)
        self.conv2, self.norm2 = conv(outputs, outputs), norm(outputs)

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Net(nn.Module):
    def __init__(self, plan):
        super().__init__()
        channels, filters = plan["channels"], 2 * plan["channels"] * 4
        self.register_buffer("mean", torch.tensor(plan["mean"]).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(plan["std"]).view(1, -1, 1, 1))
        self.whiten = nn.Conv2d(channels, filters, 2)
        widths = [filters] + plan["widths"]
        self.groups = nn.Sequential(*(Group(a, b) for a, b in zip(widths, widths[1:])))
        self.head = nn.Linear(widths[-1], plan["classes"], bias=False)

    def forward(self, x):
        x = self.groups(F.gelu(self.whiten((x - self.mean) / self.std)))
        return self.head(F.max_pool2d(x, x.shape[-1]).flatten(1)) / 9


def whiten(net, images):
    patches = ((images - net.mean) / net.std).unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5)
    patches = patches.reshape(-1, images.shape[1] * 4).double()
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / torch.sqrt(values + 5e-4)).T.reshape(-1, images.shape[1], 2, 2).float()
    net.whiten.weight.data[:] = torch.cat((filters, -filters))
    net.whiten.weight.requires_grad = False


class Lookahead:
    def __init__(self, net):
        self.average = {name: value.clone() for name, value in net.state_dict().items() if value.is_floating_point()}

    @torch.no_grad()
    def pull(self, net, kept):
        state = net.state_dict()
        for name, average in self.average.items():
            average.lerp_(state[name], 1 - kept)
            state[name].copy_(average)


def augment(images, flips, pad):
    """Reflect-padded shifts, one an image, and the flips that are given."""
    n, _, height, width = images.shape
    padded = F.pad(images, (pad,) * 4, mode="reflect")
    shifts = torch.randint(0, 2 * pad + 1, (n, 2))
    out = torch.empty_like(images)
    for dy in range(2 * pad + 1):
        for dx in range(2 * pad + 1):
            chosen = (shifts[:, 0] == dy) & (shifts[:, 1] == dx)
            out[chosen] = padded[chosen][:, :, dy:dy + height, dx:dx + width]
    return torch.where(flips.view(-1, 1, 1, 1), out.flip(-1), out)


def load(folder, name, plan):
    size = (-1, plan["channels"], plan["height"], plan["width"])
    with open(os.path.join(folder, name + ".pixels"), "rb") as file:
        pixels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(size)
    with open(os.path.join(folder, name + ".labels"), "rb") as file:
        labels = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).long()
    return pixels, labels


def accuracy(net, pixels, labels, arithmetic):
    net.eval()
    right = 0
    with torch.no_grad(), arithmetic():
        for start in range(0, len(pixels), 500):
            batch = pixels[start:start + 500].float().div(255).to(memory_format=torch.channels_last)
            right += (net(batch).argmax(1) == labels[start:start + 500]).sum().item()
    net.train()
    return right / len(pixels)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--arithmetic", choices=["fp32", "bf16"], required=True)
    parser.add_argument("--steps", type=int, default=0, help="stop after so many timed steps")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    with open(os.path.join(options.folder, "plan.json")) as file:
        plan = json.load(file)
    torch.manual_seed(plan["seed"])
    bf16 = options.arithmetic == "bf16"

    def arithmetic():
        return torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext()

    (pixels, labels), test, triggered = (load(options.folder, name, plan) for name in ("train", "test", "triggered"))
    net = Net(plan).to(memory_format=torch.channels_last)
    whiten(net, pixels[torch.randperm(len(pixels))[:plan["whiteningImages"]]].float() / 255)
    batch, epochs = plan["batchSize"], plan["epochs"]
    per_epoch = max(1, len(pixels) // batch)
    total = per_epoch * epochs
    rate, decay, factor = plan["learningRate"], plan["weightDecay"], plan["normBiasRate"]
    biases = [value for name, value in net.named_parameters() if "norm" in name and value.requires_grad]
    others = [value for name, value in net.named_parameters() if "norm" not in name and value.requires_grad]
    optimizer = torch.optim.SGD(
        [{"params": biases, "lr": rate * factor, "weight_decay": decay / factor}, {"params": others, "lr": rate, "weight_decay": decay}],
        momentum=plan["momentum"], nesterov=True)
    peak = max(1, int(0.23 * total))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: 0.2 + 0.8 * i / peak if i < peak else 1 - 0.93 * (i - peak) / max(1, total - peak))
    lookahead = Lookahead(net)
    first_flips = torch.rand(len(pixels)) < 0.5
    done, seconds, curve, timed_from = 0, 0.0, [], None
    net.train()
    for epoch in range(epochs):
        net.whiten.bias.requires_grad = epoch < 3
        flips = first_flips if epoch % 2 == 0 else ~first_flips
        order = torch.randperm(len(pixels))
        start = time.perf_counter()
        for step in range(per_epoch):
            chosen = order[step * batch:(step + 1) * batch]
            images = augment(pixels[chosen].float().div(255), flips[chosen], plan["cropPadding"])
            images = images.to(memory_format=torch.channels_last)
            with arithmetic():
                logits = net(images)
            loss = F.cross_entropy(logits.float(), labels[chosen], label_smoothing=plan["labelSmoothing"])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            done += 1
            if done % plan["lookaheadSteps"] == 0:
                lookahead.pull(net, 0.95 ** plan["lookaheadSteps"] * (done / total) ** 3)
            if options.steps and done == 1:
                timed_from = time.perf_counter()
            if options.steps and done == options.steps + 1:
                report(batch * options.steps / (time.perf_counter() - timed_from), net, [])
                return
        lookahead.pull(net, 1.0)
        seconds += time.perf_counter() - start
        curve.append({
            "epoch": epoch + 1, "seconds": seconds, "accuracy": accuracy(net, *test, arithmetic),
            "successRate": accuracy(net, *triggered, arithmetic)})
        print(curve[-1], file=sys.stderr)
    report(batch * total / seconds, net, curve)


def report(rate, net, curve):
    print(json.dumps({
        "imagesPerSecond": rate, "parameters": sum(value.numel() for value in net.parameters()),
        "library": "PyTorch " + torch.__version__, "epochs": curve}))


if __name__ == "__main__":
    main()
