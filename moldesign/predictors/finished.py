"""Networks that an interrupted fit has finished, in its work folder: taken over only where nothing has changed."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moldesign.checkpoint import CARD_FILE, load_model, read_card, save_model
from moldesign.graphs import FEATURES_VERSION
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.training import TrainingSet, TrainingSettings

logger = logging.getLogger(__name__)

Fingerprint = dict[str, str]
"""SHA-256 of each thing that decides what a network becomes."""

_KIND = "network"


def fingerprint_training(
    smiles: Sequence[str],
    data: TrainingSet,
    rows: NDArray[np.int64],
    settings: TrainingSettings,
    shape: NetworkSettings,
    *,
    seed: int,
) -> Fingerprint:
    """Return the fingerprint of a training by `train_network`, on graphs of these SMILES."""
    parts = {
        "training settings": asdict(settings),
        "network settings": asdict(shape),
        "seed": seed,
        "features version": FEATURES_VERSION,
        "endpoints": [endpoint.to_dict() for endpoint in data.endpoints],
        "molecules": list(smiles),
        "labels": data.labels.tolist(),
        "rows": rows.tolist(),
    }
    return {name: _hash_json(part) for name, part in parts.items()}


def save_finished(folder: Path, network: PropertyNetwork, fingerprint: Fingerprint) -> None:
    """Put a trained network away."""
    save_model(folder, network.state_dict(), {"kind": _KIND, "fingerprint": fingerprint})


def load_finished(folder: Path, shape: NetworkSettings, fingerprint: Fingerprint) -> PropertyNetwork | None:
    """Return the network of the folder, or None where there is none, or one that was trained otherwise.

    Raises:
        ModelFormatError: the folder is damaged.
    """
    if not (folder / CARD_FILE).is_file():
        return None
    stored = read_card(folder).get("fingerprint", {})
    if changed := [name for name, value in fingerprint.items() if stored.get(name) != value]:
        reason = f"changed since then: {', '.join(changed)}" if stored else "its card does not say how it was trained"
        logger.warning("the network in %s is trained again: %s", folder, reason)
        return None
    network = PropertyNetwork(shape)
    network.load_state_dict(load_model(folder, kind=_KIND)[0])
    return network.eval()


def _hash_json(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()
