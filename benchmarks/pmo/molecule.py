"""A molecule as the oracles see it: what several of their terms need is computed once."""

from collections import Counter
from functools import cache, cached_property
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.GraphDescriptors import BertzCT
from rdkit.DataStructs import SparseBitVect

from benchmarks.pmo.pharmacophore import describe_layout, find_pharmacophores
from moldesign.chem.crippen import logp
from moldesign.chem.descriptors import qed


class Molecule:
    """Descriptors and fingerprints of one molecule, each computed when it is first asked for.

    Fingerprints are counts, but for `pharmacophores`, which are bits; RDKit compares either kind.
    """

    def __init__(self, mol: Chem.Mol) -> None:
        self.mol = mol

    @cached_property
    def ecfp4(self) -> Any:
        """Morgan counts of radius 2."""
        return _make_generator("ecfp4").GetSparseCountFingerprint(self.mol)

    @cached_property
    def ecfp6(self) -> Any:
        """Morgan counts of radius 3."""
        return _make_generator("ecfp6").GetSparseCountFingerprint(self.mol)

    @cached_property
    def fcfp4(self) -> Any:
        """Morgan counts of radius 2 over pharmacophoric features instead of elements."""
        return _make_generator("fcfp4").GetSparseCountFingerprint(self.mol)

    @cached_property
    def atom_pairs(self) -> Any:
        """Counts of pairs of atoms at most 10 bonds apart."""
        return _make_generator("atom_pairs").GetSparseCountFingerprint(self.mol)

    @cached_property
    def pharmacophores(self) -> SparseBitVect:
        """Gobbi's two-dimensional pharmacophores."""
        vector = SparseBitVect(describe_layout().n_bits)
        vector.SetBitsFromList(find_pharmacophores(self.mol).tolist())
        return vector

    @cached_property
    def logp(self) -> float:
        """Crippen's estimate of log P."""
        return logp(self.mol)

    @cached_property
    def tpsa(self) -> float:
        """Topological polar surface area, A^2."""
        return float(rdMolDescriptors.CalcTPSA(self.mol))

    @cached_property
    def bertz(self) -> float:
        """Bertz' index of complexity (doi:10.1021/ja00402a071)."""
        return float(BertzCT(self.mol))

    @cached_property
    def qed(self) -> float:
        """Estimate of drug-likeness."""
        return qed(self.mol)

    @cached_property
    def n_rings(self) -> int:
        """Number of rings (SSSR)."""
        return int(rdMolDescriptors.CalcNumRings(self.mol))

    @cached_property
    def n_aromatic_rings(self) -> int:
        """Number of aromatic rings (SSSR)."""
        return int(rdMolDescriptors.CalcNumAromaticRings(self.mol))

    @cached_property
    def formula(self) -> Counter[str]:
        """Number of atoms of each element, hydrogens included, attachment points not."""
        atoms = [atom for atom in self.mol.GetAtoms() if atom.GetAtomicNum() > 0]
        counts = Counter(atom.GetSymbol() for atom in atoms)
        counts["H"] += sum(atom.GetTotalNumHs() for atom in self.mol.GetAtoms())
        return counts

    def contains(self, pattern: Chem.Mol) -> bool:
        """Return whether the molecule has a substructure."""
        return bool(self.mol.HasSubstructMatch(pattern))


@cache
def _make_generator(kind: str) -> Any:
    if kind == "atom_pairs":
        return rdFingerprintGenerator.GetAtomPairGenerator(maxDistance=10)
    if kind == "fcfp4":
        features = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
        return rdFingerprintGenerator.GetMorganGenerator(radius=2, atomInvariantsGenerator=features)
    return rdFingerprintGenerator.GetMorganGenerator(radius={"ecfp4": 2, "ecfp6": 3}[kind])
