"""The files that a screening is going to write: what could not be written, or would destroy something, is refused."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from moldesign.datasets.streams import STANDARD_INPUT, refuse_overwriting
from moldesign.datasets.tables import TableWriter
from moldesign.errors import RunFolderError
from moldesign.screening.progress import ScreeningFiles


class Target(NamedTuple):
    """A file that is going to be written."""

    path: Path
    option: str
    """The one that names it"""


def check_targets(
    files: ScreeningFiles, sdf: str | Path | None, inputs: Iterable[str | Path], others: Sequence[Target] = ()
) -> None:
    """Refuse files that could not be written, or would take the place of another one, before hours are spent.

    Args:
        files: of the screening.
        sdf: a second file of hits.
        inputs: what is read.
        others: what is made of the hits, besides.

    Raises:
        TableError: an ending of a file of hits is unknown, or a file that is read would be overwritten.
        RunFolderError: a folder is missing or has the name of a file, a file that is read would be deleted, or two
            files have one name.
    """
    hits = [Target(files.out, "--out"), *([] if sdf is None else [Target(Path(sdf), "--sdf")])]
    for path, _ in hits:
        TableWriter(path)  # knows the endings; opens nothing yet
    beside = (files.rejected, files.manifest, files.report, *({files.result} - {files.out}))
    targets = [*hits, *(Target(path, "--out") for path in beside), *others]
    for target in targets:
        _check_place(target)
    _check_inputs(targets, files.progress, [Path(path) for path in inputs if str(path) != STANDARD_INPUT])
    _check_names(targets)


def _check_place(target: Target) -> None:
    path, option = target
    if path.is_dir():
        raise RunFolderError(f"{path} is a folder, and is needed as a file; choose another {option}")
    if not path.parent.is_dir():
        raise RunFolderError(
            f"{path} cannot be written: there is no folder {path.parent}; create it, or choose another {option}"
        )
    if not os.access(path.parent, os.W_OK):
        raise RunFolderError(
            f"{path} cannot be written: the folder {path.parent} is read-only; choose another {option}"
        )


def _check_inputs(targets: Sequence[Target], progress: Path, inputs: Sequence[Path]) -> None:
    for path, option in targets:
        refuse_overwriting(path, option, inputs)
    for path in inputs:
        if progress.resolve() in path.resolve().parents:
            raise RunFolderError(
                f"{path} is read by this command, and would be deleted with {progress}; choose another --out"
            )


def _check_names(targets: Sequence[Target]) -> None:
    options: dict[Path, str] = {}
    for path, option in targets:
        if path.resolve() in options:
            raise RunFolderError(
                f"{path} would be written twice, by {options[path.resolve()]} and by {option}; choose another {option}"
            )
        options[path.resolve()] = option
