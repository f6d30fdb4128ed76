"""What the shell may offer behind an option: names of properties, endpoints, models and priors.

It is asked while somebody types: only the cards of the models are read, and neither torch nor RDKit is imported.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import typer

from moldesign.errors import MoldesignError

COMPUTED = {
    "qed": "drug-likeness, 0 to 1",
    "sa": "synthetic accessibility, 1 (easy) to 10",
    "logp": "octanol-water partition",
    "tpsa": "polar surface, A^2",
    "mw": "molecular weight, g/mol",
    "hbd": "hydrogen bond donors",
    "hba": "hydrogen bond acceptors",
    "rotatable_bonds": "rotatable bonds",
    "fsp3": "share of sp3 carbons",
    "rings": "rings",
    "aromatic_rings": "aromatic rings",
    "heavy_atoms": "heavy atoms",
    "formal_charge": "charge",
    "stereocenters": "stereocentres",
    "open_stereo": "stereocentres without a configuration",
    "alerts": "structural alerts",
    "novelty": "1 for what no predictor has learned from",
    "unseen_rings": "ring systems that ChEMBL has not",
    "unseen_atoms": "atom surroundings that ChEMBL has not",
    "unstable": "groups that do not last",
}
"""Properties without a model. Those who define them import RDKit, which takes longer than a keystroke may."""

Offer = tuple[str, str]
"""A word, and what it means."""


def complete_goals(context: typer.Context, incomplete: str) -> list[Offer]:
    """Return the properties that a goal may begin with: computed ones, and endpoints of the models that are named."""
    offers = chain(COMPUTED.items(), _list_endpoints([*_list_bundled(), *_find_named(context)]))
    return _choose(offers, incomplete)


def complete_endpoints(context: typer.Context, incomplete: str) -> list[Offer]:
    """Return the endpoints of the model that is named."""
    return _choose(_list_endpoints(_find_named(context)), incomplete)


def complete_predictors(incomplete: str) -> list[Offer]:
    """Return the bundled predictors; where none fits, the shell offers folders."""
    return _choose(((name, "bundled predictor") for name in _list_bundled()), incomplete)


def complete_priors(incomplete: str) -> list[Offer]:
    """Return the bundled priors."""
    from moldesign.policies.bundled import list_priors  # noqa: PLC0415

    return _choose(((name, "bundled prior") for name in list_priors()), incomplete)


def _list_bundled() -> Mapping[str, Path]:
    from moldesign.predictors.bundled import list_bundled  # noqa: PLC0415

    return list_bundled()


def _find_named(context: typer.Context) -> Sequence[str]:
    """Return the models that the command line names so far."""
    named = context.params.get("model") or ()
    return (named,) if isinstance(named, str) else tuple(named)


def _list_endpoints(models: Sequence[str]) -> Iterator[Offer]:
    from moldesign.predictors.bundled import read_model_card  # noqa: PLC0415

    for model in models:
        try:
            card: Mapping[str, Any] = read_model_card(model)
        except MoldesignError:  # a folder that is half typed, or none: the command itself will say so
            continue
        for endpoint in card["endpoints"]:
            about = endpoint.get("description") or model
            yield from ((name, about) for name in (endpoint["name"], *endpoint.get("aliases", ())))


def _choose(offers: Iterable[Offer], incomplete: str) -> list[Offer]:
    """Return the offers that go on with what is typed, each once."""
    return [(name, about) for name, about in dict(offers).items() if name.startswith(incomplete.lower())]
