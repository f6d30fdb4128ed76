from pathlib import Path

import pytest

from tests.reporting.run_cases import finish, make_model, make_profile, score_into


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "mine")


@pytest.fixture(scope="session")
def finished_run(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    profile = make_profile(model)
    finish(folder, profile, score_into(folder, profile))
    return folder
