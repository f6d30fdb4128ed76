"""What a run folder holds, finished or not, for a page to tell."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from moldesign.errors import RunFolderError
from moldesign.generation.archive import STORE_FILE, RunArchive
from moldesign.generation.ending import Ending, Making, read_ending, read_making
from moldesign.generation.folder import AUDIT_JSON, HITS_CSV, METRICS_FILE, PROFILE_FILE
from moldesign.generation.hits import choose_hits
from moldesign.generation.settings import GenerationSettings
from moldesign.objectives.oracle import ScoredMolecule
from moldesign.objectives.profile import Profile, load_profile
from moldesign.reporting.wishes import read_profile

_DEFAULT_N = 100


@dataclass(frozen=True)
class RunRecord:
    """A run."""

    folder: Path
    profile: Profile
    """Unresolved; see `read_profile`"""
    hits: pd.DataFrame
    """As `describe_hits` gives them; without rows where there are none"""
    molecules: Sequence[ScoredMolecule]
    progress: Sequence[Mapping[str, Any]]
    """One per batch, as `metrics.jsonl` keeps it"""
    audit: Mapping[str, Any] | None
    settings: GenerationSettings | None
    """None where the run stopped before it noted any, or where they are those of another version"""
    start: Sequence[str]
    making: Making | None
    ending: Ending | None
    is_complete: bool
    """Whether the hits were written by the run itself; otherwise they are chosen from what was scored so far"""


def is_run_folder(folder: Path) -> bool:
    """Return whether this is the folder of a run of `moldesign generate`."""
    return (folder / PROFILE_FILE).is_file()


def read_run(folder: Path) -> RunRecord:
    """Read a run folder.

    Of a run that is still going on, or was killed, the hits are chosen from what was scored so far.

    Raises:
        RunFolderError: it is no run folder, or a file in it is damaged.
        ProfileError: its profile cannot be read.
        MoldesignError: the hits of a killed run cannot be described, because a model has moved.
    """
    try:
        text = (folder / PROFILE_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(f"{folder} is no run folder: {PROFILE_FILE} cannot be read ({error})") from error
    profile = read_profile(text, str(folder / PROFILE_FILE))
    facts, molecules = _read_store(folder)
    making, ending = read_making(facts), read_ending(facts)
    is_complete = (folder / HITS_CSV).is_file() and (ending is not None or making is None)
    hits = _read_hits(folder) if is_complete else _choose_hits(folder, molecules, making)
    return RunRecord(
        folder=folder,
        profile=profile,
        hits=hits,
        molecules=molecules,
        progress=_read_progress(folder),
        audit=_read_audit(folder) if is_complete else None,
        settings=_read_settings(facts),
        start=json.loads(facts.get("start", "[]")),
        making=making,
        ending=ending,
        is_complete=is_complete,
    )


def _read_store(folder: Path) -> tuple[dict[str, str], list[ScoredMolecule]]:
    if not (folder / STORE_FILE).is_file():
        return {}, []
    with RunArchive(folder, ()) as archive:
        return archive.read_facts(), list(archive.read())


def _read_hits(folder: Path) -> pd.DataFrame:
    path = folder / HITS_CSV
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read ({error}); resume the run to write it again") from error


def _choose_hits(folder: Path, molecules: Sequence[ScoredMolecule], making: Making | None) -> pd.DataFrame:
    profile = load_profile(folder / PROFILE_FILE)
    n = _DEFAULT_N if making is None else making.n
    return choose_hits(molecules, profile, n)


def _read_progress(folder: Path) -> list[dict[str, Any]]:
    """Return what was noted batch by batch; a last line that a kill has cut is left out."""
    path = folder / METRICS_FILE
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    batches: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            batches.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            if number < len(lines):
                raise RunFolderError(f"{path}, line {number} is damaged ({error}); delete the line") from error
    return batches


def _read_audit(folder: Path) -> dict[str, Any] | None:
    path = folder / AUDIT_JSON
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise RunFolderError(f"{path} is damaged ({error}); resume the run to write it again") from error


def _read_settings(facts: Mapping[str, str]) -> GenerationSettings | None:
    if "settings" not in facts:
        return None
    try:
        return GenerationSettings.from_course(facts["settings"])
    except ValueError:  # a run of another version; its molecules can be shown all the same
        return None
