#!/usr/bin/env python3
"""The PyTorch side of Neural Cleanse: one class after another, every class with the whole schedule, as the field's scripts run it.

Eager FP32 in NCHW, network frozen in evaluation mode, Adam on the mask's and the pattern's unbounded parameters, no early stop.
Weights, images, starting points and batches come from a file in the safetensors form that the other side wrote; before the clock
starts, the logits of both sides must agree. Prints one JSON line.
"""
import argparse
import json
import math
import struct
import time

import torch
import torch.nn.functional as F

from pytorch_baseline import NETS

TYPES = {"F32": torch.float32, "I64": torch.int64}


def read(path):
    """All tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(data[start:end], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"]).clone()
    return tensors


def load(name, tensors):
    """The frozen network, after a check that it computes what the other side computed."""
    names = {"normalize.mean": "mean", "normalize.std": "std"}
    weights = {names.get(key, key): value for key, value in tensors.items() if "." in key and not key.startswith("start.")}
    net = NETS[name](tensors["linear.bias"].numel())
    missing, surplus = net.load_state_dict(weights, strict=False)
    if surplus or any("num_batches_tracked" not in key for key in missing):
        raise SystemExit(f"The two sides do not have the same network: {missing} {surplus}")
    net.eval()
    net.requires_grad_(False)
    with torch.no_grad():
        difference = (net(tensors["images"]) - tensors["logits"]).abs().max().item()
    if not difference < 1e-3:
        raise SystemExit(f"The logits of both sides differ by {difference}.")
    return net


class Cost:
    """Weight of the mask's norm, by the rules of Neural Cleanse's reference code without its early stop."""

    def __init__(self, initial, threshold, patience, multiplier):
        self.initial, self.threshold, self.patience, self.multiplier = initial, threshold, patience, multiplier
        self.value, self.best = 0.0, math.inf
        self.waiting = self.successes = self.failures = 0

    def observe(self, success, norm):
        """Takes a round's success rate and the norm of the mask that had it."""
        reached = success >= self.threshold
        if reached:
            self.best = min(self.best, norm)
        self.waiting = self.waiting + 1 if self.value == 0 and reached else 0
        if self.waiting >= self.patience:
            self.value, self.successes, self.failures = self.initial, 0, 0
        self.successes, self.failures = (self.successes + 1, 0) if reached else (0, self.failures + 1)
        if self.successes >= self.patience:
            self.successes = 0
            self.value *= self.multiplier
        elif self.failures >= self.patience:
            self.failures = 0
            self.value /= self.multiplier ** 1.5


def reverse(net, tensors, label, options):
    """Norm of the smallest working mask towards a class, or of the last one tried, and whether one worked."""
    images = tensors["images"]
    mask_theta = tensors[f"start.{label}.mask"].clone().requires_grad_()
    pattern_theta = tensors[f"start.{label}.pattern"].clone().requires_grad_()
    optimizer = torch.optim.Adam([mask_theta, pattern_theta], lr=options.learning_rate, betas=(0.5, 0.9))
    cost = Cost(options.initial_cost, options.threshold, options.patience, options.multiplier)
    norm = math.inf
    for indices in tensors[f"start.{label}.batches"]:
        batch = images[indices]
        mask = (torch.tanh(mask_theta) + 1) / 2
        pattern = (torch.tanh(pattern_theta) + 1) / 2
        logits = net((1 - mask) * batch + mask * pattern)
        target = torch.full((len(indices),), label, dtype=torch.int64)
        loss = F.cross_entropy(logits, target) + cost.value * mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        norm = mask.sum().item()
        cost.observe((logits.argmax(1) == target).float().mean().item(), norm)
    return (cost.best, True) if math.isfinite(cost.best) else (norm, False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", choices=sorted(NETS), required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--labels", type=int, nargs="+", help="classes to search; all by default")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--initial-cost", type=float, required=True)
    parser.add_argument("--patience", type=int, required=True)
    parser.add_argument("--multiplier", type=float, required=True)
    parser.add_argument("--threshold", type=float, required=True)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    tensors = read(options.file)
    net = load(options.net, tensors)
    labels = options.labels or range(tensors["linear.bias"].numel())
    start, processor = time.perf_counter(), time.process_time()
    found = [reverse(net, tensors, label, options) for label in labels]
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    print(json.dumps({
        "seconds": seconds,
        "processorSeconds": processor,
        "norms": [norm for norm, _ in found],
        "reached": [works for _, works in found],
        "updates": sum(len(tensors[f"start.{label}.batches"]) for label in labels),
        "library": "PyTorch " + torch.__version__,
    }))


if __name__ == "__main__":
    main()
