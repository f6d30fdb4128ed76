"""One seed, the same numbers; another seed or stream, other numbers."""

import numpy as np
import torch

from moldesign.seeding import make_generators


def draw(seed, **options):
    generators = make_generators(seed, **options)
    return generators.numpy.random(4).tolist(), torch.rand(4, generator=generators.torch).tolist()


def test_the_same_seed_repeats():
    assert draw(7) == draw(7)


def test_seeds_and_streams_differ():
    drawn = [draw(0), draw(1), draw(0, stream=1), draw(1, stream=1), draw(2**40)]
    for library in (0, 1):
        assert len({tuple(numbers[library]) for numbers in drawn}) == len(drawn)


def test_numpy_and_torch_do_not_share_numbers():
    generators = make_generators(0)
    assert generators.torch.initial_seed() not in generators.numpy.integers(0, 2**63, size=100)


def test_the_global_generators_stay_as_they_are():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002  the legacy state is what is checked
    draw(3)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
