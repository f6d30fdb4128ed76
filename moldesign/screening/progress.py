"""The files of a screening: where progress is kept, whether it can be gone on with, and how far it has come."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from moldesign.errors import MoldesignError, RunFolderError
from moldesign.objectives.profile import Profile
from moldesign.objectives.properties import hash_models
from moldesign.screening.library import Library
from moldesign.screening.settings import WHOLE, ScreeningSettings, Shard
from moldesign.screening.steps import Step
from moldesign.screening.store import STORE_FILE, Store
from moldesign.versions import list_versions

PLAN, IS_READ, SHARE = "plan", "is read", "share"
"""Notes in the store: what is done, whether the library has been read to its end, and how much of it."""

Plan = dict[str, Any]


@dataclass(frozen=True)
class ScreeningFiles:
    """Where a screening writes."""

    out: Path
    shard: Shard = WHOLE

    @property
    def result(self) -> Path:
        """The hits; of a shard, everything that is known of it."""
        return self.out if self.shard.n == 1 else name_shard(self.out, self.shard)

    @property
    def progress(self) -> Path:
        """The folder that holds what is done until all is done."""
        return self.result.with_name(f"{self.result.name}.progress")

    @property
    def merging(self) -> Path:
        """The folder that holds the joined shards until their result is written."""
        return self.out.with_name(f"{self.out.name}.merging")

    @property
    def rejected(self) -> Path:
        """The rows that are not hits, each with its reason."""
        return self.out.with_name(f"{self.out.name}.rejected.csv")

    @property
    def manifest(self) -> Path:
        """What was read, by what it was judged, and how much of it fell where."""
        return self.out.with_name(f"{self.out.name}.manifest.json")

    @property
    def report(self) -> Path:
        """The page that shows the best hits."""
        return self.out.with_name(f"{self.out.name}.report.html")


@dataclass(frozen=True)
class ScreeningProgress:
    """How far a screening has come."""

    n_rows: int
    n_fallen: int
    n_hits: int
    rows_per_second: float
    share: float | None
    """Of the library that has been read, 0 to 1; None where its size is unknown."""
    seconds_left: float
    step: Step | None = None
    """Of the writing of the results; None while rows are worked on."""


class Stopwatch:
    """Tells how fast rows are done, and how long the others will take.

    Args:
        n_rows: done by an earlier process.
        n_fallen: of these.
    """

    def __init__(self, n_rows: int, n_fallen: int) -> None:
        self._n_before = self._n_rows = n_rows
        self._n_fallen = n_fallen
        self._began = time.monotonic()
        self._share_skipped = 0.0
        self._latest = ScreeningProgress(n_rows, n_fallen, 0, 0.0, None, float("inf"))

    def skip(self, share: float | None) -> None:
        """Say that the library is skipped up to here."""
        self._began, self._share_skipped = time.monotonic(), share or 0.0

    def count(self, n_rows: int, n_fallen: int, n_hits: int, share: float | None) -> ScreeningProgress:
        """Take in a chunk, and how much of the library has been read up to its end."""
        self._n_rows += n_rows
        self._n_fallen += n_fallen
        seconds = time.monotonic() - self._began
        done = (share or 0.0) - self._share_skipped
        left = seconds * (1 - share) / done if share is not None and done > 0 else float("inf")
        rate = (self._n_rows - self._n_before) / max(seconds, 1e-9)
        self._latest = ScreeningProgress(self._n_rows, self._n_fallen, n_hits, rate, share, left)
        return self._latest

    def add(self, step: Step) -> ScreeningProgress:
        """Return how far the writing of the results is, beside what has been counted."""
        return replace(self._latest, step=step)


def name_shard(out: Path, shard: Shard) -> Path:
    """Return the file of a shard.

    >>> str(name_shard(Path("hits.csv"), Shard(2, 16)))
    'hits.csv.shard-02-of-16'
    """
    width = len(str(shard.n))
    return out.with_name(f"{out.name}.shard-{shard.i:0{width}}-of-{shard.n}")


def make_plan(library: Library, profile: Profile, profile_toml: str, settings: ScreeningSettings) -> Plan:
    """Return everything that the result depends on; two screenings with the same plan can be put together."""
    return {
        "library": [notes.path for notes in library.files],
        "settings": settings.to_dict(),
        "profile": profile_toml,
        "models": hash_models(profile.terms),
        "versions": list_versions(),
    }


def refuse_interrupted(files: ScreeningFiles, command: str) -> None:
    """Refuse to begin where another screening can be gone on with, by the command or option that is named.

    Raises:
        RunFolderError: there is one.
    """
    if files.progress.exists():
        raise RunFolderError(
            f"{files.progress} holds an interrupted screening; go on with {command}, or delete the folder to begin anew"
        )


@contextmanager
def open_progress(files: ScreeningFiles, plan: Plan, settings: ScreeningSettings, *, resume: bool) -> Iterator[Store]:
    """Yield the store of a screening: a new one, or that of an interrupted one.

    Raises:
        RunFolderError: there is an interrupted one that is not to be resumed, or was planned otherwise; or another
            process is at it.
    """
    folder = files.progress
    if not resume:
        refuse_interrupted(files, "--resume")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be made ({error.strerror}); create the folder above it") from error
    is_vain = False
    try:
        with Store(
            folder / STORE_FILE, pool_size=settings.pool_size, keeps_duplicates=settings.keep_duplicates
        ) as store:
            _note_plan(store, {"plan": plan, "shard": list(files.shard)}, folder)
            try:
                yield store
            except MoldesignError:
                is_vain = store.count_rows() == 0
                raise
    finally:
        if is_vain:  # whoever corrects the command need not resume what has not begun
            remove_progress(files)


def find_changes(known: Plan, wanted: Plan) -> list[str]:
    """Return what differs between two stored plans."""
    old, new = ({**one["plan"], "shard": one["shard"]} for one in (known, wanted))
    return [name for name in new if old.get(name) != new[name]]


def remove_progress(files: ScreeningFiles) -> None:
    """Delete the progress of a screening whose results are written."""
    shutil.rmtree(files.progress, ignore_errors=True)


def _note_plan(store: Store, plan: Plan, folder: Path) -> None:
    """Keep the plan, if nothing is done yet.

    Raises:
        RunFolderError: something is done, by another plan.
    """
    if store.count_rows() == 0:
        with store.committing():
            store.note(PLAN, plan)
    elif changed := find_changes(store.recall(PLAN), json.loads(json.dumps(plan))):
        raise RunFolderError(
            f"{folder} holds a screening that was planned otherwise ({', '.join(changed)} changed); resume it as "
            "it was begun, or choose another --out"
        )
