"""The figures of docs/scaling.md are those of benchmarks/results, and follow from them by the formulas it states."""

import re
from typing import Any

import pytest

from scripts import render_scaling
from scripts.readme.scaling import (
    UNMEASURED,
    Costs,
    estimate_hours,
    render_limits,
    render_plan,
    render_rates,
    render_storage,
)

RESULTS: dict[str, dict[str, Any]] = {
    "screening_speed": {
        "figures": {
            "rates": {
                "rdkit_parse": {"molecules_per_s": 15_000},
                "moldesign screen, one endpoint": {"molecules_per_s": 2_000},
                "moldesign screen, all endpoints": {"molecules_per_s": 1_000},
            },
            "memory_mib": {"one endpoint": {"5000_rows": 700, "30000_rows": 800}},
        },
        "extra": {"cores": 2},
    },
    "screening_ray": {"figures": {"ratio": 1.9}},
    "screening_costs": {
        "figures": {
            "read_rows_per_cpu_s": 200_000,
            "put_away_rows_per_cpu_s": 50_000,
            "merged_rows_per_cpu_s": 100_000,
            "library_gz_bytes_per_row": 20.0,
            "shard_bytes_per_rejected_row": 100.0,
        },
        "extra": {"share_rejected": 0.4},
    },
}
SPEED_ALONE = {"screening_speed": RESULTS["screening_speed"]}


def read_rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_tables_are_fresh() -> None:
    assert render_scaling.main(["--check"]) == 0, "run: python -m scripts.render_scaling"


def test_every_table_has_its_place() -> None:
    page = render_scaling.PAGE.read_text(encoding="utf-8")
    assert sorted(re.findall(r"<!-- table:(\w+) -->", page)) == sorted(render_scaling.RENDERERS)


def test_hours_and_money() -> None:
    rows = {(row[0], row[1]): row[2:] for row in read_rows(render_plan(RESULTS))}
    # 10^9 / 1,000 a second = 278 core-hours; 64 cores need 4.3 hours; 1,024 would need 0.3, but reading takes 1.4.
    assert rows["10^9", "one endpoint"] == ["278", "4.3", "1.4", "1.4", "$11"]
    assert rows["10^10", "all endpoints"] == ["5,556", "86.8", "21.7", "13.9", "$222"]


def test_reading_is_the_least_that_shards_take() -> None:
    costs = Costs.from_results(RESULTS)
    assert estimate_hours(7_200_000, 1_000, 1, costs) == 2.0
    assert estimate_hours(7_200_000, 1_000, 10**6, costs) == pytest.approx(0.01)


def test_what_was_not_measured_is_said() -> None:
    assert render_storage(SPEED_ALONE) == render_limits(SPEED_ALONE) == UNMEASURED
    assert "| 10^9 | one endpoint | 278 | 4.3 | 1.1 | 0.3 | $11 |\n" in render_plan(SPEED_ALONE)
    assert render_plan(SPEED_ALONE).endswith(UNMEASURED)
    assert {row[2] for row in read_rows(render_rates(SPEED_ALONE))} == {"screening_speed"}


def test_storage_and_merging() -> None:
    first, second = read_rows(render_storage(RESULTS))
    assert first == ["10^9", "20 GB", "40 GB", "$1", "1.4", "2.8"]
    assert second == ["10^10", "200 GB", "400 GB", "$14", "13.9", "27.8"]


def test_cores_that_can_be_fed() -> None:
    rows = {row[0]: row[1:] for row in read_rows(render_limits(RESULTS))}
    assert rows == {"all endpoints": ["80", "400"], "one endpoint": ["40", "200"]}


def test_every_figure_names_its_file() -> None:
    rows = read_rows(render_rates(RESULTS))
    assert ["screened: one endpoint", "1,000 rows/s a core", "screening_speed"] in rows
    assert ["two Ray workers against one", "1.9 times", "screening_ray"] in rows
    assert ["shards, 40% of the rows rejected", "40 bytes a row", "screening_costs"] in rows
    assert ["memory of a screen with two workers", "800 MiB", "screening_speed"] in rows
