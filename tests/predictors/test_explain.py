"""The explanation of one prediction: value, atoms in RDKit's order, neighbours, and clear refusals."""

from dataclasses import replace

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.errors import InvalidSmilesError, UnknownNameError
from moldesign.graphs import featurize_smiles
from moldesign.predictors.attribution import attribute_atoms
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.explain import explain, name_learned_unit
from tests.predictors.tiny_predictor import make_predictor


def test_the_value_is_the_predicted_one(tiny_predictor, named_drugs):
    smiles = named_drugs["paracetamol"]
    explanation, prediction = explain(tiny_predictor, smiles, "half_life"), tiny_predictor.predict([smiles])
    assert explanation.endpoint.name == "half_life"
    assert explanation.value == pytest.approx(prediction.values[0, 1])
    assert explanation.std == pytest.approx(prediction.std[0, 1])
    assert explanation.in_domain == prediction.in_domain[0, 1]


def test_weights_are_the_mean_of_the_networks_on_the_learned_scale(tiny_predictor):
    graphs = featurize_smiles(["CCO"]).graphs
    members = [attribute_atoms(network, graphs, 1)[0].weights for network in tiny_predictor.networks]
    explanation = explain(tiny_predictor, "CCO", "half_life")
    np.testing.assert_allclose(explanation.atom_weights, 0.4 * np.mean(members, axis=0), rtol=1e-4)
    assert explanation.atom_weights.dtype == np.float32
    assert explanation.unit == "log10 h"


def test_the_parent_of_a_salt_is_explained(tiny_predictor, named_drugs):
    explanation = explain(tiny_predictor, named_drugs["diclofenac_sodium"], "herg")
    assert explanation.smiles == "O=C(O)Cc1ccccc1Nc1c(Cl)cccc1Cl"
    [mol] = require_mols([explanation.smiles])
    assert explanation.atom_weights.shape == (mol.GetNumAtoms(),)


def test_neighbours_are_those_of_the_endpoint_nearest_first(tiny_predictor, named_drugs):
    herg = explain(tiny_predictor, named_drugs["paracetamol"], "herg", n_neighbours=2).neighbours
    assert [len(herg), herg[0].smiles, herg[0].similarity] == [2, named_drugs["paracetamol"], 1.0]
    assert herg[1].similarity < 1
    labelled = {one.smiles for one in explain(tiny_predictor, named_drugs["paracetamol"], "half_life").neighbours}
    assert labelled == {named_drugs["aspirin"], named_drugs["caffeine"]}


def test_an_alias_names_the_endpoint(tiny_predictor):
    assert explain(tiny_predictor, "CCO", "t_half").endpoint.name == "half_life"


def test_the_only_endpoint_need_not_be_named(tiny_predictor):
    with pytest.raises(ValueError, match="several endpoints; name the one to explain: herg, half_life"):
        explain(tiny_predictor, "CCO")
    whole = make_predictor(n_networks=1)
    domain = replace(whole.domain, has_label=whole.domain.has_label[:, :1], thresholds=whole.domain.thresholds[:1])
    only = replace(whole, endpoints=whole.endpoints[:1], domain=domain)
    with pytest.raises(UnknownNameError, match="herg"):
        explain(only, "CCO", "half_life")


def test_bad_input_is_named(tiny_predictor):
    with pytest.raises(InvalidSmilesError, match=r"^'C\(C' is not a valid SMILES \(syntax error\)$"):
        explain(tiny_predictor, "C(C", "herg")
    with pytest.raises(UnknownNameError, match="did you mean: herg"):
        explain(tiny_predictor, "CCO", "hergg")


@pytest.mark.parametrize("smiles", ["C", "[Na+].[Cl-]", "[2H]C([2H])([2H])O", "C[Si](C)(C)C", "[CH3]", "CC[Hg]Cl"])
def test_uncommon_molecules_are_explained(tiny_predictor, smiles):
    explanation = explain(tiny_predictor, smiles, "herg")
    assert len(explanation.atom_weights) == require_mols([explanation.smiles])[0].GetNumAtoms()
    assert np.isfinite(explanation.atom_weights).all()


def test_units_of_the_learned_scale():
    assert name_learned_unit(Endpoint("herg", "classification", "probability", "")) == "logit"
    assert name_learned_unit(Endpoint("logp", "regression", "log10 ratio", "")) == "log10 ratio"
    assert name_learned_unit(Endpoint("x", "regression", "", "", log_scale=True)) == "log10"


def test_a_predictor_explains_itself(tiny_predictor):
    own, other = tiny_predictor.explain("CCO", "t_half"), explain(tiny_predictor, "CCO", "half_life")
    np.testing.assert_array_equal(own.atom_weights, other.atom_weights)
    assert (own.endpoint, own.value, own.neighbours) == (other.endpoint, other.value, other.neighbours)
