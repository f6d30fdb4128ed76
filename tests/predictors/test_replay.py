"""What is seen again: all of a small past, a sample of a large one, and nothing but the past is sampled."""

import numpy as np

from moldesign.predictors.replay import Replay

IS_OLD = np.arange(1_000) < 900
ROWS = np.arange(0, 1_000, 2)


def test_a_small_past_is_seen_again_completely():
    assert Replay(IS_OLD).choose(ROWS, 0).tolist() == ROWS.tolist()
    assert Replay(IS_OLD).count(ROWS) == 450


def test_of_a_large_past_each_network_sees_another_sample_beside_all_new_rows():
    replay = Replay(IS_OLD, per_new=4, all_up_to=100)
    first, again, other = (replay.choose(ROWS, seed) for seed in (0, 0, 1))
    assert replay.count(ROWS) == 200
    for rows in (first, other):
        assert len(rows) == 250
        assert (np.diff(rows) > 0).all()
        assert rows[~IS_OLD[rows]].tolist() == ROWS[~IS_OLD[ROWS]].tolist()
        assert set(rows) <= set(ROWS)
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_a_past_up_to_the_limit_is_not_sampled():
    assert Replay(IS_OLD, per_new=1, all_up_to=450).count(ROWS) == 450
    assert Replay(IS_OLD, per_new=1, all_up_to=449).count(ROWS) == 449


def test_nothing_may_be_replayed():
    assert Replay(IS_OLD, per_new=0, all_up_to=0).choose(ROWS, 0).tolist() == ROWS[ROWS >= 900].tolist()
