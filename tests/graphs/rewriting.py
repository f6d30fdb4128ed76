"""Write a molecule in another atom order, and know which atom went where."""

import numpy as np
from rdkit import Chem

from moldesign.graphs import GraphTable


def rewrite(smiles: str, rng: np.random.Generator) -> tuple[str, list[int]]:
    """Return another SMILES of the same molecule, and for each of its atoms the atom of the first SMILES."""
    mol = Chem.MolFromSmiles(smiles)
    order = rng.permutation(mol.GetNumAtoms()).tolist()
    shuffled = Chem.RenumberAtoms(mol, order)
    text = Chem.MolToSmiles(shuffled, canonical=False)
    written = shuffled.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    return text, [order[atom] for atom in written]


def collect_bonds(graphs: GraphTable, names: list[int]) -> dict[tuple[int, int], tuple[float, ...]]:
    """Return the features of every directed bond, its atoms called by `names`."""
    pairs = [(names[source], names[target]) for source, target in graphs.edges.T.tolist()]
    return dict(zip(pairs, map(tuple, graphs.bonds.tolist()), strict=True))
