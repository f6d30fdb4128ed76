"""What is kept does not depend on the order in which rows come, and a chunk is kept whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from moldesign.errors import RunFolderError
from moldesign.screening.store import Candidate, Store, number_place, split_place


class Scored(NamedTuple):
    key: int
    score: float
    place: int


def offer(store: Store, rows: Sequence[Scored]) -> None:
    with store.committing():
        store.keep([Candidate(r.place, r.score, r.key, False, "C", "[]", "[]") for r in rows])


def rank(rows: Sequence[Scored]) -> list[Scored]:
    return sorted(rows, key=lambda row: (-row.score, row.place))


def expect(rows: Sequence[Scored], pool: int | None, *, keeps_duplicates: bool = False) -> list[int]:
    best: dict[int, Scored] = {}
    for row in rank(rows):
        best.setdefault(row.place if keeps_duplicates else row.key, row)
    return [row.place for row in rank(list(best.values()))[:pool]]


def expect_duplicates(rows: Sequence[Scored], kept: list[int], pool: int | None) -> dict[int, int]:
    """Return of each row that is better than the last one kept the row that is kept in its stead."""
    ranked = rank(rows)
    end = len(rows) if pool is None or len(kept) < pool else [row.place for row in ranked].index(kept[-1])
    winners = {rows[place].key: place for place in kept}
    return {row.place: winners[row.key] for row in ranked[:end] if row.place not in kept}


@pytest.mark.parametrize("pool", [1, 5, 50, None])
@pytest.mark.parametrize("keeps_duplicates", [True, False])
def test_best_of_each_key_whatever_the_order(tmp_path: Path, pool: int | None, *, keeps_duplicates: bool) -> None:
    rng = np.random.default_rng(0)
    for trial in range(5):
        rows = [Scored(int(rng.integers(-40, 40)), float(rng.integers(0, 12)) / 12, place) for place in range(200)]
        order = rng.permutation(200)
        with Store(tmp_path / f"{trial}.sqlite", pool_size=pool, keeps_duplicates=keeps_duplicates) as store:
            for start in range(0, 200, 15):
                offer(store, [rows[place] for place in order[start : start + 15]])
            assert [hit.place for hit in store.iterate_hits()] == expect(rows, pool, keeps_duplicates=keeps_duplicates)
            kept = expect(rows, pool, keeps_duplicates=keeps_duplicates)
            duplicates = {} if keeps_duplicates else expect_duplicates(rows, kept, pool)
            assert {one.place: winner for one, winner in store.iterate_explained()} == duplicates
            assert store.count_falls() == ({"duplicate": len(duplicates)} if duplicates else {})


def test_the_floor_is_above_what_later_rows_with_the_last_score_have(tmp_path: Path) -> None:
    with Store(tmp_path / "one.sqlite", pool_size=2, keeps_duplicates=False) as store:
        assert store.floor is None
        offer(store, [Scored(1, 0.5, 1), Scored(2, 0.4, 2)])
        assert 0.4 < (store.floor or 0.0) < 0.4001
        assert (store.admits(0.4, 3), store.admits(0.4001, 3)) == (False, True)


def test_half_a_chunk_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    with Store(path, pool_size=2, keeps_duplicates=False) as store:
        offer(store, [Scored(1, 0.5, 1), Scored(2, 0.4, 2)])
        with pytest.raises(KeyboardInterrupt), store.committing():  # noqa: PT012  the block is what is interrupted
            store.note_chunk(0, 10, "x")
            store.keep([Candidate(3, 0.9, 3, False, "C", "[]", "[]")])
            raise KeyboardInterrupt
        offer(store, [Scored(4, 0.45, 4)])
        assert [hit.place for hit in store.iterate_hits()] == [1, 4]
        assert (store.count_rows(), store.find_digest(0)) == (0, None)
    with Store(path, pool_size=2, keeps_duplicates=False) as store:
        offer(store, [Scored(5, 0.47, 5), Scored(6, 0.1, 6)])
        assert [hit.place for hit in store.iterate_hits()] == [1, 5]


def test_two_processes_and_other_files(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    with (
        Store(path, pool_size=1, keeps_duplicates=False) as first,
        first.committing(),
        pytest.raises(RunFolderError, match="another process"),
    ):
        Store(path, pool_size=1, keeps_duplicates=False)
    (tmp_path / "text").write_text("no database" * 1000)
    with pytest.raises(RunFolderError, match="is damaged or no screening"):
        Store(tmp_path / "text", pool_size=1, keeps_duplicates=False)
    with pytest.raises(RunFolderError, match="unable to open"):
        Store(tmp_path / "gone" / "x.sqlite", pool_size=1, keeps_duplicates=False)


def test_places_rise_through_the_library() -> None:
    places = [number_place(file, row) for file in (0, 1, 70_000) for row in (1, 10**9)]
    assert places == sorted(places)
    assert split_place(places[-1]) == (70_000, 10**9)
    assert places[-1] < 2**63
