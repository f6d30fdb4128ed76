"""`moldesign models`: what is there, how good it is, where it comes from."""

import shlex
from pathlib import Path

import onnxruntime
import pytest

from moldesign.cli.models import describe_endpoints
from moldesign.graphs import featurize_smiles
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.onnx_export import to_inputs
from tests.cli.conftest import Moldesign


def test_list_names_every_endpoint_and_prior(moldesign: Moldesign) -> None:
    lines = [" ".join(line.split()) for line in moldesign("models").out.splitlines()]
    herg = "admet herg probability lower 523 AUROC 0.812 131 2026-01-31 official below 0.3 favourable"
    assert f"{herg} blocks the hERG channel" in lines
    assert "admet solubility log10 mol/L - 7985 MAE 0.9 1996 2026-01-31 - - in water" in lines
    assert "admet ames probability - - - - 2026-01-31 - - mutagenic in bacteria" in lines
    assert "chembl 97.5% 99.9% 100.0% random numbers" in lines


def test_card_of_a_predictor(moldesign: Moldesign) -> None:
    shown = moldesign("models", "admet").out
    assert "licence: none" in shown
    assert "test of herg: AUROC 0.8125, AUPRC 0.75, n 131" in shown
    assert "source of herg: a paper, https://doi.org/10.1021/x; CC BY 4.0" in shown
    assert "source of ames" not in shown


def test_one_split_holds_for_every_endpoint() -> None:
    card = {"endpoints": [{"name": "pic50", "task": "regression", "unit": "log10", "description": ""}]}
    assert describe_endpoints({**card, "split": "scaffold"}) == [["pic50", "log10", *"-----", "scaffold", "-", ""]]
    assert describe_endpoints(card) == [["pic50", "log10", *"-------", ""]]


def test_card_of_a_folder(moldesign: Moldesign, weights: Path) -> None:
    shown = moldesign("models", weights / "chembl").out
    assert "kind: prior" in shown
    assert "samples: n 10000, valid 0.975" in shown


def test_unknown_model(moldesign: Moldesign) -> None:
    done = moldesign("models", "admit")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: unknown model 'admit'; did you mean: admet, activity\n"


def test_export_writes_a_model_that_says_what_predict_says(moldesign: Moldesign, tmp_path: Path) -> None:
    done = moldesign("models", "export", "activity", "--out", "activity.onnx")
    assert (done.code, done.out) == (0, "activity.onnx: activity, 1 endpoints, equal to PyTorch\n")
    session = onnxruntime.InferenceSession(tmp_path / "activity.onnx")
    [values] = session.run(["values"], to_inputs(featurize_smiles(["CCO"]).graphs))
    assert values[0].tolist() == pytest.approx(load_predictor("activity").predict(["CCO"]).values[0].tolist(), rel=1e-4)
    again = moldesign("models", "export", "activity", "--out", "activity.onnx")
    assert (again.code, again.out) == (1, "")
    assert again.err == "error: activity.onnx exists already; choose another file, or delete it first\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("export", "admit", "--out", "a.onnx"), 1, "unknown model 'admit'; did you mean: admet"),
        (("export", "chembl", "--out", "a.onnx"), 1, "unknown model 'chembl'"),
        (("export", "admet", "--out", "missing/a.onnx"), 1, "there is no folder missing; create it first"),
        (("export", "admet"), 2, "--out"),
        (("export",), 2, "NAME|DIR"),
        (("admet", "chembl"), 2, "chembl"),
    ],
)
def test_what_cannot_be_exported(moldesign: Moldesign, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = moldesign("models", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_help_names_the_export(moldesign: Moldesign) -> None:
    assert "[NAME|DIR | export NAME|DIR --out FILE]" in " ".join(moldesign("models", "--help").out.split())
    assert "Examples:\n    moldesign models export" in moldesign("models", "export", "--help").out


@pytest.mark.parametrize(
    "command",
    [
        "explain CCO --out x.svg --endpoint herg --model {prior}",
        "monitor add-labels t.csv --model {prior}",
        "screen t.csv --goal 'herg min' --out hits.csv --model {prior}",
        "generate --goal 'herg min' --out run --model {prior}",
        "serve --model {prior}",
    ],
)
def test_a_prior_is_no_predictor(moldesign: Moldesign, weights: Path, command: str) -> None:
    Path("t.csv").write_text("smiles,herg\nCCO,1\n")
    done = moldesign(*shlex.split(command.format(prior=weights / "chembl")))
    assert (done.code, done.out) == (1, "")
    assert "chembl holds a model of kind 'prior'; a predictor was expected: name a folder that" in done.err
