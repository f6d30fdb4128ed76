"""The encoder of a trained model as the start of a new one: what it learned of molecules is kept, the heads are new."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from moldesign.errors import MoldesignError, UnknownNameError
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.gnn import NetworkSettings

FROM_SCRATCH = "from scratch"
"""What a card says of networks that started from no other model."""

_HEADS = "heads."


@dataclass(frozen=True)
class Encoder:
    """The encoders of an ensemble's networks."""

    name: str
    settings: NetworkSettings
    weights: tuple[Mapping[str, Tensor], ...]
    """Of each network, by name"""
    learned: frozenset[str] = frozenset()
    """Standardised SMILES of the molecules that it was trained on, or a model was that it once started from"""

    def of_member(self, member: int) -> Mapping[str, Tensor]:
        """Return the weights that a member of a new ensemble starts from; a larger ensemble uses them in turn."""
        return self.weights[member % len(self.weights)]


def load_encoder(name: str | Path) -> Encoder:
    """Take the encoders out of a bundled predictor or a model folder.

    Raises:
        UnknownNameError: no such model.
        ModelFormatError: the folder is damaged, or its features are of another version.
        MoldesignError: a model that it once started from is not there.
    """
    predictor = load_predictor(name)
    states = (network.state_dict() for network in predictor.networks)
    weights = ({name: t for name, t in state.items() if not name.startswith(_HEADS)} for state in states)
    learned = frozenset(predictor.domain.smiles) | recall_origins(predictor)
    return Encoder(str(name), predictor.networks[0].settings, tuple(weights), learned)


def recall_origins(predictor: Predictor) -> frozenset[str]:
    """Return what the models had learned from that a predictor, and in turn these, started from.

    Returns:
        Standardised SMILES; none for a predictor that began from scratch.

    Raises:
        MoldesignError: one of these models is not there.
    """
    learned, passed = set[str](), {FROM_SCRATCH}
    while (origin := find_origin(predictor)) not in passed:
        passed.add(origin)
        try:
            ancestor = load_predictor(origin)
        except UnknownNameError as error:
            raise MoldesignError(
                f"{predictor.name} started from {origin}, which is not there; put it back, because it tells which test "
                "molecules were known from the start"
            ) from error
        learned.update(ancestor.domain.smiles)
        predictor = ancestor
    return frozenset(learned)


def find_origin(predictor: Predictor) -> str:
    """Return what a predictor started from: the name or folder of a model, or `FROM_SCRATCH`."""
    return str(predictor.card.get("start", FROM_SCRATCH))
