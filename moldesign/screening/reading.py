"""Rows of a task become molecules: one by one through RDKit, or straight to the graphs of the network where it is safe.

Most SMILES of a library are one molecule, uncharged or with charges that protons make, whose standard form can be read
off the text. The network's featuriser parses them itself, in C++, so that parsing them before, for RDKit's sake, would
double the work on all rows of which only the few good ones are looked at again.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.fingerprints import morgan_bits
from moldesign.graphs import GraphTable, featurize_smiles, find_charged, join_graphs
from moldesign.screening.executor import Fall, Task
from moldesign.screening.fingerprint_cache import N_BYTES, FingerprintCache
from moldesign.screening.marking import TOGETHER, MarkedMols, Marker
from moldesign.screening.molecules import (
    Molecule,
    UnreadMolecules,
    check_molecule,
    find_standard_text,
    read_molecule,
    read_unchecked,
)

_BLOCK = 125
"""Rows that are parsed again, one by one, where one of them is no molecule."""


class ReadRows(NamedTuple):
    """What rows hold."""

    molecules: dict[int, Molecule]
    """By row, from 0, ascending"""
    falls: dict[int, Fall]
    """The other rows"""


class ReadGraphs(NamedTuple):
    """What rows hold, ready for the network."""

    molecules: dict[int, Molecule]
    """By row, from 0, ascending"""
    falls: dict[int, Fall]
    """The other rows"""
    graphs: GraphTable
    """Of the molecules, in their order"""


class ReadFingerprints(NamedTuple):
    """What rows hold, ready to be compared."""

    molecules: Mapping[int, Molecule]
    """By row, from 0, ascending"""
    falls: dict[int, Fall]
    """The other rows"""
    bits: NDArray[np.uint8]
    """[n, N_BYTES], the packed fingerprints of the molecules, in their order"""


def read_rows(task: Task, mark: Marker) -> ReadRows:
    """Return the molecules of a task, each read by RDKit."""
    molecules: dict[int, Molecule] = {}
    falls = dict(task.falls)
    for row, text in enumerate(task.texts):
        if row not in falls:
            mark(row)
            _sort(row, read_molecule(text, is_block=task.holds_blocks), molecules, falls)
    mark(TOGETHER)
    return ReadRows(molecules, falls)


def read_graphs(task: Task, mark: Marker) -> ReadGraphs:
    """Return the molecules of a task whose rows are SMILES, with their graphs; they are those of `read_rows`."""
    falls = dict(task.falls)
    found = ((row, find_standard_text(text)) for row, text in enumerate(task.texts) if row not in falls)
    standard_texts = {row: text for row, text in found if text is not None}
    plain = list(standard_texts)
    tables: list[GraphTable] = []
    order: list[int] = []
    for start in range(0, len(plain), _BLOCK):
        rows = np.array(plain[start : start + _BLOCK])
        featurized = featurize_smiles([standard_texts[row] for row in rows.tolist()])
        # RDKit writes some groups with charges that the text writes without, such as a nitro group.
        standard = np.flatnonzero(~find_charged(featurized.graphs))
        tables.append(featurized.graphs.select(standard))
        order += rows[featurized.rows[standard]].tolist()
    molecules = {row: Molecule(standard_texts[row]) for row in order}
    others: dict[int, Molecule] = {}
    for row, text in enumerate(task.texts):
        if row not in molecules and row not in falls:
            mark(row)
            _sort(row, read_unchecked(text, is_block=False), others, falls)
    mark(TOGETHER)
    tables.append(_featurize(others, falls, mark))
    order += list(others)
    molecules |= others
    graphs = join_graphs(tables).select(np.argsort(order))
    return ReadGraphs({row: molecules[row] for row in sorted(order)}, falls, graphs)


def read_fingerprints(task: Task, cache: FingerprintCache, mark: Marker) -> ReadFingerprints:
    """Return the molecules of a task with their fingerprints: those that are kept, without reading the molecules."""
    bits = cache.load(task)
    if bits is None:
        molecules, falls = read_rows(task, mark)
        bits = np.zeros((len(task.texts), N_BYTES), dtype=np.uint8)
        rows = list(molecules)
        bits[rows] = morgan_bits(MarkedMols([one.mol for one in molecules.values()], rows, mark))
        cache.store(task, bits)
        return ReadFingerprints(molecules, falls, bits[rows])
    is_there: NDArray[np.bool_] = bits.view(np.uint64).max(axis=1) > 0
    falls, read = dict(task.falls), dict[int, Molecule]()
    for row in np.flatnonzero(~is_there).tolist():
        if row not in falls:
            mark(row)
            _sort(row, read_molecule(task.texts[row], is_block=task.holds_blocks), read, falls)
    mark(TOGETHER)
    is_there[list(read)] = True
    known = np.flatnonzero(is_there).tolist()
    unread = UnreadMolecules(task.texts, known, read, is_block=task.holds_blocks)
    return ReadFingerprints(unread, falls, bits if len(known) == len(bits) else bits[known])


def _featurize(molecules: dict[int, Molecule], falls: dict[int, Fall], mark: Marker) -> GraphTable:
    """Return the graphs of molecules; those that cannot be read after all go to the fallen ones."""
    featurized = featurize_smiles([molecule.smiles for molecule in molecules.values()])
    if len(featurized.rows) < len(molecules):
        for row, molecule in list(molecules.items()):
            mark(row)
            checked = check_molecule(molecule)
            if isinstance(checked, Fall):
                falls[row] = checked
                del molecules[row]
        mark(TOGETHER)
    return featurized.graphs


def _sort(row: int, read: Molecule | Fall, molecules: dict[int, Molecule], falls: dict[int, Fall]) -> None:
    if isinstance(read, Fall):
        falls[row] = read
    else:
        molecules[row] = read
