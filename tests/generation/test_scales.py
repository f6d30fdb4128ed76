"""Scores that all lie outside the range they are taken to lie in are said."""

from pathlib import Path

import pytest

from moldesign.generation.scales import warn_of_scales
from moldesign.objectives.oracle import Oracle
from moldesign.objectives.profile import Profile, parse_goals
from tests.generation.tiny_run import run_tiny

MOLECULES = ["C" * n for n in range(1, 13)]


def make_profile(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str, aim: str) -> Profile:
    (folder / "own_scale.py").write_text(f"def score(smiles):\n    return [{body} for text in smiles]\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(__import__("sys").modules, "own_scale", raising=False)
    return parse_goals([f"own_scale:score {aim}"])


@pytest.mark.parametrize(
    ("body", "aim", "said"),
    [
        ("1000.0 * len(text)", "max", "in 0..1, and 12 of the first 12 do not (1000 to 1.2e+04)"),
        ("-9.0 - len(text)", "min", "in 0..1, and 12 of the first 12 do not (-21 to -10)"),
        ("len(text) / 12", "max", None),
        ("float(len(text) > 6)", "max", None),
        ("1000.0 * len(text)", ">= 500", None),
        ("1000.0 * len(text) if len(text) > 6 else 0.5", "max", None),
    ],
)
def test_scores_beyond_their_range(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, aim: str, said: str | None
) -> None:
    profile = make_profile(monkeypatch, tmp_path, body, aim)
    oracle = Oracle(profile, 100)
    oracle.score(MOLECULES)
    warnings = warn_of_scales(oracle.history, profile.terms)
    assert [said in warning for warning in warnings] == ([] if said is None else [True])


def test_nothing_is_said_of_few_scores_and_of_descriptors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profile = make_profile(monkeypatch, tmp_path, "1000.0", "max")
    oracle = Oracle(profile, 100)
    oracle.score(MOLECULES[:9])
    assert warn_of_scales(oracle.history, profile.terms) == []
    heavy = parse_goals(["mw max"])
    oracle = Oracle(heavy, 100)
    oracle.score(MOLECULES)  # all of them lighter than what mw is taken to be
    assert warn_of_scales(oracle.history, heavy.terms) == []


def test_a_run_says_it_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_prior: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile = make_profile(monkeypatch, tmp_path, "1000.0 * len(text)", "max")
    with caplog.at_level("WARNING"):
        run_tiny(tiny_prior, tmp_path / "run", profile=profile)
    assert caplog.text.count("state low and high of the goal in a profile") == 1
