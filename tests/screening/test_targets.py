"""What cannot be written, or would destroy something, is refused before a row is read."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from moldesign.errors import MoldesignError, RunFolderError, TableError
from moldesign.objectives.profile import parse_goals
from moldesign.screening import ScreeningSettings, Shard, merge_shards, screen


def run(library: str, out: str, **options: object) -> None:
    settings = ScreeningSettings(workers=1, shard=options.pop("shard", Shard(1, 1)))  # type: ignore[arg-type]
    screen(library, parse_goals(["mw min"]), out=out, settings=settings, **options)  # type: ignore[arg-type]


@pytest.fixture
def files() -> Callable[[], dict[str, str]]:
    """A function that returns every file that is there; among them three of a library."""
    Path("h.csv.progress").mkdir()
    for name in ("library.csv", "h.csv.rejected.csv", "h.csv.progress/part.csv"):
        Path(name).write_text("smiles\nCCO\n")
    return lambda: {str(path): path.read_text() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("library", "out", "options", "message"),
    [
        ("h.csv.rejected.csv", "h.csv", {}, "h.csv.rejected.csv is read by this command, and would be overwritten"),
        ("h.csv.rejected.csv", "h.csv", {"shard": Shard(1, 2)}, "would be overwritten; choose another --out"),
        ("h.csv.progress/part.csv", "h.csv", {"resume": True}, "would be deleted with h.csv.progress; choose another"),
        ("library.csv", "x.csv", {"sdf": "library.csv"}, "would be overwritten; choose another --sdf"),
        ("library.csv", "x.csv", {"sdf": "../{here}/x.csv"}, "would be written twice, by --out and by --sdf"),
        ("library.csv", "x.csv", {"sdf": "x.csv.rejected.csv"}, "would be written twice, by --sdf and by --out"),
        ("library.csv", "x.csv", {"sdf": "gone/y.sdf"}, "no folder gone; create it, or choose another --sdf"),
        ("library.csv", "folder.csv", {}, "folder.csv is a folder, and is needed as a file; choose another --out"),
        ("library.csv", "y.csv", {}, "y.csv.manifest.json is a folder"),
    ],
)
def test_a_screening_refuses(
    files: Callable[[], dict[str, str]], library: str, out: str, options: dict[str, object], message: str
) -> None:
    Path("folder.csv").mkdir()
    Path("y.csv.manifest.json").mkdir()
    if "sdf" in options:
        options = {"sdf": str(options["sdf"]).format(here=Path.cwd().name)}
    before = files()
    with pytest.raises(MoldesignError, match=message):
        run(library, out, **options)
    assert files() == before


def test_a_link_to_the_library_is_the_library(files: Callable[[], dict[str, str]]) -> None:
    Path("link.csv").symlink_to("h.csv.rejected.csv")
    with pytest.raises(TableError, match="would be overwritten"):
        run("link.csv", "h.csv")


def test_a_folder_without_rights_is_refused(
    files: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunFolderError, match=r"x\.csv cannot be written: the folder \. is read-only"):
        run("library.csv", "x.csv")


def test_a_merge_refuses(files: Callable[[], dict[str, str]]) -> None:
    shutil.rmtree("h.csv.progress")
    for i in (1, 2):
        run("h.csv.rejected.csv", "x.csv", shard=Shard(i, 2))
    shards = ["x.csv.shard-1-of-2", "x.csv.shard-2-of-2"]
    Path(shards[0]).rename("1.csv")
    shards[0] = "1.csv"
    for options, message in [
        ({"out": "h.csv"}, "h.csv.rejected.csv is read by this command"),
        ({"out": "1.csv"}, "1.csv is read by this command"),
        ({"out": "x.csv", "sdf": "gone/y.sdf"}, "no folder gone"),
        ({"out": "x.csv", "sdf": "x.csv"}, "would be written twice"),
    ]:
        with pytest.raises(MoldesignError, match=message):
            merge_shards(shards, workers=1, **options)  # type: ignore[arg-type]
    assert Path("h.csv.rejected.csv").read_text() == "smiles\nCCO\n"
    assert not list(Path().glob("x.csv*.csv"))
