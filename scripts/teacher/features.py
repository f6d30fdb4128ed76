"""Molecules as rows of computed numbers for boosted trees: the descriptor set of MapLight (arXiv:2310.00174).

Counts of atom neighbourhoods (ECFP4), counts of Avalon's paths and feature classes, the ErG description of pairs of
pharmacophores, and 200 descriptors of the whole molecule.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import DataStructs, rdBase
from rdkit.Avalon import pyAvalonTools
from rdkit.Chem import Descriptors, rdReducedGraphs

from moldesign.chem.fingerprints import morgan_counts
from moldesign.chem.smiles import Mol, parse_smiles, quiet_rdkit
from scripts.teacher.store import load_arrays, save_arrays

logger = logging.getLogger(__name__)

FEATURES_VERSION = 1
N_MORGAN = 1024
N_AVALON = 1024
N_ERG = 315
CHUNK = 2_000
"""Molecules of one cached file: what an interruption can lose."""

YOUNGER_DESCRIPTORS = frozenset({
    "SPS", "AvgIpc", "Phi", "NumAmideBonds", "NumAtomStereoCenters", "NumUnspecifiedAtomStereoCenters",
    "NumBridgeheadAtoms", "NumSpiroAtoms", "NumHeterocycles", "BCUT2D_MWHI", "BCUT2D_MWLOW", "BCUT2D_CHGHI",
    "BCUT2D_CHGLO", "BCUT2D_LOGPHI", "BCUT2D_LOGPLOW", "BCUT2D_MRHI", "BCUT2D_MRLOW",
})  # fmt: skip
"""What RDKit lists beyond the 200 of the published set."""


def describe_molecules(smiles: Sequence[str]) -> NDArray[np.float32]:
    """Return the features of each molecule, float32 [N, 2563]; the row of one that cannot be read is NaN.

    A descriptor that is not defined for a molecule is NaN; one beyond the range of float32 is the end of that range.

    >>> describe_molecules(["CCO", "C(C"]).shape
    (2, 2563)
    """
    mols = parse_smiles(smiles).mols
    with quiet_rdkit():
        blocks = (
            morgan_counts(mols, radius=2, n_bits=N_MORGAN).astype(np.float64),
            _fill_rows(mols, N_AVALON, _count_avalon),
            _fill_rows(mols, N_ERG, rdReducedGraphs.GetErGFingerprint),
            _fill_rows(mols, len(list_descriptors()), _compute_descriptors),
        )
    features = np.concatenate(blocks, axis=1)
    features[~np.isfinite(features)] = np.nan
    features[[row for row, mol in enumerate(mols) if mol is None]] = np.nan
    limit = np.finfo(np.float32).max
    return np.clip(features, -limit, limit).astype(np.float32)


def load_features(smiles: Sequence[str], folder: Path, *, n_processes: int = 1) -> NDArray[np.float32]:
    """Return what `describe_molecules` does, from files in `folder` where the same molecules were described before.

    Args:
        smiles: N SMILES.
        folder: of the cache; one file per chunk, named by its content.
        n_processes: how many chunks are described at once.
    """
    chunks = [list(smiles[i : i + CHUNK]) for i in range(0, len(smiles), CHUNK)]
    paths = [folder / f"{_name_content(chunk)}.npz" for chunk in chunks]
    missing = [i for i, path in enumerate(paths) if not path.is_file()]
    described = _describe_all([chunks[i] for i in missing], n_processes)
    for done, (i, features) in enumerate(zip(missing, described, strict=True), start=1):
        save_arrays(paths[i], {"features": features})
        logger.info("described chunk %d of %d", done, len(missing))
    features = [load_arrays(path)["features"] for path in paths]
    return np.concatenate(features) if features else np.empty((0, count_features()), np.float32)


def count_features() -> int:
    """Return the number of columns."""
    return N_MORGAN + N_AVALON + N_ERG + len(list_descriptors())


@cache
def list_descriptors() -> tuple[str, ...]:
    """Return the names of the whole-molecule descriptors, sorted."""
    return tuple(sorted(name for name, _ in Descriptors.descList if name not in YOUNGER_DESCRIPTORS))


def _describe_all(chunks: Sequence[list[str]], n_processes: int) -> Iterator[NDArray[np.float32]]:
    if n_processes <= 1 or len(chunks) <= 1:
        yield from map(describe_molecules, chunks)
        return
    # Not by fork: a child of a process with running threads can hang.
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(describe_molecules, chunks)


def _name_content(smiles: Sequence[str]) -> str:
    text = "\0".join([f"features {FEATURES_VERSION}, rdkit {rdBase.rdkitVersion}", *map(str, smiles)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _fill_rows(
    mols: Sequence[Mol | None], width: int, describe: Callable[[Mol], NDArray[np.float64]]
) -> NDArray[np.float64]:
    rows = np.full((len(mols), width), np.nan)
    for row, mol in enumerate(mols):
        if mol is not None:
            rows[row] = describe(mol)
    return rows


def _count_avalon(mol: Mol) -> NDArray[np.float64]:
    counts = np.zeros(N_AVALON)
    DataStructs.ConvertToNumpyArray(pyAvalonTools.GetAvalonCountFP(mol, nBits=N_AVALON), counts)
    return counts


def _compute_descriptors(mol: Mol) -> NDArray[np.float64]:
    functions = _descriptor_functions()
    return np.array([_compute_one(functions[name], mol) for name in list_descriptors()])


def _compute_one(function: Callable[[Mol], float], mol: Mol) -> float:
    try:
        return float(function(mol))
    except (ArithmeticError, RuntimeError, ValueError):  # for example QED of an atom without a number
        return float("nan")


@cache
def _descriptor_functions() -> dict[str, Callable[[Mol], float]]:
    return dict(Descriptors.descList)
