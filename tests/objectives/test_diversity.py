import json

import numpy as np
import pytest

from moldesign.errors import InvalidSmilesError
from moldesign.objectives.diversity import MurckoBuckets

TOLUENES = ["Cc1ccccc1", "CCc1ccccc1", "CCCc1ccccc1", "CCCCc1ccccc1"]


def apply(buckets: MurckoBuckets, smiles: list[str], score: float = 0.8) -> list[float]:
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
