"""The ground truth of the explanation check, and the methods that it compares."""

import numpy as np
import pytest
import torch
from rdkit import Chem

from benchmarks import explanation_check as check
from moldesign.chem.crippen import logp
from moldesign.graphs import GraphTable, featurize_smiles
from moldesign.predictors.training import apply_network
from tests.predictors.tiny_predictor import make_network

NITROBENZENE = "O=[N+]([O-])c1ccccc1"


def make_molecules(smiles: list[str]) -> check.Molecules:
    mols = [Chem.MolFromSmiles(text) for text in smiles]
    has_nitro = np.array([mol.HasSubstructMatch(check.NITRO) for mol in mols])
    return check.Molecules(mols, featurize_smiles(smiles).graphs, np.array([logp(mol) for mol in mols]), has_nitro)


def test_contributions_of_atoms_add_up_to_logp(named_drugs):
    for mol in make_molecules(list(named_drugs.values())).mols:
        assert check.find_contributions(mol).sum() == pytest.approx(logp(mol), abs=1e-6)


def test_the_right_atoms_of_a_nitro_compound_are_those_of_the_group():
    molecules = make_molecules([NITROBENZENE])
    assert molecules.has_nitro.tolist() == [True]
    right = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=np.float32)
    rows = np.array([0])
    assert check.measure_nitro(molecules, rows, [right]) == 1.0
    assert check.measure_nitro(molecules, rows, [-right]) == 0.0


def test_true_contributions_have_perfect_figures():
    molecules = make_molecules(["CC(=O)Nc1ccc(O)cc1"])
    truth = check.find_contributions(molecules.mols[0]).astype(np.float32)
    assert set(check.measure_logp(molecules, np.array([0]), [truth]).values()) == {1.0}


def test_gradients_of_features_are_complete():
    network, molecule = make_network(n_endpoints=1), featurize_smiles(["CC(=O)Nc1ccc(O)cc1"]).graphs
    nothing = GraphTable(np.zeros_like(molecule.atoms), np.zeros_like(molecule.bonds), *molecule[2:])
    difference = apply_network(network, molecule) - apply_network(network, nothing)
    shares = (torch.arange(2000) + 0.5) / 2000
    assert check.multiply_gradients(network, molecule, shares).sum() == pytest.approx(difference.item(), rel=0.01)


def test_linear_parts_add_up_to_the_fitted_value(monkeypatch):
    monkeypatch.setattr(check, "N_HELD_OUT", 1)
    molecules = make_molecules([f"{'C' * n}{end}" for n in range(1, 20) for end in ("O", "N", "c1ccccc1", "Cl")])
    found = check.fit_linear(molecules, np.arange(len(molecules.mols)))
    assert [part.sum() for part in found] == pytest.approx(molecules.logp.tolist(), abs=0.6)
