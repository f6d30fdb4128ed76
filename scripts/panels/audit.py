"""What is in the labels of a panel, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from scripts.panels.panel import find_panel, read_panel
from scripts.panels.records import EndpointRecord, Task
from scripts.panels.splitting import key_rows


class Findings(NamedTuple):
    """Of one endpoint; molecules are counted by the key of their standardised parent."""

    n_rows: int
    n_unreadable: int
    n_molecules: int
    n_repeated: int
    """Molecules with several rows."""
    n_contradicting: int
    """Of these, those with both classes, or with values further apart than one standard deviation of all labels."""
    n_in_both: int
    """Molecules in both parts of the source's own split."""


def examine(record: EndpointRecord, published: Task, cache: Path | None = None) -> Findings:
    """Return what is odd in the labels as they were published."""
    parts = [key_rows(part, cache) for part in published if len(part)]
    rows = pd.concat(parts)
    learned = np.log10(rows["label"].clip(lower=1e-3)) if record.log_scale else rows["label"]
    labels = learned.groupby(rows["key"])
    spread = labels.max() - labels.min()
    limit = learned.std() if record.kind == "regression" else 0.0
    n_rows = len(published.train) + len(published.test)
    return Findings(
        n_rows=n_rows,
        n_unreadable=n_rows - len(rows),
        n_molecules=len(spread),
        n_repeated=int((labels.size() > 1).sum()),
        n_contradicting=int((spread > limit).sum()),
        n_in_both=len(set.intersection(*(set(part["key"]) for part in parts))) if len(parts) > 1 else 0,
    )


def tabulate(panel: str, data: Path | None, cache: Path | None = None) -> pd.DataFrame:
    """Return a row per endpoint: what is trained on and tested, what was published, and what is wrong with it."""
    records, tasks = find_panel(panel), read_panel(panel, data, cache)
    rows = {name: _describe(record, tasks[name], data, cache) for name, record in records.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("endpoint")


def count_forbidden(tasks: Mapping[str, Task], cache: Path | None = None) -> pd.Series:
    """Return per endpoint how many of its training rows are a molecule of any endpoint's test rows."""
    forbidden = {key for task in tasks.values() for key in key_rows(task.test, cache)["key"]}
    counts = {name: int(key_rows(task.train, cache)["key"].isin(forbidden).sum()) for name, task in tasks.items()}
    return pd.Series(counts, name="train rows in a test")


def _describe(record: EndpointRecord, task: Task, data: Path | None, cache: Path | None) -> dict[str, object]:
    positives = task.measured["label"].sum()
    return {
        "kind": record.kind,
        "unit": record.unit,
        "n train": len(task.train),
        "n test": len(task.test),
        "positives": f"{positives:.0f}" if record.kind == "classification" else "-",
        **{
            name.removeprefix("n_"): value
            for name, value in examine(record, record.read(data), cache)._asdict().items()
        },
        "source": record.source.text,
    }
