"""The folder that a new model is written to: never over an older one, and refused before hours are spent."""

from pathlib import Path

from moldesign.checkpoint import CARD_FILE
from moldesign.errors import RunFolderError


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
