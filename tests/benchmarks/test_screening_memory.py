"""Peaks are told apart by how many rows were done, and the library holds as many rows as were asked for."""

from pathlib import Path

import pytest

from benchmarks.screening_memory import EARLY, LOOK_EVERY, summarize, watch, write_variants


def test_peaks() -> None:
    trace = [(10_000, 500.0), (EARLY, 600.0), (EARLY + 1, 620.0), (2 * EARLY, 630.0)]
    assert summarize(trace, 2 * EARLY) == {
        "peak_mib_up_to_250000_rows": 600,
        "peak_mib_up_to_500000_rows": 630,
        "ratio": 1.05,
    }
    with pytest.raises(ValueError, match="look more often"):
        summarize(trace[2:], 2 * EARLY)


def test_variants(tmp_path: Path) -> None:
    lines = write_variants(tmp_path / "library.smi", ["CCO", "c1ccccc1"], 5).read_text().splitlines()
    assert lines == ["CCO row0", "c1ccccc1 row1", "CCCO row2", "Cc1ccccc1 row3", "CCCCO row4"]


def test_a_screen_is_looked_at(tmp_path: Path) -> None:
    n = 1_000 * LOOK_EVERY
    library = write_variants(tmp_path / "library.smi", ["CCO", "CCN"], n)
    [(rows, mib)] = watch(library, ["logp max"], 1)
    assert rows == n
    assert mib > 10
