"""Means over the targets, and how often ours is at least as good as the baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.enrichment.cells import BASELINES, BEST, Cell
from benchmarks.enrichment.resampling import FRACTIONS, METRICS, Interval, bound
from moldesign.metrics import count_taken

N_RESAMPLES = 10_000


def average(cells: Mapping[str, Cell], methods: Sequence[str], seed: int) -> dict[str, dict[str, Interval]]:
    """Return the mean of every figure of every method over the targets, with the interval of resampled targets."""
    n = len(cells)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES) / n
    means: dict[str, dict[str, Interval]] = {}
    for method in methods:
        means[method] = {}
        for metric in METRICS:
            values = np.array([cell["figures"][method][metric][0] for cell in cells.values()])
            means[method][metric] = bound(float(values.mean()), drawn @ values)
    return means


def count_wins(cells: Mapping[str, Cell]) -> dict[str, dict[str, dict[str, int]]]:
    """Return, by rival and metric, on how many targets ours is at least as good, surely better and surely worse.

    "Surely" is: the 95 % interval of the paired gain lies on one side of 0.
    """
    rivals = list(dict.fromkeys(rival for cell in cells.values() for rival in cell["gains"]))
    wins: dict[str, dict[str, dict[str, int]]] = {}
    for rival in rivals:
        wins[rival] = {}
        for metric in METRICS:
            gains = np.array([cell["gains"][rival][metric] for cell in cells.values()])
            wins[rival][metric] = {
                "n": len(gains),
                "at_least_as_good": int((gains[:, 0] >= 0).sum()),
                "surely_better": int((gains[:, 1] > 0).sum()),
                "surely_worse": int((gains[:, 2] < 0).sum()),
            }
    return wins


def count_ceilings(cells: Mapping[str, Cell], ours: str) -> int:
    """Return on how many targets the EF 1 % of ours and of a baseline is the highest that there can be: a sure tie."""
    n_tied = 0
    for cell in cells.values():
        n_active, n_decoys = cell["counts"]["test_actives"], cell["counts"]["test_decoys"]
        n = n_active + n_decoys
        n_taken = count_taken(n, FRACTIONS["EF 1 %"])
        highest = min(n_taken, n_active) / n_taken * n / n_active
        reached = [cell["figures"][method]["EF 1 %"][0] >= highest * 0.9999 for method in (ours, *BASELINES)]
        n_tied += reached[0] and any(reached[1:])
    return n_tied


def reach_aims(means: Mapping[str, Mapping[str, Interval]], wins: Mapping[str, Any], ours: str) -> dict[str, bool]:
    """Return whether the two aims are reached, both judged by the EF 1 %.

    The best baseline of the first is the one with the highest mean, and, stricter, that which is best on each target.
    """
    rivals = [method for method in means if method in wins]
    strongest = max(rivals, key=lambda method: means[method]["EF 1 %"].value)

    def holds(rival: str) -> bool:
        won = wins[rival]["EF 1 %"]
        return bool(3 * won["at_least_as_good"] >= 2 * won["n"])

    return {
        f"as good as {strongest}, the best baseline on average, on two thirds of the targets": holds(strongest),
        "as good as the best baseline of each target on two thirds of the targets": holds(BEST),
        "mean EF 1 % above all baselines": all(
            means[ours]["EF 1 %"].value > means[method]["EF 1 %"].value for method in rivals
        ),
    }


def summarize(cells: Mapping[str, Cell], methods: Sequence[str], seed: int, ours: str) -> dict[str, Any]:
    """Return everything that the table says of all targets together, and the means of each set."""
    sets = sorted({name.split("/")[0] for name in cells})
    of_set = {short: {name: cell for name, cell in cells.items() if name.startswith(f"{short}/")} for short in sets}
    means, wins = average(cells, methods, seed), count_wins(cells)
    return {
        "means": means,
        "means_by_set": {short: average(own, methods, seed) for short, own in of_set.items()},
        "targets_by_set": {short: len(own) for short, own in of_set.items()},
        "wins": wins,
        "at_ceiling": count_ceilings(cells, ours) if wins else None,
        "aims": reach_aims(means, wins, ours) if wins else {},
    }
