"""The ONNX file: equal to PyTorch, for any batch; it says what it is; and nothing wrong is ever written."""

import json
import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import ExportError
from moldesign.graphs import FEATURES_VERSION, featurize_smiles
from moldesign.predictors import onnx_export
from moldesign.predictors.calibration import Calibration, ConformalInterval, PlattScaling
from moldesign.predictors.domain import fit_domain
from moldesign.predictors.endpoints import Endpoint
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.error_model import fit_error_model
from moldesign.predictors.forest_fit import ForestLearner
from moldesign.predictors.onnx_export import describe_model, export_onnx, to_inputs, verify
from tests.conftest import NAMED_DRUGS
from tests.predictors.tiny_predictor import ENDPOINTS, TRAINING, make_network, make_predictor
from tests.small_forests import small_forests  # noqa: F401  a fixture

ERRORS = np.linspace(0.1, 3, 59, dtype=np.float32)
CALIBRATION = Calibration(
    {
        "active": PlattScaling(0.5, 0.2, 80),
        "half_life": ConformalInterval(errors=ERRORS, std=np.zeros_like(ERRORS), offset=0.2),
    }
)


@pytest.fixture(scope="module")
def predictor():
    """One of each: a plain and a calibrated classification, a regression with and without a logarithm."""
    endpoints = (
        *ENDPOINTS,
        Endpoint("active", "classification", "probability", "calibrated"),
        Endpoint("ppbr", "regression", "%", "bound to plasma proteins", center=88.0, spread=15.0),
    )
    networks = tuple(make_network(seed, n_endpoints=4) for seed in range(3))
    domain = fit_domain(TRAINING, np.ones((len(TRAINING), 4)), rng=np.random.default_rng(0))
    card = {"source": "random numbers", "licence": "none"}
    return Predictor("tiny", endpoints, networks, domain, card, CALIBRATION)


@pytest.fixture(scope="module")
def exported(predictor, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    export_onnx(predictor, path)
    return path


@pytest.fixture(scope="module")
def session(exported):
    return onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    "smiles",
    [["C"], ["[Na+]", "CCO"], ["C", "[Na+]", "[Cl-]"], list(NAMED_DRUGS.values()), list(NAMED_DRUGS.values()) * 30],
    ids=["atom", "pair", "atoms", "drugs", "many"],
)
def test_it_says_what_the_predictor_says(predictor, session, smiles):
    graphs = featurize_smiles(standardize_smiles(smiles).smiles).graphs
    values, std = session.run(["values", "std"], to_inputs(graphs))
    expected = predictor.predict(smiles)
    assert values.dtype == std.dtype == np.float32
    np.testing.assert_allclose(values, expected.values, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(std, expected.std, rtol=1e-4, atol=1e-4)
    assert (std > 0).all()


def test_the_std_of_an_error_model_is_exported(predictor, tmp_path):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(300, 48)).astype(np.float32)
    outputs, errors = (rng.normal(size=(300, 4)) for _ in range(2))
    learned = replace(predictor, error_model=fit_error_model(outputs, states, np.abs(errors) * [0.3, 0.1, 2.0, 0.2]))
    export_onnx(learned, tmp_path / "tiny.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "tiny.onnx", providers=["CPUExecutionProvider"])
    smiles = list(NAMED_DRUGS.values())[:-1]
    values, std = session.run(["values", "std"], to_inputs(featurize_smiles(smiles).graphs))
    expected = learned.predict(smiles)
    np.testing.assert_allclose(values, expected.values, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(std, expected.std, rtol=1e-4)
    assert (np.abs(std / predictor.predict(smiles).std - 1) > 0.01).all()
    assert (std[:, 2] == 1).any()  # a probability is wrong by at most 1
    with pytest.raises(ExportError, match="for std of"):
        verify(predictor, session)


def test_the_order_of_the_batch_does_not_matter(session):
    drugs = list(NAMED_DRUGS.values())[:-1]
    forward, backward = (
        session.run(["values"], to_inputs(featurize_smiles(smiles).graphs))[0] for smiles in (drugs, drugs[::-1])
    )
    np.testing.assert_allclose(forward, backward[::-1], rtol=1e-4)


def test_the_file_says_what_it_is(exported, predictor):
    model = onnx.load(exported)
    said = {one.key: one.value for one in model.metadata_props}
    assert said == describe_model(predictor)
    assert said["moldesign.name"] == "tiny"
    assert said["moldesign.features_version"] == str(FEATURES_VERSION)
    assert said["moldesign.licence"] == "none"
    half_life = json.loads(said["moldesign.endpoints"])[1]
    assert (half_life["name"], half_life["task"], half_life["unit"]) == ("half_life", "regression", "h")
    assert "spread" not in half_life
    assert "featurize_smiles" in said["moldesign.graphs"]
    assert [one.name for one in model.graph.input] == list(json.loads(said["moldesign.inputs"]))
    assert [one.name for one in model.graph.output] == list(json.loads(said["moldesign.outputs"]))
    assert sorted(path.name for path in exported.parent.iterdir()) == ["tiny.onnx"]


def test_the_predictor_stays_as_it_is(exported, predictor):
    assert all(not network.training for network in predictor.networks)
    assert np.isfinite(predictor.predict(["CCO"]).values).all()


def test_another_model_does_not_pass(predictor, session):
    verify(predictor, session)
    other = replace(predictor, networks=tuple(make_network(seed, n_endpoints=4) for seed in range(3, 6)))
    with pytest.raises(
        ExportError, match=r"the export gives .* for values of herg, and PyTorch .*; nothing is written"
    ):
        verify(other, session)
    with pytest.raises(ExportError, match=r"values of shape \(1, 4\), not \(1, 2\)"):
        verify(make_predictor(), session)


class Echo:
    """A session that answers as it was told to, whatever it is asked."""

    def __init__(self, values, std):
        self.answer = [values, std]

    def run(self, names, inputs):
        return [part[: len(inputs["atom_starts"]) - 1] for part in self.answer]


def test_the_tolerance_is_one_in_ten_thousand(predictor, monkeypatch):
    monkeypatch.setattr(onnx_export, "_EXAMPLES", ("C",))
    one = replace(predictor, domain=replace(predictor.domain, smiles=()))
    monkeypatch.setattr(onnx_export, "featurize_smiles", lambda smiles: featurize_smiles(["C"]))
    expected = one.predict(["C"])
    for shift, fits in ((0.9e-4, True), (1.2e-4, False), (np.nan, False)):
        shifted = expected.values + np.float32(shift) * np.maximum(1, np.abs(expected.values))
        if fits:
            verify(one, Echo(shifted, expected.std))
        else:
            with pytest.raises(ExportError, match="nothing is written"):
                verify(one, Echo(shifted, expected.std))


def test_what_differs_is_not_written(predictor, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "_trace", lambda ensemble: onnx.load(exported))
    with pytest.raises(ExportError, match=r"and PyTorch .*; nothing is written"):
        export_onnx(replace(predictor, networks=predictor.networks[:2]), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_predictor_with_a_forest_is_refused(predictor, tmp_path):
    endpoints = predictor.endpoints
    labels = np.tile([[0.0], [1.0]], (1, len(endpoints)))
    learner = ForestLearner(["C", "CCO"], labels, endpoints, seed=0)
    forest = learner.fit(np.arange(2), np.full(len(endpoints), 0.5, dtype=np.float32))
    with pytest.raises(ExportError, match="--no-forest"):
        export_onnx(replace(predictor, forest=forest), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_a_file_that_exists_is_kept(predictor, exported, tmp_path):
    before = exported.read_bytes()
    with pytest.raises(ExportError, match=r"tiny\.onnx exists already; choose another file, or delete it first"):
        export_onnx(predictor, exported)
    assert exported.read_bytes() == before
    with pytest.raises(ExportError, match=r"there is no folder .*missing; create it first"):
        export_onnx(predictor, tmp_path / "missing" / "model.onnx")


@pytest.mark.parametrize("tool", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_tool_is_named(predictor, tmp_path, monkeypatch, tool):
    monkeypatch.setitem(sys.modules, tool, None)
    with pytest.raises(ExportError, match=rf"needs {tool}, which is not installed: pip install 'moldesign\[onnx\]'"):
        export_onnx(predictor, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
