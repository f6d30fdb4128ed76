"""Training of one network of the ensemble: masked multi-task loss, one-cycle learning rate, early stopping."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from moldesign.compiler import defer_compiler
from moldesign.gradients import take_step
from moldesign.graphs import GraphTable
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.resuming import MovingParts, TrainingCheckpoint

LossKind = Literal["plain", "weighted", "focal"]

FOCUSING = 2.0
"""Exponent of the focal loss, as its authors recommend (arXiv:1708.02002)."""

MAX_CLASS_WEIGHT = 100.0


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
    loss: LossKind = "plain"
    """Of classifications: "weighted" gives both classes the same say, "focal" looks at what is still wrong."""
    patience: int | None = None
    """Stop after so many epochs without a better validation loss; None never stops early."""
    stop_after: int | None = None
    """Stop after so many of the `n_epochs`, for which the learning rate is planned."""


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
    valid_loss: float | None = None
    """On the validation rows, where there are any."""


@dataclass(frozen=True)
class NetworkPlan:
    """All that decides what a network becomes, beside the data."""

    rows: NDArray[np.int64]
    """Which rows of the data are trained on"""
    shape: NetworkSettings
    settings: TrainingSettings
    seed: int
    """Of the initial weights and the order of the batches"""
    valid: NDArray[np.int64] | None = None
    """Which rows decide when the network is best"""
    start: Mapping[str, Tensor] | None = None
    """Weights to start from, by name; the others are new"""

    @property
    def goes_on(self) -> bool:
        """Whether the network starts from all weights of a trained one, its heads included."""
        return self.start is not None and any(name.startswith("heads.") for name in self.start)


def train_network(
    data: TrainingSet,
    plan: NetworkPlan,
    *,
    device: str = "cpu",
    on_epoch: Callable[[TrainingProgress], None] | None = None,
    checkpoint: TrainingCheckpoint | None = None,
) -> PropertyNetwork:
    """Train a network.

    With validation rows, it is returned as it was after the epoch in which their loss was lowest.

    Args:
        data: graphs, labels and endpoints.
        plan: what is trained, and how.
        device: where to train.
        on_epoch: called after every epoch.
        checkpoint: keeps the state between epochs, and is gone on from; not with validation rows, whose best weights
            it does not hold.
    """
    rows, settings = plan.rows, plan.settings
    if len(data.graphs) != len(data.labels):
        raise ValueError(f"{len(data.graphs)} graphs and {len(data.labels)} rows of labels do not belong together")
    if len(rows) == 0:
        raise ValueError("there is no row to train on")
    if checkpoint and plan.valid is not None:
        raise ValueError("a training with validation rows cannot be gone on with; leave out the checkpoint")
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    objective = Objective.of(data, rows, settings)
    network = _make_network(plan, objective).to(device)
    with defer_compiler():
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
    n_steps = settings.n_epochs * math.ceil(len(rows) / settings.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        settings.learning_rate,
        total_steps=max(n_steps, 11),  # with 10 the warm-up ends at step 0, and PyTorch divides by it
        pct_start=0.1,
    )
    best, parts = _BestWeights(), MovingParts(network, optimizer, schedule)
    n_done = _resume(checkpoint, parts, rows, rng)
    for epoch in range(n_done, min(settings.n_epochs, settings.stop_after or settings.n_epochs)):
        network.train()
        began, losses = time.monotonic(), []
        for chosen in _deal_batches(rows, settings.batch_size, rng):
            loss = objective.compute(network(data.graphs.select(chosen).to_batch().to(device)).cpu(), chosen)
            take_step(loss, optimizer, network.parameters(), settings.max_gradient_norm)
            schedule.step()
            losses.append(loss.item())
        rate = len(rows) / (time.monotonic() - began)
        valid_loss = None if plan.valid is None else objective.measure(network, data.graphs, plan.valid)
        if on_epoch:
            on_epoch(TrainingProgress(epoch + 1, settings.n_epochs, float(np.mean(losses)), rate, valid_loss))
        if checkpoint:
            checkpoint.offer(parts, {"n_epochs": epoch + 1})
        if valid_loss is not None and best.offer(network, valid_loss) >= (settings.patience or math.inf):
            break
    best.restore(network)
    objective.undo_class_weights(network)
    if checkpoint:
        checkpoint.clear()
    return network.eval()


@dataclass(frozen=True)
class Objective:
    """What a training minimises on its data."""

    targets: Tensor
    """[N, T], as the network learns them, NaN where not measured"""
    task_weights: Tensor
    """[T]"""
    is_class: Tensor
    """[T]"""
    positive_weights: Tensor | None
    """[T], weight of a positive of a classification, that of a negative being 1; None where both weigh the same"""
    focusing: float

    @classmethod
    def of(cls, data: TrainingSet, rows: NDArray[np.int64], settings: TrainingSettings) -> "Objective":
        """Return the objective for training on these rows: their labels alone decide the weights."""
        labels = data.labels[rows]
        is_class = torch.tensor([endpoint.task == "classification" for endpoint in data.endpoints])
        return cls(
            data.to_targets(),
            _weigh_tasks(labels, settings.task_balance),
            is_class,
            torch.where(is_class, _weigh_positives(labels), 1.0) if settings.loss == "weighted" else None,
            FOCUSING if settings.loss == "focal" else 0.0,
        )

    def compute(self, outputs: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Return the loss of the outputs for these rows, float32 [B, T]."""
        return masked_loss(
            outputs,
            self.targets[rows],
            self.task_weights,
            self.is_class,
            positive_weights=self.positive_weights,
            focusing=self.focusing,
        )

    def measure(self, network: PropertyNetwork, graphs: GraphTable, rows: NDArray[np.int64]) -> float:
        """Return the loss of a network on these rows of the graphs."""
        return float(self.compute(torch.from_numpy(apply_network(network, graphs.select(rows))), rows))

    def undo_class_weights(self, network: PropertyNetwork) -> None:
        """Make probabilities of the outputs again: a weighted positive raises the learned log-odds by log(weight)."""
        self._shift_outputs(network, -1)

    def redo_class_weights(self, network: PropertyNetwork) -> None:
        """Give a trained network, whose outputs are probabilities, the outputs that this objective aims at."""
        self._shift_outputs(network, 1)

    def _shift_outputs(self, network: PropertyNetwork, sign: int) -> None:
        if self.positive_weights is not None:
            bias = cast(nn.Linear, network.heads[-1]).bias
            with torch.no_grad():
                bias.add_(sign * self.positive_weights.log().to(bias.device))


def masked_loss(
    outputs: Tensor,
    targets: Tensor,
    weights: Tensor,
    is_class: Tensor,
    *,
    positive_weights: Tensor | None = None,
    focusing: float = 0.0,
) -> Tensor:
    """Return the weighted mean loss over the labels that exist.

    Squared error for regressions, cross-entropy for classifications.

    Args:
        outputs: float32 [B, T].
        targets: float32 [B, T], NaN where not measured.
        weights: float32 [T].
        is_class: bool [T].
        positive_weights: float32 [T], by what the cross-entropy of a positive is multiplied.
        focusing: exponent of the focal loss; 0 is the plain cross-entropy.
    """
    known = torch.isfinite(targets)
    filled = torch.where(known, targets, torch.zeros_like(targets))
    share = filled.clamp(0, 1)
    entropy = F.binary_cross_entropy_with_logits(outputs, share, reduction="none", pos_weight=positive_weights)
    if focusing:
        entropy = entropy * (outputs.sigmoid() - share).abs() ** focusing
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


class _BestWeights:
    """Keeps the weights of the epoch with the lowest validation loss."""

    def __init__(self) -> None:
        self._loss, self._n_since = math.inf, 0
        self._weights: dict[str, Tensor] = {}

    def offer(self, network: PropertyNetwork, loss: float) -> int:
        """Take the network's weights if they are the best so far; return the epochs since the best."""
        self._n_since += 1
        if loss < self._loss:
            self._loss, self._n_since = loss, 0
            self._weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        return self._n_since

    def restore(self, network: PropertyNetwork) -> None:
        """Give the network its best weights back, if any were offered."""
        if self._weights:
            network.load_state_dict(self._weights)


def _resume(
    checkpoint: TrainingCheckpoint | None, parts: MovingParts, rows: NDArray[np.int64], rng: np.random.Generator
) -> int:
    """Go on from a checkpoint, if there is one; return how many epochs are done."""
    notes = checkpoint.restore(parts) if checkpoint else None
    n_done = int(notes["n_epochs"]) if notes else 0
    for _ in range(n_done):
        rng.permutation(rows)  # what these epochs have drawn
    return n_done


def _make_network(plan: NetworkPlan, objective: Objective) -> PropertyNetwork:
    network = PropertyNetwork(plan.shape)
    if plan.start is not None:
        unknown = network.load_state_dict(plan.start, strict=False).unexpected_keys
        if unknown:
            raise ValueError(f"the network has no weights called {', '.join(unknown)}")
    if plan.goes_on:
        objective.redo_class_weights(network)
    return network


def _weigh_positives(labels: NDArray[np.float64]) -> Tensor:
    """Return negatives per positive of each column, within limits, float32 [T]; 1 where a class is missing."""
    positive, negative = (labels > 0.5).sum(axis=0), (labels <= 0.5).sum(axis=0)
    ratio = np.where((positive > 0) & (negative > 0), negative / np.maximum(positive, 1), 1.0)
    return torch.from_numpy(ratio.clip(1 / MAX_CLASS_WEIGHT, MAX_CLASS_WEIGHT).astype(np.float32))


def _weigh_tasks(labels: NDArray[np.float64], balance: float) -> Tensor:
    counts = np.isfinite(labels).sum(axis=0).clip(min=1).astype(np.float64)
    weights = counts**-balance
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))


def _deal_batches(rows: NDArray[np.int64], batch_size: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    order = rng.permutation(rows)
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
