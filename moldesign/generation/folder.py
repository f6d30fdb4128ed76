"""The run folder: what lies where, when it may be used, and how a run goes on after a stop."""

import errno
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moldesign.checkpoint import load_model, save_model, write_text_atomically
from moldesign.errors import RunFolderError
from moldesign.generation.archive import STORE_FILE, read_facts
from moldesign.generation.lock import hold_lock
from moldesign.objectives.profile import Profile, dump_profile, load_profile

if TYPE_CHECKING:
    from torch import Tensor

PROFILE_FILE = "profile.toml"
METRICS_FILE = "metrics.jsonl"
HITS_CSV, HITS_SDF = "hits.csv", "hits.sdf"
UNSCORED_CSV = "unscored.csv"
AUDIT_JSON = "audit.json"
PARETO_CSV = "pareto.csv"
CHECKPOINT = "checkpoint"


@contextmanager
def open_run_folder(folder: Path, profile: Profile, *, resume: bool) -> Iterator[None]:
    """Make the folder of a new run, or check that it holds this very run; keep other processes out during the block.

    Raises:
        RunFolderError: it holds another run, there is nothing to resume, another process uses it, or it cannot be
            written.
    """
    if resume:
        require_free_or_resumed(folder, resume=True)  # else an empty folder would be made
    with ExitStack() as stack:
        with explain_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_lock(folder))
        require_free_or_resumed(folder, resume=resume)
        if resume:
            _require_same_goals(folder, profile)
        else:
            write_profile(folder, profile)
        yield


def require_free_or_resumed(folder: Path, *, resume: bool) -> None:
    """Do nothing where a run can begin, or the run that is to be resumed lies.

    Raises:
        RunFolderError: the folder holds a run, or holds none to resume.
    """
    if resume and not _holds_run(folder):
        raise RunFolderError(f"{folder} holds no run to resume; leave --resume out, or check --out")
    if not resume and _holds_run(folder):
        raise RunFolderError(f"{folder} already holds a run; add --resume to go on with it, or choose another --out")


def write_profile(folder: Path, profile: Profile) -> None:
    """Write `profile.toml`, complete, so that the run can be repeated."""
    with explain_disk_errors(folder):
        write_text_atomically(folder / PROFILE_FILE, dump_profile(profile))


def save_checkpoint(folder: Path, tensors: Mapping[str, "Tensor"], state: Mapping[str, Any]) -> None:
    """Write the learner's tensors and the JSON state of everything else, so that the run can go on from here.

    A whole checkpoint lies there at any moment: the new one takes the place of the old one when it is complete.
    """
    current, fresh, old = (folder / name for name in (CHECKPOINT, f"{CHECKPOINT}.new", f"{CHECKPOINT}.old"))
    with explain_disk_errors(folder):
        shutil.rmtree(fresh, ignore_errors=True)
        save_model(fresh, tensors, {"kind": "run", "state": state})
        if current.exists():
            shutil.rmtree(old, ignore_errors=True)
            current.rename(old)
        fresh.rename(current)
        shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, "Tensor"], dict[str, Any]] | None:
    """Return what `save_checkpoint` wrote, or None when the run stopped before its first checkpoint."""
    whole = (path for path in (folder / CHECKPOINT, folder / f"{CHECKPOINT}.old") if path.exists())
    if (checkpoint := next(whole, None)) is None:
        return None
    tensors, card = load_model(checkpoint, kind="run")
    return tensors, card["state"]


def append_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Add one line to `metrics.jsonl`."""
    with explain_disk_errors(folder), (folder / METRICS_FILE).open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(metrics) + "\n")


def truncate_metrics(folder: Path, n_lines: int) -> None:
    """Keep the first lines of `metrics.jsonl`: the batches after the checkpoint will be written again."""
    path = folder / METRICS_FILE
    lines = path.read_text(encoding="utf-8").splitlines()[:n_lines] if path.exists() else []
    write_text_atomically(path, "".join(line + "\n" for line in lines))


def choose_new_folder() -> Path:
    """Return the first of `moldesign-run-1`, `moldesign-run-2`, ... that does not exist."""
    return next(path for k in count(1) if not (path := Path(f"moldesign-run-{k}")).exists())


@contextmanager
def explain_disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full or unwritable disk into an error that says what to do.

    Raises:
        RunFolderError: instead of the OSError.
    """
    try:
        yield
    except OSError as error:
        remedy = "free some space, then go on with --resume" if error.errno == errno.ENOSPC else "choose another --out"
        raise RunFolderError(f"cannot write to {folder}: {error.strerror or error}; {remedy}") from error


def _holds_run(folder: Path) -> bool:
    if (folder / STORE_FILE).exists():  # without facts, of a run that could not be begun: a cluster did not answer
        return bool(read_facts(folder))
    return (folder / PROFILE_FILE).exists()


def _require_same_goals(folder: Path, profile: Profile) -> None:
    """Compare everything but the budget, which a resumed run may raise, and how scorers are run."""
    if not load_profile(folder / PROFILE_FILE).has_same_aim(profile):
        raise RunFolderError(
            f"{folder} holds a run with another profile (see {folder / PROFILE_FILE}); "
            "resume it with the same goals, or choose another --out"
        )
