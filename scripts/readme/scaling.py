"""Tables of docs/scaling.md: what libraries of billions take, computed from what was measured on a small machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.readme.text import show, tabulate

Result = Mapping[str, Any]
Results = Mapping[str, Result]
"""The results that the tables are computed from, by name."""

SOURCES = ("screening_costs", "screening_ray", "screening_speed")
SIZES = {"10^9": 10**9, "10^10": 10**10}
"""Libraries, by how their number of rows is written."""
CORES = (64, 256, 1024)
CORE_HOUR, GB_MONTH = 0.04, 0.023
"""US dollars: assumptions, and no quotes, of what a core costs for an hour, and storing a gigabyte for a month."""


UNMEASURED = "Not measured yet: run `python -m benchmarks.screening_costs`, then `python -m scripts.render_scaling`.\n"


@dataclass(frozen=True)
class Costs:
    """What a row takes besides its chemistry, by what is measured."""

    read: float
    """Rows a second that one process reads"""
    feed: float
    """Rows a second that one process reads and puts away"""
    merge: float
    """Rows a second that are merged"""
    library_bytes: float
    """Of a row, compressed"""
    shard_bytes: float
    """Of a row, rejected ones and others together"""

    @classmethod
    def from_results(cls, results: Results) -> "Costs | None":
        """Read them from the results; None where they were not measured yet."""
        if "screening_costs" not in results:
            return None
        figures, extra = results["screening_costs"]["figures"], results["screening_costs"]["extra"]
        read, put_away = figures["read_rows_per_cpu_s"], figures["put_away_rows_per_cpu_s"]
        return cls(
            read,
            1 / (1 / read + 1 / put_away),
            figures["merged_rows_per_cpu_s"],
            figures["library_gz_bytes_per_row"],
            figures["shard_bytes_per_rejected_row"] * extra["share_rejected"],
        )


def list_rates(results: Results) -> dict[str, float]:
    """Return how many rows a second `moldesign screen` does on a core, by profile."""
    speed = results["screening_speed"]
    return {
        name.partition(", ")[2]: rate["molecules_per_s"] / speed["extra"]["cores"]
        for name, rate in speed["figures"]["rates"].items()
        if name.startswith("moldesign screen")
    }


def render_rates(results: Results) -> str:
    """Return what was measured, and where it stands; lines of what was not measured yet are left out."""
    here, ray, speed = SOURCES
    rows = [
        [f"screened: {name}", f"{show(round(rate))} rows/s a core", speed] for name, rate in list_rates(results).items()
    ]
    memory = max(mib for peaks in results[speed]["figures"]["memory_mib"].values() for mib in peaks.values())
    rows.append(["memory of a screen with two workers", f"{show(memory)} MiB", speed])
    if ray in results:
        rows.append(["two Ray workers against one", f"{show(results[ray]['figures']['ratio'])} times", ray])
    if costs := Costs.from_results(results):
        rejected = f"{results[here]['extra']['share_rejected']:.0%}"
        rows += [
            ["read and hashed", f"{show(round(costs.read))} rows a core-second", here],
            ["read, hashed and put away", f"{show(round(costs.feed))} rows a core-second", here],
            ["merged", f"{show(round(costs.merge))} rows a core-second", here],
            ["library, SMILES and name, .gz", f"{show(costs.library_bytes)} bytes a row", here],
            [f"shards, {rejected} of the rows rejected", f"{show(costs.shard_bytes)} bytes a row", here],
        ]
    return tabulate(("what", "measured", "benchmarks/results"), rows)


def render_plan(results: Results) -> str:
    """Return hours and money for each library and profile."""
    costs = Costs.from_results(results)
    rows = [
        [
            size,
            name,
            show(round(n / rate / 3600)),
            *(format_hours(estimate_hours(n, rate, cores, costs)) for cores in CORES),
            f"${show(round(n / rate / 3600 * CORE_HOUR))}",
        ]
        for size, n in SIZES.items()
        for name, rate in list_rates(results).items()
    ]
    hours = (f"hours on {cores:,} cores" for cores in CORES)
    table = tabulate(("rows", "profile", "core-hours", *hours, "cores cost"), rows)
    return table if costs else f"{table}\nWithout the time to read the library. {UNMEASURED}"


def render_storage(results: Results) -> str:
    """Return what each library takes on a disk, and how long it is read and merged."""
    costs = Costs.from_results(results)
    if costs is None:
        return UNMEASURED
    rows = [
        [
            size,
            format_bytes(n * costs.library_bytes),
            format_bytes(n * costs.shard_bytes),
            f"${show(round(n * (costs.library_bytes + costs.shard_bytes) / 1e9 * GB_MONTH))}",
            format_hours(n / costs.read / 3600),
            format_hours(n / costs.merge / 3600),
        ]
        for size, n in SIZES.items()
    ]
    header = ("rows", "library, .gz", "all shards", "a month of both costs", "hours to read", "hours to merge")
    return tabulate(header, rows)


def render_limits(results: Results) -> str:
    """Return how many cores can be used at the most, by profile."""
    costs = Costs.from_results(results)
    if costs is None:
        return UNMEASURED
    rows = [
        [name, show(round(costs.feed / rate)), show(round(costs.read / rate))]
        for name, rate in list_rates(results).items()
    ]
    return tabulate(("profile", "cores that one Ray driver can feed", "cores that shards can use together"), rows)


def estimate_hours(n: int, rate: float, cores: int, costs: Costs | None) -> float:
    """Return the hours of n rows in shards: those of the work, or of reading the library, which each shard does."""
    return max(n / rate / cores, n / costs.read if costs else 0.0) / 3600


def format_hours(hours: float) -> str:
    """Return hours, with one digit after the point where there are few."""
    return f"{hours:,.1f}" if hours < 100 else f"{hours:,.0f}"


def format_bytes(n: float) -> str:
    """Return a number of bytes in GB or TB.

    >>> format_bytes(3.4e10), format_bytes(2.55e12)
    ('34 GB', '2.5 TB')
    """
    return f"{n / 1e9:,.0f} GB" if n < 1e12 else f"{n / 1e12:,.1f} TB"


RENDERERS = {"rates": render_rates, "plan": render_plan, "storage": render_storage, "limits": render_limits}
