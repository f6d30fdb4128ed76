"""Priors: pre-trained policies with their vocabulary, bundled with the package or made by `moldesign pretrain`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from moldesign.checkpoint import Card, find_folder, list_bundled_folders, load_model, read_card, save_model
from moldesign.envs.vocabulary import Vocabulary
from moldesign.errors import ModelFormatError

if TYPE_CHECKING:
    from moldesign.policies.language_model import TokenPolicy


@dataclass(frozen=True)
class Prior:
    """A pre-trained policy and what is needed to use it."""

    name: str
    policy: "TokenPolicy"
    vocabulary: Vocabulary
    max_length: int
    """Tokens of the longest sequence, END included."""
    card: Card = field(repr=False)

    @property
    def longest_lesson(self) -> int:
        """Tokens of the longest molecule that is learned from; a step on one ten times as long takes minutes."""
        return 3 * self.max_length

    def save(self, folder: Path) -> None:
        """Write the model folder; the weights are stored in half precision."""
        tensors = {name: tensor.half() for name, tensor in self.policy.state_dict().items()}
        card = {
            "kind": "prior",
            "name": self.name,
            "network": self.policy.settings.to_dict(),
            "max_length": self.max_length,
            "tokens": list(self.vocabulary.tokens),
        }
        save_model(folder, tensors, card | self.card | card)  # of a loaded prior the card may say otherwise


def list_priors() -> Mapping[str, Path]:
    """Return the folder of each bundled prior by name."""
    return list_bundled_folders("moldesign.policies")


def read_prior_card(name: str | Path) -> Card:
    """Return the card of a bundled prior or a model folder."""
    return read_card(_find_prior_folder(name))


def load_prior(name: str | Path) -> Prior:
    """Load a bundled prior ("chembl", "zinc") or a model folder.

    Raises:
        UnknownNameError: neither a bundled name nor a folder; lists the nearest names.
        ModelFormatError: the folder is damaged or of another format.
    """
    from moldesign.policies.language_model import (  # noqa: PLC0415  torch is heavy; names and cards are not
        PolicySettings,
        TokenPolicy,
    )

    folder = _find_prior_folder(name)
    tensors, card = load_model(folder, kind="prior")
    try:
        policy = TokenPolicy(PolicySettings(**card["network"]))
        policy.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
        vocabulary = Vocabulary(tuple(card["tokens"]))
        return Prior(str(card["name"]), policy.eval(), vocabulary, int(card["max_length"]), card)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelFormatError(f"{folder} does not fit its own card: {error}") from error


def _find_prior_folder(name: str | Path) -> Path:
    return find_folder("prior", name, list_priors())
