"""Single draws: in range, as likely as asked, and repeatable."""

import numpy as np
import pytest

from moldesign.search.dice import Dice, accumulate_weights


def roll(seed=0):
    return Dice(np.random.default_rng(seed))


def test_the_same_generator_rolls_the_same():
    first, second, other = ([dice.random() for _ in range(3_000)] for dice in (roll(), roll(), roll(1)))
    assert first == second != other
    assert min(first) >= 0
    assert max(first) < 1


def test_every_index_comes_up_equally_often():
    dice = roll()
    counts = np.bincount([dice.index(5) for _ in range(5_000)])
    np.testing.assert_allclose(counts / 5_000, 0.2, atol=0.02)


def test_weights_are_kept():
    dice, odds = roll(), accumulate_weights([1, 2, 7])
    drawn = [dice.choose_weighted("abc", odds) for _ in range(5_000)]
    assert [drawn.count(letter) / 5_000 for letter in "abc"] == pytest.approx([0.1, 0.2, 0.7], abs=0.02)


def test_permutations_are_permutations_and_all_occur():
    dice = roll()
    seen = {tuple(dice.permute(3)) for _ in range(200)}
    assert len(seen) == 6
    assert all(sorted(order) == [0, 1, 2] for order in seen)
