import json

import numpy as np
import pytest

from moldesign.chem.fingerprints import morgan_bits, tanimoto
from moldesign.chem.smiles import require_mols
from moldesign.errors import InvalidSmilesError
from moldesign.objectives.diversity import Buckets, MurckoBuckets, SimilarityBuckets

TOLUENES = ["Cc1ccccc1", "CCc1ccccc1", "CCCc1ccccc1", "CCCCc1ccccc1"]


def apply(buckets: Buckets, smiles: list[str], score: float = 0.8) -> list[float]:
    return buckets.apply(smiles, np.full(len(smiles), score)).tolist()


def test_a_full_bucket_pays_nothing() -> None:
    buckets = MurckoBuckets(bucket_size=2)
    assert apply(buckets, TOLUENES) == [0.8, 0.8, 0, 0]
    assert apply(buckets, ["c1ccncc1"]) == [0.8]


def test_the_linear_penalty_pays_less_and_less() -> None:
    assert apply(MurckoBuckets(bucket_size=2, penalty="linear"), TOLUENES, 1.0) == [1, 0.5, 0, 0]


def test_a_molecule_is_counted_once() -> None:
    buckets = MurckoBuckets(bucket_size=2)
    assert apply(buckets, TOLUENES[:1] * 3) == [0.8, 0.8, 0.8]
    assert apply(buckets, TOLUENES[1:3]) == [0.8, 0]


def test_poor_molecules_are_neither_counted_nor_changed() -> None:
    buckets = MurckoBuckets(bucket_size=1, minimum_score=0.4)
    assert apply(buckets, TOLUENES, 0.3) == [0.3] * 4
    assert apply(buckets, TOLUENES[:2], 0.4) == [0.4, 0]
    assert apply(buckets, TOLUENES[2:], 0.3) == [0.3, 0.3]


def test_what_would_be_paid_nothing_is_known_before_it_is_counted() -> None:
    for buckets in (MurckoBuckets(bucket_size=2), SimilarityBuckets(bucket_size=2, cutoff=0.3)):
        assert not buckets.is_full(TOLUENES[3])
        apply(buckets, TOLUENES[1:2])
        assert not buckets.is_full(TOLUENES[3])
        apply(buckets, TOLUENES[2:3])
        assert buckets.is_full(TOLUENES[3])
        assert not buckets.is_full("O=C(N)C1CCNCC1")
        assert apply(buckets, [TOLUENES[3], "O=C(N)C1CCNCC1"]) == [0, 0.8]
        with pytest.raises(InvalidSmilesError):
            buckets.is_full("C(")


def test_acyclic_molecules_share_a_bucket() -> None:
    assert apply(MurckoBuckets(bucket_size=1), ["CCO", "CCN"]) == [0.8, 0]


def test_rows_without_a_score_pass_through() -> None:
    adjusted = MurckoBuckets().apply(["C(", "CCO"], np.array([np.nan, 0.5]))
    np.testing.assert_array_equal(adjusted, [np.nan, 0.5])
    with pytest.raises(InvalidSmilesError):
        MurckoBuckets().apply(["C("], np.array([0.5]))


def test_the_state_survives_json() -> None:
    buckets, restored = MurckoBuckets(bucket_size=3), MurckoBuckets(bucket_size=3)
    apply(buckets, TOLUENES[:2])
    restored.load_state_dict(json.loads(json.dumps(buckets.state_dict())))
    assert apply(restored, TOLUENES[2:]) == apply(buckets, TOLUENES[2:]) == [0.8, 0]


PARACETAMOLS = ["CC(=O)Nc1ccc(O)cc1", "CCC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(OC)cc1", "CC(=O)Nc1ccc(OCC)cc1"]
CYCLOHEXANONE = "O=C1CCCCC1"


def test_similar_molecules_share_a_bucket_whatever_their_scaffold() -> None:
    buckets = SimilarityBuckets(cutoff=0.4, bucket_size=2)
    assert apply(buckets, PARACETAMOLS) == [0.8, 0.8, 0, 0]
    assert apply(buckets, [CYCLOHEXANONE, "C1CCCCC1"]) == [0.8, 0.8]
    assert list(buckets.state_dict()["buckets"]) == [PARACETAMOLS[0], CYCLOHEXANONE, "C1CCCCC1"]
    assert apply(SimilarityBuckets(cutoff=0.9, bucket_size=1), PARACETAMOLS) == [0.8] * 4


def test_the_first_molecule_of_a_bucket_is_its_centre() -> None:
    """The last one resembles the second, but not the first, which it would have to."""
    chain = ["CC(=O)Nc1ccc(O)cc1", "CC(=O)Nc1ccc(OC)cc1", "CNc1ccc(OC)cc1"]
    similarity = tanimoto(*[morgan_bits(require_mols(chain))] * 2)
    cutoff = float(similarity[1, 2])
    assert similarity[0, 1] >= cutoff > similarity[0, 2]
    buckets = SimilarityBuckets(cutoff=cutoff, bucket_size=1)
    assert apply(buckets, chain) == [0.8, 0, 0.8]


def test_a_molecule_of_a_similarity_bucket_is_counted_once_and_poor_ones_not_at_all() -> None:
    buckets = SimilarityBuckets(cutoff=0.4, bucket_size=2, minimum_score=0.4)
    assert apply(buckets, PARACETAMOLS, 0.3) == [0.3] * 4
    assert apply(buckets, PARACETAMOLS[:1] * 3) == [0.8] * 3
    assert apply(buckets, PARACETAMOLS[1:3]) == [0.8, 0]


def test_similarity_buckets_survive_json() -> None:
    kinds = [*PARACETAMOLS, CYCLOHEXANONE, "C1CCCCC1", "CCO"]
    buckets, restored = (SimilarityBuckets(cutoff=0.5, bucket_size=2, penalty="linear") for _ in range(2))
    apply(buckets, kinds[:5])
    restored.load_state_dict(json.loads(json.dumps(buckets.state_dict())))
    assert apply(restored, kinds) == apply(buckets, kinds)
    assert restored.state_dict() == buckets.state_dict()
