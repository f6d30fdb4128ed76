"""Each variant lacks what its name says, and the table waits until all runs have come far enough."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pmo import ablation
from benchmarks.pmo.cells import Cell, Protocol, Record, locate_cell, save_record
from benchmarks.pmo.library import Library
from benchmarks.pmo.methods.ablated import WithoutAugmentation, WithoutGenetics, WithoutSurrogate
from benchmarks.pmo.methods.catalog import ABLATIONS
from benchmarks.pmo.methods.engine import EngineMethod, EngineMethodSettings
from benchmarks.pmo.methods.method import Start
from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.generation.engine import SEARCH
from moldesign.search.acquisition import AcquisitionSettings
from moldesign.search.thrifty import ThriftySettings
from tests.policies.tiny_prior import LIBRARY
from tests.threads import one_thread  # noqa: F401  a fixture

SEARCH_SETTINGS = ThriftySettings(
    n_first=8, batch_sizes=((0, 6),), library_draw=20, acquisition=AcquisitionSettings(generations=2, n_children=20)
)
SETTINGS = EngineMethodSettings(n_written=8, replay_size=4, search=SEARCH_SETTINGS)
START = Start(Library(LIBRARY), seed=2, budget=60, device="cpu")
KNOWN = {canonicalize(mol) for mol in require_mols(LIBRARY)}


def play(variant: type[EngineMethod], n_batches: int) -> tuple[EngineMethod, list[str]]:
    """Return a method after some batches, and what it proposed without its policy."""
    method, searched = variant(START, SETTINGS), []
    for _ in range(n_batches):
        proposed = method._engine.propose(6)
        searched += [text for text, source in proposed.items() if source == SEARCH]
        method.observe(list(proposed), np.array([0.1 * text.count("N") / 10 for text in proposed]))
    return method, searched


def test_without_genetics_only_the_library_is_left_to_the_search() -> None:
    assert set(play(WithoutGenetics, 6)[1]) <= KNOWN
    assert not set(play(EngineMethod, 6)[1]) <= KNOWN


def test_without_surrogate_nothing_is_learned_but_children_are_made() -> None:
    method, searched = play(WithoutSurrogate, 6)
    assert len(method._engine.search.surrogate) == 0
    assert not set(searched) <= KNOWN
    assert len(play(EngineMethod, 2)[0]._engine.search.surrogate) > 0


def test_without_augmentation_every_spelling_is_canonical() -> None:
    smiles = sorted(KNOWN)[:20]
    spelled = [
        [variant(START, SETTINGS)._guide.mode.spell(smiles, np.random.default_rng(seed)) for seed in (0, 1)]
        for variant in (WithoutAugmentation, EngineMethod)
    ]
    same = [bool(a.batch.sequences.tolist() == b.batch.sequences.tolist()) for a, b in spelled]
    assert same == [True, False]
    assert spelled[0][0].rows == list(range(20))


def test_table_is_written_when_all_runs_have_come_far_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(ablation, "write_result", lambda name, figures, **_: written.append((name, figures)))
    cells = [Cell(name, task, 0) for name in ABLATIONS for task in ablation.TASKS]
    for number, cell in enumerate(cells):
        assert not written
        folder = locate_cell(tmp_path, Protocol(10_000), cell)
        folder.mkdir(parents=True)
        is_short = number == len(cells) - 1
        scores = [0.5] * (100 if is_short else 200)
        record = Record(dict(ABLATIONS[cell.method].settings), ["C"] * len(scores), scores, 1.0, 0.0, {}, ended=False)
        save_record(folder, record)
        if is_short:
            ablation.main(["--work", str(tmp_path), "--table", "--seeds", "0", "--pause-at", "200"])
            assert not written
            save_record(folder, Record(record.settings, ["C"] * 200, [0.5] * 200, 1.0, 0.0, {}, ended=False))
    ablation.main(["--work", str(tmp_path), "--table", "--seeds", "0", "--pause-at", "200"])
    [(name, figures)] = written
    assert name == "pmo_ablation"
    assert figures["zaleplon_mpo"]["without_genetics"] == 0.375, "half a score, which rises from 0 over 100 calls"
