"""Two models: each is believed as far as it ranks."""

import numpy as np
import pytest

from moldesign.search.descriptor_model import DescriptorTrees
from moldesign.search.encoding import CHEAP_DESCRIPTORS, ELEMENTS, describe_cheaply, encode
from moldesign.search.surrogate import Surrogate, SurrogateSettings, correlate_ranks


@pytest.fixture(scope="module")
def mols(crowd):
    return list(crowd.values())


def learn(surrogate, mols, score, batch=20):
    for start in range(0, len(mols), batch):
        part = mols[start : start + batch]
        surrogate.observe(encode(part), np.array([score(mol) for mol in part]))
    return surrogate


def like_an_oxygen_count(mol):
    n_oxygens = sum(atom.GetSymbol() == "O" for atom in mol.GetAtoms())
    return float(np.exp(-abs(n_oxygens - 3)))


def test_descriptors_and_element_counts(drug_mols):
    table = describe_cheaply(drug_mols)
    assert table.shape == (len(drug_mols), len(CHEAP_DESCRIPTORS) + len(ELEMENTS))
    aspirin = dict(zip((*CHEAP_DESCRIPTORS, *ELEMENTS), table[0].tolist(), strict=True))
    assert (aspirin["C"], aspirin["H"], aspirin["O"], aspirin["N"]) == (9, 8, 4, 0)
    assert aspirin["heavy_atoms"] == 13
    assert describe_cheaply([]).shape == (0, table.shape[1])


def test_descriptors_are_computed_only_when_asked_for(drug_mols):
    asked = []
    encoded = encode(drug_mols)
    describe = encoded._describe
    encoded._describe = lambda: asked.append(True) or describe()
    part = encoded.take([4, 2])
    assert asked == []
    np.testing.assert_array_equal(part.descriptors, describe_cheaply([drug_mols[4], drug_mols[2]]))
    assert (part.descriptors.shape[0], len(asked)) == (2, 1)


def test_trees_learn_a_count_that_fingerprints_do_not_show(mols):
    surrogate = learn(Surrogate(), mols[:240], like_an_oxygen_count)
    truth = np.array([like_an_oxygen_count(mol) for mol in mols[240:]])
    test = encode(mols[240:])
    by_trees, by_process = surrogate.trees.predict(test.descriptors), surrogate.process.predict(test.counts).mean
    assert correlate_ranks(by_trees, truth) > 0.9 > correlate_ranks(by_process, truth)
    assert surrogate.descriptor_weight > 0.5
    mixed = surrogate.predict(test)
    weight = surrogate.descriptor_weight
    np.testing.assert_allclose(mixed.mean, (1 - weight) * by_process + weight * by_trees)
    np.testing.assert_array_equal(mixed.std, surrogate.process.predict(test.counts).std)


def test_noise_gives_neither_a_say_beyond_its_luck(mols):
    rng = np.random.default_rng(0)
    surrogate = learn(Surrogate(), mols, lambda mol: rng.random())
    assert 0.1 < surrogate.descriptor_weight < 0.9


def test_descriptors_have_no_say_before_they_were_judged(mols):
    surrogate = learn(Surrogate(SurrogateSettings(minimum=1_000)), mols[:100], like_an_oxygen_count)
    assert surrogate.descriptor_weight == 0
    test = encode(mols[100:110])
    np.testing.assert_array_equal(surrogate.predict(test).mean, surrogate.process.predict(test.counts).mean)
    assert "descriptors" not in vars(test)  # not even computed


def test_equal_scores_are_no_evidence(mols):
    surrogate = learn(Surrogate(), mols[:200], lambda mol: 0.0)
    assert surrogate.descriptor_weight == pytest.approx(0.5)
    assert correlate_ranks(np.ones(4), np.arange(4.0)) == 0
    assert correlate_ranks(np.array([3.0, 2.0, 1.0]), np.arange(3.0)) == pytest.approx(-1)


def test_few_observations_give_their_mean():
    trees = DescriptorTrees(minimum=5)
    assert trees.predict(np.zeros((2, 3))).tolist() == [0, 0]
    trees.observe(np.zeros((2, 3)), np.array([0.2, 0.4]))
    assert trees.predict(np.ones((1, 3))).tolist() == pytest.approx([0.3])


def test_the_same_seed_grows_the_same_trees(mols):
    first, second = (learn(Surrogate(seed=4), mols[:80], like_an_oxygen_count) for _ in range(2))
    test = encode(mols[80:]).descriptors
    np.testing.assert_array_equal(first.trees.predict(test), second.trees.predict(test))
