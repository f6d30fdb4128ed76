"""Packed files: known by their first bytes, written alike at any time, refused where they are not whole."""

import gzip
from pathlib import Path

import pandas as pd
import pyarrow
import pytest
from rdkit import Chem

from moldesign.datasets.tables import read_smiles, write_table
from moldesign.errors import TableError


def pack_zstd(content: bytes) -> bytes:
    return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))


PACKS = {".gz": gzip.compress, ".zst": pack_zstd}
ETHANOL = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))


@pytest.mark.parametrize("packing", PACKS)
@pytest.mark.parametrize(("name", "content"), [("t.csv", "smiles\nCCO\n"), ("t.sdf", f"{ETHANOL}$$$$\n" * 2000)])
def test_a_packed_file_is_known_by_its_first_bytes(tmp_path: Path, packing: str, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(PACKS[packing](content.encode()))
    assert set(read_smiles(tmp_path / name)) == {"CCO"}


@pytest.mark.parametrize("packing", PACKS)
def test_packed_output_does_not_depend_on_the_clock(tmp_path: Path, packing: str) -> None:
    for name in "ab":
        write_table(tmp_path / f"{name}.csv{packing}", [pd.DataFrame({"smiles": ["CCO"] * 9})])
    assert (tmp_path / f"a.csv{packing}").read_bytes() == (tmp_path / f"b.csv{packing}").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv.gz", b"smiles\nC\n", "the file is not gzip; remove .gz from its name"),
        ("t.csv.zst", gzip.compress(b"smiles\nC\n"), "the file is not zstd; remove .zst from its name"),
        ("t.csv.zst", pack_zstd(b"smiles\n" + b"CCO\n" * 9)[:-2], "may be truncated"),
        ("t.csv.gz", gzip.compress(b"smiles\n" + b"CCO\n" * 9, mtime=0)[:-9], "may be truncated"),
    ],
)
def test_faults_name_file_and_remedy(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=f"{name}: .*{message}"):
        read_smiles(tmp_path / name)
