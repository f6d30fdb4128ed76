"""`moldesign models`: what is there, how good it is, where it comes from."""

from pathlib import Path

from tests.cli.conftest import Moldesign


def test_list_names_every_endpoint_and_prior(moldesign: Moldesign) -> None:
    lines = [" ".join(line.split()) for line in moldesign("models").out.splitlines()]
    assert "admet herg probability AUROC 0.812 131 blocks the hERG channel" in lines
    assert "admet solubility log10 mol/L MAE 0.9 1996 in water" in lines
    assert "admet ames probability - - mutagenic in bacteria" in lines
    assert "chembl 97.5% 99.9% 100.0% random numbers" in lines


def test_card_of_a_predictor(moldesign: Moldesign) -> None:
    shown = moldesign("models", "admet").out
    assert "licence: none" in shown
    assert "test of herg: AUROC 0.8125, AUPRC 0.75, n 131" in shown


def test_card_of_a_folder(moldesign: Moldesign, weights: Path) -> None:
    shown = moldesign("models", weights / "chembl").out
    assert "kind: prior" in shown
    assert "samples: n 10000, valid 0.975" in shown


def test_unknown_model(moldesign: Moldesign) -> None:
    done = moldesign("models", "admit")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: unknown model 'admit'; did you mean: admet, activity\n"
