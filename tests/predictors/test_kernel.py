"""Kernel regressions beside the networks: what they say, what they add, and which atoms they rest on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.smiles import require_mols
from moldesign.predictors.domain import N_BITS, fit_domain
from moldesign.predictors.endpoints import Endpoint, fit_endpoint
from moldesign.predictors.forest import mix_outputs
from moldesign.predictors.forest_fit import SHARES
from moldesign.predictors.kernel import KernelBlend
from moldesign.predictors.kernel_fit import (
    RIDGE,
    KernelLearner,
    Unseen,
    fit_kernel,
    fit_ridge,
    measure_shares,
    number_scaffolds,
)

ALCOHOLS = [f"{'C' * n}O" for n in range(1, 21)]
RINGS = [f"{'C' * n}c1ccccc1" for n in range(1, 11)] + [f"{'C' * n}C1CCNCC1" for n in range(1, 11)]
SMILES = [*ALCOHOLS, *RINGS]
RNG = np.random.default_rng(0)


def make_labels() -> np.ndarray:
    """Return two columns: whether a molecule is an alcohol, and its carbons, for half of them."""
    carbons = np.array([float(text.upper().count("C")) for text in SMILES])
    carbons[::2] = np.nan
    return np.column_stack([[5.0] * 20 + [1.0] * 20, carbons])


def make_learner() -> KernelLearner:
    labels = make_labels()
    endpoints = [fit_endpoint(name, "regression", labels[:, t]) for t, name in enumerate(("alcohol", "carbons"))]
    return KernelLearner.of_labels(fit_domain(SMILES, labels, rng=RNG), labels, endpoints)


def make_blend(share: float = 0.5) -> KernelBlend:
    return make_learner().fit(np.ones(len(SMILES), dtype=bool), share)


def test_what_it_says_is_the_mean_of_the_gaussian_process():
    learner, mols = make_learner(), require_mols(["CCCCO", "CCCNC", "OCc1ccccc1"])
    queries = morgan_bits(mols, n_bits=N_BITS)
    for t in range(2):
        known = np.isfinite(learner.targets[:, t])
        own, targets = learner.domain.fingerprints[known], learner.targets[known, t]
        kernel = tanimoto(own, own) + RIDGE * np.eye(len(own))
        expected = tanimoto(queries, own) @ np.linalg.solve(kernel, targets - targets.mean()) + targets.mean()
        np.testing.assert_allclose(make_blend().predict(mols)[:, t], expected, atol=1e-4)


def test_blocks_change_nothing(monkeypatch):
    mols = [None, *require_mols(SMILES)]
    whole = make_blend().predict(mols)
    monkeypatch.setattr("moldesign.predictors.kernel._BLOCK", 3)
    np.testing.assert_allclose(make_blend().predict(mols), whole, rtol=1e-5)
    np.testing.assert_allclose(whole[0], make_blend().means, rtol=1e-6)


def test_mixing_moves_the_mean_and_keeps_the_spread():
    blend, mols = make_blend(0.75), require_mols(["CCCCO", "CCCNC"])
    outputs = RNG.normal(size=(3, 2, 2)).astype(np.float32)
    mixed = blend.mix(outputs, mols)
    np.testing.assert_array_equal(mixed, mix_outputs(outputs, blend.predict(mols), np.full(2, 0.75, np.float32)))
    np.testing.assert_allclose(mixed.std(axis=0), outputs.std(axis=0), atol=1e-6)


def test_what_is_written_is_read_back():
    blend, mols = make_blend(), require_mols(["CCCO", "CCCCC"])
    tensors = {"network.0.weight": torch.zeros(1)} | blend.to_tensors()
    read = KernelBlend.from_tensors(tensors, blend.domain, blend.is_class)
    np.testing.assert_array_equal(read.predict(mols), blend.predict(mols))
    np.testing.assert_array_equal(read.shares, blend.shares)
    assert KernelBlend.from_tensors({}, blend.domain, blend.is_class) is None


def test_weights_of_other_labels_are_refused():
    blend = make_blend()
    tensors = blend.to_tensors()
    with pytest.raises(ValueError, match="number of endpoints"):
        KernelBlend.from_tensors(tensors | {"kernel.means": torch.zeros(3)}, blend.domain, blend.is_class)
    fewer = replace(blend.domain, has_label=np.ones_like(blend.domain.has_label))
    with pytest.raises(ValueError, match=r"shape|assign"):
        KernelBlend.from_tensors(tensors, fewer, blend.is_class)


def test_a_class_is_told_as_a_logit():
    labels = make_labels()[:, :1] > 3
    domain = fit_domain(SMILES, labels.astype(float), rng=RNG)
    fitted = fit_ridge(domain.fingerprints, labels.astype(float), (True,))
    blend = KernelBlend(domain, fitted.weights, fitted.means, np.ones(1, np.float32), fitted.is_class)
    mols = require_mols(["CCCCO", "CCCCc1ccccc1"])
    logits = blend.predict(mols)
    assert logits[0, 0] > 2
    assert logits[1, 0] < -2
    np.testing.assert_allclose(fitted.predict(morgan_bits(mols, n_bits=N_BITS)), logits, rtol=1e-3)


def test_an_alcohol_is_one_for_its_oxygen():
    [mol] = require_mols(["CCCCCCCCO"])
    weights = make_blend().weigh_atoms(mol, 0)
    assert weights.shape == (9,)
    assert weights.argmax() == 8
    assert weights[8] > 0
    assert abs(weights[2]) < 0.5 * weights[8]


def test_a_classification_is_refused():
    labels = make_labels()
    active = Endpoint("active", "classification", "probability", "")
    with pytest.raises(ValueError, match=r"cannot learn classes: active"):
        KernelLearner.of_labels(fit_domain(SMILES, labels, rng=RNG), labels, [active, active])


def test_an_endpoint_without_learned_labels_says_nothing():
    blend = make_learner().fit(np.zeros(len(SMILES), dtype=bool), 0.5)
    assert not blend.weights.any()
    assert not blend.predict(require_mols(["CCO"])).any()


@pytest.mark.parametrize(("network_error", "expected"), [(0.0, 0.0), (100.0, 1.0)])
def test_the_share_is_that_which_predicts_unseen_scaffolds_best(network_error, expected):
    learner = make_learner()
    rows = np.flatnonzero(np.isin(number_scaffolds(SMILES), number_scaffolds(["Cc1ccccc1", *SMILES])[[0]]))
    assert len(rows) >= 10
    outputs = np.nan_to_num(learner.targets[rows]).astype(np.float32) + np.float32(network_error)
    fit = fit_kernel(learner, [Unseen(rows, outputs)])
    assert fit.blend.shares.tolist() == [expected, expected]
    alone = learner.fit(~np.isin(np.arange(len(SMILES)), rows), 1.0)
    own = alone.predict(require_mols([SMILES[row] for row in rows]))
    np.testing.assert_allclose(fit.unseen[0], (1 - expected) * outputs + expected * own, rtol=1e-4, atol=1e-4)


def test_without_unseen_scaffolds_all_unseen_molecules_tell_and_without_any_both_say_as_much():
    learner = make_learner()
    rows = np.array([3, 4, 5])
    good = np.nan_to_num(learner.targets[rows]).astype(np.float32)
    assert fit_kernel(learner, [Unseen(rows, good)]).blend.shares.tolist() == [0, 0]
    assert fit_kernel(learner, [Unseen(rows, good + 100)]).blend.shares.tolist() == [1, 1]
    assert fit_kernel(learner, [Unseen(rows[:0], good[:0])]).blend.shares.tolist() == [0.5, 0.5]


def test_every_endpoint_counts_as_much_as_any_other():
    targets = np.array([[0.0, np.nan, np.nan]] * 9 + [[np.nan, 0.0, np.nan]])
    networks, kernel = np.zeros((10, 3), dtype=np.float32), np.ones((10, 3), dtype=np.float32)
    networks[9, 1], kernel[9, 1] = 1, 0
    errors = measure_shares(networks, kernel, targets)
    np.testing.assert_allclose(errors, (SHARES**2 + (1 - SHARES) ** 2) / 2, atol=1e-6)
