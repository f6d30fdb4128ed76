"""Killed at any moment, resumed, screened in parts: the same bytes as in one go."""

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moldesign.errors import RunFolderError, TableError
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors import bundled
from moldesign.screening import ScreeningSettings, Shard, merge_shards, merging, output, screen
from moldesign.screening.steps import Step
from moldesign.versions import list_versions
from tests.cli.tiny_models import ENDPOINTS, save_predictor

Read = Callable[[str], dict[str, bytes]]
N_KILLS = 10


def run(library: str | Path, profile: Profile, out: str, *, resume: bool = False, **options: object) -> None:
    settings = {"workers": 2, "chunk_size": 5, "top": 40} | options
    screen(library, profile, out=out, settings=ScreeningSettings(**settings), resume=resume)  # type: ignore[arg-type]


@pytest.mark.slow
def test_killed_ten_times_gives_the_same_bytes(library: Path, profile: Profile, read_results: Read) -> None:
    began = time.monotonic()
    run(library, profile, "whole.csv")
    duration = time.monotonic() - began
    dice, context = random.Random(1), multiprocessing.get_context("fork")  # noqa: S311
    n_kills, n_rows_done = 0, []
    while n_kills < N_KILLS:
        process = context.Process(target=run, args=(library, profile, "hits.csv"), kwargs={"resume": True})
        process.start()
        process.join(dice.uniform(0.02, 0.6) * duration)
        if process.is_alive():
            process.kill()
            process.join()
            n_kills += 1
            n_rows_done.append(count_rows(Path("hits.csv.progress")))
        else:  # it was faster than the dice: it must have ended well, and another one is begun
            assert process.exitcode == 0
            assert read_results("hits.csv") == read_results("whole.csv")
    run(library, profile, "hits.csv", resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")
    assert not Path("hits.csv.progress").exists()
    assert sum(0 < n < 700 for n in n_rows_done) >= 3  # kills that fell into the screening, not before or behind it


def test_what_a_killed_process_was_writing_is_removed(
    library: Path, profile: Profile, read_results: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(library, profile, "whole.csv", chunk_size=100)

    def kill(*_: object) -> Iterator[object]:
        os.kill(os.getpid(), signal.SIGTERM)
        yield

    with monkeypatch.context() as patch:
        patch.setattr(output, "describe_rejected", kill)
        process = multiprocessing.get_context("fork").Process(
            target=run, args=(library, profile, "hits.csv"), kwargs={"chunk_size": 100, "workers": 1}
        )
        process.start()
        process.join()
    assert process.exitcode == -signal.SIGTERM
    assert len(list(Path().glob(".hits.csv.*.tmp"))) == 1
    Path(".hits.csv.abcd1234.tmp").write_text("of the hits themselves")
    others = [".hits.csv.tmp", ".other.csv.abcd1234.tmp", ".hits.csv.A-1.tmp", ".hits.csv.notes", "hits.csv.x.tmp"]
    for other in others:
        Path(other).write_text("of somebody else")
    run(library, profile, "hits.csv", chunk_size=100, resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")
    assert sorted(path.name for path in Path().iterdir() if path.name.startswith(".")) == sorted(others[:-1])
    assert Path(others[-1]).exists()


def count_rows(progress: Path) -> int:
    """Return how many rows a killed process has put away."""
    if not (progress / "progress.sqlite").exists():
        return 0
    with closing(sqlite3.connect(progress / "progress.sqlite")) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'chunks'").fetchone()[0]
        query = "SELECT coalesce(sum(n_rows), 0) FROM chunks"
        return int(connection.execute(query).fetchone()[0]) if tables else 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"diverse": True, "top": 8},
        {"per_scaffold": 1, "top": 10},
        {"top": None, "threshold": 0.6},
        {"top": None, "in_input_order": True},
        {"keep_duplicates": True},
        {"top": 3},
    ],
    ids=str,
)
def test_merged_shards_are_the_whole(
    library: Path, profile: Profile, read_results: Read, options: dict[str, object]
) -> None:
    run(library, profile, "hits.csv", chunk_size=50, **options)
    whole = read_results("hits.csv")
    for i in (3, 1, 4, 2):
        run(library, profile, "hits.csv", chunk_size=50, shard=Shard(i, 4), **options)
    assert Path("hits.csv.shard-3-of-4").is_file()
    merge_shards(["hits.csv.shard-*-of-4"], out="merged.csv", workers=1)
    assert read_results("merged.csv") == whole


def test_duplicates_across_shards(read_results: Read) -> None:
    """Of pentanol, written three ways, the first row stays, whichever shard it is in; what is outranked is none."""
    lines = ["CCO", "CCCCCO", "OCCCCC", "CCCO", "CCCCO", "CCCCCCO", "OCCCCC.Cl", "OCC"]
    Path("library.smi").write_text("\n".join(lines))
    profile = parse_goals(["logp max"])
    run("library.smi", profile, "hits.csv", chunk_size=1, top=3)
    rejected = Path("hits.csv.rejected.csv").read_text().splitlines()[1:]
    explained = 'duplicate,"the same molecule as library.smi row 2, which scores no worse"'
    assert rejected == [f"library.smi,{row},,{explained}" for row in (3, 7)]
    for i in (1, 2, 3):
        run("library.smi", profile, "hits.csv", chunk_size=1, top=3, shard=Shard(i, 3))
    merge_shards([f"hits.csv.shard-{i}-of-3" for i in (2, 3, 1)], out="merged.csv", workers=1)
    assert read_results("merged.csv") == read_results("hits.csv")


def test_more_shards_than_chunks(read_results: Read) -> None:
    Path("library.smi").write_text("CCO\nCCC\n")
    profile = parse_goals(["mw min"])
    run("library.smi", profile, "hits.csv")
    for i in (1, 2, 3):
        run("library.smi", profile, "hits.csv", shard=Shard(i, 3))
    merge_shards(["hits.csv.shard-*"], out="merged.csv", workers=1)
    assert read_results("merged.csv") == read_results("hits.csv")


def test_what_cannot_be_merged(library: Path, profile: Profile) -> None:
    for i in (1, 2):
        run(library, profile, "a.csv", shard=Shard(i, 3), chunk_size=200)
    with pytest.raises(RunFolderError, match=r"shard 3/3 is missing \(1 in all\)"):
        merge_shards(["a.csv.shard-*"], out="merged.csv")
    run(library, profile, "b.csv", shard=Shard(3, 3), chunk_size=200, top=7)
    with pytest.raises(RunFolderError, match=r"b\.csv\.shard-3-of-3 belongs to another .*settings differ"):
        merge_shards(["a.csv.shard-*", "b.csv.shard-3-of-3"], out="merged.csv")
    run(library, profile, "b.csv", shard=Shard(2, 3), chunk_size=200)
    with pytest.raises(RunFolderError, match="are shards 2/3 and"):
        merge_shards(["a.csv.shard-*", "b.csv.shard-2-of-3"], out="merged.csv")
    library.write_text(library.read_text().replace("\nm3,", "\nm33,"))
    run(library, profile, "b.csv", shard=Shard(3, 3), chunk_size=200)
    with pytest.raises(RunFolderError, match=r"library\.csv was another file when b\.csv\.shard-3-of-3"):
        merge_shards(["a.csv.shard-*", "b.csv.shard-3-of-3"], out="merged.csv")
    Path("empty.csv").touch()
    for foreign in ("library.csv", "empty.csv"):
        with pytest.raises(RunFolderError, match=f"{foreign} is no shard of a screening; merge what `screen"):
            merge_shards([foreign], out="merged.csv")
    damaged = Path("b.csv.shard-3-of-3")
    damaged.write_bytes(damaged.read_bytes()[:5000])
    with pytest.raises(RunFolderError, match=r"b\.csv\.shard-3-of-3 is damaged .*; screen this shard again"):
        merge_shards([damaged], out="merged.csv")
    with pytest.raises(TableError, match="no file matches"):
        merge_shards(["c.csv.shard-*"], out="merged.csv")


def test_shards_are_not_described_by_other_models_or_versions(
    library: Path, profile: Profile, read_results: Read, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for i in (1, 2):
        run(library, profile, "hits.csv", shard=Shard(i, 2), chunk_size=200)
    with monkeypatch.context() as patch:
        patch.setattr(merging, "list_versions", lambda: list_versions() | {"rdkit": "1999.9"})
        with pytest.raises(RunFolderError, match=r"different here: rdkit \S+ \(here: 1999\.9\); merge them where they"):
            merge_shards(["hits.csv.shard-*"], out="hits.csv", workers=1)
    save_predictor(tmp_path / "other", "admet", ENDPOINTS, ["CCO"])
    with monkeypatch.context() as patch:
        patch.setitem(bundled.list_bundled(), "admet", tmp_path / "other")  # type: ignore[arg-type]
        with pytest.raises(RunFolderError, match=r"different here: the model admet; .* or screen all of them again"):
            merge_shards(["hits.csv.shard-*"], out="hits.csv", workers=1)
    assert not Path("hits.csv").exists()
    merge_shards(["hits.csv.shard-*"], out="hits.csv", workers=1)
    run(library, profile, "whole.csv", chunk_size=200)
    assert read_results("hits.csv") == read_results("whole.csv")


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0"])
def test_shards_that_make_no_sense(text: str) -> None:
    with pytest.raises(RunFolderError, match="is not i/n"):
        Shard.parse(text)


def test_a_merge_leaves_an_interrupted_screening_alone(library: Path, profile: Profile, read_results: Read) -> None:
    run(library, profile, "whole.csv", chunk_size=100)
    for i in (1, 2):
        run(library, profile, "hits.csv", chunk_size=100, shard=Shard(i, 2))
    settings = ScreeningSettings(workers=1, chunk_size=100, top=40)

    def interrupt(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen(library, profile, out="hits.csv", settings=settings, on_progress=interrupt)
    with pytest.raises(
        RunFolderError, match=r"hits\.csv\.progress holds an interrupted screening; go on with moldesign screen --res"
    ):
        merge_shards(["hits.csv.shard-*-of-2"], out="hits.csv")
    assert count_rows(Path("hits.csv.progress")) == 100
    run(library, profile, "hits.csv", chunk_size=100, resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")


def test_a_merge_that_failed_leaves_nothing_and_can_be_repeated(
    library: Path, profile: Profile, read_results: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(library, profile, "whole.csv", chunk_size=100)
    for i in (1, 2):
        run(library, profile, "hits.csv", chunk_size=100, shard=Shard(i, 2))
    before = sorted(Path().iterdir())

    def fail(*_: object) -> None:
        raise OSError("no space left on the device")

    with monkeypatch.context() as patch:
        patch.setattr(output, "write_text_atomically", fail)
        with pytest.raises(RunFolderError, match="no space left on the device; the shards are as they were: merge"):
            merge_shards(["hits.csv.shard-*-of-2"], out="hits.csv", workers=1)
    assert sorted(set(Path().iterdir()) - set(before)) == [Path("hits.csv"), Path("hits.csv.rejected.csv")]
    Path("hits.csv.merging").mkdir()  # as a merge that was killed leaves it
    Path("hits.csv.merging/progress.sqlite").write_text("half a file")
    merge_shards(["hits.csv.shard-*-of-2"], out="hits.csv", workers=1)
    assert read_results("hits.csv") == read_results("whole.csv")
    assert not Path("hits.csv.merging").exists()


def test_steps_of_a_merge_are_told(library: Path, profile: Profile) -> None:
    for i in (1, 2, 3):
        run(library, profile, "hits.csv", chunk_size=50, shard=Shard(i, 3))
    told: list[Step] = []
    result = merge_shards(["hits.csv.shard-*"], out="hits.csv", workers=1, on_progress=told.append)
    ends = {step.name: (step.n_done, step.n_all, step.seconds_left) for step in told}
    n_fallen = sum(result.falls.values())
    assert ends == {
        "joining the rows of the shards": (result.n_rows, result.n_rows, 0),
        "describing and writing the hits": (40, 40, 0),
        "writing the rejected rows": (n_fallen, n_fallen, 0),
    }
    assert [step.share for step in told if step.name.startswith("joining")] == sorted(
        step.share for step in told if step.name.startswith("joining")
    )
