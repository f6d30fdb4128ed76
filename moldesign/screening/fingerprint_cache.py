"""Fingerprints of library rows on disk, so that a second similarity search need not read the molecules.

Each task has a file of its own, called by a hash of everything that its fingerprints depend on: the texts of the rows,
the kind of fingerprint, and the version of RDKit. A changed row, another RDKit or another way of cutting the library is
another name, so that nothing can be out of date. A file gets its name once it is whole, and ends with a hash of its
content: one that a killed process or a failing disk has left behind is made again.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rdkit
from numpy.typing import NDArray

from moldesign.checkpoint import write_bytes_atomically
from moldesign.errors import RunFolderError
from moldesign.screening.executor import Task

N_BYTES = 256
"""Of a fingerprint: 2048 bits."""
_KIND = ("morgan", 2, 8 * N_BYTES, "parent", 2)
"""What is kept: the fingerprint of the standardised molecule; the last number is that of the format."""
_HASH_SIZE = 16

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class FingerprintCache:
    """Fingerprints in a folder; several processes, and machines, may use it at the same time."""

    folder: Path

    def load(self, task: Task) -> Bits | None:
        """Return the packed fingerprints of the rows of a task, uint8 [N, N_BYTES], or None where there are none yet.

        Rows without a fingerprint, among them all that are no molecule, are zero.
        """
        try:
            content = np.frombuffer(self._name(task).read_bytes(), dtype=np.uint8)
        except OSError:  # there is none
            return None
        n = len(task.texts) * N_BYTES
        if len(content) != n + _HASH_SIZE or _hash(content[:n]) != content[n:].tobytes():
            return None
        return content[:n].reshape(-1, N_BYTES)

    def store(self, task: Task, bits: Bits) -> None:
        """Keep the fingerprints of the rows of a task.

        Raises:
            RunFolderError: the folder cannot be written, or the disk is full.
        """
        path = self._name(task)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes_atomically(path, bits.tobytes() + _hash(bits))
        except OSError as error:
            raise RunFolderError(
                f"{self.folder}: fingerprints cannot be kept there ({error.strerror}); make room, or name another "
                "folder, then go on with --resume"
            ) from error

    def _name(self, task: Task) -> Path:
        content = json.dumps([_KIND, rdkit.__version__, task.holds_blocks, task.texts, sorted(task.falls)])
        name = hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=_HASH_SIZE).hexdigest()
        return self.folder / name[:2] / f"{name[2:]}.fp"


def _hash(bits: Bits) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(bits).data, digest_size=_HASH_SIZE).digest()
