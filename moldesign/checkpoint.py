"""Model folders: tensors and a JSON card on disk and back, checked on loading, nothing in them ever executed."""

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moldesign.errors import ModelFormatError, UnknownNameError

if TYPE_CHECKING:
    from torch import Tensor

FORMAT_VERSION = 1
TENSORS_FILE = "model.safetensors"
NEXT_FILE = "model.next.safetensors"
"""Holds the new tensors of a model that is being replaced, until its card says so, or after a death in that moment."""
CARD_FILE = "card.json"

Card = dict[str, Any]


def save_model(
    folder: Path,
    tensors: "Mapping[str, Tensor]",
    card: Card,
    *,
    before_card: Callable[[str], None] | None = None,
) -> None:
    """Write tensors and card; each file appears whole or not at all, and the card last.

    A model that is there already is whole at any moment, the old one or the new one, also after a power cut.

    The card gets `format_version` and the `sha256` of the tensors.

    Args:
        folder: the model folder.
        tensors: by name.
        card: what is known of the model.
        before_card: writes what else belongs to a finished folder; called with the `sha256` of the tensors.

    Raises:
        ModelFormatError: the card has a number that JSON cannot hold; nothing is written.
    """
    from safetensors.torch import save  # noqa: PLC0415  reading a card must not load torch

    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    sha256 = hashlib.sha256(content).hexdigest()
    complete = {"format_version": FORMAT_VERSION, **card, "sha256": sha256}
    text = _format_card(complete, folder / CARD_FILE)
    folder.mkdir(parents=True, exist_ok=True)
    is_replaced = (folder / CARD_FILE).is_file()
    if is_replaced and _find_tensors(folder, read_card(folder)) == folder / NEXT_FILE:
        (folder / NEXT_FILE).replace(folder / TENSORS_FILE)  # the model that is there, before its place is taken
    write_bytes_atomically(folder / (NEXT_FILE if is_replaced else TENSORS_FILE), content)
    if before_card is not None:
        before_card(sha256)
    write_text_atomically(folder / CARD_FILE, text)
    if is_replaced:
        (folder / NEXT_FILE).replace(folder / TENSORS_FILE)


def load_model(folder: Path, *, kind: str) -> "tuple[dict[str, Tensor], Card]":
    """Read a model folder.

    Args:
        folder: the model folder.
        kind: what the card's `kind` must say, "predictor" or "prior".

    Raises:
        ModelFormatError: a file is missing or damaged, the checksum differs, the format is newer, or the kind is wrong.
    """
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415

    card = read_card(folder)
    if card.get("kind") != kind:
        raise ModelFormatError(f"{folder} holds a model of kind {card.get('kind')!r}; a {kind} was expected")
    path = _find_tensors(folder, card)
    if not path.is_file():
        raise ModelFormatError(f"{folder} has no {TENSORS_FILE}; copy the complete model folder")
    if hash_file(path) != card.get("sha256"):
        raise ModelFormatError(
            f"{path} does not have the checksum that {CARD_FILE} states: it was changed or damaged; copy it again"
        )
    try:
        return load_file(path), card
    except SafetensorError as error:
        raise ModelFormatError(f"{path} is not a readable safetensors file: {error}") from error


def read_card(folder: Path) -> Card:
    """Read and check `card.json` alone, without the tensors.

    Raises:
        ModelFormatError: it is missing, is no JSON object, or was written by a newer format.
    """
    path = folder / CARD_FILE
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelFormatError(f"{folder} is no model folder: it has no {CARD_FILE}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelFormatError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(card, dict):
        raise ModelFormatError(f"{path} is not a JSON object")
    version = card.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelFormatError(
            f"{path} has format version {version!r}; this moldesign reads {FORMAT_VERSION}: update moldesign or retrain"
        )
    return card


def list_bundled_folders(package: str) -> dict[str, Path]:
    """Return the model folders that ship in the `weights` of a package, such as "moldesign.policies", by name."""
    root = Path(str(resources.files(package).joinpath("weights")))
    return {path.parent.name: path.parent for path in sorted(root.glob(f"*/{CARD_FILE}"))}


def find_folder(kind: str, name: str | Path, bundled: Mapping[str, Path]) -> Path:
    """Return the folder of a bundled model, or the given folder.

    Args:
        kind: what the model is called in the message, "model" or "prior".
        name: of a bundled model, or the path of a folder.
        bundled: the folders by name.

    Raises:
        UnknownNameError: it is neither; lists the nearest names.
    """
    if str(name) in bundled:
        return bundled[str(name)]
    if Path(name).is_dir():
        return Path(name)
    raise UnknownNameError(kind, str(name), bundled)


def write_text_atomically(path: Path, text: str) -> None:
    """Replace the file by `text`, so that a reader or a crash never sees half of it."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Replace the file by `content`, likewise."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as handle:
        temporary = Path(handle.name)
        try:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        except BaseException:  # an interruption leaves nothing behind either
            temporary.unlink()
            raise
    temporary.chmod(0o644)
    temporary.replace(path)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _find_tensors(folder: Path, card: Card) -> Path:
    """Return the file of the tensors that the card is of; whoever replaced it may have died before it was renamed."""
    upcoming = folder / NEXT_FILE
    return upcoming if upcoming.is_file() and hash_file(upcoming) == card.get("sha256") else folder / TENSORS_FILE


def _format_card(card: Card, path: Path) -> str:
    try:
        return json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        numbers = ", ".join(f"{place} = {value}" for place, value in _find_non_finite(card, ""))
        raise ModelFormatError(
            f"{path} cannot be written, because JSON has no such number: {numbers}; leave it out, or state null"
        ) from error


def _find_non_finite(value: object, place: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield place.removeprefix("."), value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _find_non_finite(part, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for row, part in enumerate(value):
            yield from _find_non_finite(part, f"{place}[{row}]")
