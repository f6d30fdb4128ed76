"""Bemis-Murcko scaffolds (doi:10.1021/jm9602928): the rings of a molecule and the chains between them."""

from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from moldesign.chem.smiles import Mol, canonicalize, quiet_rdkit


def murcko_scaffold(mol: Mol) -> str:
    """Return the scaffold as canonical SMILES without stereochemistry; '' for an acyclic molecule.

    Atoms double-bonded to the scaffold stay, as in RDKit. Take the text as a key: that of a cut aromatic ion (one
    compound in thousands) may not parse.

    >>> murcko_scaffold(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O"))  # aspirin
    'c1ccccc1'
    """
    with quiet_rdkit():
        return str(Chem.MolToSmiles(_extract_scaffold(mol), isomericSmiles=False))


def generic_scaffold(mol: Mol) -> str:
    """Return the scaffold as a framework of carbons and single bonds; '' for an acyclic one.

    Only rings and linkers stay. An atom with more neighbours than a carbon can have becomes `*`.

    >>> generic_scaffold(Chem.MolFromSmiles("O=C1CCCN1Cc1ccccc1"))  # N-benzyl-2-pyrrolidone
    'C1CCC(CC2CCCC2)CC1'
    """
    with quiet_rdkit():
        return canonicalize(_extract_scaffold(_to_framework(_extract_scaffold(mol))))


def _extract_scaffold(mol: Mol) -> Mol:
    flat = Chem.Mol(mol)
    # Marks at a double bond that loses a neighbour would point at nothing, and RDKit cannot write such a molecule.
    Chem.RemoveStereochemistry(flat)
    return MurckoScaffold.GetScaffoldForMol(flat)


def _to_framework(mol: Mol) -> Mol:
    framework = Chem.RWMol()
    for atom in mol.GetAtoms():
        framework.AddAtom(Chem.Atom("C" if atom.GetDegree() <= 4 else "*"))
    for bond in mol.GetBonds():
        framework.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.SINGLE)
    Chem.SanitizeMol(framework)
    return framework
