from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from moldesign.cli.main import run
from moldesign.objectives import catalog
from moldesign.policies import bundled as priors
from moldesign.predictors import bundled as predictors
from tests.cli.tiny_models import ENDPOINTS, save_predictor, save_prior


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Moldesign(Protocol):
    """Calls the command line with these arguments."""

    def __call__(self, *arguments: object) -> Outcome: ...


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny models: the predictors admet and activity, the prior chembl."""
    folder = tmp_path_factory.mktemp("weights")
    training = ["CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Nc1ccc(O)cc1", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "CCO"]
    save_predictor(folder / "admet", "admet", ENDPOINTS, training)
    save_predictor(folder / "activity", "activity", ENDPOINTS[:1], training)
    save_prior(folder / "chembl", "chembl")
    return folder


@pytest.fixture
def moldesign(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Moldesign:
    """The command line, in an empty folder, with the tiny models as the bundled ones."""
    folders = {name: weights / name for name in ("admet", "activity")}
    monkeypatch.setattr(predictors, "list_bundled", lambda: folders)
    monkeypatch.setattr(catalog, "list_bundled", lambda: folders)
    monkeypatch.setattr(priors, "list_priors", lambda: {"chembl": weights / "chembl"})
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return call
