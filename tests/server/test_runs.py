"""The store of runs, and whose turn it is."""

import asyncio
import json
from pathlib import Path

import pytest

from moldesign.server.errors import BadFieldError, NotFoundError, TooManyError
from moldesign.server.progress import read_final_hits, read_new_hits, read_progress
from moldesign.server.runs import RunState, RunStore
from moldesign.server.settings import Limits
from moldesign.server.supervisor import Supervisor


def test_runs_are_found_again(tmp_path: Path) -> None:
    run = RunStore(tmp_path / "runs").create("generate", {"goals": ["qed max"], "title": "../x"}, "me")
    again = RunStore(tmp_path / "runs")
    assert again.find(run.id) == run
    assert again.read_request(run) == {"kind": "generate", "goals": ["qed max"], "title": "../x"}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [run.id]


@pytest.mark.parametrize("name", ["..", "../..", "", "20261129-000000000000", "/etc", "a\0b"])
def test_names_that_are_no_run(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFoundError):
        RunStore(tmp_path).find(name)


@pytest.mark.parametrize("name", ["../state.json", "request.json", "run.sqlite", "/etc/passwd", "hits.csv/..", ""])
def test_names_that_are_no_download(tmp_path: Path, name: str) -> None:
    store = RunStore(tmp_path)
    run = store.create("generate", {}, "me")
    store.find_results(run).mkdir()
    (store.find_results(run) / "hits.csv").write_text("rank,smiles\n1,CCO\n")
    assert store.find_file(run, "hits.csv")[1] == "text/csv"
    with pytest.raises(NotFoundError):
        store.find_file(run, name)


def test_a_folder_of_another_name_is_not_taken_for_a_run(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.create("generate", {}, "me")
    store.find_folder(run).rename(tmp_path / "elsewhere")
    assert RunStore(tmp_path).list_runs() == []


def test_the_client_with_the_fewest_runs_is_next(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    supervisor = Supervisor(store, Limits(runs_at_once=0, runs_per_client=3))
    runs = [supervisor.submit("generate", {}, client) for client in ("a", "a", "b")]
    assert supervisor._choose() == runs[0]
    supervisor._watches[runs[0].id] = None  # type: ignore[assignment]
    runs[0].state = RunState.RUNNING
    assert supervisor._choose() == runs[2]
    supervisor.submit("generate", {}, "a")
    with pytest.raises(TooManyError, match="3 unfinished"):
        supervisor.submit("generate", {}, "a")


def test_a_queued_run_is_stopped_at_once(tmp_path: Path) -> None:
    supervisor = Supervisor(RunStore(tmp_path), Limits(runs_at_once=0))
    run = supervisor.submit("generate", {}, "me")
    supervisor.stop(run)
    assert run.state is RunState.STOPPED
    with pytest.raises(BadFieldError, match="ended already"):
        supervisor.stop(run)


def test_a_run_that_cannot_run_says_why(tmp_path: Path) -> None:
    store = RunStore(tmp_path)

    async def run_odd() -> None:
        supervisor = Supervisor(store, Limits())
        supervisor.submit("generate", {"goals": ["os:system max"]}, "me")
        await asyncio.gather(*supervisor._watches.values())
        await supervisor.close()

    asyncio.run(run_odd())
    [run] = store.list_runs()
    assert run.state is RunState.FAILED
    assert "not allowed here" in run.message


def test_what_is_not_there_yet(tmp_path: Path) -> None:
    assert read_progress(tmp_path) is None
    assert read_new_hits(tmp_path, 0, 0.5) == []
    assert read_final_hits(tmp_path, 5) == []
    (tmp_path / "metrics.jsonl").write_text(json.dumps({"batch": 1}) + "\n" + '{"batch": 2, "half')
    assert read_progress(tmp_path) == {"batch": 1}
