"""Hits as a table in memory: the same as in the file, with and without one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import moldesign as md
from moldesign.errors import ProfileError, TableError
from moldesign.screening import ScreeningSettings, Shard

SETTINGS = ScreeningSettings(workers=1)


def test_the_table_is_what_the_file_holds(library: Path, profile: md.Profile) -> None:
    hits = md.screen(library, profile, top=4, settings=SETTINGS)
    written = md.screen(library, profile, top=4, out="hits.csv", settings=SETTINGS)
    pd.testing.assert_frame_equal(hits, written)
    pd.testing.assert_frame_equal(pd.read_csv("hits.csv").fillna({"scaffold": ""}), hits, check_dtype=False)
    assert (len(hits), hits["rank"].tolist(), hits["score"].is_monotonic_decreasing) == (4, [1, 2, 3, 4], True)
    assert sorted(path.name for path in Path().iterdir()) == [
        "hits.csv",
        "hits.csv.manifest.json",
        "hits.csv.rejected.csv",
        "library.csv",
    ]


def test_a_library_without_hits_gives_a_table_without_rows(library: Path) -> None:
    profile = md.parse_goals(["qed max"]).with_constraints(must=("mw >= 5000",))
    hits = md.screen(library, profile, settings=SETTINGS)
    assert (len(hits), "qed" in hits.columns) == (0, True)


def test_a_shard_has_no_table(library: Path, profile: md.Profile) -> None:
    with pytest.raises(ValueError, match="merge_shards"):
        md.screen(library, profile, settings=ScreeningSettings(shard=Shard(1, 2)))


def test_numbers_of_numpy_are_numbers(library: Path, profile: md.Profile) -> None:
    assert len(md.screen(library, profile, top=np.int64(2), settings=SETTINGS)) == 2


@pytest.mark.parametrize("top", [1.5, "3"])
def test_what_is_no_number_is_refused_at_once(library: Path, profile: md.Profile, top: object) -> None:
    with pytest.raises(ValueError, match="top must be a whole number, not"):
        md.screen(library, profile, top=top, out="hits.csv", settings=SETTINGS)
    assert [path.name for path in Path().iterdir()] == ["library.csv"]


@pytest.mark.parametrize("given", ["profile.toml", ["qed max"]])
def test_what_is_no_profile_is_named(library: Path, given: object) -> None:
    with pytest.raises(ProfileError, match=r"a (str|list) is no profile; make one, such as parse_goals"):
        md.screen(library, given)


def test_a_list_without_molecules_is_refused() -> None:
    with pytest.raises(TableError, match="there are no molecules; expected at least one"):
        md.screen([], md.parse_goals(["qed max"]))
