"""The applicability domain: similarity to molecules with a label of the endpoint."""

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.smiles import parse_smiles
from moldesign.predictors.domain import N_BITS, TrainingDomain, fit_domain
from tests.conftest import NAMED_DRUGS

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


def test_tensors_hold_the_whole_domain(domain):
    again = TrainingDomain.from_tensors(domain.to_tensors())
    assert again.smiles == domain.smiles
    for name in ("fingerprints", "has_label", "thresholds"):
        np.testing.assert_array_equal(getattr(again, name), getattr(domain, name))
