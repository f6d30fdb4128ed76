"""A run that was put away goes on as if nothing had happened."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pmo.cells import Protocol, Record
from benchmarks.pmo.library import Library
from benchmarks.pmo.methods.engine import EngineMethod, EngineMethodSettings
from benchmarks.pmo.methods.method import Entry, Start
from benchmarks.pmo.methods.thrifty import Thrifty
from benchmarks.pmo.running import Run
from moldesign.search.acquisition import AcquisitionSettings
from moldesign.search.thrifty import ThriftySettings
from tests.policies.tiny_prior import LIBRARY
from tests.threads import one_thread  # noqa: F401  a fixture

SEARCH = ThriftySettings(
    n_first=8, batch_sizes=((0, 5),), library_draw=20, acquisition=AcquisitionSettings(generations=1, n_children=10)
)
SETTINGS = EngineMethodSettings(n_written=8, replay_size=4, search=SEARCH)
ENTRY = Entry(lambda start: EngineMethod(start, SETTINGS), {"sizes": (5,)}, "a small one")
ALONE = Entry(lambda start: Thrifty(start, SEARCH), {}, "its search without a policy")
START = Start(Library(LIBRARY), seed=1, budget=40, device="cpu")


def count_fluorine(smiles):
    return np.array([min(0.9, 0.2 * text.count("F")) for text in smiles])


def play(folder: Path, pause_at: int, entry: Entry = ENTRY) -> Record:
    folder.mkdir(exist_ok=True)
    return Run(entry, count_fluorine, START, Protocol(40), folder).play(pause_at, lambda n_calls: None)


@pytest.mark.parametrize("entry", [ENTRY, ALONE], ids=["engine", "search"])
def test_paused_run_goes_on_to_the_same_end(tmp_path: Path, entry: Entry) -> None:
    whole = play(tmp_path / "whole", 40, entry)
    part = play(tmp_path / "parts", 20, entry)
    assert not part.ended
    assert 20 <= len(part.smiles) < 30
    rest = play(tmp_path / "parts", 40, entry)
    assert rest.ended
    assert rest.smiles == whole.smiles
    assert rest.scores == whole.scores
    assert rest.seconds > part.seconds


def test_run_of_other_settings_begins_anew(tmp_path: Path) -> None:
    play(tmp_path, 20)
    other = ENTRY._replace(settings={"sizes": (6,)})
    assert len(Run(other, count_fluorine, START, Protocol(40), tmp_path).ledger.scores) == 0
    assert len(Run(ENTRY, count_fluorine, START, Protocol(40), tmp_path).ledger.scores) >= 20
