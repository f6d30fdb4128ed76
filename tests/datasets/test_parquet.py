"""Parquet in and out: cells and types stay what they are, whatever the first of them are."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from moldesign.datasets.tables import read_table, write_table
from moldesign.errors import TableError


def read_all(path: Path) -> pd.DataFrame:
    return pd.concat([chunk.frame for chunk in read_table(path)], ignore_index=True)


def test_parquet_keeps_types_and_late_text(tmp_path: Path) -> None:
    first = pd.DataFrame({"smiles": ["C"], "score": [0.5], "error": [None], "rank": [1]})
    second = pd.DataFrame({"smiles": ["C("], "score": [float("nan")], "error": ["row 1: bad"], "rank": [2]})
    write_table(tmp_path / "t.parquet", [first, second])
    back = read_all(tmp_path / "t.parquet")
    assert back["rank"].dtype == "Int64"
    assert list(back["error"].isna()) == [True, False]


@pytest.mark.parametrize("ending", ["csv", "parquet", "sdf"])
def test_parquet_cells_stay_what_they_are(tmp_path: Path, ending: str) -> None:
    columns = {
        "smiles": pyarrow.array([b"CCO", b"CCN"]),
        "odd": pyarrow.array([2**53 + 1, None], pyarrow.int64()),
        "large": pyarrow.array([None, 2**64 - 1], pyarrow.uint64()),
        "flag": pyarrow.array([True, None]),
        "list": pyarrow.array([[1, 2], [3, 4]]),
        "blob": pyarrow.array([b"\xff\xfe", b"x"]),
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    [chunk] = read_table(tmp_path / "t.parquet")
    assert chunk.smiles == ["CCO", "CCN"]
    assert chunk.frame["list"].tolist() == [[1, 2], [3, 4]]
    write_table(tmp_path / f"back.{ending}", [chunk.frame])
    if ending == "parquet":
        expected = {name: column.to_pylist() for name, column in columns.items()}
        assert parquet.read_table(tmp_path / "back.parquet").to_pydict() == expected
    else:
        back = read_all(tmp_path / f"back.{ending}")
        assert list(back["odd"]) == ["9007199254740993", ""]
        assert list(back["large"]) == ["", "18446744073709551615"]
        assert list(back["flag"]) == ["True", ""]
        assert list(back["list"]) == ["[1, 2]", "[3, 4]"]


LATER = {
    "decimal": pyarrow.array([Decimal("1.2"), Decimal("123456.78"), None], pyarrow.decimal128(12, 2)),
    "empty list": pyarrow.array([[], [1, 2], None], pyarrow.list_(pyarrow.int64())),
    "null list": pyarrow.array([None, ["a"], []], pyarrow.list_(pyarrow.string())),
    "struct": pyarrow.array([{"a": None}, {"a": 0.5}, None], pyarrow.struct([("a", pyarrow.float64())])),
    "date": pyarrow.array([None, date(2026, 1, 31), None], pyarrow.date32()),
    "bytes": pyarrow.array([b"CCO", b"\xff\xfe", None], pyarrow.binary()),
    "map": pyarrow.array([[], [("a", 1)], None], pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    "class": pyarrow.array(["a", "b", None]).dictionary_encode(),
    "nothing": pyarrow.array([None, None, None], pyarrow.string()),
}
"""Columns whose first cell does not tell what the others are."""


@pytest.mark.parametrize("name", LATER)
def test_parquet_columns_keep_the_type_of_their_file(tmp_path: Path, name: str) -> None:
    table = pyarrow.table({"smiles": ["C", "CC", "CCC"], "x": LATER[name]})
    parquet.write_table(table, tmp_path / "t.parquet")
    chunks = read_table(tmp_path / "t.parquet", chunk_size=1)
    write_table(tmp_path / "back.parquet", (chunk.frame.assign(logp=0.5) for chunk in chunks))
    back = parquet.read_table(tmp_path / "back.parquet")
    assert back.drop(["logp"]).to_pydict() == table.to_pydict()
    assert back.schema.field("x").type == table.schema.field("x").type


def test_a_parquet_column_that_was_changed_has_the_type_of_its_new_cells(tmp_path: Path) -> None:
    table = pyarrow.table({"smiles": ["C"], "x": LATER["date"][1:2], "y": pyarrow.array([0.5], pyarrow.float32())})
    parquet.write_table(table, tmp_path / "t.parquet")
    [chunk] = read_table(tmp_path / "t.parquet")
    changed = chunk.frame.assign(x=["last year"], y=[0.1])
    write_table(tmp_path / "back.parquet", [changed])
    assert parquet.read_table(tmp_path / "back.parquet").to_pydict() == changed.to_dict("list")
    changed.to_parquet(tmp_path / "pandas.parquet")
    assert pd.read_parquet(tmp_path / "pandas.parquet").to_dict("list") == changed.to_dict("list")


def test_a_parquet_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    table = pyarrow.Table.from_arrays([pyarrow.array(["C"])] * 2, names=["smiles", "smiles"])
    parquet.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet: the column 'smiles' is there twice; rename one of them"):
        next(read_table(tmp_path / "t.parquet"))


def test_the_index_of_a_parquet_file_is_a_column(tmp_path: Path) -> None:
    pd.DataFrame({"smiles": ["C", "N"]}, index=["a", "b"]).to_parquet(tmp_path / "t.parquet")
    [chunk] = read_table(tmp_path / "t.parquet")
    assert list(chunk.frame.index) == [0, 1]
    assert list(chunk.frame["__index_level_0__"]) == ["a", "b"]
