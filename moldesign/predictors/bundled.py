"""The predictors that ship with the package, by name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from moldesign.checkpoint import CARD_FILE, Card, find_folder, list_bundled_folders, read_card
from moldesign.errors import ModelFormatError

if TYPE_CHECKING:
    from moldesign.predictors.control import Control
    from moldesign.predictors.ensemble import Predictor

_MOVED: dict[str, Path] = {}
"""The folder here of each model that came from another machine, by its name."""

HEADLINE_METRICS = {"classification": "AUROC", "regression": "MAE"}
"""The figure of a card's test split that stands for the others, by task."""

_REMEDY = "copy the complete model folder, update moldesign, or train the model again"


def list_bundled() -> Mapping[str, Path]:
    """Return the folder of each bundled predictor by name."""
    return list_bundled_folders("moldesign.predictors")


def find_model_folder(name: str | Path) -> Path:
    """Return the folder of a bundled predictor, or the given folder.

    Raises:
        UnknownNameError: neither a bundled name nor a folder; lists the nearest names.
    """
    return _MOVED.get(str(name)) or find_folder("model", name, list_bundled())


def move_models(folders: Mapping[str, Path]) -> None:
    """Say where models lie for this process: their names are folders of another machine."""
    _MOVED.update(folders)


def load_predictor(name: str | Path) -> "Predictor":
    """Load a bundled predictor ("admet", "activity", "targets") or a model folder.

    Raises:
        UnknownNameError: no such model.
        ModelFormatError: the folder is damaged or of another version.
    """
    folder = find_model_folder(name).resolve()
    return _load_cached(folder, read_card(folder).get("sha256"))


def load_control(name: str | Path) -> "Control | None":
    """Return the control of a bundled predictor or of a model folder; None where it has none.

    Raises:
        UnknownNameError: no such model.
        ModelFormatError: the folder is damaged, of another version, or its control is that of another model.
    """
    from moldesign.predictors.control import CONTROL_FILE, read_control  # noqa: PLC0415  SciPy is heavy; names are not

    folder = find_model_folder(name)
    control = read_control(folder)
    if control is not None and control.sha256 != read_card(folder).get("sha256"):
        raise ModelFormatError(
            f"{folder / CONTROL_FILE} is the control of another model, which may have learned from what this one was "
            "tested on; copy the complete model folder, or train the model again"
        )
    return control


@cache
def bundled_endpoints() -> Mapping[str, str]:
    """Return the bundled model of every endpoint name and alias; reads the cards alone."""
    return {
        name: model
        for model, folder in list_bundled().items()
        for endpoint in read_card(folder)["endpoints"]
        for name in (endpoint["name"], *endpoint.get("aliases", ()))
    }


def read_model_card(name: str | Path) -> Card:
    """Return the card of a bundled predictor or model folder; its endpoints can be read.

    Raises:
        UnknownNameError: no such model.
        ModelFormatError: the folder is damaged, of another version, or no predictor.
    """
    folder = find_model_folder(name)
    card = read_card(folder)
    if card.get("kind") != "predictor":
        raise ModelFormatError(
            f"{folder} holds a model of kind {card.get('kind')!r}; a predictor was expected: name a folder that "
            "`moldesign train` has written, or one of `moldesign models`"
        )
    _check_endpoints(folder, card)
    return card


def _check_endpoints(folder: Path, card: Card) -> None:
    from moldesign.predictors.endpoints import read_endpoints  # noqa: PLC0415  NumPy is heavy; names are not

    try:
        endpoints = read_endpoints(card)
        unknown = [one.task for one in endpoints if one.task not in HEADLINE_METRICS]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelFormatError(f"{folder / CARD_FILE}: its endpoints cannot be read ({error}); {_REMEDY}") from error
    if unknown or not endpoints:
        what = f"the task {unknown[0]!r}" if unknown else "no endpoint"
        raise ModelFormatError(f"{folder / CARD_FILE} has {what}; {_REMEDY}")


@cache
def _load_cached(folder: Path, sha256: str | None) -> "Predictor":
    """Load once per content: a folder that was trained again has another checksum."""
    from moldesign.predictors.ensemble import load_model_folder  # noqa: PLC0415  torch is heavy; names are not

    return load_model_folder(folder)
