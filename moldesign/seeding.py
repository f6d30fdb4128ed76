"""From one seed to every generator a run needs, so that the same seed repeats the same run on a CPU."""

from typing import NamedTuple

import numpy as np
import torch


class Generators(NamedTuple):
    """Independent random streams derived from one seed."""

    numpy: np.random.Generator
    torch: torch.Generator


def make_generators(seed: int, *, stream: int = 0) -> Generators:
    """Return generators seeded by `seed`; another `stream` gives independent numbers for the same seed.

    >>> a, b = make_generators(0), make_generators(0)
    >>> bool(a.numpy.integers(1 << 30) == b.numpy.integers(1 << 30))
    True
    """
    numpy_seed, torch_seed = np.random.SeedSequence([seed, stream]).spawn(2)
    torch_generator = torch.Generator().manual_seed(int(torch_seed.generate_state(1, np.uint64)[0]) >> 1)
    return Generators(np.random.default_rng(numpy_seed), torch_generator)
