"""What a run store remembers of its making: versions, models, how many hits were asked for, and why it ended."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from moldesign.errors import RunFolderError
from moldesign.generation.archive import RunArchive, read_facts
from moldesign.generation.stopping import StopReason
from moldesign.objectives.properties import hash_models
from moldesign.objectives.terms import Term
from moldesign.policies.bundled import Prior
from moldesign.versions import list_versions

_MAKING, _ENDING = "making", "ending"


class Making(NamedTuple):
    """How a run was begun, or gone on with the last time."""

    n: int
    """Hits to return at most."""
    versions: Mapping[str, str]
    models: Mapping[str, str | None] = MappingProxyType({})
    """SHA-256 of each predictor that was used"""
    prior: str | None = None
    """SHA-256 of what the policy started from; None where that was not noted"""


class Ending(NamedTuple):
    """How the last part of a run ended."""

    reason: StopReason
    seconds: float
    """That it took."""


def note_beginning(archive: RunArchive, n: int, terms: Iterable[Term], prior: Prior) -> None:
    """Note with what the run is made, and that it has not ended.

    Args:
        archive: of the run.
        n: hits to return at most.
        terms: those of its profile.
        prior: what its policy starts from.
    """
    making = {"n": n, "versions": list_versions(), "models": hash_models(terms), "prior": prior.card.get("sha256")}
    archive.write_facts({_MAKING: json.dumps(making), _ENDING: "null"})


def require_same_models(archive: RunArchive, terms: Iterable[Term], prior: Prior) -> None:
    """Refuse to go on with a run whose predictors or prior have changed: before and after could not be compared.

    Raises:
        RunFolderError: names the models.
    """
    making = read_making(archive.read_facts())
    before, now = {} if making is None else making.models, hash_models(terms)
    if changed := sorted(name for name in before.keys() & now.keys() if before[name] != now[name]):
        raise RunFolderError(
            f"{archive.path.parent} was run with other weights of {', '.join(changed)}, and new scores could not be "
            "compared with those; choose another --out, or bring the former weights back"
        )
    if making is not None and making.prior not in (None, prior.card.get("sha256")):
        raise RunFolderError(
            f"{archive.path.parent} was run with other weights of the prior {prior.name}, from which it cannot go on; "
            "choose another --out, or bring the former weights back"
        )


def note_ending(archive: RunArchive, ending: Ending) -> None:
    """Note that the run has ended, and that its hits are written."""
    archive.write_facts({_ENDING: json.dumps(ending._asdict())})


def read_making(facts: Mapping[str, str]) -> Making | None:
    """Return what `note_beginning` noted; None for a run of an earlier version.

    Args:
        facts: as the run store returns them.
    """
    return Making(**json.loads(facts[_MAKING])) if _MAKING in facts else None


def recall_n(folder: Path) -> int | None:
    """Return how many hits the run in a folder was asked for; None where it has not said so yet.

    Raises:
        RunFolderError: the folder has no readable run store.
    """
    making = read_making(read_facts(folder))
    return None if making is None else making.n


def read_ending(facts: Mapping[str, str]) -> Ending | None:
    """Return what `note_ending` noted; None for a run that is still going on, was killed, or is of an earlier version.

    Args:
        facts: as the run store returns them.
    """
    fields = json.loads(facts.get(_ENDING, "null"))
    return None if fields is None else Ending(StopReason(fields["reason"]), float(fields["seconds"]))
