"""The folder that a new model is written to: never over an older one, and refused before hours are spent."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moldesign.checkpoint import CARD_FILE
from moldesign.errors import RunFolderError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WRITING = (*_FULL, errno.EROFS, errno.EIO)
"""What a disk that is full, read-only or broken says; other errors of the system are none of writing."""
_NAMED = (errno.EACCES, errno.ENOENT)
"""What is said of files that are read, too: then they are named, and lie elsewhere."""


def refuse_finished(folder: Path) -> None:
    """Keep a model that is there already.

    Raises:
        RunFolderError: the folder holds a model.
    """
    if (folder / CARD_FILE).exists():
        raise RunFolderError(f"{folder} holds a model already; choose another --out, or delete the folder first")


def make_folder(path: Path, *, out: Path) -> Path:
    """Make a folder with all that lie above it, and return it.

    Args:
        path: what is made.
        out: what the message calls the folder that the user asked for.

    Raises:
        RunFolderError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot write to {out}: {error.strerror or error}; choose another --out") from error
    return path


@contextmanager
def explain_write_errors(out: Path) -> Iterator[None]:
    """Say what to do where the folder that the user asked for cannot be written any more.

    Raises:
        RunFolderError: the disk is full, read-only or gone.
    """
    try:
        yield
    except OSError as error:
        is_ours = error.errno in _NAMED and Path(error.filename or "").is_relative_to(out)
        if error.errno not in _WRITING and not is_ours:
            raise
        remedy = "check the disk"
        if error.errno in _FULL:
            remedy = "free some space, then give the same command again: it goes on from what is finished"
        raise RunFolderError(f"cannot write to {out}: {error.strerror}; {remedy}") from error
