"""Training of image classifiers: one loop, for one network or for several replicas at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nasutils.errors import NasutilsError
from nasutils.networks.nasbench201 import NASBench201Network
from nasutils.settings import Count, NonNegative, Positive, ShareBelowOne, check_ranges


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to train: SGD with Nesterov momentum and weight decay under a one-cycle learning rate."""

    epochs: Count
    batch_size: Count
    max_lr: Positive = 0.1
    momentum: ShareBelowOne = 0.9
    weight_decay: NonNegative = 5e-4

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True, slots=True)
class History:
    """What a training run went through, for each of R replicas.

    Attributes:
        train_loss: Mean cross-entropy of each epoch, in nats; shape (R, epochs).
        valid_accuracy: Validation accuracy after each epoch, in percent; shape (R, epochs).
    """

    train_loss: np.ndarray
    valid_accuracy: np.ndarray


def initialise(network: NASBench201Network, seeds: Sequence[int]) -> None:
    """Draw each replica's weights from its own seed, as if it were built alone.

    Convolutions get He-normal weights (fan in), batch norms ones and zeros, biases zeros. A
    replica's weights depend on its seed alone, not on the other replicas beside it.
    """
    if len(seeds) != network.replicas:
        raise NasutilsError(f"{network.replicas} replicas need as many seeds, not {len(seeds)}.")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                # (R * C_out, C_in, k, k): one block of output channels a replica.
                std = (2 / module.weight[0].numel()) ** 0.5
                for block, generator in zip(
                    module.weight.chunk(len(seeds)), generators, strict=True
                ):
                    block.copy_(torch.empty(block.shape).normal_(std=std, generator=generator))
                if module.bias is not None:
                    module.bias.zero_()


def train(
    network: NASBench201Network,
    images: Tensor,
    labels: Tensor,
    valid_images: Tensor,
    valid_labels: Tensor,
    schedule: Schedule,
    seeds: Sequence[int],
) -> History:
    """Train R replicas, already initialised, in place, each on its own random order of the images.

    The loss is the sum of the replicas' losses; no weight is shared, so each replica learns what it
    would have learnt alone. Images have shape (N, C, H, W); labels are classes (N,), or
    probabilities (N, classes) for the training images; there is a seed a replica.
    """
    steps = len(images) // schedule.batch_size
    if steps == 0:
        raise NasutilsError(f"{len(images)} images do not fill a batch of {schedule.batch_size}.")
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=schedule.max_lr,
        momentum=schedule.momentum,
        weight_decay=schedule.weight_decay,
        nesterov=True,
        fused=True,
    )
    one_cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, schedule.max_lr, total_steps=schedule.epochs * steps
    )
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    losses, accuracies = [], []
    for _ in range(schedule.epochs):
        network.train()
        order = torch.stack([torch.randperm(len(images), generator=g) for g in orders])  # (R, N)
        epoch_loss = torch.zeros(len(seeds), device=images.device)
        for step in range(steps):
            batch = order[:, step * schedule.batch_size : (step + 1) * schedule.batch_size]
            loss = _replica_losses(network, images[batch], labels[batch])  # (R,)
            optimiser.zero_grad(set_to_none=True)
            loss.sum().backward()
            optimiser.step()
            one_cycle.step()
            epoch_loss += loss.detach()
        losses.append(epoch_loss.cpu().numpy() / steps)
        accuracies.append(accuracy(network, valid_images, valid_labels))
    return History(np.stack(losses, axis=1), np.stack(accuracies, axis=1))


def _replica_losses(network: NASBench201Network, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of each replica, (R,), on images (R, B, C, H, W)."""
    replicas, size = labels.shape[:2]
    stacked = images.transpose(0, 1).flatten(1, 2)  # (B, R * C, H, W)
    stacked = stacked.contiguous(memory_format=torch.channels_last)
    logits = network(stacked).view(size, replicas, -1).transpose(0, 1)  # (R, B, classes)
    flat = F.cross_entropy(logits.flatten(0, 1), labels.flatten(0, 1), reduction="none")
    return flat.view(replicas, size).mean(1)


@torch.no_grad()
def accuracy(
    network: NASBench201Network, images: Tensor, labels: Tensor, batch_size: int = 500
) -> np.ndarray:
    """Return the accuracy of each replica on the same images, in percent, shape (R,)."""
    network.eval()
    correct = torch.zeros(network.replicas, device=images.device)
    for x, y in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        logits = network(x.repeat(1, network.replicas, 1, 1)).view(len(x), network.replicas, -1)
        correct += (logits.argmax(2) == y[:, None]).sum(0)
    return (100 * correct / len(images)).cpu().numpy()
