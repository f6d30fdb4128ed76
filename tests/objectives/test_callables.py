import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from moldesign.chem.smiles import require_mols
from moldesign.errors import ObjectiveError
from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.terms import Batch, Evaluation, Term
from moldesign.objectives.time_limit import OutOfTimeError, limit_time
from moldesign.objectives.transforms import Maximize

SMILES = ["CCO", "CCN", "CCC", "CCF"]


def evaluate(function: Callable[[list[str]], Any], smiles: list[str] | None = None, timeout: float = 60) -> Evaluation:
    smiles = smiles or SMILES
    term = Term("mine", "mine max", CallableProperty("mine", function, timeout=timeout), Maximize(0, 1))
    return term.evaluate(Batch(smiles, require_mols(smiles)))


def test_a_function_that_works_is_called_once_with_the_whole_batch() -> None:
    calls: list[list[str]] = []
    evaluation = evaluate(lambda smiles: calls.append(smiles) or [len(text) for text in smiles])
    assert calls == [SMILES]
    assert evaluation.values.tolist() == [3, 3, 3, 3]
    assert evaluation.missing == [None] * 4


def yield_lengths(smiles: list[str]) -> Iterator[float]:
    for text in smiles:
        if "F" in text:
            raise ValueError("no parameters for F")
        yield len(text)


def test_a_function_that_yields_may_fail_on_some() -> None:
    evaluation = evaluate(yield_lengths)
    assert evaluation.values[:3].tolist() == [3, 3, 3]
    assert evaluation.missing == [None, None, None, "mine: ValueError: no parameters for F"]


def yield_late(smiles: list[str]) -> Iterator[float]:
    for _ in smiles:
        time.sleep(5)
        yield 1.0


def test_time_is_limited_also_for_what_is_computed_when_it_is_read() -> None:
    with pytest.raises(ObjectiveError, match=r"within 0\.2 s; .*needs another --out"):
        evaluate(yield_late, timeout=0.2)


def test_as_long_as_nobody_waits_is_a_time_limit() -> None:
    assert evaluate(lambda smiles: [0.5] * len(smiles), timeout=1e12).values.tolist() == [0.5] * 4


def test_what_a_function_does_to_folder_and_gradients_is_undone(tmp_path: Path) -> None:
    def wander(smiles: list[str]) -> list[float]:
        os.chdir(tmp_path)
        torch.set_grad_enabled(False)
        return [0.5] * len(smiles)

    before = Path.cwd()
    evaluate(wander)
    assert Path.cwd() == before != tmp_path
    assert torch.is_grad_enabled()


def refuse_fluorine(smiles: list[str]) -> list[float]:
    if any("F" in text for text in smiles):
        raise RuntimeError("no parameters for F")
    return [0.5] * len(smiles)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (refuse_fluorine, "mine: RuntimeError: no parameters for F"),
        (
            lambda smiles: [0.5 for text in smiles if "F" not in text],
            "mine: it must return one number per .*returned 0",
        ),
        (lambda smiles: [float("nan") if "F" in text else 0.5 for text in smiles], "mine: it gave nan instead"),
        (
            lambda smiles: ["no" if "F" in text else 0.5 for text in smiles],
            "mine: it gave 'no' instead of a finite number",
        ),
        (lambda smiles: [sys.exit(4) if "F" in text else 0.5 for text in smiles], "mine: SystemExit: 4"),
    ],
    ids=["raises", "too few", "NaN", "text", "exits"],
)
def test_a_molecule_that_fails_is_missing_and_the_others_are_scored(
    function: Callable[[list[str]], Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        evaluation = evaluate(function)
    np.testing.assert_array_equal(evaluation.values, [0.5, 0.5, 0.5, np.nan])
    assert evaluation.missing is not None
    assert evaluation.missing[:3] == [None] * 3
    assert re.search(reason, evaluation.missing[3] or "")
    (line,) = caplog.messages
    assert line.startswith("mine gave no score for 1 of 4 molecules; first failure: 'CCF': ")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda smiles: [np.nan] * len(smiles), "'CCO': it gave nan instead of a finite number"),
        (lambda smiles: 0.5, "one number per molecule; for 4 it returned a float"),
        (lambda smiles: [[0.1, 0.2]], r"one number per molecule; for 4 it returned a list of shape \(1, 2\)"),
        (lambda smiles: [[0.5] for _ in smiles], r"for 4 it returned a list of shape \(4, 1\)"),
        (lambda smiles: [0.5] * (len(smiles) - 1), "for 4 it returned 3"),
        (lambda smiles: ["high"] * len(smiles), "'high'"),
        (lambda smiles: None, "NoneType"),
        (lambda smiles: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_function_that_never_gives_a_number_is_an_error(function: Callable[[list[str]], Any], reason: str) -> None:
    with pytest.raises(ObjectiveError, match=rf"mine gave a score for 0 of 4 molecules, fewer than half; .*{reason}"):
        evaluate(function)


def test_an_exception_of_several_lines_is_one_line_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    def fail(smiles: list[str]) -> list[float]:
        if "CCF" in smiles:
            raise RuntimeError("no parameters\n  for F\n")
        return [0.5] * len(smiles)

    assert (evaluate(fail).missing or [])[3] == "mine: RuntimeError: no parameters for F"
    assert caplog.messages[0].endswith("first failure: 'CCF': RuntimeError: no parameters for F")


def test_a_large_batch_is_given_up_when_half_has_failed() -> None:
    calls: list[list[str]] = []

    def fail(smiles: list[str]) -> list[float]:
        calls.append(smiles)
        raise RuntimeError("no")

    with pytest.raises(ObjectiveError, match="mine gave a score for 0 of 21 molecules"):
        evaluate(fail, ["C" * n for n in range(1, 41)])
    assert len(calls) == 1 + 21


def test_a_function_that_hangs_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(ObjectiveError, match=r"mine gave no answer for 4 molecules within 0.2 s; raise its timeout"):
        evaluate(lambda smiles: time.sleep(30), timeout=0.2)
    assert time.monotonic() - began < 10


def test_the_time_limit_gives_back_what_it_borrowed() -> None:
    rings: list[int] = []
    handler = signal.signal(signal.SIGALRM, lambda number, frame: rings.append(number))
    before = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(OutOfTimeError), limit_time(0.05):
            time.sleep(5)
        assert rings == []
        time.sleep(0.5)
        assert rings == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


def test_another_thread_works_without_a_limit() -> None:
    results: list[list[float]] = []
    thread = threading.Thread(target=lambda: results.append(evaluate(refuse_fluorine, ["CCO"]).values.tolist()))
    thread.start()
    thread.join()
    assert results == [[0.5]]
