"""What an interrupted screening tells of itself: what a finished one over the same rows would say."""

import json
from pathlib import Path

import pandas as pd
import pytest

from moldesign.errors import RunFolderError
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.screening import ScreeningSettings, screen
from moldesign.screening.progress import ScreeningFiles, ScreeningProgress
from moldesign.screening.settings import Shard
from moldesign.screening.store import STORE_FILE, Store
from moldesign.screening.unfinished import is_unfinished, read_unfinished

N_DONE = 200


def stop(library: Path, profile: Profile, **options: object) -> ScreeningFiles:
    """Screen until two chunks are done, and stop as Ctrl-C does."""

    def interrupt(progress: ScreeningProgress) -> None:
        if progress.n_rows == N_DONE:
            raise KeyboardInterrupt

    settings = ScreeningSettings(**({"workers": 1, "chunk_size": 100, "top": 30} | options))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        screen(library, profile, out="hits.csv", settings=settings, on_progress=interrupt)
    return ScreeningFiles(Path("hits.csv"), settings.shard)


def cut(library: Path, n_rows: int) -> Path:
    """Write the first rows of a library as one of their own, of the same name, in another folder."""
    Path("part").mkdir()
    part = Path("part") / library.name
    part.write_text("\n".join(library.read_text().splitlines()[: n_rows + 1]) + "\n")
    return part


@pytest.mark.parametrize("options", [{}, {"diverse": True}, {"top": None, "threshold": 0.3}])
def test_the_state_is_the_result_over_the_rows_that_are_done(
    library: Path, profile: Profile, options: dict[str, object]
) -> None:
    found = read_unfinished(stop(library, profile, **options), max_hits=1000, max_rejected=1000)
    settings = ScreeningSettings(**({"workers": 1, "chunk_size": 100, "top": 30} | options))  # type: ignore[arg-type]
    part = cut(library, N_DONE)
    screen(part, profile, out="part.csv", settings=settings)
    expected = pd.read_csv("part.csv").drop(columns="file")
    Path("state.csv").write_text(found.hits.drop(columns="file").to_csv(index=False))
    pd.testing.assert_frame_equal(pd.read_csv("state.csv"), expected, rtol=1e-4)
    manifest = json.loads(Path("part.csv.manifest.json").read_text())
    assert found.manifest["counts"] == manifest["counts"]
    assert found.manifest["settings"] == manifest["settings"]
    assert [(row["row"], row["filter"]) for row in found.rejected] == [
        (row.row, row.filter) for row in pd.read_csv("part.csv.rejected.csv").itertuples()
    ]
    assert found.share is not None
    assert 0 < found.share <= 1
    assert not found.is_read


def test_looking_changes_nothing(library: Path, profile: Profile) -> None:
    files = stop(library, profile)
    found = read_unfinished(files, max_hits=3, max_rejected=2)
    assert (len(found.hits), len(found.rejected)) == (3, 2)
    assert found.manifest["counts"]["hits"] == 30
    settings = ScreeningSettings(workers=1, chunk_size=100, top=30)
    screen(library, profile, out="hits.csv", settings=settings, resume=True)
    screen(library, profile, out="whole.csv", settings=settings)
    assert Path("hits.csv").read_bytes() == Path("whole.csv").read_bytes()
    assert not is_unfinished(files)


def test_a_shard_is_told_as_one(library: Path, profile: Profile) -> None:
    files = stop(library, profile, shard=Shard(2, 2))
    assert files.progress.name == "hits.csv.shard-2-of-2.progress"
    found = read_unfinished(files, max_hits=10, max_rejected=10)
    assert found.manifest["counts"]["rows"] == N_DONE
    assert all(row % 200 in {0, *range(101, 200)} for row in found.hits["row"])


def test_of_several_files_the_columns_are_known(library: Path, profile: Profile) -> None:
    Path("a.smi").write_text("CCOCCCc1ccccc1 first\n")
    Path("empty.csv").write_text("smiles,other\n")
    files = stop_after_files([Path("a.smi"), Path("empty.csv"), library], profile)
    found = read_unfinished(files, max_hits=50, max_rejected=10)
    assert [Path(one["path"]).name for one in found.manifest["inputs"]] == ["a.smi", "empty.csv", "library.csv"]
    assert {"id", "other"} <= set(found.hits.columns)


def stop_after_files(libraries: list[Path], profile: Profile) -> ScreeningFiles:
    def interrupt(progress: ScreeningProgress) -> None:
        if progress.n_rows == 101:
            raise KeyboardInterrupt

    settings = ScreeningSettings(workers=1, chunk_size=100, top=30)
    with pytest.raises(KeyboardInterrupt):
        screen(list(libraries), profile, out="hits.csv", settings=settings, on_progress=interrupt)
    return ScreeningFiles(Path("hits.csv"))


def test_what_has_not_begun_or_is_going_on_is_said(library: Path, profile: Profile) -> None:
    files = stop(library, profile)
    with (
        Store(files.progress / STORE_FILE, pool_size=None, keeps_duplicates=False),
        pytest.raises(RunFolderError, match="another process is screening into it"),
    ):
        read_unfinished(files, max_hits=1, max_rejected=1)
    other = ScreeningFiles(Path("other.csv"))
    other.progress.mkdir()
    Store(other.progress / STORE_FILE, pool_size=None, keeps_duplicates=False).close()
    with pytest.raises(RunFolderError, match="holds nothing to report yet"):
        read_unfinished(other, max_hits=1, max_rejected=1)


def test_a_screening_whose_hits_are_none(library: Path) -> None:
    impossible = parse_goals(["logp min"]).with_constraints(must=("mw >= 9000",))
    found = read_unfinished(stop(library, impossible), max_hits=5, max_rejected=5)
    assert len(found.hits) == 0
    assert found.manifest["counts"]["hits"] == 0
