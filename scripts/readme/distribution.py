"""The table of distribution learning: the MOSES metrics of a prior beside published ones."""

from collections.abc import Mapping
from typing import Any

from scripts.readme.text import tabulate

METRICS = {
    "valid": ("valid", 1),
    "unique@10000": ("unique among 10,000", 1),
    "FCD/Test": ("FCD", -1),
    "SNN/Test": ("similarity to the nearest test molecule", 1),
    "Frag/Test": ("fragments", 1),
    "Scaf/Test": ("scaffolds", 1),
    "Scaf/TestSF": ("scaffolds, test set of other scaffolds", 1),
    "IntDiv": ("internal diversity", 1),
    "Filters": ("pass the filters", 1),
    "Novelty": ("novelty", 1),
}
"""What each metric is called, and 1 where more is better, -1 where less is."""
COLUMNS = {"moldesign": "moldesign", "training_molecules": "training molecules", "zinc250k": "ZINC250k molecules"}
PUBLISHED = ("CharRNN", "VAE", "JTN-VAE")


def render_distribution(result: Mapping[str, Any]) -> str:
    """Return a row per metric; a figure of ours that reaches CharRNN's has a tick."""
    figures, extra = result["figures"], result["extra"]
    columns = [name for name in COLUMNS if name in figures]
    header = ["metric", *(COLUMNS[name] for name in columns), *(f"published: {name}" for name in PUBLISHED)]
    rows = []
    for metric, (said, sign) in METRICS.items():
        target = extra["published"]["CharRNN"][metric]
        cells = [show_share(figures[name].get(metric)) for name in columns]
        if is_reached(figures["moldesign"].get(metric), target, sign):
            cells[columns.index("moldesign")] += " ✓"
        label = f"{said} ({'higher' if sign > 0 else 'lower'} is better)"
        rows.append([label, *cells, *(show_share(extra["published"][name][metric]) for name in PUBLISHED)])
    return "\n".join([tabulate(header, rows), *(f"* {note}." for note in describe_distribution(extra)), ""])


def is_reached(value: float | None, target: float, sign: int) -> bool:
    """Return whether a figure, rounded as the published one is, is at or above it.

    >>> is_reached(0.97456, 0.975, 1), is_reached(0.0725, 0.073, -1), is_reached(None, 1.0, 1)
    (True, True, False)
    """
    if value is None:
        return False
    digits = len(str(target).partition(".")[2])
    return sign * (round(value, digits) - target) >= 0


def show_share(value: float | None) -> str:
    """Return a metric with the digits that the published tables have."""
    return "-" if value is None else f"{value:.4f}" if 0.999 < value < 1 else f"{value:.3f}"


def describe_distribution(extra: Mapping[str, Any]) -> list[str]:
    """Return the lines below the table."""
    prior, sampling = extra["prior"], extra["sampling"]
    seen = prior["molecules_seen"] / prior["n_training_molecules"]
    minutes = "" if prior["training_seconds"] is None else f", {prior['training_seconds'] / 60:.0f} minutes"
    return [
        "✓: at or above CharRNN, the best of the published models by FCD. The training molecules show what a model "
        "could reach that had learned everything; their own novelty is 0",
        f"The prior has learned from {prior['source']}: {seen:.1f} passes over {prior['n_training_molecules']:,} "
        f"molecules{minutes}; it writes at temperature {extra['temperature']:g}",
        f"{sampling['molecules']:,} molecules took {sampling['seconds']:.0f} s; "
        f"{sampling['valid_unique_novel']:.1%} of them are valid, unlike each other, and not among those learned from",
        f"`molsets` {extra['moses_versions']['molsets']} computed every figure that is not published",
        f"Published: {extra['published_source']}; CharRNN, three LSTM layers of 768, learns for 80 passes there",
    ]
