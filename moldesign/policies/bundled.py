"""Priors: pre-trained policies with their vocabulary, bundled with the package or made by `moldesign pretrain`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from moldesign.checkpoint import Card, load_model, read_card, save_model
from moldesign.envs.vocabulary import Vocabulary
from moldesign.errors import ModelFormatError, UnknownNameError
from moldesign.policies.language_model import PolicySettings, TokenPolicy


@dataclass(frozen=True)
class Prior:
    """A pre-trained policy and what is needed to use it."""

    name: str
    policy: TokenPolicy
    vocabulary: Vocabulary
    max_length: int
    """Tokens of the longest sequence, END included."""
    card: Card = field(repr=False)

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
    root = Path(str(resources.files("moldesign.policies").joinpath("weights")))
    return {path.parent.name: path.parent for path in sorted(root.glob("*/card.json"))}


def read_prior_card(name: str | Path) -> Card:
    """Return the card of a bundled prior or a model folder."""
    return read_card(_find_prior_folder(name))


def load_prior(name: str | Path) -> Prior:
    """Load a bundled prior ("chembl", "zinc") or a model folder.

    Raises:
        UnknownNameError: neither a bundled name nor a folder; lists the nearest names.
        ModelFormatError: the folder is damaged or of another format.
    """
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
    bundled = list_priors()
    if str(name) in bundled:
        return bundled[str(name)]
    if Path(name).is_dir():
        return Path(name)
    raise UnknownNameError("prior", str(name), bundled)
