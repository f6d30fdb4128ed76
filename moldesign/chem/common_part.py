"""What two molecules have in common: the largest connected part, rings kept whole."""

from rdkit import Chem
from rdkit.Chem import rdFMCS

from moldesign.chem.smiles import Mol, quiet_rdkit

MAX_SECONDS = 1
"""For two molecules; then the largest part found so far is taken. Two drugs take milliseconds."""


def find_common_part(first: Mol, second: Mol) -> list[tuple[int, int]]:
    """Return the atoms of the largest common part as pairs, the atom of the first molecule before that of the second.

    Elements and bond orders agree, ring bonds go with ring bonds, and no ring is cut. Charges and chirality do not
    count. There may be nothing in common.

    >>> aspirin, paracetamol = map(Chem.MolFromSmiles, ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1"])
    >>> len(find_common_part(aspirin, paracetamol))  # the ring and an oxygen
    7
    """
    with quiet_rdkit():
        found = rdFMCS.FindMCS([first, second], ringMatchesRingOnly=True, completeRingsOnly=True, timeout=MAX_SECONDS)
        pattern = Chem.MolFromSmarts(found.smartsString)
    if pattern is None or pattern.GetNumAtoms() == 0:
        return []
    matches = (mol.GetSubstructMatch(pattern) for mol in (first, second))
    return list(zip(*matches, strict=True))
