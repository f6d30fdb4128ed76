"""The encoder of a trained model as the start of a new one: what it learned of molecules is kept, the heads are new."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.gnn import NetworkSettings

_HEADS = "heads."


@dataclass(frozen=True)
class Encoder:
    """The encoders of an ensemble's networks."""

    name: str
    settings: NetworkSettings
    weights: tuple[Mapping[str, Tensor], ...]
    """Of each network, by name"""
    learned: frozenset[str] = frozenset()
    """Standardised SMILES of the molecules that it was trained on"""

    def of_member(self, member: int) -> Mapping[str, Tensor]:
        """Return the weights that a member of a new ensemble starts from; a larger ensemble uses them in turn."""
        return self.weights[member % len(self.weights)]


def load_encoder(name: str | Path) -> Encoder:
    """Take the encoders out of a bundled predictor or a model folder.

    Raises:
        UnknownNameError: no such model.
        ModelFormatError: the folder is damaged, or its features are of another version.
    """
    predictor = load_predictor(name)
    states = (network.state_dict() for network in predictor.networks)
    weights = ({name: t for name, t in state.items() if not name.startswith(_HEADS)} for state in states)
    return Encoder(str(name), predictor.networks[0].settings, tuple(weights), frozenset(predictor.domain.smiles))
