"""Training of one network of the ensemble: masked multi-task loss, one-cycle learning rate, resumable."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils import clip_grad_norm_

from moldesign.graphs import GraphTable
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained."""

    n_epochs: int = 14
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    max_gradient_norm: float = 5.0
    task_balance: float = 0.5
    """Each label of a task with n labels weighs n ** -task_balance, so that small tasks are heard."""


class TrainingSet(NamedTuple):
    """What networks learn from."""

    graphs: GraphTable
    """N molecular graphs"""
    labels: NDArray[np.float64]
    """[N, T] in the unit of each endpoint, NaN where not measured"""
    endpoints: Sequence[Endpoint]
    """T endpoints"""

    def to_targets(self) -> Tensor:
        """Return the labels as the network learns them, float32 [N, T]."""
        columns = [endpoint.to_targets(self.labels[:, t]) for t, endpoint in enumerate(self.endpoints)]
        return torch.from_numpy(np.column_stack(columns))


class TrainingProgress(NamedTuple):
    """What is reported after each epoch."""

    epoch: int
    n_epochs: int
    loss: float
    molecules_per_second: float


def train_network(
    data: TrainingSet,
    rows: NDArray[np.int64],
    settings: TrainingSettings,
    shape: NetworkSettings,
    *,
    seed: int,
    device: str = "cpu",
    on_epoch: Callable[[TrainingProgress], None] | None = None,
) -> PropertyNetwork:
    """Train a new network on `rows` of the data.

    Args:
        data: graphs, labels and endpoints.
        rows: which of them are trained on.
        settings: length and step size of the training.
        shape: size of the network.
        seed: of the initial weights and the order of the batches.
        device: where to train.
        on_epoch: called after every epoch.
    """
    if len(data.graphs) != len(data.labels):
        raise ValueError(f"{len(data.graphs)} graphs and {len(data.labels)} rows of labels do not belong together")
    if len(rows) == 0:
        raise ValueError("there is no row to train on")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = PropertyNetwork(shape).to(device)
    targets = data.to_targets()
    weights = _weigh_tasks(data.labels[rows], settings.task_balance)
    is_class = torch.tensor([endpoint.task == "classification" for endpoint in data.endpoints])
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    n_steps = settings.n_epochs * math.ceil(len(rows) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        settings.learning_rate,
        total_steps=max(n_steps, 11),  # with 10 the warm-up ends at step 0, and PyTorch divides by it
        pct_start=0.1,
    )
    for epoch in range(settings.n_epochs):
        network.train()
        began, losses = time.monotonic(), []
        for chosen in _deal_batches(rows, settings.batch_size, rng):
            outputs = network(data.graphs.select(chosen).to_batch().to(device)).cpu()
            loss = masked_loss(outputs, targets[chosen], weights, is_class)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(network.parameters(), settings.max_gradient_norm)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        if on_epoch:
            rate = len(rows) / (time.monotonic() - began)
            on_epoch(TrainingProgress(epoch + 1, settings.n_epochs, float(np.mean(losses)), rate))
    return network.eval()


def masked_loss(outputs: Tensor, targets: Tensor, weights: Tensor, is_class: Tensor) -> Tensor:
    """Return the weighted mean loss over the labels that exist.

    Squared error for regressions, cross-entropy for classifications.

    Args:
        outputs: float32 [B, T].
        targets: float32 [B, T], NaN where not measured.
        weights: float32 [T].
        is_class: bool [T].
    """
    known = torch.isfinite(targets)
    filled = torch.where(known, targets, torch.zeros_like(targets))
    entropy = F.binary_cross_entropy_with_logits(outputs, filled.clamp(0, 1), reduction="none")
    error = F.mse_loss(outputs, filled, reduction="none")
    weight = known * weights
    return (torch.where(is_class, entropy, error) * weight).sum() / weight.sum().clamp_min(1e-12)


def apply_network(network: PropertyNetwork, graphs: GraphTable, *, batch_size: int = 128) -> NDArray[np.float32]:
    """Return the raw outputs for every graph, float32 [N, T].

    The states of 128 drugs fit into the cache of a core, those of 512 do not: that takes a third longer.
    """
    device = next(network.parameters()).device
    network.eval()
    pieces = [np.zeros((0, network.settings.n_endpoints), dtype=np.float32)]
    with torch.inference_mode():
        for start in range(0, len(graphs), batch_size):
            rows = np.arange(start, min(start + batch_size, len(graphs)))
            pieces.append(network(graphs.select(rows).to_batch().to(device)).cpu().numpy())
    return np.concatenate(pieces)


def _weigh_tasks(labels: NDArray[np.float64], balance: float) -> Tensor:
    counts = np.isfinite(labels).sum(axis=0).clip(min=1).astype(np.float64)
    weights = counts**-balance
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))


def _deal_batches(rows: NDArray[np.int64], batch_size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    order = rng.permutation(rows)
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
