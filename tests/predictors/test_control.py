"""A control learns from held-out molecules, says how good it is, and is nothing but numbers on disk."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from moldesign.chem.smiles import parse_smiles
from moldesign.errors import ModelFormatError
from moldesign.predictors import bundled
from moldesign.predictors.bundled import list_bundled, load_control
from moldesign.predictors.control import CONTROL_FILE, Control, read_control, save_control
from moldesign.predictors.control_fit import MeasuredMolecules, fit_control
from moldesign.predictors.endpoints import Endpoint

ENDPOINTS = (
    Endpoint("balance", "regression", "", "oxygens less nitrogens"),
    Endpoint("decades", "regression", "nM", "ten to the power of that", log_scale=True),
    Endpoint("acid", "classification", "probability", "has more oxygens than nitrogens"),
    Endpoint("chance", "regression", "", "random numbers"),
    Endpoint("rare", "regression", "", "hardly measured"),
    Endpoint("one_sided", "classification", "probability", "active in nearly all"),
)
STARTS, BRANCHES, ENDS = ("C", "OC", "NC", "CC(=O)"), ("C(O)", "C(N)", "S", "C(F)"), ("O", "N", "C", "F")
CHAINS = [f"{a}{'C' * n}{b}C{c}" for a, n, b, c in product(STARTS, range(1, 9), BRANCHES, ENDS)]


@pytest.fixture(scope="module")
def halves() -> tuple[MeasuredMolecules, MeasuredMolecules]:
    rng = np.random.default_rng(0)
    smiles = rng.permutation(CHAINS).tolist()
    balance = np.array([text.count("O") - text.count("N") for text in smiles], dtype=np.float64)
    labels = np.column_stack(
        [balance, 10.0**balance, balance > 0, rng.normal(size=len(smiles)), balance, np.arange(len(smiles)) > 5]
    )
    labels[20:, 4] = np.nan
    return MeasuredMolecules(smiles[:256], labels[:256]), MeasuredMolecules(smiles[256:], labels[256:])


@pytest.fixture(scope="module")
def control(halves: tuple[MeasuredMolecules, MeasuredMolecules]) -> Control:
    held_out, learned = halves
    return fit_control(ENDPOINTS, held_out, learned, sha256="abc")


def test_it_predicts_molecules_that_it_has_not_seen(
    control: Control, halves: tuple[MeasuredMolecules, MeasuredMolecules]
) -> None:
    learned = halves[1]
    values = control.predict([*parse_smiles(learned.smiles).mols, None])
    assert [one.name for one in control.endpoints] == ["balance", "decades", "acid"]
    assert np.corrcoef(values[:-1, 0], learned.labels[:, 0])[0, 1] > 0.95
    assert np.corrcoef(np.log10(values[:-1, 1]), learned.labels[:, 0])[0, 1] > 0.95
    assert ((values[:-1, 2] > 0.5) == (learned.labels[:, 2] > 0.5)).mean() > 0.9
    assert np.isnan(values[-1]).all()
    assert control.predict([]).shape == (0, 3)


def test_it_says_how_good_it_is_and_on_what(control: Control) -> None:
    balance, _, acid = control.endpoints
    assert (balance.figure, balance.n_molecules, balance.n_measured) == ("Spearman", 256, 256)
    assert (acid.figure, acid.is_class) == ("AUROC", True)
    assert 0.9 < balance.quality <= 1
    assert 0.9 < acid.quality <= 1


def test_no_control_is_better_than_one_by_chance(control: Control) -> None:
    assert "hardly better than chance" in control.left_out["chance"]
    assert control.left_out["rare"] == "20 measured molecules were held out, and 100 are needed"
    assert control.left_out["one_sided"] == "6 molecules of the rarer class were held out, and 20 are needed"
    assert control.find("chance") is None
    assert control.find("acid") == 2


def test_what_the_predictor_has_learned_from_is_refused(halves: tuple[MeasuredMolecules, MeasuredMolecules]) -> None:
    held_out, _ = halves
    with pytest.raises(ValueError, match="256 held-out molecules are among those learned from"):
        fit_control(ENDPOINTS, held_out, held_out, sha256="abc")


def test_probabilities_are_those_of_the_predictors_mixture(halves: tuple[MeasuredMolecules, MeasuredMolecules]) -> None:
    held_out, learned = halves
    acids = learned.labels[:, 2] > 0.5
    rows = np.flatnonzero(acids | (np.arange(len(acids)) % 4 == 0))  # most of the others are left out
    richer = MeasuredMolecules([learned.smiles[row] for row in rows], learned.labels[rows])
    mols = parse_smiles(learned.smiles).mols
    as_held_out, as_richer = (fit_control(ENDPOINTS, held_out, one, sha256="") for one in (learned, richer))
    share = lambda control: control.predict(mols)[:, control.find("acid")].mean()  # noqa: E731
    assert share(as_richer) > share(as_held_out)
    assert abs(share(as_held_out) - acids.mean()) < 0.1


def test_a_weak_control_gives_less_also_to_what_is_right(control: Control) -> None:
    scores = control.expect_scores(0, np.array([-1.0, 0.0, 2.0]), lambda values: values.clip(0, 2) / 2)
    assert scores[0] < scores[1] < scores[2] <= 1
    acid = control.expect_scores(2, np.array([0.0, 0.5, 1.0]), lambda values: values)
    assert acid[0] < 0.3
    assert acid[2] > 0.7
    assert acid[1] == pytest.approx((acid[0] + acid[2]) / 2)


def test_it_is_read_as_it_was_written(control: Control, tmp_path: Path) -> None:
    save_control(tmp_path, control)
    again = read_control(tmp_path)
    assert again is not None
    assert (again.endpoints, again.left_out, again.sha256) == (control.endpoints, control.left_out, "abc")
    mols = parse_smiles(CHAINS[:20]).mols
    assert again.predict(mols) == pytest.approx(control.predict(mols), rel=0.02, abs=0.02)
    with safe_open(tmp_path / CONTROL_FILE, framework="numpy") as file:
        assert json.loads(file.metadata()["control"])["sha256"] == "abc"


def test_an_empty_control_and_none_at_all_are_no_errors(tmp_path: Path) -> None:
    assert read_control(tmp_path) is None
    nothing = MeasuredMolecules([], np.empty((0, len(ENDPOINTS))))
    save_control(tmp_path, fit_control(ENDPOINTS, nothing, nothing, sha256="abc"))
    control = read_control(tmp_path)
    assert control is not None
    assert control.endpoints == ()
    assert control.left_out.keys() == {endpoint.name for endpoint in ENDPOINTS}
    assert control.predict(parse_smiles(["CCO"]).mols).shape == (1, 0)


@pytest.mark.parametrize("damage", ["cut", "other", "version"])
def test_a_damaged_file_says_so(control: Control, tmp_path: Path, damage: str) -> None:
    save_control(tmp_path, control)
    path = tmp_path / CONTROL_FILE
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        header = {"format_version": 99} if damage == "version" else {"format_version": 1}
        save_file({"weights": np.zeros((1, 2))}, path, {"control": json.dumps(header)})
    with pytest.raises(ModelFormatError, match=r"control\.safetensors"):
        read_control(tmp_path)


def test_the_control_of_another_model_is_refused(
    control: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_control(tmp_path, control)
    monkeypatch.setattr(bundled, "read_card", lambda folder: {"sha256": "def"})
    with pytest.raises(ModelFormatError, match="the control of another model"):
        load_control(tmp_path)
    monkeypatch.setattr(bundled, "read_card", lambda folder: {"sha256": "abc"})
    assert load_control(tmp_path) is not None


@pytest.mark.parametrize("name", sorted(list_bundled()))
def test_bundled_predictors_have_a_control(name: str) -> None:
    """After a bundled predictor was trained again, run `python -m scripts.train_controls`."""
    control = load_control(name)
    assert control is not None
    endpoints = {endpoint["name"] for endpoint in bundled.read_model_card(name)["endpoints"]}
    assert {one.name for one in control.endpoints} | control.left_out.keys() == endpoints
    assert len(control.endpoints) > len(control.left_out)
