"""Groups that do not last: they fall apart in water, rearrange or react with whatever is near.

Structural alerts warn of groups that many drugs have; these are the ones that chemists do not put on a list, because
nobody would draw them. A search does: carbamic acids, aminals and enols please its models. Of 20,000 molecules of
ChEMBL 0.3 % have such a group, of the approved drugs 0.5 %; of the hits of a search that nobody had told, 7 %.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from rdkit import Chem

from moldesign.chem.pattern_screen import PatternScreen
from moldesign.chem.smiles import Mol

_AMINE = "[NX3;+0;!$(N-[#6]=[O,S,N]);!$(N-S(=O)=O);!$(N-[#7,#8]);!$(N-C#N)]"
"""A nitrogen whose lone pair nothing draws away."""
_PULLS = "[$([CX3]=[O,N,S]),$(C#N),$(N(~O)~O),$(S(=O)=O),$(P=O)]"
"""What makes an enol or an enamine last."""
_BARE = "[NX3,OX2,SX2;!$(S-S);!$(*=*);!$(*-[#6]=[O,S])]"
_NO_HETERO = "!$(C-[#7,#8,#16])"

GROUPS: Mapping[str, str] = {
    "carbamic or carbonic acid": "[OX2H,OX1-][CX3](=[OX1])[#7,OX2]",
    "aminal": f"{_AMINE}[CX4;!$(C(F)F)]{_AMINE}",
    "hemiaminal": f"{_AMINE}[CX4;!$(C(F)(F)F)][OX2H]",
    "open N,O-acetal": f"{_AMINE}[CX4;!R][OX2;H0]",
    "hemiacetal, open or in a small ring": "[OX2H][CX4;!r5;!r6;!r7;!r8;!$(C-C(F)F)]([#6,#1])[OX2]",
    "geminal diol": "[OX2H][CX4;!$(C-C(F)F);!$(C-[CX3]=O);!$(C-C(Cl)Cl)]([#6,#1])[OX2H]",
    "enol": f"[OX2H][CX3;!a;!$(C-{_PULLS});!$(C=[#6]-{_PULLS});!$(C(O)-[O,N,S])]=[#6X3;!a]",
    "thioenol": f"[SX2H][CX3;!a;!$(C-{_PULLS});!$(C=[#6]-{_PULLS});!$(C(S)-[O,N,S])]=[#6X3;!a]",
    "NH enamine": f"[NX3;H1,H2;!$(N-a);!$(N-[#6]=[O,S,N]);!$(N-S(=O)=O);!$(N-[#7,#8])][CX3;!a;!$(C-{_PULLS});"
    f"!$(C=[#6]-{_PULLS});!$(C(N)-[#7,#8,#16])]=[#6X3;!a;{_NO_HETERO}]",
    "NH imine": "[NX2H]=[CX3;!$(C-[#7,#8,#16]);!$(C-C=C)]",
    "open aldimine": f"[CX4][NX2;!R]=[CX3;H1,H2;{_NO_HETERO};!$(C-a);!$(C-C=C)]",
    "formaldimine": "[NX2;!$(N-[#7,#8,#16])]=[CH2]",
    "thioaldehyde or thioketone": f"[SX1]=[CX3;!a;{_NO_HETERO}]",
    "nitroso that becomes an oxime": "[CX4;H1,H2][NX2]=[OX1]",
    "alpha-halo amine": f"{_AMINE}[CX4;!$(C(F)F)][F,Cl,Br,I]",
    "alpha-halo ether": "[OX2,SX2][CX4;!$(C(F)F)][Cl,Br,I]",
    "acyl halide": "[CX3](=[OX1,SX1])[F,Cl,Br,I]",
    "halide of sulfur, phosphorus, silicon or boron": "[#16,#15,Si,B][Cl,Br,I]",
    "halogen on nitrogen or oxygen": "[#7,OX2][F,Cl,Br,I]",
    "borane": "[BX3;H1,H2,H3]",
    "open anhydride": "[CX3;!R](=[OX1])[OX2][CX3]=[OX1]",
    "isocyanate": "[NX2]=[CX2]=[OX1]",
    "ketene": "[CX3]=[CX2]=[OX1]",
    "carbodiimide": "[NX2]=[CX2]=[NX2]",
    "open peroxide": "[OX2;!R]-[OX2]",
    "chain of heteroatoms": f"{_BARE}-{_BARE}-{_BARE}",
    "sulfenic acid or ester": "[OX2][SX2]",
    "diazonium": "[N+]#[NX1]",
    "diazo": f"[#6;!$([#6]-{_PULLS})]=[N+]=[N-]",
    "cyclopentadiene": "[CX4;H1,H2]1[#6X3;!a]=[#6X3;!a][#6X3;!a]=[#6X3;!a]1",
    "cyclobutadiene": "[#6X3;!a]1=[#6X3;!a][#6X3;!a]=[#6X3;!a]1",
    "pentalene": "[#6X3;!a]1=[#6X3;!a][#6X3;!a]2=[#6X3;!a][#6X3;!a]=[#6X3;!a][#6X3;!a]2=[#6X3;!a]1",
    "cyclopropanone": "[OX1]=[CX3]1[CX4][CX4]1",
    "oxirene": "[OX2]1[#6X3]=[#6X3]1",
    "1H-azepine": f"{_AMINE}1[#6X3;!a]=[#6X3;!a][#6X3;!a]=[#6X3;!a][#6X3;!a]=[#6X3;!a]1",
    "alkyne in a small ring": "[CX2;r3,r4,r5,r6,r7,r8]#[CX2]",
    "allene in a small ring": "[CX2;r3,r4,r5,r6,r7,r8](=[*;R])=[*;R]",
}
"""SMARTS by name."""


def find_unstable(mols: Sequence[Mol]) -> list[list[str]]:
    """Return the names of the unstable groups that each molecule has.

    >>> from moldesign.chem.smiles import require_mols
    >>> find_unstable(require_mols(["CN(C)C(=O)O", "CN(C)C(=O)OC", "CC(O)=CC"]))
    [['carbamic or carbonic acid'], [], ['enol']]
    """
    names = list(GROUPS)
    return [[names[group] for group in groups] for groups in list_groups(mols)]


def list_groups(mols: Sequence[Mol]) -> list[list[int]]:
    """Return the places in `GROUPS` of the unstable groups that each molecule has, ascending."""
    patterns, screen = _load_patterns()
    return [[i for i in screen.find_candidates(mol) if mol.HasSubstructMatch(patterns[i])] for mol in mols]


@cache
def _load_patterns() -> tuple[list[Mol], PatternScreen]:
    patterns = [Chem.MolFromSmarts(smarts) for smarts in GROUPS.values()]
    return patterns, PatternScreen(patterns)
