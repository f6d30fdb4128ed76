"""What an interrupted screening has found so far, read without going on with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from moldesign.errors import RunFolderError
from moldesign.screening.columns import Layout
from moldesign.screening.executor import Outcome, Task
from moldesign.screening.output import ScreeningResult, describe_rejected, format_manifest, make_frames
from moldesign.screening.progress import IS_READ, PLAN, SHARE, ScreeningFiles
from moldesign.screening.screener import Screener
from moldesign.screening.selection import select_hits
from moldesign.screening.settings import ScreeningSettings
from moldesign.screening.store import STORE_FILE, Store


@dataclass(frozen=True)
class UnfinishedScreening:
    """The state of a screening."""

    hits: pd.DataFrame
    """The best so far, as a finished one would write them"""
    smiles_column: str
    manifest: dict[str, Any]
    """As a finished one has it; of a file that is not read to its end, rows, bytes and hash are empty"""
    rejected: list[dict[str, Any]]
    """The first rows that fell"""
    share: float | None
    """Of the library that is read, 0 to 1; None where its size is unknown"""
    is_read: bool
    """Whether all rows are done, and only the results are not written"""


def is_unfinished(files: ScreeningFiles) -> bool:
    """Return whether there is a screening that can be gone on with."""
    return (files.progress / STORE_FILE).is_file()


def read_unfinished(files: ScreeningFiles, *, max_hits: int, max_rejected: int) -> UnfinishedScreening:
    """Read what an interrupted screening has found; it can be gone on with as before.

    Args:
        files: of the screening, or of the shard.
        max_hits: read, and described by the models.
        max_rejected: rows that fell, read.

    Raises:
        RunFolderError: nothing is done yet, another process is at it, or the file is damaged.
        MoldesignError: the hits cannot be described, because a model has moved.
    """
    path = files.progress / STORE_FILE
    with Store(path, pool_size=None, keeps_duplicates=True) as store:
        known = store.recall(PLAN)
        if known is None or not store.count_rows() or not store.count_files():
            raise RunFolderError(
                f"{files.progress} holds nothing to report yet; go on with moldesign screen --resume, which makes the "
                "report at its end"
            )
    plan, settings = known["plan"], ScreeningSettings.of(known["plan"]["settings"])
    screener = Screener(plan["profile"], settings.threshold)
    with Store(path, pool_size=settings.pool_size, keeps_duplicates=settings.keep_duplicates) as store:
        layout = Layout(store.recall_files(), screener.profile.terms, is_ranked=not settings.in_input_order)
        hits = select_hits(store, settings)
        best = list(islice(hits, max_hits))
        n_hits = len(best) + sum(1 for _ in hits)
        result = ScreeningResult(files.out, store.count_rows(), n_hits, store.count_falls())
        rejected = list(islice(describe_rejected(store.iterate_explained(), layout.files), max_rejected))
        share, is_read = store.recall(SHARE), bool(store.recall(IS_READ))
    return UnfinishedScreening(
        hits=pd.concat(make_frames(best, settings, layout, _Alone(screener)), ignore_index=True),
        smiles_column=layout.smiles_column,
        manifest=json.loads(format_manifest(plan, layout.files, result)),
        rejected=rejected,
        share=share,
        is_read=is_read,
    )


@dataclass(frozen=True)
class _Alone:
    """Does tasks in this process: what has a score already does not hang or crash."""

    screener: Screener

    def map(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        yield from (self.screener.run(task) for task in tasks)

    def close(self) -> None:
        self.screener.close()
