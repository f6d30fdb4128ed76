import logging
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.errors import ObjectiveError, ProfileError
from moldesign.objectives.programs import ProgramProperty, RunningSettings, open_programs
from moldesign.objectives.scorers import FUNCTION_WORKER
from moldesign.objectives.terms import Batch, Evaluation
from tests.objectives.toy_program import make_command, read_log, score_carbons

FUNCTIONS = """
import os, time
def score(smiles):
    (text,) = smiles
    print("scoring", text)
    os.write(1, b"a line of compiled code\\n")
    if "F" in text:
        raise RuntimeError("no parameters")
    if "I" in text:
        time.sleep(60)
    if "Br" in text:
        os._exit(9)
    return [float("nan") if "Cl" in text else len(text), 0][: 2 if "P" in text else 1]
"""


def evaluate(scorer: ProgramProperty, *smiles: str) -> Evaluation:
    return scorer.evaluate(Batch(list(smiles), require_mols(smiles)))


def make_scorer(log: Path, **settings: object) -> ProgramProperty:
    running = RunningSettings(**{"timeout": 30, "workers": 2} | settings)  # type: ignore[arg-type]
    return ProgramProperty.of_command("carbons", make_command(log), running)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("python score.py", ("python", "score.py")),
        ('"python score.py"', ("python", "score.py")),
        ("python 'my score.py' --box '1 2'", ("python", "my score.py", "--box", "1 2")),
        ("python -c 'print(1)' ; rm *", ("python", "-c", "print(1)", ";", "rm", "*")),
    ],
)
def test_a_command_line_is_split_and_never_run_by_a_shell(
    text: str, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    found = ProgramProperty.parsed(text)
    assert found.command == command
    assert found.name == f"program({text})"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"program\(\) has an empty command"),
        ("''", "empty command"),
        ("absent-program -x", "there is no program 'absent-program'"),
        ("python 'x", "no closing quotation"),
    ],
)
def test_a_command_that_cannot_be_run_is_refused_before_anything_is_scored(text: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        ProgramProperty.parsed(text)


def test_rows_keep_their_place_and_a_molecule_is_asked_once_in_canonical_form(tmp_path: Path) -> None:
    scorer = make_scorer(tmp_path / "log")
    first = evaluate(scorer, "OCC", "CCO", "CCF", "C1=CC=CC=C1")
    np.testing.assert_array_equal(first.values, [0.2, 0.2, np.nan, 0.6])
    assert first.missing == [None, None, "carbons: no conformer found", None]
    assert read_log(tmp_path / "log") == ["CCF", "CCO", "c1ccccc1"]
    assert evaluate(scorer, "C(C)O", "CCC").values.tolist() == [0.2, 0.3]
    assert read_log(tmp_path / "log") == ["CCC", "CCF", "CCO", "c1ccccc1"]
    scorer.close()


def test_failures_are_one_warning_that_names_the_program(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scorer = make_scorer(tmp_path / "log")
    with caplog.at_level(logging.WARNING):
        evaluate(scorer, "CF", "CI", "CC", "CCC")
    scorer.close()
    (line,) = caplog.messages
    assert line.startswith("carbons (")
    assert "toy_program.py" in line
    assert line.endswith("gave no score for 2 of 4 molecules; first failure: 'CF': no conformer found")


def test_a_program_that_fails_on_most_is_an_error_and_what_it_scored_is_kept(tmp_path: Path) -> None:
    scorer = make_scorer(tmp_path / "log", cache=str(tmp_path / "scores.sqlite"))
    with pytest.raises(
        ObjectiveError, match=r"gave a score for 2 of 5 molecules, fewer than half; first .*'CF': no conf"
    ):
        evaluate(scorer, "CF", "CC", "CCF", "CCC", "CI")
    scorer.close()
    again = make_scorer(tmp_path / "other.log", cache=str(tmp_path / "scores.sqlite"))
    command = again.command
    assert evaluate(scorer, "CC", "CCC").values.tolist() == [0.2, 0.3]
    assert read_log(tmp_path / "log") == ["CC", "CCC", "CCF", "CF", "CI"]
    assert command != scorer.command
    assert evaluate(again, "CC").values.tolist() == [0.2]
    assert read_log(tmp_path / "other.log") == ["CC"], "another command has scores of its own"
    scorer.close()
    again.close()


def test_a_large_batch_is_given_up_when_half_has_failed(tmp_path: Path) -> None:
    scorer = make_scorer(tmp_path / "log", workers=1)
    with pytest.raises(ObjectiveError, match="0 of 11 molecules"):
        evaluate(scorer, *("C" * n + "F" for n in range(1, 21)))
    assert len(read_log(tmp_path / "log")) <= 12
    scorer.close()


def test_few_failures_at_the_start_are_not_the_end(tmp_path: Path) -> None:
    scorer = make_scorer(tmp_path / "log")
    assert evaluate(scorer, "CF", "CCF", "CCCF").missing == ["carbons: no conformer found"] * 3
    with pytest.raises(ObjectiveError, match="0 of 4"):
        evaluate(scorer, "CCCCF")
    scorer.close()


def test_scores_are_found_again_in_the_run_store(tmp_path: Path) -> None:
    for expected in (["CC", "CCC"], ["CC", "CCC", "CCCC"]):
        scorer = make_scorer(tmp_path / "log")
        with open_programs([scorer, scorer], tmp_path / "run.sqlite"):
            values = evaluate(scorer, *expected).values
        assert values.tolist() == [score_carbons(text) for text in expected]
        assert read_log(tmp_path / "log") == expected
        assert scorer._pool._workers == []


def test_a_cache_that_is_none_is_said_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("smiles,score\nCCO,1\n" * 100)
    scorer = make_scorer(tmp_path / "log", cache=str(tmp_path / "scores.csv"))
    with (
        pytest.raises(ObjectiveError, match=r"scores\.csv is not a score cache"),
        open_programs([scorer], tmp_path / "s"),
    ):
        pytest.fail("it was opened")


def test_an_expensive_function_is_run_in_processes_that_can_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.py").write_text(FUNCTIONS)
    (tmp_path / "json.py").write_text("raise RuntimeError('hides the library')")
    monkeypatch.chdir(tmp_path)
    scorer = ProgramProperty.of_module(
        "own:score", FUNCTION_WORKER, "own:score", RunningSettings(timeout=8, workers=2), key="own:score"
    )
    began = time.monotonic()
    evaluation = evaluate(scorer, "CCO", "CF", "CI", "CBr", "CCl", "CP", "CC", "CCC", "CCCC", "CCCCC", "CO", "CN")
    assert time.monotonic() - began < 60
    np.testing.assert_array_equal(evaluation.values, [3, *[np.nan] * 5, 2, 3, 4, 5, 2, 2])
    assert evaluation.missing is not None
    assert evaluation.missing[1:6] == [
        "own:score: RuntimeError: no parameters",
        "own:score: it gave no answer within 8 s, and was stopped",
        "own:score: it ended with exit code 9: a line of compiled code",
        "own:score: it gave nan instead of a finite number",
        "own:score: it must return one number per molecule; for 1 it returned 2",
    ]
    scorer.close()


def test_a_function_that_the_processes_cannot_import_is_told(tmp_path: Path) -> None:
    settings = RunningSettings(timeout=30, workers=1)
    scorer = ProgramProperty.of_module("absent:f", FUNCTION_WORKER, "absent:f", settings, key="absent:f")
    (reason,) = evaluate(scorer, "C").missing or [None]
    scorer.close()
    assert reason is not None
    assert reason.startswith("absent:f: it ended with exit code 1: ")
    assert "No module named 'absent'" in reason
    assert sys.executable not in reason
