"""What a Parquet library holds comes back as it was."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from moldesign.datasets.tables import read_table
from moldesign.errors import TableError
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.reporting.screening_record import read_screening
from moldesign.screening import ScreeningSettings, screen


def run(library: list[str], profile: Profile, out: str = "hits.csv", *, keeps_all: bool = False) -> None:
    settings = ScreeningSettings(workers=1, top=None if keeps_all else 30, in_input_order=keeps_all)
    screen(library, profile, out=out, settings=settings)


def test_types_of_parquet_stay() -> None:
    frame = pd.DataFrame({"smiles": ["CCO", "CCC"], "n": [1, 2], "x": [None, 0.5], "ok": [True, False]})
    frame.to_parquet("library.parquet")
    run(["library.parquet"], parse_goals(["mw min"]), "hits.parquet")
    hits = pd.read_parquet("hits.parquet").set_index("smiles")
    assert hits["n"].to_dict() == {"CCC": 2, "CCO": 1}
    assert hits["ok"].to_dict() == {"CCC": False, "CCO": True}
    assert hits["x"].dtype == float


@pytest.mark.parametrize("ending", ["csv", "parquet", "sdf"])
def test_whole_numbers_of_parquet_are_exact(ending: str) -> None:
    large = [2**64 - 1, None, 2**63 + 1]
    columns = [
        pyarrow.array(["CCO", "CCC", "CCN"]),
        pyarrow.array(large, pyarrow.uint64()),
        pyarrow.array([2**63 - 1] * 3),
    ]
    parquet.write_table(pyarrow.Table.from_arrays(columns, ["smiles", "hash", "id"]), "library.parquet")
    run(["library.parquet"], parse_goals(["mw min"]), f"hits.{ending}", keeps_all=True)
    if ending == "parquet":
        hits = parquet.read_table("hits.parquet").to_pydict()
        assert (hits["hash"], hits["id"]) == (large, [2**63 - 1] * 3)
    else:
        [chunk] = read_table(f"hits.{ending}")
        assert chunk.frame["hash"].tolist() == [str(2**64 - 1), "", str(2**63 + 1)]
        assert chunk.frame["id"].tolist() == [str(2**63 - 1)] * 3


@pytest.mark.parametrize("kind", [pyarrow.float16(), pyarrow.float32(), pyarrow.float64()])
def test_decimals_of_parquet_are_written_as_short_as_they_are(kind: pyarrow.DataType) -> None:
    values = pyarrow.array(
        np.array([0.1, 6.02, 0.0], dtype=kind.to_pandas_dtype()), kind, mask=np.array([0, 0, 1], bool)
    )
    columns = [pyarrow.array(["CCO", "CCC", "CCN"]), values]
    parquet.write_table(pyarrow.Table.from_arrays(columns, ["smiles", "x"]), "library.parquet")
    run(["library.parquet"], parse_goals(["mw min"]), keeps_all=True)
    [chunk] = read_table("hits.csv")
    assert chunk.frame["x"].tolist() == ["0.1", "6.02", ""]


COLUMNS = {
    "days": pyarrow.array([["Mo", None], [], None], pyarrow.list_(pyarrow.string())),
    "counts": pyarrow.array([[1], None, [2, 3]], pyarrow.list_(pyarrow.int32())),
    "made": pyarrow.array([None, datetime(2024, 2, 29, 12, 30, 1, 500), None], pyarrow.timestamp("us")),
    "seen": pyarrow.array([datetime(2024, 7, 1, tzinfo=UTC)] * 3, pyarrow.timestamp("ms", tz="Europe/Berlin")),
    "day": pyarrow.array([date(1999, 12, 31), None, None]),
    "price": pyarrow.array([Decimal("1.20"), None, Decimal("12345.67")], pyarrow.decimal128(12, 2)),
    "vendor": pyarrow.array(["a", None, "a"]).dictionary_encode(),
    "raw": pyarrow.array([b"\xff", None, b"x"]),
}


@pytest.mark.parametrize("top", [1, 3])
def test_columns_that_are_neither_text_nor_numbers_come_back(top: int) -> None:
    table = pyarrow.table({"smiles": ["CCO", "CCC", "CCN"]} | COLUMNS)
    parquet.write_table(table, "library.parquet")
    screen(
        "library.parquet",
        parse_goals(["alerts min"]),
        out="hits.parquet",
        settings=ScreeningSettings(workers=1, top=top),
    )
    hits = parquet.read_table("hits.parquet")
    kept = [name for name in COLUMNS if name != "raw"]
    assert hits.select(kept).to_pydict() == table.slice(0, top).select(kept).to_pydict()
    assert [hits.schema.field(name).type for name in kept] == [table.schema.field(name).type for name in kept]
    assert hits["raw"][0].as_py() == r"b'\xff'"
    assert read_screening(Path("hits.parquet"), max_hits=1).hits["days"].tolist() == ["['Mo', None]"]


def test_columns_of_two_kinds_are_text() -> None:
    Path("a.csv").write_text("smiles,counts,day\nCCO,many,once\n")
    parquet.write_table(
        pyarrow.table({"smiles": ["CCC"]} | {k: COLUMNS[k][:1] for k in ("counts", "day")}), "b.parquet"
    )
    run(["a.csv", "b.parquet"], parse_goals(["mw min"]), "hits.parquet", keeps_all=True)
    hits = parquet.read_table("hits.parquet").to_pydict()
    assert (hits["counts"], hits["day"]) == (["many", "[1]"], ["once", "1999-12-31"])


def test_numbers_of_two_kinds_are_text() -> None:
    for name, kind, number in [("a", pyarrow.uint64(), 2**64 - 1), ("b", pyarrow.int64(), -1)]:
        columns = [pyarrow.array(["CCC" if name == "a" else "CCO"]), pyarrow.array([number], kind)]
        parquet.write_table(pyarrow.Table.from_arrays(columns, ["smiles", "n"]), f"{name}.parquet")
    run(["a.parquet", "b.parquet"], parse_goals(["mw min"]), "hits.parquet", keeps_all=True)
    assert pd.read_parquet("hits.parquet")["n"].tolist() == [str(2**64 - 1), "-1"]


def test_a_parquet_column_that_is_there_twice_leaves_nothing() -> None:
    table = pyarrow.Table.from_arrays(
        [pyarrow.array(["CCO"]), pyarrow.array([1]), pyarrow.array([2])], ["smiles", "n", "n"]
    )
    parquet.write_table(table, "library.parquet")
    with pytest.raises(TableError, match="the column 'n' is there twice"):
        run(["library.parquet"], parse_goals(["mw min"]))
    assert [path.name for path in Path().iterdir()] == ["library.parquet"]
