"""What a row costs is what a long library takes longer than a short one, in the middle of the turns."""

from pathlib import Path

import pytest

from benchmarks.screening_costs import (
    LONG,
    REJECTED,
    SHORT,
    Costs,
    Instant,
    list_profiles,
    make_figures,
    rate_profile,
    screen_shard,
    write_packed,
)
from moldesign.screening import Shard
from moldesign.screening.executor import Screened, Task

N = LONG - SHORT


def test_start_up_and_odd_turns_are_left_out() -> None:
    short = Costs(reading=1.0, screening=10.0, merging=5.0, shard_bytes=1_000)
    usual = Costs(reading=1.0 + N / 1e5, screening=10.0 + 2 * N / 1e5 + N / 1e4, merging=5 + N / 2e4, shard_bytes=1_000)
    usual = usual._replace(shard_bytes=1_000 + round(N * REJECTED * 50))
    slow = usual._replace(reading=99.0, screening=999.0, merging=99.0)
    assert make_figures([(short, usual), (short, slow), (short, usual)]) == {
        "read_rows_per_cpu_s": 100_000,
        "put_away_rows_per_cpu_s": 10_000,
        "merged_rows_per_cpu_s": 20_000,
        "shard_bytes_per_rejected_row": 50.0,
    }


def test_every_row_has_an_outcome() -> None:
    first, second = Instant().map(iter([Task("one", ["C"] * 10), Task("two", ["C"] * 5)]))
    assert isinstance(first, Screened)
    assert isinstance(second, Screened)
    assert sorted([*first.falls, *first.rows]) == list(range(10))
    assert not set(first.keys) & set(second.keys)


def test_a_shard_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    library = write_packed(tmp_path / "library.smi.gz", ["CCO", "CCC"], 2_500)
    screen_shard(library, tmp_path / "hits.csv", Shard(1, 2))
    assert (tmp_path / "hits.csv.shard-1-of-2").is_file()


def test_a_dearer_profile_is_slower() -> None:
    profiles = list_profiles()
    smiles = ["CC(=O)Nc1ccc(O)cc1"] * 50
    one, everything = (rate_profile(profiles[name], smiles) for name in list(profiles)[1:])
    assert one > everything > 0
