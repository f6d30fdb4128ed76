"""What is outside the domain whatever it resembles: mixtures, but not salts; strange atoms; giant molecules."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.predictors.domain import fit_domain
from tests.conftest import NAMED_DRUGS

ASPIRIN, CAFFEINE = "CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
MIXTURE, SALT = f"{ASPIRIN}.{CAFFEINE}", "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]"


@pytest.fixture(scope="module")
def predictor(tiny_predictor):
    """One that has everything in its domain, but for what is outside whatever it is similar to."""
    return replace(tiny_predictor, domain=replace(tiny_predictor.domain, thresholds=np.zeros(2, dtype=np.float32)))


@pytest.mark.parametrize("standardize", [True, False])
def test_a_mixture_is_outside_for_every_endpoint(predictor, standardize):
    rows = [ASPIRIN, MIXTURE, "C(C", f"{MIXTURE}.Cl", f"{ASPIRIN}.{ASPIRIN}", "CCCCN.Cl"]
    told = predictor.predict(pd.Series(rows, index=range(10, 16)), standardize=standardize)
    assert told.in_domain.tolist() == [[inside] * 2 for inside in (True, False, False, False, True, True)]
    assert told.is_valid.tolist() == [True, True, False, True, True, True]
    assert np.isfinite(told.values[told.is_valid]).all()


def test_what_is_predicted_of_a_mixture_is_its_parent(predictor):
    mixture, parent = (predictor.predict([smiles]) for smiles in (MIXTURE, CAFFEINE))
    np.testing.assert_allclose(mixture.values, parent.values, rtol=1e-5)
    np.testing.assert_allclose(mixture.distance, parent.distance)
    assert parent.in_domain.all()


def test_the_measure_of_the_domain_says_the_same(predictor):
    measured = predictor.measure_domain([SALT, MIXTURE, None])
    assert measured.in_domain.tolist() == [[True, True], [False, False], [False, False]]
    assert measured.nearest == [ASPIRIN, CAFFEINE, None]


def test_an_explanation_says_the_same(predictor):
    assert not predictor.explain(MIXTURE, "herg").in_domain
    assert predictor.explain(SALT, "herg").in_domain


@pytest.mark.parametrize(
    "smiles",
    [
        "N[Pt](N)(Cl)Cl",
        "[Gd+3].CC(=O)[O-].CC(=O)[O-].CC(=O)[O-]",
        "[2H]C([2H])([2H])Oc1ccccc1",
        "CC[CH2]",
        "[Fe]",
        "*CC",
    ],
    ids=["platinum", "gadolinium", "isotopes", "radical", "metal", "attachment point"],
)
def test_so_is_what_networks_do_not_know(predictor, smiles):
    told = predictor.predict([ASPIRIN, smiles])
    assert told.in_domain.tolist() == [[True, True], [False, False]]
    assert told.margin[1].tolist() == [0, 0], "a number: what is unknown counts as inside for the guards"
    assert told.errors == [None, None]


def test_a_peptide_of_2000_atoms_is_predicted_or_refused_in_its_row(predictor):
    glycines, too_long = (f"N{'CC(=O)N' * n}CC(=O)O" for n in (420, 500))
    told = predictor.predict([ASPIRIN, glycines, too_long])
    assert told.is_valid.tolist() == [True, True, False]
    assert told.in_domain.tolist() == [[True, True], [False, False], [False, False]]
    assert told.margin[1].tolist() == [0, 0]
    assert np.isfinite(told.values[:2]).all()
    assert "3000" in told.errors[2]


def test_a_large_molecule_is_inside_where_larger_ones_were_measured(predictor):
    peptides = [f"N{'CC(=O)N' * n}CC(=O)O" for n in (20, 40, 50, 60)]  # 85, 165, 205 and 245 atoms
    labels = np.array([[1, 1], [1, np.nan], [1, np.nan]], dtype=float)
    domain = fit_domain([ASPIRIN, peptides[0], peptides[2]], labels, rng=np.random.default_rng(0))
    domain = replace(domain, thresholds=np.zeros(2, dtype=np.float32))
    inside = replace(predictor, domain=domain).predict(peptides).in_domain
    assert inside.tolist() == [[True, True], [True, False], [True, False], [False, False]]


def test_atoms_are_counted_as_rdkit_counts_them():
    smiles = [
        canonicalize(mol) for mol in require_mols([*NAMED_DRUGS.values(), "[2H]C(Br)(Cl)[Si](C)C", "c1cc[se]c1[B-]"])
    ]
    labels = np.where(np.eye(len(smiles), dtype=bool), 1.0, np.nan)
    domain = fit_domain(smiles, labels, rng=np.random.default_rng(0))
    assert domain._most_atoms.tolist() == [mol.GetNumAtoms() for mol in require_mols(smiles)]
