"""Networks that an interrupted fit has finished, in its work folder: taken over only where nothing has changed."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from moldesign.checkpoint import CARD_FILE, load_model, read_card, save_model
from moldesign.graphs import FEATURES_VERSION
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.resuming import TrainingCheckpoint
from moldesign.predictors.training import NetworkPlan, TrainingProgress, TrainingSet, train_network

logger = logging.getLogger(__name__)

Fingerprint = dict[str, str]
"""SHA-256 of each thing that decides what a network becomes."""

_KIND = "network"
UNDER_WAY = "under_way"
"""Folder, beside the finished network, of a training that has not ended."""


class EpochLosses(NamedTuple):
    """What the loss was after an epoch."""

    train: float
    valid: float | None


class FinishedNetwork(NamedTuple):
    """A trained network, and how its training went."""

    network: PropertyNetwork
    curve: tuple[EpochLosses, ...]
    """One entry per epoch."""

    @property
    def best_loss(self) -> float:
        """The lowest validation loss; infinite without validation."""
        return min((epoch.valid for epoch in self.curve if epoch.valid is not None), default=math.inf)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, in which the validation loss was lowest; without validation the last one."""
        best = [number for number, epoch in enumerate(self.curve, start=1) if epoch.valid == self.best_loss]
        return best[0] if best else len(self.curve)


def fingerprint_training(smiles: Sequence[str], data: TrainingSet, plan: NetworkPlan) -> Fingerprint:
    """Return the fingerprint of a training by `train_network`, on graphs of these SMILES."""
    start = None if plan.start is None else {name: _hash_tensor(tensor) for name, tensor in plan.start.items()}
    parts = {
        "training settings": asdict(plan.settings),
        "network settings": asdict(plan.shape),
        "seed": plan.seed,
        "features version": FEATURES_VERSION,
        "endpoints": [endpoint.to_dict() for endpoint in data.endpoints],
        "molecules": list(smiles),
        "labels": data.labels.tolist(),
        "rows": plan.rows.tolist(),
        "validation rows": None if plan.valid is None else plan.valid.tolist(),
        "starting weights": start,
    }
    return {name: _hash_json(part) for name, part in parts.items()}


def train_or_load(
    smiles: Sequence[str],
    data: TrainingSet,
    plan: NetworkPlan,
    folder: Path | None,
    *,
    device: str = "cpu",
    on_epoch: Callable[[TrainingProgress], None] | None = None,
) -> FinishedNetwork:
    """Train a network and put it away, or take the one that the same training has put there before.

    A training that was interrupted goes on where it was some minutes before, unless it has validation rows.

    Args:
        smiles: of the data.
        data: graphs, labels and endpoints.
        plan: what is trained, and how.
        folder: where finished networks lie; None keeps nothing.
        device: where to train; the network is returned on the CPU.
        on_epoch: called after every epoch of a training.
    """
    fingerprint = fingerprint_training(smiles, data, plan) if folder else {}
    if folder and (found := load_finished(folder, plan.shape, fingerprint)):
        return found
    curve: list[EpochLosses] = []

    def note(progress: TrainingProgress) -> None:
        curve.append(EpochLosses(progress.loss, progress.valid_loss))
        if on_epoch:
            on_epoch(progress)

    checkpoint = TrainingCheckpoint(folder / UNDER_WAY, fingerprint) if folder and plan.valid is None else None
    network = train_network(data, plan, device=device, on_epoch=note, checkpoint=checkpoint).cpu()
    finished = FinishedNetwork(network, tuple(curve))
    if folder:
        save_finished(folder, finished, fingerprint)
    return finished


def save_finished(folder: Path, finished: FinishedNetwork, fingerprint: Fingerprint) -> None:
    """Put a trained network away."""
    card = {"kind": _KIND, "fingerprint": fingerprint, "curve": finished.curve}
    save_model(folder, finished.network.state_dict(), card)


def load_finished(folder: Path, shape: NetworkSettings, fingerprint: Fingerprint) -> FinishedNetwork | None:
    """Return the network of the folder, or None where there is none, or one that was trained otherwise.

    Raises:
        ModelFormatError: the folder is damaged.
    """
    if not (folder / CARD_FILE).is_file():
        return None
    card = read_card(folder)
    stored = card.get("fingerprint", {})
    if changed := [name for name, value in fingerprint.items() if stored.get(name) != value]:
        reason = f"changed since then: {', '.join(changed)}" if stored else "its card does not say how it was trained"
        logger.warning("the network in %s is trained again: %s", folder, reason)
        return None
    network = PropertyNetwork(shape)
    network.load_state_dict(load_model(folder, kind=_KIND)[0])
    return FinishedNetwork(network.eval(), tuple(EpochLosses(*losses) for losses in card.get("curve", ())))


def _hash_json(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()


def _hash_tensor(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
