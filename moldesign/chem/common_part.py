"""What two molecules have in common: the largest connected part, rings kept whole."""

import time
from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem import rdFMCS

from moldesign.chem.smiles import Mol, quiet_rdkit

MAX_SECONDS = 0.08
"""Of processor time for two molecules. Two drugs take a millisecond; what takes longer, because of many fused or like
rings, has by then nearly the part that a search without limit finds: of 60 approved drugs above 35 heavy atoms, each
with its nearest neighbour, 33.1 atoms instead of 33.5."""
_RDKIT_SECONDS = 20
"""RDKit's own limit, by the clock, in case that it never asks for ours."""


class CommonPart(NamedTuple):
    """A part of two molecules."""

    pairs: list[tuple[int, int]]
    """Its atoms, that of the first molecule before that of the second"""
    is_largest: bool
    """Whether there is certainly no larger one; otherwise the search has ended before it was complete"""


def find_common_part(first: Mol, second: Mol, *, max_seconds: float = MAX_SECONDS) -> CommonPart:
    """Return the largest common part of two molecules; there may be nothing in common.

    Elements and bond orders agree, ring bonds go with ring bonds, and no ring is cut. Charges and chirality do not
    count.

    Args:
        first: a molecule.
        second: another one.
        max_seconds: of processor time; then the largest part found so far is taken.

    >>> aspirin, paracetamol = map(Chem.MolFromSmiles, ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1"])
    >>> part = find_common_part(aspirin, paracetamol)
    >>> len(part.pairs), part.is_largest  # the ring and an oxygen
    (7, True)
    """
    options = rdFMCS.MCSParameters()
    options.BondCompareParameters.RingMatchesRingOnly = options.BondCompareParameters.CompleteRingsOnly = True
    limit = _Limit(max_seconds)
    options.ProgressCallback, options.Timeout = limit, _RDKIT_SECONDS
    with quiet_rdkit():
        found = rdFMCS.FindMCS([first, second], options)
        pattern = Chem.MolFromSmarts(found.smartsString)
    if pattern is None or pattern.GetNumAtoms() == 0:
        return CommonPart([], not found.canceled)
    matches = (mol.GetSubstructMatch(pattern) for mol in (first, second))
    return CommonPart(list(zip(*matches, strict=True)), not found.canceled)


class _Limit(rdFMCS.MCSProgress):  # type: ignore[misc] # RDKit has no types
    """Ends a search when its processor time is over; RDKit's own limits are whole seconds, by the clock."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._end = time.thread_time() + seconds

    def __call__(self, progress: object, parameters: object) -> bool:
        """Say whether the search goes on."""
        return time.thread_time() < self._end
