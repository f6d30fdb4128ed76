"""Cross-fitting: no row is predicted by a model that saw it, and a stopped run goes on where it was."""

import numpy as np
import pytest

from scripts.teacher.crossfit import cross_fit, fit_trees
from scripts.teacher.trees import TreeSettings
from tests.toy_task import double_targets, make_task

TASK = make_task(n_train=30)
FOLDS = np.arange(30) % 3


class Recorder:
    """Predicts the number of the call, and remembers what it was asked."""

    def __init__(self, stop_at: int = 99) -> None:
        self.calls: list[tuple[set[int], set[int]]] = []
        self.stop_at = stop_at

    def __call__(self, train, held_out):
        if len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append((set(train.tolist()), set(held_out.tolist())))
        return np.full((len(held_out), 1), float(len(self.calls)))


def test_every_row_is_predicted_by_the_other_folds(tmp_path):
    recorder = Recorder()
    values = cross_fit(tmp_path / "seed0.npz", TASK, FOLDS, recorder, "recipe")
    assert np.isfinite(values).all()
    assert len(recorder.calls) == 3
    assert all(not train & held_out and len(train | held_out) == 30 for train, held_out in recorder.calls)
    np.testing.assert_array_equal(values[:, 0], FOLDS + 1)


def test_a_stopped_run_goes_on(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cross_fit(tmp_path / "seed0.npz", TASK, FOLDS, Recorder(stop_at=2), "recipe")
    second = Recorder()
    values = cross_fit(tmp_path / "seed0.npz", TASK, FOLDS, second, "recipe")
    assert [held_out for _, held_out in second.calls] == [set(np.flatnonzero(FOLDS == 2).tolist())]
    np.testing.assert_array_equal(np.unique(values[FOLDS < 2]), [1, 2])


@pytest.mark.parametrize(("recipe", "folds"), [("another", FOLDS), ("recipe", FOLDS[::-1])])
def test_another_recipe_or_split_begins_anew(tmp_path, recipe, folds):
    cross_fit(tmp_path / "seed0.npz", TASK, FOLDS, Recorder(), "recipe")
    again = Recorder()
    cross_fit(tmp_path / "seed0.npz", TASK, folds, again, recipe)
    assert len(again.calls) == 3


def test_trees_predict_every_target():
    pytest.importorskip("catboost", reason="the trees are CatBoost's: pip install 'moldesign[bench]'")
    task = double_targets(TASK)
    lengths = task.train.labels[:, :1].astype(np.float32)
    train, wanted = np.arange(20), np.arange(20, 30)
    values = fit_trees(task, lengths, TreeSettings(iterations=200), 0, train, wanted)
    assert values.shape == (10, 2)
    assert np.abs(values - lengths[wanted]).mean() < 1
