"""The files of a library: found by name or pattern, opened uncompressed, and hashed as they are read."""

import glob
import hashlib
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from moldesign.datasets.packing import READ_ERRORS, unpack
from moldesign.datasets.streams import STANDARD_INPUT, allow_latin_1, find_encoding
from moldesign.errors import TableError

DAMAGE = (*READ_ERRORS, UnicodeDecodeError)
"""What reading a truncated or damaged file raises."""

_BUFFER = 1 << 16
_PARQUET_BYTES = b"PAR1\x15"
"""How Parquet begins: four letters, which could be text, and the first field of a Thrift structure, a 32-bit number."""


def find_files(names: Sequence[str | Path]) -> list[str]:
    """Return the files that are named or that patterns such as `part-*.smi.gz` match, each once.

    Files keep the order of the names; those of one pattern are sorted.

    Raises:
        TableError: a file does not exist, nothing matches, or a folder is named.
    """
    found: list[str] = []
    for name in map(str, names):
        is_pattern = glob.has_magic(name) and not Path(name).exists()
        matches = sorted(glob.glob(name, recursive=True)) if is_pattern else [name]  # noqa: PTH207  keeps the spelling
        if not matches:
            raise TableError(f"{name}: no file matches this pattern; check the folder and the ending")
        found += matches
    for path in found:
        if path != STANDARD_INPUT and not Path(path).is_file():
            problem = "is a folder; name its files, as in folder/*.csv" if Path(path).is_dir() else "does not exist"
            raise TableError(f"{path}: {problem}; check the path")
    return list(dict.fromkeys(found))


class HashedFile(io.RawIOBase):
    """A file that is read from its beginning to its end, and hashed on the way."""

    def __init__(self, path: str) -> None:
        """Open the file; `-` is standard input.

        Raises:
            TableError: it cannot be opened.
        """
        super().__init__()
        self.n_bytes = 0
        """Read so far."""
        self._hash = hashlib.sha256()
        try:
            # Closed by `close`, standard input never.
            self._file: IO[bytes] = sys.stdin.buffer if path == STANDARD_INPUT else Path(path).open("rb")  # noqa: SIM115
        except OSError as error:
            raise TableError(f"{path}: cannot be opened ({error.strerror}); check its rights") from error
        self._is_ours = path != STANDARD_INPUT

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; return how many bytes there were."""
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._hash.update(content)
        self.n_bytes += len(content)
        return len(content)

    def finish(self) -> str:
        """Read what a decoder may have left behind its end, and return the SHA-256 of the whole file."""
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file, but never standard input."""
        if self._is_ours:
            self._file.close()
        super().close()


def open_text(raw: HashedFile, packing: str, label: str) -> IO[str]:
    """Return the text of a file, with `\\n` at the end of every line, whichever ends the file has.

    It is UTF-8 with or without a byte order mark, or UTF-16 with one. A byte that is not UTF-8 is taken for the
    Latin-1 character that it then most likely is.

    Raises:
        TableError: it is Parquet, UTF-16 without a mark, no text, or not packed as its name promises.
    """
    stream: Any = unpack(io.BufferedReader(raw, _BUFFER), packing, label)
    if stream.peek(len(_PARQUET_BYTES)).startswith(_PARQUET_BYTES):
        raise TableError(
            f"{label}: this is Parquet, which is read from its end; save it as a file whose name ends in .parquet, and "
            "give that name"
        )
    return io.TextIOWrapper(stream, encoding=find_encoding(stream, label), errors=allow_latin_1(), newline=None)


@contextmanager
def naming_damage(label: str, n_rows: Sequence[int]) -> Iterator[None]:
    """Explain a file that stops being readable.

    Args:
        label: of the file.
        n_rows: holds the number of rows read so far.

    Raises:
        TableError: names file, row and remedy.
    """
    try:
        yield
    except DAMAGE as error:
        raise TableError(
            f"{label}: cannot be read after row {n_rows[0]} ({error}); the file may be truncated or damaged: fetch it "
            "again, and go on with --resume"
        ) from error
