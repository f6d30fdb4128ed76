"""What two molecules have in common: the largest connected part, rings kept whole."""

from rdkit import Chem
from rdkit.Chem import rdFMCS, rdRascalMCES

from moldesign.chem.smiles import Mol, quiet_rdkit

MAX_SECONDS = 1
"""For two molecules; then the largest part found so far is taken. Two drugs take milliseconds."""
MANY_RINGS = 4
"""From so many rings in both molecules on, another search is used: the usual one takes seconds for two steroids."""


def find_common_part(first: Mol, second: Mol) -> list[tuple[int, int]]:
    """Return the atoms of the largest common part as pairs, the atom of the first molecule before that of the second.

    Elements and bond orders agree, and ring bonds go with ring bonds. No ring is cut, unless both molecules have many.
    Charges and chirality do not count. There may be nothing in common.

    >>> aspirin, paracetamol = map(Chem.MolFromSmiles, ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1"])
    >>> len(find_common_part(aspirin, paracetamol))  # the ring and an oxygen
    7
    """
    with quiet_rdkit():
        if min(mol.GetRingInfo().NumRings() for mol in (first, second)) >= MANY_RINGS:
            return _compare_edges(first, second)
        found = rdFMCS.FindMCS([first, second], ringMatchesRingOnly=True, completeRingsOnly=True, timeout=MAX_SECONDS)
        pattern = Chem.MolFromSmarts(found.smartsString)
    if pattern is None or pattern.GetNumAtoms() == 0:
        return []
    matches = (mol.GetSubstructMatch(pattern) for mol in (first, second))
    return list(zip(*matches, strict=True))


def _compare_edges(first: Mol, second: Mol) -> list[tuple[int, int]]:
    """Return the common part by RASCAL (doi:10.1093/comjnl/45.6.631), which is quick where many rings are fused."""
    options = rdRascalMCES.RascalOptions()
    options.similarityThreshold = 0.1
    options.ringMatchesRingOnly = options.completeAromaticRings = options.singleLargestFrag = True
    options.timeout = MAX_SECONDS
    found = rdRascalMCES.FindMCES(first, second, options)
    return [(int(here), int(there)) for here, there in found[0].atomMatches()] if found else []
