"""SMILES batch -> graphs: the one path from text to what the network reads.

Parsing and features come from one C++ call per batch, which gets only what looks like a SMILES. It leaves an
unreadable one out without a word, or refuses the whole batch; then the rows are parsed one by one, and the bad ones
keep their place as errors.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.smiles import MAX_SMILES_LENGTH, parse_smiles, quiet_rdkit, refuse_single_text
from moldesign.graphs.features import complete_atoms, encode_feature_names, find_neutral_column
from moldesign.graphs.featurizer import load_featurizer

if TYPE_CHECKING:
    from moldesign.graphs.geometric import Batch

Rows = NDArray[np.int64]

_KEEP_EXPLICIT_H, _OFFSET_CARBON, _BOTH_DIRECTIONS, _SELF_LOOPS = False, False, True, False


class GraphTable(NamedTuple):
    """Molecular graphs in a few flat arrays, cut into batches without touching RDKit again."""

    atoms: NDArray[np.float32]
    """[n_atoms, n_atom_features]"""
    bonds: NDArray[np.float32]
    """[2 * n_bonds, n_bond_features], both directions of a bond"""
    edges: NDArray[np.int64]
    """[2, 2 * n_bonds], source and target atom, counted over the whole table"""
    atom_starts: Rows
    """[N + 1], the first atom of each graph"""
    bond_starts: Rows
    """[N + 1], the first directed bond of each graph"""

    def __len__(self) -> int:
        return len(self.atom_starts) - 1

    def select(self, rows: Rows) -> "GraphTable":
        """Return the graphs of `rows`, in that order."""
        atoms, n_atoms = expand_ranges(self.atom_starts, rows)
        bonds, n_bonds = expand_ranges(self.bond_starts, rows)
        atom_starts, bond_starts = _starts(n_atoms), _starts(n_bonds)
        edges = self.edges[:, bonds] + np.repeat(atom_starts[:-1] - self.atom_starts[rows], n_bonds)
        return GraphTable(self.atoms[atoms], self.bonds[bonds], edges, atom_starts, bond_starts)

    def to_batch(self) -> "Batch":
        """Return all graphs as one PyG batch."""
        import torch  # noqa: PLC0415  heavy, and for the network alone

        from moldesign.graphs.geometric import Batch  # noqa: PLC0415

        n_atoms = np.diff(self.atom_starts)
        return Batch(
            x=torch.from_numpy(self.atoms),
            edge_index=torch.from_numpy(self.edges),
            edge_attr=torch.from_numpy(self.bonds),
            batch=torch.from_numpy(np.repeat(np.arange(len(self)), n_atoms)),
            ptr=torch.from_numpy(self.atom_starts),
        )


def join_graphs(tables: Sequence[GraphTable]) -> GraphTable:
    """Return the graphs of one or more tables as one table, one after another."""
    n_atoms = np.cumsum([0, *(len(table.atoms) for table in tables)])
    n_bonds = np.cumsum([0, *(len(table.bonds) for table in tables)])
    return GraphTable(
        np.concatenate([table.atoms for table in tables]),
        np.concatenate([table.bonds for table in tables]),
        np.concatenate([table.edges + shift for table, shift in zip(tables, n_atoms[:-1], strict=True)], axis=1),
        _append([table.atom_starts for table in tables], n_atoms),
        _append([table.bond_starts for table in tables], n_bonds),
    )


def find_charged(graphs: GraphTable) -> NDArray[np.bool_]:
    """Return which graphs have an atom with a formal charge, bool [N].

    >>> find_charged(featurize_smiles(["CCO", "C[NH3+]", "CN(=O)=O"]).graphs).tolist()
    [False, True, True]
    """
    is_charged = graphs.atoms[:, find_neutral_column()] == 0
    owner = np.repeat(np.arange(len(graphs)), np.diff(graphs.atom_starts))
    charged: NDArray[np.bool_] = np.bincount(owner[is_charged], minlength=len(graphs)) > 0
    return charged


class FeaturizedSmiles(NamedTuple):
    """The graphs of the readable rows; `rows[i]` is the input row of graph i."""

    graphs: GraphTable
    rows: Rows
    errors: list[str | None]

    @property
    def is_valid(self) -> NDArray[np.bool_]:
        """Bool [N]: which input rows have a graph."""
        return np.array([error is None for error in self.errors], dtype=bool)


def featurize_smiles(smiles: Sequence[Any], *, first_row: int = 0) -> FeaturizedSmiles:
    """Turn SMILES into graphs; an unreadable row keeps its place with an error that names it.

    Args:
        smiles: N texts.
        first_row: the number of the first row, for the messages.

    Raises:
        TypeError: `smiles` is a str, not a list of them.
    """
    refuse_single_text(smiles)
    texts = list(smiles)
    errors = [None if _is_one_word(text) else _explain(text, row) for row, text in enumerate(texts, start=first_row)]
    table = _featurize_readable(texts, errors)
    if table is None:  # one of them is unreadable, and the featuriser does not say which
        errors = parse_smiles(texts, first_row=first_row).errors
        table = _featurize_readable(texts, errors)
    if table is None:
        raise RuntimeError("the featuriser refused a SMILES that RDKit reads; the two releases do not match")
    return FeaturizedSmiles(table, np.flatnonzero([error is None for error in errors]), errors)


@cache
def count_features() -> tuple[int, int]:
    """Return the number of atom and of bond features."""
    table = featurize_smiles(["CC"]).graphs
    return table.atoms.shape[1], table.bonds.shape[1]


def _is_one_word(text: Any) -> bool:
    """Say whether the C++ parser may see the text: what `parse_smiles` refuses, such as a name, it would ignore."""
    return isinstance(text, str) and len(text) <= MAX_SMILES_LENGTH and text.isascii() and len(text.split()) == 1


def _explain(text: Any, row: int) -> str | None:
    return parse_smiles([text], first_row=row).errors[0]


def _featurize_readable(texts: list[Any], errors: list[str | None]) -> GraphTable | None:
    return _featurize_all([text for text, error in zip(texts, errors, strict=True) if error is None])


def _featurize_all(smiles: list[str]) -> GraphTable | None:
    """Featurise, or return None when any SMILES is unreadable."""
    codes = encode_feature_names()
    try:
        with quiet_rdkit():
            atoms, bonds, edges, _, owner = load_featurizer().batch_mol_featurizer(
                smiles, *codes, _KEEP_EXPLICIT_H, _OFFSET_CARBON, _BOTH_DIRECTIONS, _SELF_LOOPS
            )
    except RuntimeError:  # how the featuriser reports a molecule that cannot be sanitised; the caller names the row
        return None
    n_atoms = np.bincount(owner, minlength=len(smiles))
    if len(n_atoms) != len(smiles) or (n_atoms == 0).any():
        return None
    n_bonds = np.bincount(owner[edges[0]], minlength=len(smiles))
    return GraphTable(complete_atoms(atoms, bonds, edges), bonds, edges, _starts(n_atoms), _starts(n_bonds))


def _starts(counts: Rows) -> Rows:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _append(starts: Sequence[Rows], shifts: Rows) -> Rows:
    parts = [own[:-1] + shift for own, shift in zip(starts, shifts[:-1], strict=True)]
    return np.concatenate([*parts, shifts[-1:]])


def expand_ranges(starts: Rows, chosen: Rows) -> tuple[Rows, Rows]:
    """Return every index of the chosen ranges, one after another, and the length of each range."""
    first, lengths = starts[chosen], starts[chosen + 1] - starts[chosen]
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    return np.arange(lengths.sum()) + np.repeat(first - offsets, lengths), lengths
