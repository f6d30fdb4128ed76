"""The pre-trained encoder at work: the states of molecules, which the teacher's trees read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from moldesign.checkpoint import load_model
from moldesign.graphs import featurize_smiles
from moldesign.predictors.gnn import NetworkSettings, PropertyNetwork
from moldesign.predictors.latent import apply_with_states
from scripts.teacher.features import load_features

FOLDER = "encoder"
"""Of the encoder whose states the trees read."""
LARGE_FOLDER = "encoder_large"
"""Of the one that the networks start from: wider, and trained longer."""


class Encoder(NamedTuple):
    """A trained encoder."""

    shape: NetworkSettings
    weights: Mapping[str, Tensor]
    """Without the heads"""
    digest: str
    """Of the weights"""


def load_encoder(work: Path, folder: str = FOLDER) -> Encoder:
    """Read an encoder that `pretrain_encoder` trained."""
    tensors, card = load_model(work / folder, kind="encoder")
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith("heads.")}
    return Encoder(NetworkSettings(**card["network"]), weights, card["sha256"])


def embed_molecules(smiles: Sequence[str], encoder: Encoder) -> NDArray[np.float32]:
    """Return what the encoder makes of each molecule, float32 [N, 3 * hidden_size]; NaN where there is no graph."""
    network = PropertyNetwork(replace(encoder.shape, n_endpoints=1))
    network.load_state_dict(encoder.weights, strict=False)
    featurized = featurize_smiles(smiles)
    states = np.full((len(smiles), 3 * encoder.shape.hidden_size), np.nan, dtype=np.float32)
    states[featurized.rows] = apply_with_states(network, featurized.graphs).states
    return states


def load_tree_inputs(smiles: Sequence[str], work: Path, *, n_processes: int = 1) -> NDArray[np.float32]:
    """Return what the teacher's trees read: computed features and the encoder's states, float32 [N, F]."""
    features = load_features(smiles, work / "features", n_processes=n_processes)
    return np.concatenate([features, embed_molecules(smiles, load_encoder(work))], axis=1)
