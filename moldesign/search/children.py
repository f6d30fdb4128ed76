"""What an edited graph must be before it counts as a molecule, and the one place where it becomes one."""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdqueries

from moldesign.chem.smiles import Mol, canonicalize


@dataclass(frozen=True)
class ChildLimits:
    """What a child may look like."""

    min_heavy_atoms: int = 4
    max_heavy_atoms: int = 60
    max_ring_size: int = 8
    """Atoms in the largest ring; a parent with a larger one may hand it on."""
    elements: tuple[str, ...] = ("B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")

    def allow_size(self, n_heavy: int) -> bool:
        """Say whether a molecule may have so many heavy atoms."""
        return self.min_heavy_atoms <= n_heavy <= self.max_heavy_atoms


class Child(NamedTuple):
    """A new molecule."""

    smiles: str
    """Canonical."""
    mol: Mol
    """Sanitised, with its rings found; ready for fingerprints."""


def finish_child(mol: Mol, limits: ChildLimits, *, largest_ring: int, has_stereo: bool) -> Child | None:
    """Turn an edited graph in Kekule form into a molecule; None if it is none or breaks a limit.

    Args:
        mol: the graph; it is changed.
        limits: what is allowed.
        largest_ring: size of the largest ring of the parents, which the child may have too.
        has_stereo: whether a parent has stereochemistry, of which the edit may have left marks that mean nothing.
    """
    if not limits.allow_size(mol.GetNumAtoms()):
        return None
    if Chem.SanitizeMol(mol, catchErrors=True) != Chem.SanitizeFlags.SANITIZE_NONE:
        return None
    if mol.HasSubstructMatch(_forbidden_atom(limits.elements)) or not _has_sound_rings(mol, limits, largest_ring):
        return None
    if has_stereo:
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    smiles = canonicalize(mol)
    return None if "." in smiles else Child(smiles, mol)


def has_forbidden_atom(mol: Mol, limits: ChildLimits) -> bool:
    """Say whether a molecule holds an element outside the limits, a radical or an attachment point."""
    return bool(mol.HasSubstructMatch(_forbidden_atom(limits.elements)))


def find_largest_ring(mol: Mol) -> int:
    """Return the number of atoms in the largest ring of the SSSR; 0 without one."""
    return max(map(len, mol.GetRingInfo().AtomRings()), default=0)


def _has_sound_rings(mol: Mol, limits: ChildLimits, largest_ring: int) -> bool:
    rings = mol.GetRingInfo().AtomRings()
    if not rings:
        return True
    sizes = [len(ring) for ring in rings]
    if max(sizes) > max(limits.max_ring_size, largest_ring):
        return False
    # The checks of Graph GA (doi:10.1039/C8SC05372C): no allene in a ring, no double bond inside a ring of 3 or 4.
    allene, strained = _ring_patterns()
    return not mol.HasSubstructMatch(allene) and (min(sizes) > 4 or not mol.HasSubstructMatch(strained))


@cache
def _ring_patterns() -> tuple[Mol, Mol]:
    return Chem.MolFromSmarts("[R]=[R]=[R]"), Chem.MolFromSmarts("[r3,r4]=,#[r3,r4]")


@cache
def _forbidden_atom(elements: tuple[str, ...]) -> Mol:
    numbers = (Chem.GetPeriodicTable().GetAtomicNumber(symbol) for symbol in elements)
    atom = Chem.AtomFromSmarts(f"[{';'.join(f'!#{number}' for number in numbers)}]")
    radical = rdqueries.NumRadicalElectronsGreaterQueryAtom(0)
    atom.ExpandQuery(radical, how=Chem.CompositeQueryType.COMPOSITE_OR)
    pattern = Chem.RWMol()
    pattern.AddAtom(atom)
    return pattern.GetMol()
