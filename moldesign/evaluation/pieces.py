"""What a molecule is made of: fragments, scaffold and ring systems, each as a text to count and compare."""

from rdkit import Chem
from rdkit.Chem import AllChem
from rdkit.Chem.Scaffolds import MurckoScaffold

from moldesign.chem.smiles import Mol, quiet_rdkit

LEAST_RINGS = 2
"""Rings of a scaffold that MOSES counts; nearly every molecule shares those of one ring."""


def cut_fragments(mol: Mol) -> list[str]:
    """Return the BRICS fragments (doi:10.1002/cmdc.200800178) as canonical SMILES, each as often as it occurs.

    >>> cut_fragments(Chem.MolFromSmiles("CC(=O)Nc1ccccc1"))
    ['[1*]C(C)=O', '[16*]c1ccccc1', '[5*]N[5*]']
    """
    return str(Chem.MolToSmiles(AllChem.FragmentOnBRICSBonds(mol))).split(".")


def find_scaffold(mol: Mol) -> str | None:
    """Return the Murcko scaffold as MOSES writes it, with stereochemistry; None where it has fewer than two rings.

    >>> find_scaffold(Chem.MolFromSmiles("Cc1ccc2ccccc2c1")), find_scaffold(Chem.MolFromSmiles("Cc1ccccc1"))
    ('c1ccc2ccccc2c1', None)
    """
    with quiet_rdkit():
        try:
            scaffold = MurckoScaffold.GetScaffoldForMol(mol)
            text = str(Chem.MolToSmiles(scaffold))
        except (ValueError, RuntimeError):  # RDKit cannot cut or write a few; MOSES counts none for them
            return None
    return text if scaffold.GetRingInfo().NumRings() >= LEAST_RINGS else None


def find_ring_systems(mol: Mol) -> list[str]:
    """Return the different ring systems of a molecule: rings that share atoms, without what hangs on them.

    Elements, charges and bonds tell two systems apart; hydrogens and stereochemistry do not.

    >>> indole, methylindole = map(Chem.MolFromSmiles, ["c1ccc2[nH]ccc2c1", "Cn1ccc2ccccc21"])
    >>> find_ring_systems(indole) == find_ring_systems(methylindole)
    True
    >>> find_ring_systems(Chem.MolFromSmiles("C1CC1c1ccccc1"))
    ['C1CC1', 'c1ccccc1']
    """
    systems = _merge_rings([set(ring) for ring in mol.GetRingInfo().AtomRings()])
    if not systems:
        return []
    symbols = [_name_atom(atom) for atom in mol.GetAtoms()]
    texts = {
        str(Chem.MolFragmentToSmiles(mol, sorted(system), atomSymbols=symbols, isomericSmiles=False))
        for system in systems
    }
    return sorted(texts)


def _merge_rings(rings: list[set[int]]) -> list[set[int]]:
    systems: list[set[int]] = []
    for ring in rings:
        touching = [system for system in systems if system & ring]
        systems = [system for system in systems if not system & ring] + [ring.union(*touching)]
    return systems


def _name_atom(atom: Chem.Atom) -> str:
    symbol = atom.GetSymbol().lower() if atom.GetIsAromatic() else atom.GetSymbol()
    charge = atom.GetFormalCharge()
    return f"[{symbol}{charge:+d}]" if charge else str(symbol)
