"""What is measured of one cell: its training under several seeds, and what it costs."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from nasutils.digits import task
from nasutils.networks.counting import build_on_meta, count_flops, count_params
from nasutils.proxies import SUITE_ZERO, score
from nasutils.spaces.nasbench201 import NASBench201Cell
from nasutils.threads import deterministic_cpu
from nasutils.training import classifiers

LATENCY_BATCH = 64
PROXIES = tuple(name for name in SUITE_ZERO if name not in ("params", "flops"))
PROXY_BATCH = 64
# An image has 64 pixels: less their means, 64 rows of gradients have rank 63, and one eigenvalue of
# their correlations would always be zero.
JACOV_BATCH = 32
PROXY_SEED = 0
_LATENCY_REPEATS = 15


def train_cell(
    cell: NASBench201Cell, seeds: Sequence[int] = task.SEEDS, device: str = "cpu"
) -> list[dict[str, Any]]:
    """Train a cell once a seed, all seeds side by side.

    On a CPU one thread does the work, so that the result does not depend on the machine's cores.

    Returns:
        One row a seed: ``arch``, ``seed``, ``train_loss`` and ``valid_curve`` (a value an epoch;
        the curve on the first 250 validation images), ``valid`` and ``test`` accuracy in percent,
        ``train_seconds`` (this seed's share).
    """
    train_set, valid_set, test_set = (task.images(s, device) for s in ("train", "valid", "test"))
    curve_set = tuple(part[: task.CURVE_IMAGES] for part in valid_set)
    with deterministic_cpu():
        network = task.build_network(cell, replicas=len(seeds))
        classifiers.initialise(network, seeds)
        network.to(device, memory_format=torch.channels_last)
        start = time.perf_counter()
        history = classifiers.train(network, *train_set, *curve_set, task.SCHEDULE, seeds)
        seconds = (time.perf_counter() - start) / len(seeds)
        valid = classifiers.accuracy(network, *valid_set)
        test = classifiers.accuracy(network, *test_set)
    return [
        {
            "arch": str(cell),
            "seed": seed,
            "train_loss": history.train_loss[i].astype(np.float32),
            "valid_curve": history.valid_accuracy[i].astype(np.float32),
            "valid": float(valid[i]),
            "test": float(test[i]),
            "train_seconds": seconds,
        }
        for i, seed in enumerate(seeds)
    ]


def cost_of_cell(cell: NASBench201Cell) -> list[dict[str, Any]]:
    """Return a row: ``arch``, ``params`` and ``flops`` in millions, ``latency`` in milliseconds."""
    network = build_on_meta(lambda: task.build_network(cell))
    return [
        {
            "arch": str(cell),
            "params": count_params(network),
            "flops": count_flops(network, task.IMAGE_SHAPE),
            "latency": latency(cell),
        }
    ]


def proxies_of_cell(cell: NASBench201Cell) -> list[dict[str, Any]]:
    """Score a cell's untrained network by the proxies of NAS-Bench-Suite-Zero: a row of columns.

    In double precision, on the first 64 training images (``jacov`` on 32), with the initial weights
    of seed 0. Parameters and FLOPs, two of the 13, are among the costs. Undefined scores are minus
    infinity.
    """
    images, labels = (part[:PROXY_BATCH] for part in task.images("train"))
    others = [name for name in PROXIES if name != "jacov"]
    with deterministic_cpu():
        network = task.build_network(cell)
        classifiers.initialise(network, [PROXY_SEED])
        scores = score(network.double(), images, labels, others, seed=PROXY_SEED)
        fewer = images[:JACOV_BATCH], labels[:JACOV_BATCH]
        scores |= score(network, *fewer, "jacov", seed=PROXY_SEED)
    return [{"arch": str(cell), **scores}]


@torch.no_grad()
def latency(cell: NASBench201Cell) -> float:
    """Return the time of a forward pass of 64 images on one CPU thread, in milliseconds.

    The shortest of 15 passes after two to warm up: other programs only ever make it longer.
    """
    network = task.build_network(cell).to(memory_format=torch.channels_last).eval()
    x = torch.zeros(LATENCY_BATCH, *task.IMAGE_SHAPE).to(memory_format=torch.channels_last)
    times = []
    with deterministic_cpu():
        for _ in range(_LATENCY_REPEATS + 2):
            start = time.perf_counter()
            network(x)
            times.append(time.perf_counter() - start)
    return 1e3 * min(times[2:])
