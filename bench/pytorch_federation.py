#!/usr/bin/env python3
"""The PyTorch side of federated rounds: the same clients, steps and weighted mean, in eager FP32 and NCHW, as the field's scripts run it.

Clients train one after another on one network: load the global parameters, a pass of plain SGD over the client's images (gather,
random crop, flip, scale, forward, cross-entropy, backward, step), the difference as one vector; the server adds the mean of the
differences weighted by samples. Running statistics are averaged alike. All images are uint8 in memory. Prints one JSON line.
"""
import argparse
import json
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def block(inputs, outputs):
    """3x3 convolution without bias, normalisation, rectifier."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Net(nn.Module):
    """Normalisation of pixels before whatever the net does."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, 3, 1, 1), 0.25))

    def forward(self, x):
        return self.classify((x - self.mean) / self.std)


class SmallConvNet(Net):
    """Convolutions 32-32, pool, 64-64, pool, hidden layer of 128, head."""

    def __init__(self, classes=10):
        super().__init__()
        self.layers = nn.Sequential(
            block(3, 32), block(32, 32), nn.MaxPool2d(2), block(32, 64), block(64, 64), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 8 * 8, 128), nn.ReLU(inplace=True), nn.Linear(128, classes))

    def classify(self, x):
        return self.layers(x)


class ResNet9(Net):
    """Lockdown's network for CIFAR, with running statistics and a bias in the head."""

    def __init__(self, classes=10):
        super().__init__()
        self.stem = nn.Sequential(block(3, 64), block(64, 128), nn.MaxPool2d(2))
        self.res1 = nn.Sequential(block(128, 128), block(128, 128))
        self.middle = nn.Sequential(block(128, 256), nn.MaxPool2d(2), block(256, 512), nn.MaxPool2d(2))
        self.res2 = nn.Sequential(block(512, 512), block(512, 512))
        self.head = nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(512, classes))

    def classify(self, x):
        x = self.stem(x)
        x = self.res1(x) + x
        x = self.middle(x)
        return self.head(self.res2(x) + x)


NETS = {"small-conv-net": SmallConvNet, "res-net9": ResNet9}


def prepare(images, index, padding):
    """A batch of float images in [0,1]: gathered, cropped and flipped by draws for each image."""
    count, side = len(index), images.shape[-1]
    padded = F.pad(images[index], (padding,) * 4)
    offsets = torch.randint(0, 2 * padding + 1, (2, count))
    places = torch.arange(side)
    rows, columns = offsets[0][:, None] + places, offsets[1][:, None] + places
    columns = torch.where(torch.rand(count, 1) < 0.5, columns.flip(1), columns)
    batch = padded[torch.arange(count)[:, None, None, None], torch.arange(3)[None, :, None, None], rows[:, None, :, None], columns[:, None, None, :]]
    return batch.float().div_(255)


def statistics(net):
    """Running means and variances as one vector."""
    return torch.cat([buffer for name, buffer in net.named_buffers() if name.endswith(("running_mean", "running_var"))])


def set_statistics(net, vector):
    start = 0
    for name, buffer in net.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.copy_(vector[start:start + buffer.numel()])
            start += buffer.numel()


def federated_round(net, images, labels, shards, options):
    """One round in which every shard's client takes part; the global model is the network's state before and after."""
    before, norms = parameters_to_vector(net.parameters()).detach().clone(), statistics(net)
    step, means, samples = torch.zeros_like(before), torch.zeros_like(norms), 0
    for shard in shards:
        with torch.no_grad():
            vector_to_parameters(before.clone(), net.parameters())
            set_statistics(net, norms)
        net.train()
        optimizer = torch.optim.SGD(net.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
        order = shard[torch.randperm(len(shard))]
        total = 0.0
        for index in order.split(options.batch):
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(net(prepare(images, index, options.padding)), labels[index])
            loss.backward()
            optimizer.step()
            total += loss.item()
        if not total < float("inf"):
            raise SystemExit("The loss is not finite.")
        with torch.no_grad():
            step.add_(parameters_to_vector(net.parameters()) - before, alpha=len(shard))
            means.add_(statistics(net), alpha=len(shard))
            samples += len(shard)
    with torch.no_grad():
        vector_to_parameters(before + step / samples, net.parameters())
        set_statistics(net, means / samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", choices=sorted(NETS), required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--weight-decay", type=float, required=True)
    parser.add_argument("--padding", type=int, required=True)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    net = NETS[options.net]()
    count = options.clients * options.images
    images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
    labels = torch.arange(count) % 10
    shards = torch.randperm(count).split(options.images)
    federated_round(net, images, labels, shards[:2], options)
    start, processor = time.perf_counter(), time.process_time()
    federated_round(net, images, labels, shards, options)
    print(json.dumps({
        "seconds": [time.perf_counter() - start],
        "processorSeconds": [time.process_time() - processor],
        "parameters": sum(p.numel() for p in net.parameters()),
        "library": "PyTorch " + torch.__version__,
    }))


if __name__ == "__main__":
    main()
