"""What the process of a run leaves behind, however it ends."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from moldesign.server import run_worker
from moldesign.server.progress import read_counts, read_progress
from moldesign.server.runs import OUTCOME_FILE, RunState, RunStore
from tests.conftest import NAMED_DRUGS

SCREENING = {"goals": ["logp max"], "must": ["mw <= 350"], "required": [], "forbidden": [], "title": ""}
LIBRARY = {
    "smiles": list(NAMED_DRUGS.values()),
    "names": list(NAMED_DRUGS),
    "top": 5,
    "threshold": None,
    "diverse": False,
}


def finish(tmp_path: Path) -> tuple[dict[str, Any], Path]:
    """Run a screening to its end; return how it ended, and its folder of results."""
    store = RunStore(tmp_path / "runs")
    run = store.create("screen", SCREENING | LIBRARY, "me")
    folder = store.find_folder(run)
    run_worker.finish(folder, [], 60)
    outcome: dict[str, Any] = json.loads((folder / OUTCOME_FILE).read_text(encoding="utf-8"))
    return outcome, store.find_results(run)


def test_a_screening_ends_in_hits_counts_and_a_report(tmp_path: Path) -> None:
    outcome, results = finish(tmp_path)
    assert outcome == {"state": RunState.DONE, "message": f"5 hits, {len(NAMED_DRUGS)} rows screened"}
    progress, counts = read_progress(results), read_counts(results)
    assert progress is not None
    assert progress["n_done"] == progress["n_rows"] == len(NAMED_DRUGS)
    assert counts is not None
    assert counts["rejected"]["mw <= 350"] > 0
    assert "From the library to the hits" in (results / "hits.csv.report.html").read_text(encoding="utf-8")


def test_a_stopped_screening_has_a_report_of_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_worker, "_CHUNK_ROWS", 4)
    monkeypatch.setattr(run_worker, "note_screened", stop)
    outcome, results = finish(tmp_path)
    assert outcome["state"] == RunState.STOPPED
    assert not (results / "hits.csv").exists()
    assert read_counts(results) is None
    page = (results / "hits.csv.report.html").read_text(encoding="utf-8")
    assert "This screening has not finished: it was interrupted when 4 rows" in page


def test_a_report_that_cannot_be_made_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(path: Path) -> Path:
        raise ZeroDivisionError(path)

    monkeypatch.setattr(run_worker, "write_report", fail)
    with caplog.at_level(logging.ERROR):
        outcome, results = finish(tmp_path)
    assert outcome["state"] == RunState.DONE
    assert (results / "hits.csv").exists()
    assert not (results / "hits.csv.report.html").exists()
    assert "could not be made" in caplog.text
