"""Screening from beginning to end: library -> chunks -> filters and scores -> store -> hits."""

import json
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from moldesign.errors import RunFolderError, TableError
from moldesign.objectives.profile import Profile, dump_profile
from moldesign.screening.executor import Executor, Fall, Screened, Task
from moldesign.screening.library import Library, LibraryChunk, label_file
from moldesign.screening.local import LocalExecutor
from moldesign.screening.output import ScreeningResult, write_results
from moldesign.screening.progress import (
    IS_READ,
    SHARE,
    ScreeningFiles,
    ScreeningProgress,
    Stopwatch,
    make_plan,
    open_progress,
    remove_progress,
)
from moldesign.screening.screener import Screener
from moldesign.screening.settings import ScreeningSettings, Shard
from moldesign.screening.store import STORE_FILE, Candidate, Rejection, Store, number_place
from moldesign.screening.targets import check_targets

MALFORMED = "malformed row"

Notify = Callable[[ScreeningProgress], None]

logger = logging.getLogger(__name__)


def screen(
    library: str | Path | Sequence[str | Path],
    profile: Profile,
    *,
    out: str | Path,
    settings: ScreeningSettings | None = None,
    resume: bool = False,
    sdf: str | Path | None = None,
    on_progress: Notify | None = None,
    make_executor: Callable[[Screener, ScreeningSettings], Executor] | None = None,
) -> ScreeningResult:
    """Rank the molecules of a library by a profile, in constant memory; a killed screening can be gone on with.

    Args:
        library: files or patterns (CSV, TSV, SMI, SDF, Parquet; text also .gz or .zst; `-` is standard input).
        profile: what the molecules must be.
        out: the file of the hits; its ending names the format. Beside it `<out>.rejected.csv` and
            `<out>.manifest.json` are written, and, until all is done, the folder `<out>.progress`. A shard writes one
            file `<out>.shard-i-of-n` instead, for `merge_shards`.
        settings: how many hits, of which kind, and how they are found.
        resume: go on with an interrupted screening; where there is none, begin.
        sdf: also write the hits as SDF.
        on_progress: is told after each chunk how far it is, and then how far the writing of the results is.
        make_executor: who does the work; by default processes on this machine.

    Raises:
        TableError: the library cannot be read (what is done is kept), the ending of a result is unknown, or a result
            would take the place of what is read.
        RunFolderError: the results or the progress cannot be written, or the progress is another screening's.
        MoldesignError: a goal cannot be scored.
    """
    settings = settings or ScreeningSettings()
    names = [library] if isinstance(library, str | Path) else list(library)
    files = ScreeningFiles(Path(out), settings.shard)
    rows = Library(names, smiles_column=settings.smiles_column, chunk_size=settings.chunk_size)
    screener = Screener(
        dump_profile(profile),
        settings.threshold,
        not settings.keep_duplicates,
        fingerprints=settings.fingerprints,
        pool_size=settings.pool_size,
    )
    check_targets(files, sdf, [notes.path for notes in rows.files])
    plan = make_plan(rows, profile, screener.profile_toml, settings)
    with (
        open_progress(files, plan, settings, resume=resume) as store,
        closing((make_executor or start_local)(screener, settings)) as engine,
    ):
        watch = Stopwatch(store.count_rows(), sum(store.count_falls().values()))
        if not store.recall(IS_READ):
            _screen_rows(rows, store, engine, settings, watch, on_progress)
        if settings.shard.n > 1:
            result = _finish_shard(store, files)
        else:
            try:
                result = write_results(
                    store,
                    files,
                    plan,
                    settings,
                    screener.profile.terms,
                    engine,
                    sdf=sdf,
                    tell=on_progress and (lambda step: on_progress(watch.add(step))),
                )
            except (OSError, TableError) as error:
                raise RunFolderError(
                    f"{error}; all rows are screened: go on with --resume to write the results"
                ) from error
    if settings.shard.n > 1:
        (files.progress / STORE_FILE).replace(files.result)
    remove_progress(files)
    return result


def start_local(screener: Screener, settings: ScreeningSettings) -> Executor:
    """Return the engine of this machine."""
    return LocalExecutor(screener, settings.workers, row_seconds=settings.row_seconds)


def _screen_rows(
    library: Library,
    store: Store,
    engine: Executor,
    settings: ScreeningSettings,
    watch: Stopwatch,
    notify: Notify | None,
) -> None:
    chunks: deque[LibraryChunk] = deque()
    failures: list[TableError] = []

    def make_tasks() -> Iterator[Task]:
        try:
            for chunk in _find_open_chunks(library, store, settings.shard, watch):
                chunks.append(chunk)
                yield _make_task(chunk, library, store.floor if settings.threshold is None else None)
        except TableError as error:  # what was read before is worked on first
            failures.append(error)

    for outcome in engine.map(make_tasks()):
        chunk = chunks.popleft()
        if not isinstance(outcome, Screened):
            raise TypeError("an engine answered a task to screen rows with another outcome")
        with store.committing():
            n_fallen = _put_away(store, chunk, outcome)
            _note_reading(store, library, chunk)
        if notify:
            notify(watch.count(len(chunk.rows), n_fallen, store.count_hits(), chunk.share))
    if failures:
        raise failures[0]
    _note_end(library, store)


def _find_open_chunks(library: Library, store: Store, shard: Shard, watch: Stopwatch) -> Iterator[LibraryChunk]:
    """Yield the chunks of the shard that are not done.

    Raises:
        TableError: a chunk that is done is not what it was then, or is not there any more.
    """
    last_number = -1
    for chunk in library.read():
        last_number = chunk.number
        if not shard.holds(chunk.number):
            continue
        known = store.find_digest(chunk.number)
        if known is None:
            yield chunk
        elif known != chunk.digest:
            last = chunk.first_row + len(chunk.rows) - 1
            raise TableError(
                f"{label_file(library.files[chunk.file].path)}: rows {chunk.first_row} to {last} have changed since "
                "they were screened; bring the old file back, or screen the new one with another --out"
            )
        else:
            watch.skip(chunk.share)
    _refuse_shortened(library, store, last_number)


def _refuse_shortened(library: Library, store: Store, last_number: int) -> None:
    """Refuse a library that ends before chunks that are done."""
    if n_missing := sum(n_rows for number, n_rows, _ in store.iterate_chunks() if number > last_number):
        raise TableError(
            f"{label_file(library.files[-1].path)}: the library has become shorter since it was screened (rows "
            f"missing: {n_missing:,}); bring the old file back, or screen the new one with another --out"
        )


def _make_task(chunk: LibraryChunk, library: Library, floor: float | None) -> Task:
    name, last = label_file(library.files[chunk.file].path), chunk.first_row + len(chunk.rows) - 1
    falls = {row: Fall(MALFORMED, problem) for row, problem in chunk.rows.problems.items()}
    where = f"{name}, rows {chunk.first_row} to {last}"
    return Task(where, chunk.rows.texts, chunk.holds_blocks, falls=falls, floor=floor)


def _put_away(store: Store, chunk: LibraryChunk, outcome: Screened) -> int:
    """Keep what became of the rows of a chunk; return how many fell."""

    def place(row: int) -> int:
        return number_place(chunk.file, chunk.first_row + row)

    texts, cells = chunk.rows.texts, chunk.rows.cells
    store.note_chunk(chunk.number, len(chunk.rows), chunk.digest)
    store.reject(
        [
            Rejection(place(row), "" if chunk.holds_blocks else texts[row], fall.filter, fall.reason)
            for row, fall in outcome.falls.items()
        ]
    )
    n_duplicates = store.keep(
        [
            Candidate(
                place(row),
                outcome.scores[n],
                outcome.keys[n],
                chunk.holds_blocks,
                texts[row],
                json.dumps(cells[row]),
                json.dumps([outcome.raw[n], outcome.terms[n]]),
            )
            for n, row in enumerate(outcome.rows)
            if store.admits(outcome.scores[n], place(row))
        ]
    )
    return len(outcome.falls) + n_duplicates


def _note_reading(store: Store, library: Library, chunk: LibraryChunk) -> None:
    """Keep which columns the files have, and how far they are read, for a report of what is done so far."""
    for number in range(store.count_files(), chunk.file + 1):
        store.note_file(number, library.files[number])
    store.note(SHARE, chunk.share)


def _note_end(library: Library, store: Store) -> None:
    """Keep what was read.

    Raises:
        TableError: there was nothing to read.
    """
    if not any(notes.n_rows for notes in library.files):
        if not library.files:
            raise TableError("there are no molecules; expected at least one")
        names = ", ".join(label_file(notes.path) for notes in library.files[:3])
        raise TableError(f"{names}: there are no rows below the header; expected at least one molecule")
    for notes in library.files:
        if notes.n_rows == 0:
            logger.warning("%s has no rows", label_file(notes.path))
    with store.committing():
        for number, notes in enumerate(library.files):
            store.note_file(number, notes)
        store.note(IS_READ, True)


def _finish_shard(store: Store, files: ScreeningFiles) -> ScreeningResult:
    result = ScreeningResult(files.result, store.count_rows(), store.count_hits(), store.count_falls())
    store.seal()
    return result
