"""What the oracles are made of: curves over one property, and means of several terms.

The curves and means are those of GuacaMol (doi:10.1021/acs.jcim.8b00839). A term takes a molecule and returns a
number from 0 to 1.
"""

import math
import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal

from rdkit.Chem import MolFromSmarts
from rdkit.DataStructs import TanimotoSimilarity

from benchmarks.pmo.molecule import Molecule
from moldesign.chem.smiles import require_mols

Curve = Callable[[float], float]
Term = Callable[[Molecule], float]
Fingerprint = Literal["ecfp4", "ecfp6", "fcfp4", "atom_pairs", "pharmacophores"]


def peak_at(mu: float, sigma: float) -> Curve:
    """Return a bell: 1 at `mu`, exp(-1/2) one `sigma` away.

    >>> peak_at(3, 0.5)(3), round(peak_at(3, 0.5)(3.5), 4)
    (1.0, 0.6065)
    """
    return lambda x: math.exp(-0.5 * ((x - mu) / sigma) ** 2)


def at_most(mu: float, sigma: float) -> Curve:
    """Return 1 up to `mu`, above it the falling half of a bell.

    >>> at_most(4, 1)(-10), round(at_most(4, 1)(5), 4)
    (1.0, 0.6065)
    """
    return lambda x: peak_at(mu, sigma)(max(x, mu))


def at_least(mu: float, sigma: float) -> Curve:
    """Return 1 from `mu` on, below it the rising half of a bell.

    >>> at_least(90, 10)(200), round(at_least(90, 10)(80), 4)
    (1.0, 0.6065)
    """
    return lambda x: peak_at(mu, sigma)(min(x, mu))


def rise_to(upper: float) -> Curve:
    """Return a straight rise from 0 at 0 to 1 at `upper`, and 1 from there on.

    >>> rise_to(0.5)(0.25), rise_to(0.5)(0.75)
    (0.5, 1.0)
    """
    return lambda x: min(x / upper, 1.0)


def keep(x: float) -> float:
    """Return the number as it is."""
    return x


def resemble(target: str, fingerprint: Fingerprint, curve: Curve = keep) -> Term:
    """Return a term for the Tanimoto similarity to a molecule."""
    read = _READERS[fingerprint]
    reference = read(read_molecule(target))
    return lambda molecule: curve(TanimotoSimilarity(read(molecule), reference))


def contain(smarts: str) -> Term:
    """Return a term that is 1 for molecules with a substructure, 0 without."""
    pattern = MolFromSmarts(smarts)
    return lambda molecule: float(molecule.contains(pattern))


def lack(smarts: str) -> Term:
    """Return a term that is 1 for molecules without a substructure, 0 with it."""
    pattern = MolFromSmarts(smarts)
    return lambda molecule: float(not molecule.contains(pattern))


def shape(measure: Callable[[Molecule], float], curve: Curve) -> Term:
    """Return a term for a number that describes a molecule."""
    return lambda molecule: curve(measure(molecule))


def be_isomer(formula: str) -> Term:
    """Return a term for closeness to a molecular formula: of each element, and of the number of atoms.

    >>> be_isomer("C2H6O")(read_molecule("CCO"))
    1.0
    """
    wanted = {element: int(count or 1) for element, count in re.findall(r"([A-Z][a-z]?)(\d*)", formula)}
    elements = [shape(_count(element), peak_at(n, 1.0)) for element, n in wanted.items()]
    return average_geometrically(*elements, shape(_count_all, peak_at(sum(wanted.values()), 2.0)))


def average(*terms: Term) -> Term:
    """Return the arithmetic mean of terms."""
    return lambda molecule: sum(term(molecule) for term in terms) / len(terms)


def average_geometrically(*terms: Term) -> Term:
    """Return the geometric mean of terms; after one that is 0 the others are not computed: put dear ones last."""

    def average_logs(molecule: Molecule) -> float:
        total = 0.0
        for term in terms:
            value = term(molecule)
            if value == 0:
                return 0.0
            # A product of many small numbers would be 0 where their mean is not.
            total += math.log(value)
        return math.exp(total / len(terms))

    return average_logs


def read_molecule(smiles: str) -> Molecule:
    """Return a molecule that an oracle names.

    Raises:
        InvalidSmilesError: it cannot be read.
    """
    return Molecule(require_mols([smiles])[0])


def _count(element: str) -> Callable[[Molecule], float]:
    return lambda molecule: molecule.formula[element]


def _count_all(molecule: Molecule) -> float:
    return molecule.formula.total()


_READERS: dict[Fingerprint, Callable[[Molecule], Any]] = {
    "ecfp4": attrgetter("ecfp4"),
    "ecfp6": attrgetter("ecfp6"),
    "fcfp4": attrgetter("fcfp4"),
    "atom_pairs": attrgetter("atom_pairs"),
    "pharmacophores": attrgetter("pharmacophores"),
}
