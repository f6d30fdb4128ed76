"""Shards of a library become one result: the one that the whole library would have given, byte for byte."""

import heapq
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from moldesign.errors import RunFolderError, TableError
from moldesign.objectives.properties import hash_models
from moldesign.objectives.terms import Term
from moldesign.screening.local import LocalExecutor
from moldesign.screening.output import ScreeningResult, write_results
from moldesign.screening.progress import PLAN, Plan, ScreeningFiles, find_changes, refuse_interrupted
from moldesign.screening.screener import Screener
from moldesign.screening.settings import ScreeningSettings
from moldesign.screening.sources import find_files
from moldesign.screening.steps import Tell, begin_step, count_off
from moldesign.screening.store import NO_SHARD, STORE_FILE, Store
from moldesign.screening.targets import check_targets
from moldesign.versions import list_versions

T = TypeVar("T")

_BLOCK = 5_000


def merge_shards(
    shards: Sequence[str | Path],
    *,
    out: str | Path,
    sdf: str | Path | None = None,
    workers: int | None = None,
    on_progress: Tell | None = None,
) -> ScreeningResult:
    """Write the result of a screening whose shards are all there.

    Duplicates are settled anew over all shards: of all rows with one key the best (of equal ones the first in the
    library) stays. A row that is among the best of all, or a duplicate of one, is so in its own shard, too, so that no
    shard needs to know of another.

    Args:
        shards: what `screen` wrote for each, in any order; patterns, too.
        out: the file of the hits.
        sdf: also write the hits as SDF.
        workers: processes that describe the hits; by default one per core.
        on_progress: is told how far each step is.

    Raises:
        TableError: there are no such shards, the ending of a result is unknown, or a result would take the place of
            what is read.
        RunFolderError: a shard is missing, is there twice, belongs to another screening, or has read other files; or
            a result cannot be written; or an interrupted screening of the same name can be gone on with; or a model
            or a version here is not that of the shards.
    """
    paths = [Path(path) for path in find_files(shards)]
    files = ScreeningFiles(Path(out))
    refuse_interrupted(files, "moldesign screen --resume")
    with ExitStack() as stack:
        parts = [stack.enter_context(_open_shard(path)) for path in paths]
        plan = _check_plans(paths, [part.recall(PLAN) for part in parts])
        _check_inputs(paths, parts)
        check_targets(files, sdf, [*paths, *(notes.path for notes in parts[0].recall_files())])
        settings = ScreeningSettings.of(plan["settings"], workers)
        screener = Screener(plan["profile"], settings.threshold, with_keys=not settings.keep_duplicates)
        _check_tools(plan, screener.profile.terms)
        whole = stack.enter_context(_open_whole(files.merging, settings))
        _join(whole, parts, on_progress)
        engine = stack.enter_context(closing(LocalExecutor(screener, workers, row_seconds=settings.row_seconds)))
        try:
            return write_results(
                whole, files, plan, settings, screener.profile.terms, engine, sdf=sdf, tell=on_progress
            )
        except (OSError, TableError) as error:
            raise RunFolderError(f"{error}; the shards are as they were: merge them again") from error


@contextmanager
def _open_whole(folder: Path, settings: ScreeningSettings) -> Iterator[Store]:
    """Yield a new store, which is deleted at the end: what it holds is in the shards, too."""
    shutil.rmtree(folder, ignore_errors=True)  # of a merge that was killed
    try:
        folder.mkdir()
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be made ({error.strerror}); check --out") from error
    try:
        with Store(
            folder / STORE_FILE, pool_size=settings.pool_size, keeps_duplicates=settings.keep_duplicates
        ) as store:
            yield store
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_shard(path: Path) -> Store:
    return Store(path, pool_size=None, keeps_duplicates=False, is_sealed=True)


def _check_plans(paths: Sequence[Path], stored: Sequence[Any]) -> dict[str, Any]:
    """Return the plan of all shards."""
    owners: dict[int, Path] = {}
    for path, one in zip(paths, stored, strict=True):
        if one is None:
            raise RunFolderError(f"{path}{NO_SHARD}")
        if changed := [name for name in find_changes(stored[0], one) if name != "shard"]:
            raise RunFolderError(
                f"{path} belongs to another screening than {paths[0]} ({', '.join(changed)} differ); "
                "merge shards of one and the same command"
            )
        i, n = one["shard"]
        if n != stored[0]["shard"][1] or i in owners:
            other = owners.get(i, paths[0])
            raise RunFolderError(
                f"{path} and {other} are shards {i}/{n} and {'/'.join(map(str, stored[0]['shard']))}; "
                "merge each of the n shards once"
            )
        owners[i] = path
    n = stored[0]["shard"][1]
    if missing := [i for i in range(1, n + 1) if i not in owners]:
        raise RunFolderError(f"shard {missing[0]}/{n} is missing ({len(missing)} in all); screen it, then merge again")
    plan: dict[str, Any] = stored[0]["plan"]
    return plan


def _check_tools(plan: Plan, terms: Sequence[Term]) -> None:
    """Refuse to describe hits by other models, or other versions, than those that have scored them."""
    kept: dict[str, str] = plan["versions"]
    here, models = list_versions(), hash_models(terms)
    changed = [f"the model {name}" for name in models | plan["models"] if models.get(name) != plan["models"].get(name)]
    changed += [f"{name} {kept.get(name)} (here: {here[name]})" for name in here if here[name] != kept.get(name)]
    if changed:
        raise RunFolderError(
            f"the shards were screened with what is different here: {', '.join(changed)}; merge them where they were "
            "screened, or screen all of them again"
        )


def _check_inputs(paths: Sequence[Path], parts: Sequence[Store]) -> None:
    first = parts[0].recall_files()
    for path, part in zip(paths, parts, strict=True):
        for one, other in zip(first, part.recall_files(), strict=True):
            if one != other:
                raise RunFolderError(
                    f"{other.path} was another file when {path} was screened than for {paths[0]} (SHA-256 "
                    f"{other.sha256[:12]} and {one.sha256[:12]}); screen all shards of the same files"
                )


def _join(whole: Store, parts: Sequence[Store], tell: Tell | None) -> None:
    sizes = [part.count_rows() for part in parts]
    note, n_done = begin_step("joining the rows of the shards", sum(sizes), tell), 0
    with whole.committing():
        for number, notes in enumerate(parts[0].recall_files()):
            whole.note_file(number, notes)
        for part, size in zip(parts, sizes, strict=True):
            for chunk in part.iterate_chunks():
                whole.note_chunk(*chunk)
            for rejections in _cut(count_off(part.iterate_rejected(), note, n_done)):
                whole.reject(rejections)
            n_done += size - part.count_hits()  # the others are outranked
        hits = heapq.merge(*(part.iterate_hits(in_input_order=True) for part in parts), key=lambda hit: hit.place)
        for some in _cut(count_off(hits, note, n_done)):
            whole.keep(some)


def _cut(rows: Iterator[T]) -> Iterator[list[T]]:
    while block := list(islice(rows, _BLOCK)):
        yield block
