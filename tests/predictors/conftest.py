"""One tiny predictor for all tests that only read it."""

import pytest

from moldesign.predictors.ensemble import Predictor
from tests.predictors.tiny_predictor import make_predictor
from tests.threads import one_thread

__all__ = ["one_thread", "tiny_predictor"]


@pytest.fixture(scope="session")
def tiny_predictor() -> Predictor:
    """An ensemble of three networks with random weights, one classification and one regression."""
    return make_predictor()
