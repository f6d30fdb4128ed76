import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen, Descriptors, Lipinski

from moldesign.chem.crippen import logp
from moldesign.chem.descriptors import DESCRIPTORS, compute_descriptors, qed, sa_score
from moldesign.chem.smiles import Mol, parse_smiles, randomize_smiles, require_mols
from moldesign.errors import UnknownNameError

ODD_MOLECULES = [
    "[H][H]",
    "[Na+]",
    "*",
    "C",
    "[2H]O[2H]",
    "[H]C#C[H]",
    "O=[Os](=O)(=O)=O",
    "C[N+](C)(C)C",
    "OO",
]


def test_aspirin_has_its_published_values(drug_mols: dict[str, Mol]):
    expected = {
        "mw": 180.159,
        "tpsa": 63.60,
        "hbd": 1,
        "hba": 3,
        "rings": 1,
        "aromatic_rings": 1,
        "heavy_atoms": 13,
        "formal_charge": 0,
        "fsp3": 1 / 9,
        "logp": 1.310,
        "qed": 0.550,
        "sa": 1.580,
    }
    [values] = compute_descriptors([drug_mols["aspirin"]], expected)
    assert values == pytest.approx(list(expected.values()), abs=1e-3)


def test_hard_and_easy_molecules_are_told_apart(drug_mols: dict[str, Mol]):
    assert sa_score(drug_mols["aspirin"]) < 2
    assert sa_score(drug_mols["morphine"]) > 4
    assert qed(drug_mols["terfenadine"]) < 0.5 < qed(drug_mols["haloperidol"])


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("qed", QED.qed),
        ("logp", Crippen.MolLogP),
        ("mw", Descriptors.MolWt),
        ("hbd", Lipinski.NumHDonors),
        ("hba", Lipinski.NumHAcceptors),
        ("rotatable_bonds", Lipinski.NumRotatableBonds),
    ],
)
def test_equal_to_rdkit(name, reference, named_drugs: dict[str, str]):
    texts = [*named_drugs.values(), *ODD_MOLECULES]
    ours = compute_descriptors(require_mols(texts), [name])[:, 0]
    np.testing.assert_array_equal(ours, [reference(mol) for mol in require_mols(texts)])


@pytest.mark.data
def test_qed_of_measured_compounds_is_exactly_rdkits(measured_smiles: list[str]):
    mols = [mol for mol in parse_smiles(measured_smiles).mols if mol]
    assert [qed(mol) for mol in mols] == [QED.qed(Chem.Mol(mol)) for mol in mols]


def test_every_descriptor_is_finite_for_odd_molecules():
    values = compute_descriptors(require_mols(ODD_MOLECULES), DESCRIPTORS)
    assert values.shape == (len(ODD_MOLECULES), len(DESCRIPTORS))
    assert np.isfinite(values).all()


def test_explicit_hydrogens_do_not_change_qed(drug_mols: dict[str, Mol]):
    aspirin = drug_mols["aspirin"]
    assert qed(Chem.AddHs(aspirin)) == qed(aspirin)


def test_none_gets_nan_in_its_own_row(drug_mols: dict[str, Mol]):
    values = compute_descriptors([None, drug_mols["caffeine"], None], ["mw", "qed"])
    assert np.isnan(values).tolist() == [[True, True], [False, False], [True, True]]


def test_columns_follow_the_names(drug_mols: dict[str, Mol]):
    values = compute_descriptors([drug_mols["aspirin"]], ["heavy_atoms", "rings", "heavy_atoms"])
    assert values.tolist() == [[13, 1, 13]]
    assert compute_descriptors([], ["mw"]).shape == (0, 1)
    assert compute_descriptors([drug_mols["aspirin"]], []).shape == (1, 0)


def test_unknown_name_suggests_the_nearest(drug_mols: dict[str, Mol]):
    with pytest.raises(UnknownNameError, match="did you mean: logp"):
        compute_descriptors([drug_mols["aspirin"]], ["clogp"])


def test_values_do_not_depend_on_the_atom_order(named_drugs: dict[str, str]):
    rng = np.random.default_rng(0)
    mols = require_mols(list(named_drugs.values()))
    shuffled = require_mols([randomize_smiles(mol, rng) for mol in mols])
    np.testing.assert_allclose(
        compute_descriptors(mols, DESCRIPTORS), compute_descriptors(shuffled, DESCRIPTORS), rtol=1e-9
    )


def test_table_is_consistent(drug_mols: dict[str, Mol]):
    for name, descriptor in DESCRIPTORS.items():
        assert descriptor.name == name
        assert descriptor.low < descriptor.high
        assert descriptor.description
        [value] = compute_descriptors([drug_mols["imatinib"]], [name])[0]
        assert descriptor.low <= value <= descriptor.high


def test_logp_does_not_depend_on_what_was_asked_before(drug_mols: dict[str, Mol]):
    fresh = Chem.Mol(drug_mols["sildenafil"])
    alone = logp(fresh)
    qed(fresh)
    assert logp(fresh) == alone
