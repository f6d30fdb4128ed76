from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from moldesign.generation import hits
from moldesign.generation.loop import GenerationResult
from moldesign.objectives import known
from moldesign.predictors.calibration import Calibration
from moldesign.predictors.domain import fit_domain
from tests.conftest import NAMED_DRUGS
from tests.generation.tiny_run import START, make_prior, run_tiny


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in the order of a process of its own with OMP_NUM_THREADS=1."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="session", autouse=True)
def known_drugs() -> Iterator[None]:
    """The molecules that stand for the known ones where no goal uses a predictor."""
    drugs = list(NAMED_DRUGS.values())
    domain = fit_domain(drugs, np.zeros((len(drugs), 1)), rng=np.random.default_rng(0))
    with pytest.MonkeyPatch.context() as patch:
        stand_in = SimpleNamespace(domain=domain, calibration=Calibration())
        for module in (hits, known):
            patch.setattr(module, "load_predictor", lambda name: stand_in)
        yield


@pytest.fixture(scope="session")
def tiny_prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_prior(tmp_path_factory.mktemp("prior") / "tiny")


@pytest.fixture(scope="session")
def unbroken(tiny_prior: Path, tmp_path_factory: pytest.TempPathFactory, known_drugs: None) -> GenerationResult:
    """The run that every interrupted one must end up equal to."""
    return run_tiny(tiny_prior, tmp_path_factory.mktemp("unbroken") / "run", start=START)
