"""The predictors that ship with the package, by name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from moldesign.checkpoint import Card, find_folder, list_bundled_folders, read_card

if TYPE_CHECKING:
    from moldesign.predictors.ensemble import Predictor


def list_bundled() -> Mapping[str, Path]:
    """Return the folder of each bundled predictor by name."""
    return list_bundled_folders("moldesign.predictors")


def find_model_folder(name: str | Path) -> Path:
    """Return the folder of a bundled predictor, or the given folder.

    Raises:
        UnknownNameError: neither a bundled name nor a folder; lists the nearest names.
    """
    return find_folder("model", name, list_bundled())


def load_predictor(name: str | Path) -> "Predictor":
    """Load a bundled predictor ("admet", "activity") or a model folder.

    Raises:
        UnknownNameError: no such model.
        ModelFormatError: the folder is damaged or of another version.
    """
    folder = find_model_folder(name).resolve()
    return _load_cached(folder, read_card(folder).get("sha256"))


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
    """Return the card of a bundled predictor or model folder."""
    return read_card(find_model_folder(name))


@cache
def _load_cached(folder: Path, sha256: str | None) -> "Predictor":
    """Load once per content: a folder that was trained again has another checksum."""
    from moldesign.predictors.ensemble import load_model_folder  # noqa: PLC0415  torch is heavy; names are not

    return load_model_folder(folder)
