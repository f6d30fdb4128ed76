"""Forests of a tenth of the trees, for tests that train models but do not measure how good they are."""

from collections.abc import Iterator

import pytest

N_TREES = 20


@pytest.fixture(scope="module", autouse=True)
def small_forests() -> Iterator[None]:
    """Grow few trees: on the small tables of tests the forests would take most of the time of a training."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("forest_fit", "baseline"):
            patch.setattr(f"moldesign.predictors.{module}.N_TREES", N_TREES)
        yield
