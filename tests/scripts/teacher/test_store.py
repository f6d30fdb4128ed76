"""Files of predictions: the same numbers back, never half a file, never those of other molecules."""

import numpy as np
import pytest

from scripts.teacher.store import (
    StaleFileError,
    StoredPrediction,
    digest,
    load_arrays,
    load_prediction,
    locate_prediction,
    save_arrays,
    save_prediction,
)

SMILES = ["CCO", "CCN"]


def test_predictions_come_back(tmp_path):
    path = locate_prediction(tmp_path, "trees", "herg", 3)
    assert path == tmp_path / "trees" / "herg" / "seed3.npz"
    save_prediction(path, SMILES, StoredPrediction(np.array([[0.1], [np.nan]]), 2.5, "recipe"))
    stored = load_prediction(path, SMILES)
    np.testing.assert_array_equal(stored.values, [[0.1], [np.nan]])
    assert (stored.seconds, stored.recipe) == (2.5, "recipe")
    assert [file.name for file in path.parent.iterdir()] == ["seed3.npz"]


@pytest.mark.parametrize("values", [np.zeros(2), np.zeros((3, 1))])
def test_values_of_another_shape_are_refused(tmp_path, values):
    with pytest.raises(ValueError, match="2 molecules need values"):
        save_prediction(tmp_path / "a.npz", SMILES, StoredPrediction(values, 0.0, ""))


def test_predictions_of_other_molecules_are_refused(tmp_path):
    save_prediction(tmp_path / "a.npz", SMILES, StoredPrediction(np.zeros((2, 1)), 0.0, ""))
    with pytest.raises(StaleFileError, match="other molecules"):
        load_prediction(tmp_path / "a.npz", SMILES[::-1])


def test_a_file_without_the_molecules_is_refused(tmp_path):
    save_arrays(tmp_path / "a.npz", {"values": np.zeros((2, 1))})
    with pytest.raises(StaleFileError, match="has no molecules; write it with save_prediction"):
        load_prediction(tmp_path / "a.npz", SMILES)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK half a file")
    with pytest.raises(StaleFileError, match=r"a\.npz cannot be read"):
        load_arrays(tmp_path / "a.npz")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    save_arrays(tmp_path / "a.npz", {"x": np.arange(3)})

    class Unwritable:
        def __array__(self, dtype=None, copy=None):
            raise MemoryError

    with pytest.raises(MemoryError):
        save_arrays(tmp_path / "a.npz", {"x": Unwritable()})
    assert load_arrays(tmp_path / "a.npz")["x"].tolist() == [0, 1, 2]
    assert len(list(tmp_path.iterdir())) == 1


def test_digest_tells_contents_apart():
    assert digest("a", np.zeros(2)) == digest("a", np.zeros(2))
    assert len({digest("ab"), digest("a", "b"), digest(np.zeros(2)), digest(np.ones(2)), digest(1), digest(1.0)}) == 6
