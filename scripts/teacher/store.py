"""Files of arrays, written whole or not at all, and the predictions of every (model, task, seed) among them."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray


class StaleFileError(Exception):
    """A file of predictions belongs to other molecules than those asked for."""


class StoredPrediction(NamedTuple):
    """What a model says of N molecules, and where that came from."""

    values: NDArray[np.float64]
    """[N, T] in the unit of the task: probabilities of a classification, NaN where there is no prediction"""
    seconds: float
    """Time the model took; NaN where it is not known."""
    recipe: str
    """Names everything that the values depend on; empty where that is not known."""


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write an `.npz` file; a reader or a crash never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as handle:
        temporary = Path(handle.name)
        try:
            np.savez_compressed(handle, **arrays)
        except BaseException:
            temporary.unlink()
            raise
    os.replace(temporary, path)  # noqa: PTH105  the atomic one of the two


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read an `.npz` file; nothing in it is executed.

    Raises:
        StaleFileError: it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (BadZipFile, ValueError, OSError) as error:
        raise StaleFileError(f"{path} cannot be read ({error}); delete it to have it made again") from error


def locate_prediction(folder: Path, model: str, task: str, seed: int) -> Path:
    """Return `<folder>/<model>/<task>/seed<k>.npz`."""
    return folder / model / task / f"seed{seed}.npz"


def save_prediction(path: Path, smiles: Sequence[str], prediction: StoredPrediction) -> None:
    """Write the predictions of the molecules `smiles`, in that order.

    Raises:
        ValueError: there is not one row of values per molecule.
    """
    values = np.asarray(prediction.values, dtype=np.float64)
    if values.ndim != 2 or len(values) != len(smiles):
        raise ValueError(f"{path}: {len(smiles)} molecules need values [{len(smiles)}, T], not {values.shape}")
    arrays = {"seconds": prediction.seconds, "recipe": prediction.recipe, "molecules": digest(smiles)}
    save_arrays(path, {"values": values, **arrays})


def load_prediction(path: Path, smiles: Sequence[str]) -> StoredPrediction:
    """Read the predictions of the molecules `smiles`.

    Raises:
        StaleFileError: the file cannot be read, or holds the predictions of other molecules.
    """
    arrays = load_arrays(path)
    if missing := {"values", "molecules"} - arrays.keys():
        raise StaleFileError(f"{path} has no {' and no '.join(sorted(missing))}; write it with save_prediction")
    if str(arrays["molecules"]) != digest(smiles) or len(arrays["values"]) != len(smiles):
        raise StaleFileError(f"{path} holds predictions of other molecules; delete it to have it made again")
    seconds, recipe = arrays.get("seconds", np.nan), arrays.get("recipe", "")
    return StoredPrediction(arrays["values"], float(seconds), str(recipe))


def digest(*parts: object) -> str:
    """Return a short name for the content: lists of text, arrays, anything else by its `repr`.

    >>> digest(["CCO"]) == digest(["CCO"]), digest(["CCO"]) == digest(["CC", "O"])
    (True, False)
    """
    content = sha256()
    for part in parts:
        content.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        content.update(b"\0")
    return content.hexdigest()[:32]
