"""Fetch a published file, take it out of its wrapping, check it, and keep it gzip'ed."""

import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.request import urlopen

from moldesign.errors import TableError

TIMEOUT_S = 60


def download_dataset(url: str, destination: Path, content_sha256: str, *, member: str | None = None) -> None:
    """Write the file published at `url`, uncompressed, checked and gzip'ed again, to `destination`.

    Args:
        url: public address.
        destination: ends with `.gz`.
        content_sha256: of the file, uncompressed.
        member: the file's path in the zip archive (a wheel is one) at `url`; without it, its largest file.

    Raises:
        TableError: the address does not answer, the archive has no such member, or the content's sha256 is not
            `content_sha256`.
    """
    try:
        with urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310  addresses come from the catalog alone
            content = unwrap(read_member(response.read(), member) if member else response.read())
    except (OSError, EOFError, KeyError, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise TableError(
            f"cannot download {url} ({error}); fetch it by other means and save it gzip'ed as {destination}"
        ) from error
    if (found := hashlib.sha256(content).hexdigest()) != content_sha256:
        raise TableError(f"{url}: the content has sha256 {found}, expected {content_sha256}; it is not kept")
    _write_gzip(destination, content)


def read_member(archive: bytes, member: str) -> bytes:
    """Return one file of a zip archive.

    Raises:
        KeyError: there is no such file in it.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(member)


def unwrap(content: bytes) -> bytes:
    """Return what is inside gzip, xz, tar and zip wrappings (of a tar or zip: its largest file).

    >>> unwrap(gzip.compress(b"CCO"))
    b'CCO'
    """
    if content.startswith(b"\x1f\x8b"):
        return unwrap(gzip.decompress(content))
    if content.startswith(b"\xfd7zXZ"):
        return unwrap(lzma.decompress(content))
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return unwrap(archive.read(max(archive.infolist(), key=lambda member: member.file_size)))
    if content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            file = archive.extractfile(max(archive, key=lambda member: member.size))
            return unwrap(file.read()) if file else b""
    return content


def _write_gzip(destination: Path, content: bytes) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=destination.parent, delete=False) as file:
        file.write(gzip.compress(content, mtime=0))
    Path(file.name).replace(destination)
