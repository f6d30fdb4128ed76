"""Small libraries, tiny predictors in place of the bundled ones, and a screening that takes a moment."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from moldesign.chem.smiles import randomize_smiles
from moldesign.objectives import catalog
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors import bundled
from moldesign.screening import remote
from tests.cli.tiny_models import ENDPOINTS, save_predictor
from tests.conftest import NAMED_DRUGS

FRAGMENTS = ("C", "CC", "O", "N", "F", "Cl", "OC", "C#N", "C(=O)O", "c2ccccc2", "N2CCOCC2", "S(C)(=O)=O", "C2CC2", "Br")


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model admet: random weights."""
    folder = tmp_path_factory.mktemp("weights")
    save_predictor(folder / "admet", "admet", ENDPOINTS, list(NAMED_DRUGS.values())[:6])
    return folder


@pytest.fixture(autouse=True)
def tiny_admet(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model as the bundled one, which forked workers inherit, and an empty folder to work in."""
    folders = {"admet": tiny_weights / "admet"}
    monkeypatch.setattr(bundled, "list_bundled", lambda: folders)
    monkeypatch.setattr(catalog, "list_bundled", lambda: folders)
    monkeypatch.setattr(remote, "list_bundled", lambda: folders)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def smiles() -> list[str]:
    """A few hundred molecules; some are not valid, some are there twice, drawn otherwise."""
    made = [f"c1({a})ccc({b})c({c})c1" for a in FRAGMENTS for b in FRAGMENTS for c in FRAGMENTS[:3]]
    rng = np.random.default_rng(0)
    again = [randomize_smiles(Chem.MolFromSmiles(text), rng) for text in made[::10]]
    mixed = [*made, *again, "C(C", "", "N#N(C", *NAMED_DRUGS.values()]
    return [mixed[place] for place in rng.permutation(len(mixed))]


@pytest.fixture
def library(smiles: list[str]) -> Path:
    """The molecules as a CSV with an id."""
    path = Path("library.csv")
    path.write_text("id,smiles\n" + "".join(f"m{number},{text}\n" for number, text in enumerate(smiles)))
    return path


@pytest.fixture
def profile() -> Profile:
    """A window, an alert, and goals of which a network predicts one."""
    wished = parse_goals(["logp min", "herg min"])
    return wished.with_constraints(must=("mw in 120..320",), forbidden=("[Br]",))


@pytest.fixture
def read_results() -> Callable[[str], dict[str, bytes]]:
    """A function that returns the bytes of all results of a screening."""

    def read(out: str) -> dict[str, bytes]:
        return {ending: Path(out + ending).read_bytes() for ending in ("", ".rejected.csv", ".manifest.json")}

    return read
