"""Packed files: gzip and zstd, known by the end of their name and by their first bytes."""

import gzip
import io
import zlib
from typing import IO, Any, cast

import pyarrow

from moldesign.errors import TableError

PACKINGS = (".gz", ".zst")

READ_ERRORS = (OSError, EOFError, zlib.error, pyarrow.ArrowException)
"""What reading a missing, unreadable, truncated or damaged file raises."""

_BUFFER = 1 << 16
_NAMES = {".gz": "gzip", ".zst": "zstd"}
_GZIP, _ZSTD, _ZSTD_SKIPPED = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"
"""How packed files begin (RFC 1952, RFC 8878; the last behind one more byte); no text does."""


def unpack(stream: io.BufferedReader, packing: str, label: str) -> IO[bytes]:
    """Return the uncompressed bytes of a file; of a truncated one all that can be read comes before the error.

    Args:
        stream: the file, at its beginning.
        packing: one of `PACKINGS`, as its name promises, or empty: then the first bytes tell.
        label: of the file, for the message.

    Raises:
        TableError: its content is not what its name promises.
    """
    begin = stream.peek(4)[:4]
    found = _find_packing(begin)
    if packing and begin and found != packing:
        raise TableError(f"{label}: the file is not {_NAMES[packing]}; remove {packing} from its name")
    if found == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    return io.BufferedReader(_ZstdFile(stream), _BUFFER) if found == ".zst" else stream


def pack(file: IO[bytes], packing: str) -> IO[bytes]:
    """Return what writes into the file, packed; the same content gives the same bytes. Closing it may close the file.

    Args:
        file: open for writing.
        packing: one of `PACKINGS`, or empty.
    """
    if packing == ".gz":  # no name and time inside
        return cast("IO[bytes]", gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0))
    if packing == ".zst":
        return cast("IO[bytes]", pyarrow.CompressedOutputStream(pyarrow.PythonFile(file, mode="w"), "zstd"))
    return file


def _find_packing(begin: bytes) -> str:
    if begin.startswith(_GZIP):
        return ".gz"
    return ".zst" if begin.startswith((_ZSTD, begin[:1] + _ZSTD_SKIPPED)) else ""


class _Borrowed(io.RawIOBase):
    """A file that stays open when pyarrow closes what it has read it by."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)


class _ZstdFile(io.RawIOBase):
    """The unpacked bytes of a zstd file, which can be read from its beginning again."""

    def __init__(self, packed: io.BufferedReader) -> None:
        super().__init__()
        self._packed = packed
        self._begin()

    def _begin(self) -> None:
        self._position = 0
        borrowed = pyarrow.PythonFile(_Borrowed(self._packed), mode="r")
        self._unpacked = pyarrow.CompressedInputStream(borrowed, "zstd")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._packed.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) == (0, io.SEEK_SET):
            self._packed.seek(0)
            self._begin()
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("a zstd file is read from its beginning")
        return self._position

    def readinto(self, buffer: Any) -> int:
        content = self._unpacked.read(len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)
