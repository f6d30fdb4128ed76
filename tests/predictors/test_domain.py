"""The applicability domain: similarity to molecules with a label of the endpoint, and distance in the latent space."""

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.smiles import parse_smiles
from moldesign.graphs import featurize_smiles
from moldesign.predictors.domain import N_BITS, Neighbour, TrainingDomain, fit_domain
from moldesign.predictors.latent import apply_with_states
from tests.conftest import NAMED_DRUGS
from tests.predictors.tiny_predictor import make_network

TRAINING = [NAMED_DRUGS[name] for name in ("aspirin", "paracetamol", "ibuprofen", "haloperidol", "imatinib")]
LABELS = np.array([[1.0, np.nan], [0.0, np.nan], [1.0, np.nan], [0.0, 0.5], [1.0, 0.7]])


@pytest.fixture(scope="module")
def domain():
    return fit_domain(TRAINING, LABELS, rng=np.random.default_rng(0))


def measure(domain, smiles):
    return domain.measure(parse_smiles(smiles).mols)


def compute_similarity(one, other):
    """Return the Tanimoto similarity as RDKit itself computes it."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=N_BITS)
    return DataStructs.TanimotoSimilarity(
        *(generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in (one, other))
    )


def test_a_training_molecule_is_nearest_to_itself(domain):
    measured = measure(domain, TRAINING)
    assert measured.nearest == TRAINING
    assert measured.similarity.tolist() == [1.0] * 5
    assert measured.in_domain[:, 0].all()


def test_only_molecules_with_a_label_of_the_endpoint_count(domain):
    assert measure(domain, TRAINING).in_domain[:, 1].tolist() == [False, False, False, True, True]


def test_similarity_is_that_of_rdkit(domain):
    salicylic_acid, caffeine = "O=C(O)c1ccccc1O", NAMED_DRUGS["caffeine"]
    measured = measure(domain, [salicylic_acid, caffeine])
    for row, query in enumerate((salicylic_acid, caffeine)):
        expected = [compute_similarity(query, text) for text in TRAINING]
        assert measured.similarity[row] == pytest.approx(max(expected))
        assert measured.nearest[row] == TRAINING[int(np.argmax(expected))]
    assert measured.nearest[0] == NAMED_DRUGS["aspirin"]


def test_the_threshold_is_the_fifth_percentile_among_the_training_molecules(domain):
    nearest = [max(compute_similarity(one, two) for two in TRAINING if two != one) for one in TRAINING]
    assert domain.thresholds[0] == pytest.approx(np.percentile(nearest, 5))
    assert domain.thresholds[1] == pytest.approx(compute_similarity(*TRAINING[3:]))


def test_what_resembles_nothing_is_outside(domain):
    assert not measure(domain, ["F[Xe]F"]).in_domain.any()


@pytest.mark.parametrize(
    "unusual",
    [
        "CC(=O)Oc1ccccc1C(=O)O[Na]",
        "CC(=O)Oc1ccccc1C(=O)[O]",
        "CC(=O)Oc1ccccc1[13C](=O)O",
        "CC(=O)Oc1ccccc1C(=O)O*",
    ],
)
def test_unusual_atoms_are_outside_unless_trained_on(domain, unusual):
    canonical = Chem.CanonSmiles(unusual)
    assert measure(domain, [unusual]).similarity[0] >= domain.thresholds[0]
    assert not measure(domain, [unusual]).in_domain.any()
    assert not domain.contains(parse_smiles([unusual]).mols).any()
    labels = np.vstack([LABELS, [1.0, np.nan]])
    knowing = fit_domain([*TRAINING, canonical], labels, rng=np.random.default_rng(0))
    assert measure(knowing, [unusual]).in_domain.tolist() == [[True, False]]


@pytest.mark.parametrize("bad", [None, "", "C(C"])
def test_what_cannot_be_read_keeps_its_row_and_is_outside(domain, bad):
    measured = measure(domain, [TRAINING[0], bad, TRAINING[1]])
    assert measured.in_domain.tolist() == [[True, False], [False, False], [True, False]]
    assert measured.nearest == [TRAINING[0], None, TRAINING[1]]
    assert np.isnan(measured.similarity).tolist() == [False, True, False]


def test_nothing_to_measure(domain):
    measured = measure(domain, [])
    assert (measured.in_domain.shape, measured.nearest, measured.similarity.shape) == ((0, 2), [], (0,))


def test_what_is_inside_can_be_asked_alone(domain, named_drugs):
    smiles = [*named_drugs.values(), "C(C"]
    mols = parse_smiles(smiles).mols
    inside = domain.contains(mols)
    assert inside.dtype == bool
    np.testing.assert_array_equal(inside, domain.measure(mols).in_domain)
    for row, text in enumerate(named_drugs.values()):
        similarity = np.array([compute_similarity(text, other) for other in TRAINING])
        highest = [similarity[np.isfinite(labels)].max() for labels in LABELS.T]
        assert inside[row].tolist() == (highest >= domain.thresholds).tolist()
    assert not inside[-1].any()


@pytest.mark.parametrize("n_labels", [0, 1])
def test_with_fewer_than_two_labels_hardly_anything_is_inside(n_labels):
    labels = np.full((3, 1), np.nan)
    labels[:n_labels] = 1.0
    domain = fit_domain(TRAINING[:3], labels, rng=np.random.default_rng(0))
    assert measure(domain, TRAINING).in_domain[:, 0].tolist() == [row < n_labels for row in range(5)]


def find_neighbours(domain, smiles, endpoint, k=3):
    return domain.neighbours(parse_smiles(smiles).mols, endpoint, k)


def test_neighbours_come_with_their_measured_values(domain):
    salicylic_acid = "O=C(O)c1ccccc1O"
    (found,) = find_neighbours(domain, [salicylic_acid], 0)
    ranked = sorted(range(5), key=lambda row: -compute_similarity(salicylic_acid, TRAINING[row]))[:3]
    assert [one.smiles for one in found] == [TRAINING[row] for row in ranked]
    assert [one.value for one in found] == [LABELS[row, 0] for row in ranked]
    assert [one.similarity for one in found] == [
        pytest.approx(compute_similarity(salicylic_acid, TRAINING[row]), abs=1e-4) for row in ranked
    ]


def test_neighbours_have_a_label_of_the_endpoint(domain):
    aspirin, haloperidol = find_neighbours(domain, [TRAINING[0], TRAINING[3]], 1)
    assert {one.smiles for one in aspirin} == set(TRAINING[3:])
    assert haloperidol[0] == Neighbour(TRAINING[3], 1.0, 0.5)
    assert haloperidol[1].smiles == TRAINING[4]
    assert haloperidol[1].value == pytest.approx(0.7)


def test_neighbours_of_what_cannot_be_read(domain):
    found = find_neighbours(domain, ["C(C", TRAINING[1]], 0, k=1)
    assert found == [[], [Neighbour(TRAINING[1], 1.0, 0.0)]]
    assert find_neighbours(domain, [], 0) == []


def test_without_labels_neighbours_have_no_value(domain):
    tensors = domain.to_tensors()
    del tensors["domain.labels"]
    old = TrainingDomain.from_tensors(tensors)
    assert old.labels is None
    assert find_neighbours(old, [TRAINING[0]], 0, k=1) == [[Neighbour(TRAINING[0], 1.0, None)]]


def test_what_was_trained_on_is_known_by_its_smiles(domain):
    found = domain.find_trained([TRAINING[4], "CCO", None, TRAINING[0]])
    assert found.tolist() == [[True, True], [False, False], [False, False], [True, False]]


NETWORK = make_network()


def see(smiles):
    """Return the states of molecules as the network sees them."""
    return apply_with_states(NETWORK, featurize_smiles(smiles).graphs).states


@pytest.fixture(scope="module")
def seen_domain():
    """A domain that knows how the network sees its molecules."""
    smiles = list(NAMED_DRUGS.values())
    labels = np.ones((len(smiles), 2))
    labels[8:, 1] = np.nan
    return fit_domain(smiles, labels, rng=np.random.default_rng(0), states=see(smiles))


def test_the_network_sees_its_training_molecules_near(seen_domain):
    distance = seen_domain.measure_distance(see(list(NAMED_DRUGS.values())))
    assert distance.shape == (12, 2)
    assert (distance[:, 0] <= 1).mean() >= 0.9
    assert (distance > 0).all()


def test_both_measures_must_agree(seen_domain):
    mols = parse_smiles(list(NAMED_DRUGS.values())).mols
    similar = seen_domain.contains(mols)
    distance = np.full(similar.shape, 0.5, dtype=np.float32)
    distance[3:] = 1.5
    expected = similar & (np.arange(12) < 3)[:, None]
    np.testing.assert_array_equal(seen_domain.contains(mols, distance), expected)
    np.testing.assert_array_equal(seen_domain.measure(mols, distance).in_domain, expected)


def test_without_a_latent_space_no_distance_is_known(domain):
    distance = domain.measure_distance(see(TRAINING))
    assert distance.shape == (5, 2)
    assert np.isnan(distance).all()
    mols = parse_smiles(TRAINING).mols
    np.testing.assert_array_equal(domain.contains(mols, distance), domain.contains(mols))


@pytest.mark.parametrize("name", ["domain", "seen_domain"])
def test_tensors_hold_the_whole_domain(request, name):
    domain = request.getfixturevalue(name)
    again = TrainingDomain.from_tensors(domain.to_tensors())
    assert again.smiles == domain.smiles
    for part in ("fingerprints", "has_label", "thresholds", "labels"):
        np.testing.assert_array_equal(getattr(again, part), getattr(domain, part))
    states = see(TRAINING)
    np.testing.assert_array_equal(again.measure_distance(states), domain.measure_distance(states))
