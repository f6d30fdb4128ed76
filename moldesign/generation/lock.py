"""One process per run folder: a lock that the operating system takes back when the process ends, however it ends."""

import logging
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from moldesign.errors import RunFolderError

LOCK_FILE = "run.lock"
"""Says who uses the folder; it stays behind, and means nothing without the lock on it."""

logger = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read by others, so that it lies behind the text; a file may be locked beyond its end.
    _LOCKED_BYTE = 1 << 20

    def _lock(handle: IO[str]) -> None:
        os.lseek(handle.fileno(), _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
        finally:
            os.lseek(handle.fileno(), 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: IO[str]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def hold_lock(folder: Path) -> Iterator[None]:
    """Keep other processes out of an existing folder while the block runs.

    Where the file system knows no locks, the block runs without one, and the log says so.

    Raises:
        RunFolderError: another process uses the folder; names it.
        OSError: the lock file cannot be written.
    """
    path = folder / LOCK_FILE
    # Not "w": the text of the process that holds the lock must stay.
    with path.open("a+", encoding="utf-8") as handle:
        try:
            _lock(handle)
        except BlockingIOError:
            raise RunFolderError(
                f"{folder} is in use by {_read_owner(path)}; wait until it ends, or choose another --out"
            ) from None
        except OSError as error:
            logger.warning("%s cannot be locked (%s); see that no other process uses it", folder, error)
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {platform.node()}\n")
        handle.flush()
        yield


def _read_owner(path: Path) -> str:
    """Return what the owner wrote; nothing yet, if it took the lock this very moment."""
    return path.read_text(encoding="utf-8").strip() or "another process"
