"""Groups that do not last are found, and their lasting cousins, which drugs have, are not."""

import pytest

from moldesign.chem.smiles import require_mols
from moldesign.chem.unstable import GROUPS, find_unstable
from tests.conftest import NAMED_DRUGS

UNSTABLE = {
    "carbamic or carbonic acid": ["CN(C)C(=O)O", "OC(=O)N1CCNCC1", "CCOC(=O)O"],
    "aminal": ["CN1CCN(C)C1", "CN(C)CN(C)C"],
    "hemiaminal": ["OC1CCCN1C", "CNCO"],
    "open N,O-acetal": ["CN(C)COC"],
    "hemiacetal, open or in a small ring": ["CC(O)OC", "OC1CCO1"],
    "geminal diol": ["CC(O)O"],
    "enol": ["CC(O)=CC", "OC1=CCCC1"],
    "thioenol": ["CC(S)=CC"],
    "NH enamine": ["CNC=CC"],
    "NH imine": ["CC(C)=N"],
    "open aldimine": ["CCN=CC"],
    "formaldimine": ["c1ccccc1N=C"],
    "thioaldehyde or thioketone": ["CC(C)=S"],
    "nitroso that becomes an oxime": ["CC(C)N=O"],
    "alpha-halo amine": ["CN(C)CCl"],
    "alpha-halo ether": ["COCCl"],
    "acyl halide": ["CC(=O)Cl", "O=C(F)c1ccccc1"],
    "halide of sulfur, phosphorus, silicon or boron": ["CS(=O)(=O)Cl", "CP(Cl)Cl"],
    "halogen on nitrogen or oxygen": ["CNCl", "CCOBr"],
    "borane": ["CB"],
    "open anhydride": ["CC(=O)OC(C)=O"],
    "isocyanate": ["CCN=C=O"],
    "ketene": ["CC=C=O"],
    "carbodiimide": ["CN=C=NC"],
    "open peroxide": ["CCOOC", "CCOO"],
    "chain of heteroatoms": ["CN(C)N(C)N(C)C", "CONOC"],
    "sulfenic acid or ester": ["CSOC"],
    "diazonium": ["c1ccccc1[N+]#N"],
    "diazo": ["CC(C)=[N+]=[N-]"],
    "cyclopentadiene": ["CC1=CCC=C1"],
    "cyclobutadiene": ["CC1=CC=C1"],
    "pentalene": ["C1=CC2=CC=CC2=C1"],
    "cyclopropanone": ["O=C1CC1"],
    "oxirene": ["CC1=CO1"],
    "1H-azepine": ["CN1C=CC=CC=C1"],
    "alkyne in a small ring": ["C1CCCC#CC1"],
    "allene in a small ring": ["C1CCC=C=C1"],
}
LASTING = (
    *("CN(C)C(=O)OC", "CC(=O)N1CCN(C(C)=O)C1", "OC1CCCCO1", "OC[C@H]1OC(O)C(O)C(O)C1O", "OC(O)C(F)(F)F"),
    *("CC(O)=CC(C)=O", "Oc1ccccc1", "CC(=N)N", "NC(=N)c1ccccc1", "CC(C)=NO", "CC=NN(C)C", "CC(N)=S", "FC(F)Oc1ccccc1"),
    *("CS(=O)(=O)F", "O=C1OC(=O)c2ccccc12", "CN=[N+]=[N-]", "CSSC", "C1COCO1", "c1ccc2c(c1)OCO2", "OB(O)c1ccccc1"),
    *("C1=CCC=CC1", "C1CC=C1", "CC#CC", "O=C1C=CC(=O)C=C1", "CN(C)C=O", "NC(=O)N", "CC(F)(F)N1CCCC1", "C[N+](C)(C)CO"),
)


def test_every_group_has_an_example() -> None:
    assert UNSTABLE.keys() == GROUPS.keys()


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_is_found_by_its_name(name: str) -> None:
    assert all(name in groups for groups in find_unstable(require_mols(UNSTABLE[name])))


@pytest.mark.parametrize("smiles", LASTING)
def test_what_lasts_is_let_pass(smiles: str) -> None:
    assert find_unstable(require_mols([smiles])) == [[]]


def test_drugs_last() -> None:
    assert not any(find_unstable(require_mols(list(NAMED_DRUGS.values()))))
