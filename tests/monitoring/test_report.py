"""What is said of a model that serves molecules like its own, others, and measured ones."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moldesign.monitoring.features import FEATURES
from moldesign.monitoring.labelling import list_tasks, read_labels
from moldesign.monitoring.log import PredictionLog, Served
from moldesign.monitoring.observing import hash_molecules, make_reference, observe
from moldesign.monitoring.report import Report, make_report
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.ensemble import Predictor
from tests.predictors.tiny_predictor import ENDPOINTS, make_predictor
from tests.predictors.toy_assay import SMILES

PEPTIDES = [f"NCC(=O)N{'CC(=O)N' * k}C{'C' * n}" for k in range(1, 9) for n in range(12)]


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """It has learned from the molecules of the toy assay; its intervals are added by hand."""
    labels = np.ones((len(SMILES), 2))
    domain = fit_domain(SMILES, labels, rng=np.random.default_rng(0))
    card = {"sha256": "abc", "test": {"half_life": {"MAE": 1.0}}}
    return replace(make_predictor(n_networks=1), domain=domain, card=card)


def report(
    folder: Path,
    predictor: Predictor,
    smiles: list[str],
    width: float = 1.0,
    measured: list[float] | None = None,
) -> Report:
    """Serve molecules whose intervals reach `width` to both sides; `measured` is how far off each value turns out."""
    log = PredictionLog(folder / "log.sqlite")
    model = log.note_model("tiny", "abc", [one.name for one in ENDPOINTS], FEATURES)
    predictions, features, hashes = predictor.predict(smiles), observe(predictor, smiles), hash_molecules(smiles)
    values = predictions.values.tolist()
    rows = zip(hashes, values, predictions.in_domain.tolist(), features.tolist(), strict=True)
    served = [
        Served(k, str(name), own, [None, own[1] - width], [None, own[1] + width], inside, seen)
        for k, (name, own, inside, seen) in enumerate(rows)
    ]
    log.append(model, served)
    if measured is not None:
        pairs = zip(hashes, values, measured, strict=True)
        log.add_labels({(str(name), "half_life"): own[1] + off for name, own, off in pairs}, 0.0)
    made = make_report(log, predictor)
    assert made is not None
    json.dumps(made.to_dict(), allow_nan=False)
    return made


def test_molecules_like_those_it_has_learned_from(tmp_path: Path, predictor: Predictor) -> None:
    """Served training molecules differ from the reference in their similarity alone: they find themselves."""
    made = report(tmp_path, predictor, SMILES)
    assert {name for name, drift in made.inputs.items() if drift.verdict != "none"} <= {"similarity"}
    assert {drift.verdict for drift in made.outputs.values()} == {"none"}
    assert made.outside == pytest.approx(made.expected_outside)


def test_other_molecules(tmp_path: Path, predictor: Predictor) -> None:
    made = report(tmp_path, predictor, PEPTIDES)
    for name in ("similarity", "tpsa", "hbd"):
        assert made.inputs[name].verdict == "much"
    assert made.outside > 0.9
    assert made.advice[0].startswith("retrain with molecules like these")


def test_few_molecules(tmp_path: Path, predictor: Predictor) -> None:
    made = report(tmp_path, predictor, PEPTIDES[:10])
    assert made.inputs == {}
    assert made.advice == ["fewer than 50 molecules: too few to speak of drift"]


@pytest.mark.parametrize(
    ("spread", "advised"),
    [(0.5, "nothing to do"), (1.2, "recalibrate: the 90 % intervals of half_life"), (5.0, "retrain: half_life")],
)
def test_measured_molecules(tmp_path: Path, predictor: Predictor, spread: float, advised: str) -> None:
    errors = np.random.default_rng(0).normal(0, spread, len(SMILES))
    made = report(tmp_path, predictor, SMILES, width=1.645 * 0.5, measured=errors.tolist())
    [outcome] = made.outcomes
    assert outcome.n == len(SMILES)
    assert outcome.covered == pytest.approx(np.mean(np.abs(errors) <= 1.645 * 0.5), abs=0.02)
    assert outcome.error == pytest.approx(np.abs(errors).mean(), rel=1e-3)
    assert made.advice[0].startswith(advised)


def test_nothing_served(tmp_path: Path, predictor: Predictor) -> None:
    assert make_report(PredictionLog(tmp_path / "log.sqlite"), predictor) is None


def test_the_reference_does_not_find_itself(predictor: Predictor) -> None:
    reference = make_reference(predictor, np.random.default_rng(0))
    assert reference.features[:, 0].max() < 1
    assert reference.values.shape == (len(SMILES), 2)


def test_what_is_no_molecule_has_no_features(predictor: Predictor) -> None:
    features = observe(predictor, ["CCO", "C("])
    assert np.isfinite(features[0, :9]).all()
    assert np.isnan(features[1]).all()


def test_labels_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("smiles,t_half,herg\nCCO,2.5,active\nOCC,3.5,\nC(,1,1\nCCN,long,maybe\nCCC,1.5,0\n")
    labels = read_labels(path, list_tasks(ENDPOINTS))
    ethanol, amine, propane = hash_molecules(["CCO", "CCN", "CCC"])
    assert labels.values == {
        (ethanol, "t_half"): 3.0,
        (ethanol, "herg"): 1.0,
        (propane, "t_half"): 1.5,
        (propane, "herg"): 0.0,
    }
    assert labels.endpoints == ("t_half", "herg")
    assert len(labels.problems) == 3
    assert "row 3: 'C(' is not a valid SMILES" in labels.problems[0]
    assert amine not in {name for name, _ in labels.values}
