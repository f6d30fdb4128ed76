"""What a cluster runs on each of its cores: a worker process that is watched as on a single machine, and its models."""

import os
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from moldesign.checkpoint import CARD_FILE, TENSORS_FILE
from moldesign.errors import MoldesignError
from moldesign.predictors.bundled import find_model_folder, list_bundled, read_model_card
from moldesign.screening.executor import Outcome, Task
from moldesign.screening.local import LocalExecutor
from moldesign.screening.screener import Screener
from moldesign.versions import list_versions

PackedModels = Mapping[str, Mapping[str, bytes]]
"""The files of each model, by their names, after the name of the model."""


@dataclass(frozen=True)
class WorkerNote:
    """What a worker says of itself before it gets any work."""

    host: str
    pid: int
    setup: dict[str, str]
    """What figures depend on, see `describe_setup`."""
    problem: str | None
    """Why it cannot work."""


class RemoteScreener:
    """Does the tasks it is sent, in a process of its own that is replaced where a molecule hangs or kills it.

    Args:
        screener: what is done.
        models: those that the profile names by folder; they are put down in a temporary folder.
        folder: where the asking process works; used where it exists here, for modules and files of the user's own.
        modules: where the asking process finds modules; looked at after the places of this one.
        row_seconds: time for a row.
    """

    def __init__(
        self, screener: Screener, models: PackedModels, folder: str, modules: Sequence[str], row_seconds: float
    ) -> None:
        if Path(folder).is_dir():
            os.chdir(folder)
        places = [place or folder for place in modules]
        sys.path += [place for place in places if place not in sys.path]
        self._models = tempfile.TemporaryDirectory(prefix="moldesign-models-")
        self._screener = replace(screener, models=unpack_models(models, Path(self._models.name)))
        self._executor = LocalExecutor(self._screener, 1, row_seconds=row_seconds, start_method="spawn")
        # A process that is started anew imports the main module of its parent: Ray's, for seconds and for nothing.
        vars(sys.modules["__main__"]).pop("__file__", None)

    def prepare(self) -> WorkerNote:
        """Say who this is, and whether the profile can be understood here."""
        problem = None
        try:
            self._screener.profile.terms  # noqa: B018  models, modules and files are looked for
        except MoldesignError as error:
            problem = str(error)
        return WorkerNote(socket.gethostname(), os.getpid(), describe_setup(), problem)

    def run(self, task: Task) -> Outcome | str:
        """Do a task; return why it cannot be done as text, because not every exception can be sent."""
        try:
            [outcome] = self._executor.map(iter([task]))
        except MoldesignError as error:
            return str(error)
        return outcome

    def close(self) -> None:
        """End the process, and remove what was put down."""
        self._executor.close()
        self._models.cleanup()


def describe_setup() -> dict[str, str]:
    """Return the versions of packages and the checksums of bundled models: where they differ, so may figures."""
    versions = {name: version for name, version in list_versions().items() if name != "python"}  # Ray compares these
    return versions | {f"the model {name}": str(read_model_card(name).get("sha256")) for name in list_bundled()}


def pack_models(names: Sequence[str]) -> PackedModels:
    """Read models, to be sent to other machines.

    Raises:
        UnknownNameError: there is no such model.
    """
    folders = {name: find_model_folder(name) for name in names}
    files = (CARD_FILE, TENSORS_FILE)
    return {name: {file: (folder / file).read_bytes() for file in files} for name, folder in folders.items()}


def unpack_models(models: PackedModels, folder: Path) -> tuple[tuple[str, str], ...]:
    """Write models into a folder; return the names and where they are now."""
    for number, files in enumerate(models.values()):
        (folder / str(number)).mkdir()
        for file, content in files.items():
            (folder / str(number) / file).write_bytes(content)
    return tuple((name, str(folder / str(number))) for number, name in enumerate(models))
