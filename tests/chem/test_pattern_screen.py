import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.pattern_screen import PatternScreen
from moldesign.chem.smiles import Mol, require_mols

SMARTS = (
    *("C(=O)[OH]", "C(=O)O[#6]", "[#6]", "[CX4;!$(C-[N,O])]", "[N;H1,$(N(C)C=O)]", "c:c", "CC", "C=C.C=O"),
    *("*1[N,O]*1", "[R2]", "[r5]", "*@*", "[+]", "[D3;v3]", "a!:a", "[$(c1ccccc1),$([#16](=O)=O)]", "[#1]", "Cl", "Br"),
    *("[$(N(C)(C)C)]", "[$([C;$(CO)]),$(C=N)]", "[Na+].[O-]", "[O,S;H1,H2]-[$([CH2]);!$(C(O)O)]"),
)
OTHERS = ["C", "[Na+].[O-]C=O", "C1CN1", "[2H]OC", "c1ccccc1-c1ccncc1", "ClCCBr", "C=CC=O", "OCC", "C[N+](C)(C)C"]
PATTERNS = [Chem.MolFromSmarts(smarts) for smarts in SMARTS]


def find_matches(mol: Mol) -> list[int]:
    return [row for row, pattern in enumerate(PATTERNS) if mol.HasSubstructMatch(pattern)]


@pytest.fixture(scope="module")
def mols(drug_mols: dict[str, Mol]) -> list[Mol]:
    plain = [*drug_mols.values(), *require_mols(OTHERS)]
    return [*plain, *map(Chem.AddHs, plain)]


def test_no_match_is_ever_left_out(mols: list[Mol]):
    screen = PatternScreen(PATTERNS)
    found = [(set(screen.find_candidates(mol)), set(find_matches(mol))) for mol in mols]
    assert all(candidates >= matches for candidates, matches in found)
    assert set.union(*(matches for _, matches in found)) == set(range(len(SMARTS)))
    assert sum(len(candidates) for candidates, _ in found) < 0.6 * len(mols) * len(SMARTS)


def test_what_was_met_before_changes_nothing(mols: list[Mol]):
    screen = PatternScreen(PATTERNS)
    first = [screen.find_candidates(mol) for mol in mols]
    assert [screen.find_candidates(mol) for mol in mols] == first
    assert [PatternScreen(PATTERNS).find_candidates(mol) for mol in mols] == first
    assert all(rows == sorted(set(rows)) for rows in first)


def test_the_order_of_the_atoms_changes_nothing(drug_mols: dict[str, Mol]):
    screen, rng = PatternScreen(PATTERNS), np.random.default_rng(0)
    for mol in drug_mols.values():
        shuffled = Chem.RenumberAtoms(mol, rng.permutation(mol.GetNumAtoms()).tolist())
        assert screen.find_candidates(shuffled) == screen.find_candidates(mol)


@pytest.mark.parametrize(
    ("smarts", "without", "holding"),
    [
        ("[F,Cl]", "CCO", "CF"),
        ("N.N.N", "NCCN", "NCC(N)CN"),
        ("C=N", "N=O.C=O", "CC=N"),
        ("[$(C#N),$(S=O)]", "CC=O.CS", "CC#N"),
        ("C1CC1", "CCCC", "C1CC1"),
        ("[C&!$(CO)]~[OH]", "COC", "CO"),
    ],
    ids=["elements", "counts", "bonds", "alternatives", "rings", "hydrogens"],
)
def test_what_a_molecule_cannot_match_is_left_out(smarts: str, without: str, holding: str):
    screen = PatternScreen([Chem.MolFromSmarts(smarts)])
    assert [screen.find_candidates(mol) for mol in require_mols([without, holding])] == [[], [0]]


def test_nothing_to_look_for_and_nothing_to_look_at():
    assert PatternScreen([]).find_candidates(Chem.MolFromSmiles("CCO")) == []
    assert PatternScreen(PATTERNS).find_candidates(Chem.Mol()) == []
