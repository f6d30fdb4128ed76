"""A molecule as the scripts of a page see it: what a search for substructures asks of atoms, bonds and rings."""

from typing import Any

from rdkit import Chem

from moldesign.chem.smiles import Mol

_ORDERS = {
    Chem.BondType.SINGLE: 1,
    Chem.BondType.DOUBLE: 2,
    Chem.BondType.TRIPLE: 3,
    Chem.BondType.AROMATIC: 4,
}
"""What `smarts.js` calls them; other bonds match `~` alone."""


def describe_graph(mol: Mol) -> dict[str, Any]:
    """Return atoms as [element, aromatic, charge, hydrogens, implicit hydrogens, isotope, valence], bonds, rings.

    Bonds are [atom, atom, order], with order 4 for aromatic and 0 for what is none of the usual. Rings are RDKit's,
    each a list of atoms. Aromaticity, hydrogens and rings are those of RDKit, so that a search finds what RDKit finds.
    """
    return {
        "atoms": [_describe_atom(atom) for atom in mol.GetAtoms()],
        "bonds": [
            [bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), _ORDERS.get(bond.GetBondType(), 0)]
            for bond in mol.GetBonds()
        ],
        "rings": [list(ring) for ring in mol.GetRingInfo().AtomRings()],
    }


def _describe_atom(atom: Chem.Atom) -> list[int]:
    return [
        atom.GetAtomicNum(),
        int(atom.GetIsAromatic()),
        atom.GetFormalCharge(),
        atom.GetTotalNumHs(),
        atom.GetNumImplicitHs(),
        atom.GetIsotope(),
        atom.GetTotalValence(),
    ]
