"""Bytes in and out of files: endings, packing, standard input, text lines with their number, atomic writing."""

import codecs
import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NamedTuple, cast

from moldesign.datasets.packing import PACKINGS, READ_ERRORS, pack, unpack
from moldesign.errors import TableError

STANDARD_INPUT = "-"

_TEMPORARY_END = ".tmp"

_LATIN_1 = "moldesign-latin-1"

_FIRST_LINE = 4096
"""Bytes of it that are looked at, at the most."""


class FileKind(NamedTuple):
    """What the name of a file promises."""

    ending: str
    packing: str
    """".gz", ".zst", or empty"""


def classify_path(path: str | Path) -> FileKind:
    """Return the kind of file that the name promises; standard input is CSV.

    >>> classify_path("library.SMI.gz")
    FileKind(ending='.smi', packing='.gz')
    """
    if str(path) == STANDARD_INPUT:
        return FileKind(".csv", "")
    name = Path(path).name.lower()
    packing = next((ending for ending in PACKINGS if name.endswith(ending)), "")
    return FileKind(Path(name.removesuffix(packing)).suffix, packing)


def refuse_overwriting(path: str | Path, option: str, inputs: Iterable[str | Path]) -> None:
    """Refuse to write over a file that is read, whichever links and spellings name the two.

    Args:
        path: of the file that is going to be written.
        option: that names it.
        inputs: what is read; `-` is standard input.

    Raises:
        TableError: they are one file.
    """
    target = Path(path).resolve()
    if any(target == Path(one).resolve() for one in inputs if str(one) != STANDARD_INPUT):
        raise TableError(f"{path} is read by this command, and would be overwritten; choose another {option}")


@contextmanager
def open_input(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, uncompressed on the way; `-` is standard input.

    Raises:
        TableError: the file cannot be opened, or is not packed as its name promises.
    """
    if str(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        raw = Path(path).open("rb")  # noqa: SIM115  closed below
    except OSError as error:
        raise TableError(f"{path}: cannot be opened ({error.strerror}); check the path") from error
    with raw:
        yield unpack(raw, classify_path(path).packing, str(path))


def find_encoding(stream: IO[bytes], label: str) -> str:
    """Return "utf-16" where a byte order mark of it comes next, else "utf-8-sig"; what was looked at stays to be read.

    A stream without a buffer is not looked at.

    Raises:
        TableError: the first line holds zero bytes, which no such text does.
    """
    begin = stream.peek(_FIRST_LINE)[:_FIRST_LINE] if hasattr(stream, "peek") else b""
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first_line = b"".join(begin.lstrip().splitlines()[:1])
    if b"\0" in first_line[:2]:
        raise TableError(f"{label}: this looks like UTF-16 without a byte order mark; save it as UTF-8")
    if b"\0" in first_line:
        raise TableError(
            f"{label}: the first line holds zero bytes, so this is no text; save the table as CSV in UTF-8"
        )
    return "utf-8-sig"


def allow_latin_1() -> str:
    """Return how the codecs are told to take a byte that is not UTF-8 for the Latin-1 character that it most likely is.

    >>> b"G\\xf6teborg".decode(errors=allow_latin_1())
    'Göteborg'
    """
    codecs.register_error(_LATIN_1, _read_latin_1)
    return _LATIN_1


def _read_latin_1(error: UnicodeError) -> tuple[str, int]:
    failure = cast(UnicodeDecodeError, error)
    return failure.object[failure.start : failure.end].decode("latin-1"), failure.end


def read_lines(stream: IO[bytes], label: str, *, errors: str = "strict") -> Iterator[str]:
    """Yield the lines of UTF-8 text, or of UTF-16 with a byte order mark; the mark is left out, ends of lines stay.

    Args:
        stream: the text.
        label: of the file, for messages.
        errors: what to do about bytes that are no UTF-8, as the codecs call it.

    Raises:
        TableError: names file and line of bytes that are no text, or where a damaged file ends.
    """
    number = 0
    try:
        is_utf_16 = find_encoding(stream, label) == "utf-16"
        for line in _decode_utf_16(stream) if is_utf_16 else _decode_utf_8(stream, errors):
            number += 1
            yield line
    except UnicodeDecodeError as error:
        if error.encoding != "utf-8":
            raise TableError(
                f"{label}: not UTF-16 text after line {number}; save the file with encoding UTF-8"
            ) from error
        where, byte = number + 1 + error.object[: error.start].count(b"\r"), error.object[error.start]
        raise TableError(
            f"{label}, line {where}: byte 0x{byte:02x} is not UTF-8 text; save the file with encoding UTF-8"
        ) from error
    except READ_ERRORS as error:
        raise TableError(explain_damage(label, f"after line {number}", error)) from error


def _decode_utf_8(stream: IO[bytes], errors: str) -> Iterator[str]:
    encoding = "utf-8-sig"
    for raw in stream:
        line, encoding = raw.decode(encoding, errors), "utf-8"
        if "\r" in line.removesuffix("\n").rstrip("\r"):  # the end of a line on old Macintoshes
            yield from io.StringIO(line, newline="")
        else:
            yield line


def _decode_utf_16(stream: IO[bytes]) -> Iterator[str]:
    text = io.TextIOWrapper(stream, encoding="utf-16", newline="")
    yield from text
    text.detach()  # else the stream would be closed with it


def explain_damage(label: str, where: str, error: BaseException) -> str:
    """Return the message for a file that stops being readable."""
    return f"{label}: cannot be read {where} ({error}); the file may be truncated or damaged, fetch it again"


class AtomicFile:
    """A file that appears under its name only when it is complete; until then, a temporary one beside it."""

    def __init__(self, path: str | Path) -> None:
        """Open the temporary file.

        Raises:
            TableError: the folder does not exist or cannot be written to.
        """
        self.path = Path(path)
        try:
            self._file = NamedTemporaryFile(  # noqa: SIM115  closed by commit or discard
                dir=self.path.parent, prefix=_begin_temporary(self.path), suffix=_TEMPORARY_END, delete=False
            )
        except OSError as error:
            raise TableError(
                f"{path}: cannot be written ({error.strerror}); create the folder or name another"
            ) from error
        self.stream = pack(cast("IO[bytes]", self._file), classify_path(path).packing)

    def commit(self) -> None:
        """Finish the file and give it its name, replacing an older one."""
        self.stream.close()
        self._file.close()
        temporary = Path(self._file.name)
        temporary.chmod(0o644)
        temporary.replace(self.path)

    def discard(self) -> None:
        """Remove what was not committed; an older file of the same name stays."""
        with suppress(OSError):  # closing flushes, and a full disk is often why the file is discarded
            self.stream.close()
        with suppress(OSError):
            self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


def remove_temporaries(path: str | Path) -> None:
    """Remove what killed processes have left of an `AtomicFile` of this path; none may be at work on it."""
    begin, end = re.escape(_begin_temporary(Path(path))), re.escape(_TEMPORARY_END)
    of_this_path = re.compile(f"{begin}[a-z0-9_]+{end}")  # the letters are those of the module tempfile
    for beside in Path(path).parent.iterdir():
        if of_this_path.fullmatch(beside.name) and beside.is_file():
            beside.unlink()


def _begin_temporary(path: Path) -> str:
    return f".{path.name}."
