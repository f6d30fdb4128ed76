"""Small benchmark tasks whose answer stands in the SMILES: the length of a chain, or whether it ends in an acid."""

from typing import Literal

import numpy as np

from scripts.teacher.tasks import BenchmarkTask, Rows

RINGS = ("c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CC1", "c1ccsc1", "C1CCOCC1")


def make_rows(n_rows: int, kind: Literal["regression", "classification"], first: int = 0) -> Rows:
    smiles = [
        ("OC(=O)" if i % 2 else "C") + "C" * (1 + i % 9) + RINGS[i % len(RINGS)] for i in range(first, first + n_rows)
    ]
    labels = [float(i % 2) if kind == "classification" else float(1 + i % 9) for i in range(first, first + n_rows)]
    return Rows(smiles, np.array(labels)[:, None], [f"key {text}" for text in smiles], smiles)


def make_task(
    kind: Literal["regression", "classification"] = "regression",
    *,
    name: str = "toy",
    n_train: int = 60,
    n_test: int = 20,
) -> BenchmarkTask:
    metric = "MAE" if kind == "regression" else "AUROC"
    train, test = make_rows(n_train, kind), make_rows(n_test, kind, first=n_train)
    return BenchmarkTask(name, kind, metric, (name,), train, test)


def double_targets(task: BenchmarkTask) -> BenchmarkTask:
    """The same task with its labels a second time, of which every other pair of rows was not measured."""

    def double(rows: Rows) -> Rows:
        second = rows.labels.copy()
        second[np.arange(len(second)) % 4 < 2] = np.nan
        return rows._replace(labels=np.column_stack([rows.labels, second]))

    return task._replace(train=double(task.train), test=double(task.test), targets=(task.name, "half"))
