"""The results of a screening: hits with all their columns, rejected rows with their reasons, and a manifest."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pandas as pd

from moldesign.checkpoint import write_text_atomically
from moldesign.datasets.delimited import RowStream
from moldesign.datasets.streams import AtomicFile, remove_temporaries
from moldesign.datasets.tables import TableWriter
from moldesign.objectives.terms import Term
from moldesign.screening.clusters import MOST_HITS, Clusters
from moldesign.screening.columns import Layout
from moldesign.screening.executor import Described, Executor, Task
from moldesign.screening.library import FileNotes, describe_files, label_file
from moldesign.screening.progress import Plan, ScreeningFiles
from moldesign.screening.selection import select_hits
from moldesign.screening.settings import ScreeningSettings
from moldesign.screening.steps import Tell, begin_step, count_off
from moldesign.screening.store import Candidate, Rejection, Store, split_place

_BLOCK = 1_000
"""Hits that are described, and written, together."""
_SHOWN_CHARACTERS = 500
REJECTED_COLUMNS = ("file", "row", "smiles", "filter", "reason")


@dataclass(frozen=True)
class ScreeningResult:
    """What a screening has found."""

    out: Path
    """The hits; of a shard, its file for `merge`."""
    n_rows: int
    """Read and worked on"""
    n_hits: int
    falls: dict[str, int]
    """How many rows fell at each filter, most first"""

    @property
    def n_outranked(self) -> int:
        """Rows that passed every filter, and were not good (or different) enough to be hits."""
        return self.n_rows - self.n_hits - sum(self.falls.values())


def write_results(
    store: Store,
    files: ScreeningFiles,
    plan: Plan,
    settings: ScreeningSettings,
    terms: Sequence[Term],
    engine: Executor,
    *,
    sdf: str | Path | None = None,
    tell: Tell | None = None,
) -> ScreeningResult:
    """Write hits, rejected rows and manifest of a library that has been read to its end, and tell how far that is.

    Raises:
        OSError, TableError: a file cannot be written.
    """
    layout = Layout(store.recall_files(), terms, is_ranked=not settings.in_input_order)
    n_best = min(n for n in (store.count_hits(), settings.top) if n is not None)
    note = begin_step("describing and writing the hits", n_best, tell)
    paths = [files.out, *([] if sdf is None else [Path(sdf)])]
    for path in (*paths, files.rejected):  # of this screening, killed here before
        remove_temporaries(path)
    n_hits = _write_hits(store, settings, layout, engine, paths, note)
    result = ScreeningResult(files.out, store.count_rows(), n_hits, store.count_falls())
    note = begin_step("writing the rejected rows", sum(result.falls.values()), tell)
    _write_rejected(files.rejected, count_off(store.iterate_explained(), note), layout.files)
    write_text_atomically(files.manifest, format_manifest(plan, layout.files, result))
    return result


def format_manifest(plan: Plan, files: Sequence[FileNotes], result: ScreeningResult) -> str:
    """Return the manifest: what was read, by what it was judged, and how many rows fell where."""
    counts = {
        "rows": result.n_rows,
        "rejected": result.falls,
        "passed, but not among the best": result.n_outranked,
        "hits": result.n_hits,
    }
    inputs = {"inputs": describe_files(files)}
    return json.dumps(inputs | {name: plan[name] for name in plan if name != "library"} | {"counts": counts}, indent=1)


def _write_hits(
    store: Store,
    settings: ScreeningSettings,
    layout: Layout,
    engine: Executor,
    paths: Sequence[Path],
    note: Callable[[int], None],
) -> int:
    n_hits = 0
    with ExitStack() as stack:
        writers = [stack.enter_context(TableWriter(path, smiles_column=layout.smiles_column)) for path in paths]
        for frame in make_frames(select_hits(store, settings), settings, layout, engine):
            for writer in writers:
                writer.write(frame)
            n_hits += len(frame)
            note(n_hits)
    return n_hits


def make_frames(
    hits: Iterable[Candidate], settings: ScreeningSettings, layout: Layout, engine: Executor
) -> Iterator[pd.DataFrame]:
    """Yield the hits with all their columns, block by block; one block without rows where there are no hits."""
    n_hits = 0
    clusters = Clusters(settings.similarity) if (settings.top or MOST_HITS + 1) <= MOST_HITS else None
    for block, described in _describe(hits, layout.files, engine):
        grouped = {} if clusters is None else clusters.describe(described["standardized_smiles"])
        yield layout.make_frame(block, described | grouped, n_hits + 1)
        n_hits += len(block)


def _describe(
    hits: Iterable[Candidate], files: Sequence[FileNotes], engine: Executor
) -> Iterator[tuple[list[Candidate], dict[str, list[Any]]]]:
    """Yield blocks of hits with the columns that describe them; one block without any, where there are none."""
    waiting: list[list[Candidate]] = []

    def make_tasks() -> Iterator[Task]:
        for block in _cut(hits):
            waiting.append(block)
            texts = [hit.text for hit in block]
            names = ["{} row {}".format(*_name_place(hit.place, files)) for hit in block]
            yield Task("the hits", texts, bool(block and block[0].is_block), describes=True, row_names=names)

    for outcome in engine.map(make_tasks()):
        if not isinstance(outcome, Described):
            raise TypeError("an engine answered a task to describe hits with another outcome")
        yield waiting.pop(0), outcome.columns


def _cut(hits: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Yield hits in blocks whose texts are of one kind."""
    is_empty = True
    for _, alike in groupby(hits, key=lambda hit: hit.is_block):
        while block := list(islice(alike, _BLOCK)):
            is_empty = False
            yield block
    if is_empty:
        yield []


def _write_rejected(path: Path, rejected: Iterable[tuple[Rejection, int | None]], files: Sequence[FileNotes]) -> None:
    file = AtomicFile(path)
    try:
        text = io.TextIOWrapper(file.stream, encoding="utf-8", newline="")
        writer = csv.DictWriter(RowStream(text), REJECTED_COLUMNS)
        writer.writeheader()
        writer.writerows(describe_rejected(rejected, files))
        text.detach()  # flushes, and leaves the file open
        file.commit()
    finally:
        file.discard()


def describe_rejected(
    rejected: Iterable[tuple[Rejection, int | None]], files: Sequence[FileNotes]
) -> Iterator[dict[str, Any]]:
    """Yield what the file of the rejected rows says of each."""
    for one, winner in rejected:
        name, row = _name_place(one.place, files)
        reason = one.reason if winner is None else _explain_duplicate(winner, files)
        cells = (name, row, one.text[:_SHOWN_CHARACTERS], one.filter, reason)
        yield dict(zip(REJECTED_COLUMNS, cells, strict=True))


def _name_place(place: int, files: Sequence[FileNotes]) -> tuple[str, int]:
    file, row = split_place(place)
    return label_file(files[file].path), row


def _explain_duplicate(winner: int, files: Sequence[FileNotes]) -> str:
    name, row = _name_place(winner, files)
    return f"the same molecule as {name} row {row}, which scores no worse"
