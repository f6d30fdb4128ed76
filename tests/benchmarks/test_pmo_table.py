"""Runs are files of their own, made once, taken up again after a kill, and shown with what is missing."""

import gzip
import json
from pathlib import Path

import pytest

from benchmarks import harness
from benchmarks.pmo import __main__ as pmo
from benchmarks.pmo.cells import Cell, Protocol, Record, load_record, locate_cell, save_record
from benchmarks.pmo.methods.catalog import METHODS
from benchmarks.pmo.methods.method import Entry
from benchmarks.pmo.oracles import PMO_20
from benchmarks.pmo.table import SUM, Anchors, assemble, read_earlier
from moldesign.generation.lock import hold_lock
from scripts.render_readme import render_pmo
from tests.policies.tiny_prior import LIBRARY

ANCHORS = Anchors(["REINVENT"], {"REINVENT": "a paper"}, {task: {"REINVENT": 0.5} for task in PMO_20})
ENTRY = Entry(METHODS["random"].make, {"sizes": (1, 2)}, "a method")
FULL = Protocol(10_000)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data with a small ZINC, and results that go into a temporary folder."""
    folder = tmp_path / "data" / "zinc250k"
    folder.mkdir(parents=True)
    (folder / "zinc250k_molopt.smi.gz").write_bytes(gzip.compress("\n".join(LIBRARY).encode()))
    monkeypatch.setattr(harness, "RESULTS", tmp_path / "results")
    return folder.parent


def run(data: Path, *arguments: str) -> None:
    work = ["--work", str(data.parent / "work"), "--data", str(data)]
    pmo.main([*work, "--tasks", "qed", "--seeds", "0", *arguments])


def make_record(area: float, **changes) -> Record:
    names = ["auc_top1", "auc_top100", "top1", "top10", "top100", "sa", "diversity", "novelty", "clean"]
    figures = {"auc_top10": area, **dict.fromkeys(names, 0.25)}
    fields = {"settings": {"sizes": (1, 2)}, "smiles": ["C"], "scores": [0.5], "seconds": 90.0, "oracle_seconds": 30.0}
    return Record(**fields | {"figures": figures} | changes)


def save(work: Path, area: float, *, task: str = "qed", seed: int = 0, **changes) -> None:
    folder = locate_cell(work, FULL, Cell("ours", task, seed))
    folder.mkdir(parents=True, exist_ok=True)
    save_record(folder, make_record(area, **changes))


def show(work: Path, protocol: Protocol = FULL, **changes) -> tuple[dict, str]:
    result = assemble(work, protocol, {"ours": ENTRY}, list(PMO_20), (0, 1, 2), ANCHORS, **changes)
    return result, render_pmo(result)


def test_run_is_made_once_and_a_killed_one_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, "--methods", "random", "--budget", "40")
    path = data.parent / "work/pmo/40/random/qed/seed0/run.json.gz"
    before = path.read_bytes()
    assert "qed random seed 0: 40 calls" in capsys.readouterr().out
    run(data, "--methods", "random", "--budget", "40")
    assert "qed random seed 0" not in capsys.readouterr().out
    path.unlink()
    run(data, "--methods", "random", "--budget", "40")
    again, first = json.loads(gzip.decompress(path.read_bytes())), json.loads(gzip.decompress(before))
    assert (again["smiles"], again["scores"], again["figures"]) == (first["smiles"], first["scores"], first["figures"])
    assert not (data.parent / "results").exists(), "a short look must not become a result"


def test_other_budgets_and_rules_have_other_files(data: Path) -> None:
    run(data, "--methods", "random", "--budget", "20")
    run(data, "--methods", "random", "--budget", "30")
    run(data, "--methods", "random", "--budget", "30", "--require-clean")
    found = sorted(path.relative_to(data.parent / "work/pmo").parts[0] for path in data.parent.rglob("run.json.gz"))
    assert found == ["20", "30", "30-clean"]


def test_changed_settings_make_a_run_stale(data: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    run(data, "--methods", "random", "--budget", "20")
    assert "Random, 1 of 69 runs" in capsys.readouterr().out
    changed = METHODS["random"]._replace(settings={"size": 2})
    monkeypatch.setitem(METHODS, "random", changed)
    run(data, "--table", "--budget", "20")
    assert "Random, " not in capsys.readouterr().out
    run(data, "--methods", "random", "--budget", "20")
    assert "Random, 1 of 69 runs" in capsys.readouterr().out


def test_run_of_another_process_is_left_to_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = locate_cell(data.parent / "work", Protocol(20), Cell("random", "qed", 0))
    folder.mkdir(parents=True)
    with hold_lock(folder):
        run(data, "--methods", "random", "--budget", "20")
    assert "qed random seed 0: another process makes it" in capsys.readouterr().out
    assert load_record(folder) is None


def test_damaged_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    save(tmp_path, 0.5)
    path = locate_cell(tmp_path, FULL, Cell("ours", "qed", 0)) / "run.json.gz"
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(ValueError, match=r"run\.json\.gz cannot be read .* delete it"):
        show(tmp_path)


def test_full_budget_writes_a_result_that_the_readme_can_show(data: Path) -> None:
    pmo.main(["--work", str(data.parent / "work"), "--data", str(data), "--tasks", "qed", "--methods", "random"])
    result = json.loads((data.parent / "results/pmo.json").read_text())
    assert result["figures"]["qed"]["methods"]["random"]["seeds"] == [0, 1, 2]
    assert result["figures"]["qed"]["methods"]["random"]["n_calls"] == 100, "the library has so many molecules"
    assert result["extra"]["done"] == {"random": "3 of 69 runs"}
    assert "11.59" in render_pmo(result)


def test_table_says_how_many_seeds_and_tasks_are_there(tmp_path: Path) -> None:
    save(tmp_path, 0.7, seed=0)
    save(tmp_path, 0.8, seed=1)
    result, text = show(tmp_path)
    assert "| qed | **0.750 ± 0.071 (2 seeds)** | 0.5 |" in text
    assert "| median1 | - | **0.5** |" in text
    assert f"| {SUM} | 0.750 over 1 of 20 | **10** |" in text
    assert "Ours, 2 of 60 runs: a method." in text
    assert result["figures"]["qed"]["methods"]["ours"]["minutes"] == 1.0


def test_paused_runs_are_shown_as_lower_bounds(tmp_path: Path) -> None:
    save(tmp_path, 0.7, ended=False)
    _, text = show(tmp_path)
    assert "≥ 0.700 (1 seed) (1 calls)" in text
    assert "With ≥: a run that waits" in text
    assert "Ours, 0 of 60 runs" in text


def test_table_grows_on_several_machines(tmp_path: Path) -> None:
    here, elsewhere, path = tmp_path / "here", tmp_path / "elsewhere", tmp_path / "pmo.json"
    save(elsewhere, 0.7, seed=0, scores=[0.5] * 3, smiles=["C"] * 3, ended=False)
    save(elsewhere, 0.5, seed=1, ended=False)
    path.write_text(json.dumps(show(elsewhere)[0]))
    save(here, 0.6, seed=0, ended=False)
    save(here, 0.9, seed=1, scores=[0.5] * 2, smiles=["C"] * 2, ended=False)
    save(here, 0.8, seed=2)
    ours = {"ours": ENTRY}
    cell = show(here, earlier=read_earlier(path, FULL, ours))[0]["figures"]["qed"]["methods"]["ours"]
    areas = {seed: run["auc_top10"] for seed, run in cell["runs"].items()}
    assert areas == {"0": 0.7, "1": 0.9, "2": 0.8}, "of each seed the run that has come farthest"
    assert (cell["auc_top10"], cell["n_calls"], cell["n_ended"]) == pytest.approx((0.8, 2.0, 1))
    assert read_earlier(path, FULL, {"ours": ENTRY._replace(settings={"sizes": (1, 3)})}) == {}
    assert read_earlier(path, Protocol(10_000, clean=True), ours) == {}
    assert read_earlier(tmp_path / "none.json", FULL, ours) == {}


def test_sum_of_all_tasks_is_compared(tmp_path: Path) -> None:
    for task in PMO_20:
        save(tmp_path, 0.6, task=task)
    _, text = show(tmp_path)
    assert f"| {SUM} | **12.000** | 10 |" in text


def test_short_or_clean_tables_have_no_published_figures(tmp_path: Path) -> None:
    for protocol in (Protocol(300), Protocol(10_000, clean=True)):
        _, text = show(tmp_path, protocol)
        assert "REINVENT" not in text
    assert "score 0" in text


def test_missing_data_folder_is_said(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOLDESIGN_DATA", raising=False)
    with pytest.raises(SystemExit) as stopped:
        pmo.main(["--work", str(tmp_path)])
    assert stopped.value.code == 2
    assert "--data" in capsys.readouterr().err
