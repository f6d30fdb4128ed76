"""Reading and writing tables: every row and cell survives, and every fault says where it is."""

import errno
import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from moldesign.chem.smiles import parse_smiles
from moldesign.datasets.columns import find_smiles_column
from moldesign.datasets.delimited import DelimitedWriter, read_delimited
from moldesign.datasets.tables import check_table, read_smiles, read_table, write_table
from moldesign.errors import TableError
from tests.extended_smiles import EXTENDED_LINES

ENDINGS = [
    f"{ending}{packing}" for ending in (".csv", ".tsv", ".smi", ".sdf", ".parquet") for packing in ("", ".gz", ".zst")
]

ETHANOL = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).splitlines()


@pytest.fixture
def frame(named_drugs: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"smiles": list(named_drugs.values()), "name": list(named_drugs), "batch": ["007"] * len(named_drugs)}
    )


def read_all(path: Path, **options: int) -> pd.DataFrame:
    return pd.concat([chunk.frame for chunk in read_table(path, **options)], ignore_index=True)


def write_bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("ending", ENDINGS)
def test_round_trip_keeps_rows_in_order(tmp_path: Path, frame: pd.DataFrame, ending: str) -> None:
    path = tmp_path / f"drugs{ending}"
    write_table(path, [frame.iloc[:5], frame.iloc[5:]])
    back = read_all(path, chunk_size=4)
    keys = [text and parse_smiles([text]).mols[0] for text in back["smiles"]]
    assert [mol.GetNumHeavyAtoms() for mol in keys] == [
        mol.GetNumHeavyAtoms() for mol in parse_smiles(frame["smiles"]).mols
    ]
    if ".smi" in ending:  # the rest of the line is the name
        assert list(back["name"]) == [f"{name}\t007" for name in frame["name"]]
    else:
        assert list(back["name"]) == list(frame["name"])
        assert list(back["batch"]) == ["007"] * len(frame)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".csv.gz"])
def test_text_cells_come_back_unchanged(tmp_path: Path, ending: str) -> None:
    cells = ["007", "1e5", 'say "hi", twice', "two\nlines", "NA", "", " x ", "µM", "a\tb"]
    frame = pd.DataFrame({"smiles": ["C"] * len(cells), "cell": cells})
    write_table(tmp_path / f"t{ending}", [frame])
    assert list(read_all(tmp_path / f"t{ending}")["cell"]) == cells


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=8))
def test_any_text_survives_csv(cells: list[str]) -> None:
    stream = io.BytesIO()
    DelimitedWriter(stream, ",").write(pd.DataFrame({"smiles": "C", "cell": cells}))
    stream.seek(0)
    back = pd.concat(read_delimited(stream, "t.csv", 3), ignore_index=True)
    assert list(back["cell"]) == cells


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
@pytest.mark.parametrize(
    "name", ["Ki | human | 5-HT2A | nM", 'a;b;c;d "e', "a,b,c,d", "a\tb\tc\td", 'two\n"lines" | of | a | name']
)
def test_names_full_of_other_separators_come_back(tmp_path, name, ending):
    frame = pd.DataFrame({"smiles": ["C", "N"], name: ["1", "2"]})
    write_table(tmp_path / f"t{ending}", [frame, frame])
    [chunk] = read_table(tmp_path / f"t{ending}")
    assert chunk.frame.to_dict("list") == {"smiles": ["C", "N"] * 2, name: ["1", "2"] * 2}
    assert list(read_smiles(tmp_path / f"t{ending}")) == ["C", "N"] * 2


def test_plain_names_are_written_without_quotes(tmp_path):
    write_table(tmp_path / "t.csv", [pd.DataFrame({"smiles": ["C"], "IC50 [nM]": ["1"]})])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == "smiles,IC50 [nM]\nC,1\n"


def test_a_carriage_return_in_a_cell_is_quoted_and_rows_end_by_a_line_feed(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", [pd.DataFrame({"smiles": ["C", "N"], "cell": ["a\rb", "c\r\n"]})])
    assert (tmp_path / "t.csv").read_bytes() == b'smiles,cell\nC,"a\rb"\nN,"c\r\n"\n'


def test_long_cells_come_back_unchanged(tmp_path: Path) -> None:
    cells = ["x" * 200_000, 'say "hi", ' * 20_000, "short"]
    write_table(tmp_path / "t.csv", [pd.DataFrame({"smiles": "C", "cell": cells})])
    assert list(read_all(tmp_path / "t.csv")["cell"]) == cells


def test_chunks_know_their_first_row(tmp_path: Path, frame: pd.DataFrame) -> None:
    write_table(tmp_path / "t.csv", [frame])
    chunks = list(read_table(tmp_path / "t.csv", chunk_size=5))
    assert [(chunk.first_row, len(chunk.smiles), chunk.frame.index[0]) for chunk in chunks] == [
        (0, 5, 0),
        (5, 5, 0),
        (10, 2, 0),
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,SMILES,y", "SMILES"),
        ("Drug_ID,Drug,Y", "Drug"),
        ("mol,Class,x", "mol"),
        ("id;Canonical_Smiles;y", "Canonical_Smiles"),
        ("OPENADMET_CANONICAL_SMILES\tb\tc", "OPENADMET_CANONICAL_SMILES"),
        ("\ufeffsmiles,b,c", "smiles"),
        ("id|smiles|y", "smiles"),
    ],
)
def test_smiles_column_is_found_by_name(tmp_path: Path, header: str, expected: str) -> None:
    separator = max(",;\t|", key=header.count)
    names = header.removeprefix("\ufeff").split(separator)
    row = separator.join("CCO" if name == expected else "x" for name in names)
    path = write_bytes(tmp_path / "t.csv", f"{header}\r\n{row}\r\n".encode())
    assert read_smiles(path) == ["CCO"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "the file is empty"),
        ("t.smi", b"\n\n", "the file is empty"),
        ("t.csv", b"smiles,y\n", "the file has no rows"),
        ("t.sdf", b"", "the file has no rows"),
        ("t.csv", b"smiles,y\nC,1\nCC,2,3\n", "line 3: 3 cells where the header names 2"),
        ("t.csv", b"smiles,y\nC,1\n\nCC\n", "line 4: 1 cells where the header names 2"),
        ("t.csv", b"smiles,y\nC,1\nCC,\xb5M\n", "line 3: byte 0xb5 is not UTF-8"),
        ("t.csv", b"smiles,y\rC,1\rCC,\xb5M\r", "line 3: byte 0xb5 is not UTF-8"),
        ("t.csv", "smiles,y\nC,1\n".encode("utf-16") + b"C", "not UTF-16 text after line 2"),
        (
            "t.csv",
            "smiles,y\nC,1\n".encode("utf-16-le"),
            "this looks like UTF-16 without a byte order mark; save it as",
        ),
        ("t.smi", "\nC one\n".encode("utf-16-be"), "this looks like UTF-16 without a byte order mark; save it as"),
        ("t.csv", b"PK\x03\x04\x14\0\0\0smiles,y\nC,1\n", "the first line holds zero bytes, so this is no text"),
        ("t.csv", b"smiles,y,y\nC,1,2\n", "the column 'y' is there twice"),
        ("t.csv", b"a,b\nC,1\n", "--smiles-column; columns: a, b"),
        ("t.csv", b"smiles_in,smiles_out\nC,C\n", "--smiles-column"),
        ("t.csv", b'smiles,y\nC,"' + b"x" * 200_000, "a quote that is never closed"),
        ("t.csv", b'smiles,y\nC,1\n\nCC,"2\nCCC,3\n', "line 4: there is a quote that is never closed"),
        ("t.csv", b'smiles\nC\n"', "line 3: there is a quote that is never closed"),
        ("t.csv", b'"', "line 1: there is a quote that is never closed"),
        ("t.csv", b'smiles,y\nC,1\nCC,"' + b"x" * 10_000_001, "line 3: field larger than field limit (10000000)"),
        ("t.parquet", b"smiles\nC\n", "cannot be read as Parquet"),
        ("t.xlsx", b"", "unknown ending '.xlsx'"),
    ],
)
def test_faults_name_file_place_and_remedy(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = write_bytes(tmp_path / name, content)
    with pytest.raises(TableError) as caught:
        list(read_table(path))
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("name", "lines", "last"),
    [
        ("t.csv", ["smiles,note", 'C,"one\ntwo"', "CCO,µ"], "µ"),
        ("t.smi", ["C one", "CCO µ"], "µ"),
        ("t.smi.gz", ["C one", "CCO µ"], "µ"),
        ("t.sdf", [*ETHANOL, "> <note>", "µ", "", "$$$$", *ETHANOL, "> <note>", "µµ", "", "$$$$"], "µµ"),
    ],
)
def test_encodings_and_ends_of_lines(
    tmp_path: Path, name: str, lines: list[str], last: str, end: str, encoding: str
) -> None:
    content = end.join(lines).encode(encoding)
    path = write_bytes(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content)
    [chunk] = read_table(path)
    assert chunk.smiles[-1] == "CCO"
    assert len(chunk.smiles) == 2
    assert chunk.frame.iloc[-1, -1] == last
    check_table(path)


def test_missing_files_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.csv: cannot be opened .*check the path"):
        list(read_table(tmp_path / "none.csv"))
    path = write_bytes(tmp_path / "t.csv", b"smiles,y\nC,1\n")
    with pytest.raises(TableError, match="no column 'z'; columns: smiles, y"):
        list(read_table(path, columns=["z"]))
    write_bytes(tmp_path / "spaces.csv", b"smiles y\nC 1\n")
    with pytest.raises(TableError, match=r"the only column is 'smiles y'; columns are separated by comma, "):
        list(read_table(tmp_path / "spaces.csv", columns=["y"]))
    with pytest.raises(TableError, match="no column 'mol'"):
        list(read_table(path, smiles_column="mol"))


def test_rows_before_a_fault_are_delivered(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "t.csv", b"smiles\nC\nCC\nCCC\nC,C\n")
    chunks = read_table(path, chunk_size=2)
    assert next(chunks).smiles == ["C", "CC"]
    with pytest.raises(TableError, match="line 5"):
        next(chunks)


def test_standard_input_is_csv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"smiles\nCCO\n")))
    assert read_smiles("-") == ["CCO"]


def test_smi_lines_with_and_without_header(tmp_path: Path) -> None:
    plain = write_bytes(tmp_path / "a.smi", b"CCO ethanol\r\nC\r\n\r\n\tno structure\r\n  CC\tthe gas\r\n")
    assert read_smiles(plain) == ["CCO", "C", "", "CC"]
    assert list(read_all(plain)["name"]) == ["ethanol", "", "no structure", "the gas"]
    titled = write_bytes(tmp_path / "b.smi", b"smiles\tidnumber\tprice\nCCO\tZ1\t2 EUR\n")
    assert read_all(titled).to_dict("records") == [{"smiles": "CCO", "idnumber": "Z1", "price": "2 EUR"}]


def test_extensions_of_cxsmiles_are_no_part_of_the_smiles(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "t.csv", b'smiles,id\nC[C@H](N)O |o1:1|,A\n"CC(N)O |&1:1,r|",B\n')
    [chunk] = read_table(path)
    assert chunk.smiles == ["C[C@H](N)O", "CC(N)O"]
    assert list(chunk.frame["smiles"]) == ["C[C@H](N)O |o1:1|", "CC(N)O |&1:1,r|"]
    write_table(tmp_path / "t.sdf", [chunk.frame])
    assert read_smiles(tmp_path / "t.sdf") == ["C[C@H](N)O", "CC(N)O"]


@pytest.mark.parametrize("ending", [".smi", ".smiles", ".cxsmiles", ".cxsmiles.gz"])
def test_extensions_of_cxsmiles_are_no_part_of_the_name(tmp_path: Path, ending: str) -> None:
    smiles = ["CCO |$a b;;$|", "CC(N)O |&1:1,r|", "C |o1:0|"]
    frame = pd.DataFrame({"smiles": smiles, "name": ["ethanol, pure", "b", ""]})
    write_table(tmp_path / f"t{ending}", [frame])
    [chunk] = read_table(tmp_path / f"t{ending}")
    assert chunk.frame.to_dict("list") == frame.to_dict("list")
    assert chunk.smiles == ["CCO", "CC(N)O", "C"]


@pytest.mark.parametrize(("header", "line", "expected"), EXTENDED_LINES)
def test_an_extension_behind_a_blank_belongs_to_the_smiles(
    tmp_path: Path, header: str, line: str, expected: list[str]
) -> None:
    path = write_bytes(tmp_path / "t.smi", f"{header}\n{line}\n".encode())
    assert read_all(path).iloc[0].tolist() == expected


def test_sdf_keeps_rows_without_a_structure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame({"smiles": ["CCO", "C(C", "c1ccccc1"], "ic50_nm": [1.5, None, 3.0]})
    write_table(tmp_path / "t.sdf", [frame])
    text = (tmp_path / "t.sdf").read_text()
    assert text.count("$$$$") == 3
    broken = text.replace("  6  6  0", "  9  6  0", 1)
    back = read_all(write_bytes(tmp_path / "broken.sdf", broken.encode()))
    assert list(back["smiles"]) == ["CCO", "", "c1ccccc1"]
    assert list(back["ic50_nm"]) == ["1.5", "", "3.0"]
    assert "record 3: the structure cannot be read" in caplog.text


def test_no_value_or_name_can_break_an_sdf(tmp_path: Path) -> None:
    cells = {"IC50 <nM>": "1", "two\nlines": "2", "IC50 _nM_": "3", "x>\n\n> <y": "4", "value": "$$$$ 5"}
    frame = pd.DataFrame({"smiles": ["CCO", "CCN"], "name": ["$$$$", "b"]}).assign(**cells)
    path = tmp_path / "t.sdf"
    write_table(path, [frame])
    named = {"IC50 _nM__": "1", "two lines": "2", "IC50 _nM_": "3", "x_  _ _y": "4", "value": " $$$$ 5"}
    assert read_all(path).to_dict("records") == [
        {"smiles": "CCO", "name": " $$$$", "sdf_smiles": "CCO"} | named,
        {"smiles": "CCN", "name": "b", "sdf_smiles": "CCN"} | named,
    ]
    mols = list(Chem.SDMolSupplier(str(path)))
    assert [Chem.MolToSmiles(mol) for mol in mols] == ["CCO", "CCN"]
    assert [mol.GetPropsAsDict(autoConvertStrings=False) for mol in mols] == [
        {"smiles": "CCO", "name": " $$$$"} | named,
        {"smiles": "CCN", "name": "b"} | named,
    ]


def test_sdf_columns_are_those_of_all_records(tmp_path: Path) -> None:
    frames = [
        pd.DataFrame({"smiles": ["C"], "a": ["1"], "b": [None]}),
        pd.DataFrame({"smiles": ["N"], "a": [None], "b": ["2"]}),
    ]
    write_table(tmp_path / "t.sdf", frames)
    first, second = read_table(tmp_path / "t.sdf", chunk_size=1)
    assert list(first.frame.columns) == list(second.frame.columns) == ["smiles", "name", "sdf_smiles", "a", "b"]


def test_the_smiles_that_an_sdf_states_stays_beside_that_of_its_structure(tmp_path: Path) -> None:
    record = [*ETHANOL, "> <smiles>", "OCC vendor", "", "> <sdf_smiles>", "C", "", "$$$$"]
    path = write_bytes(tmp_path / "t.sdf", "\n".join([*record, *record[:3], "M  END", *record[-9:], ""]).encode())
    back = read_all(path)
    assert list(back.columns) == ["smiles", "name", "sdf_sdf_smiles", "sdf_smiles"]
    assert back["smiles"].tolist() == ["CCO", "OCC vendor"]
    assert back["sdf_sdf_smiles"].tolist() == ["OCC vendor", "OCC vendor"]
    assert read_smiles(path, smiles_column="sdf_smiles") == ["C", "C"]


def test_stereochemistry_survives_sdf(tmp_path: Path, named_drugs: dict[str, str]) -> None:
    write_table(tmp_path / "t.sdf", [pd.DataFrame({"smiles": [named_drugs["morphine"]]})])
    text = (tmp_path / "t.sdf").read_text().split("> <smiles>")[0]  # without the data item, only the drawing
    back = read_smiles(write_bytes(tmp_path / "drawing.sdf", text.encode()))
    assert back[0].count("@") >= 5


def test_an_interrupted_write_leaves_the_older_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    path = write_bytes(tmp_path / "t.csv", b"older")

    def stop() -> Iterator[pd.DataFrame]:
        yield frame
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(path, stop())
    assert path.read_bytes() == b"older"
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_: pd.DataFrame) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(DelimitedWriter, "write", lambda _, frame: fill(frame))
    with pytest.raises(TableError, match=r"t\.csv: cannot be written \(No space left on device\); free some"):
        write_table(tmp_path / "t.csv", [frame])
    assert not list(tmp_path.iterdir())


def test_writers_refuse_what_they_cannot_keep(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="a chunk has the columns"):
        write_table(tmp_path / "t.csv", [frame, frame[["smiles"]]])
    with pytest.raises(TableError, match="nothing was written"):
        write_table(tmp_path / "t.csv", [])
    with pytest.raises(TableError, match="one type per column"):
        write_table(tmp_path / "t.parquet", [pd.DataFrame({"x": [1]}), pd.DataFrame({"x": ["a"]})])
    with pytest.raises(TableError, match="create the folder"):
        write_table(tmp_path / "none" / "t.csv", [frame])
    assert not list(tmp_path.iterdir())


def test_a_missing_smiles_is_an_empty_text(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", [pd.DataFrame({"smiles": ["C", None]})])
    assert read_smiles(tmp_path / "t.parquet") == ["C", ""]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["foo", "standardized_smiles", "nearest_training_smiles"], "standardized_smiles"),
        (["compound", "standardized_smiles"], "standardized_smiles"),
        (["my_smiles", "nearest_training_smiles"], "my_smiles"),
        (["smiles", "standardized_smiles"], "smiles"),
    ],
)
def test_the_structure_of_a_hit_is_not_that_of_its_neighbour(columns: list[str], expected: str) -> None:
    assert find_smiles_column(columns, "hits.csv") == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n", "\r"])
def test_ends_of_lines_do_not_break_an_sdf(tmp_path: Path, end: str) -> None:
    record = [*ETHANOL, "> <id>", "7", "", "$$$$"]
    path = write_bytes(tmp_path / "t.sdf", "".join(line + end for line in record * 2).encode())
    assert read_all(path)[["smiles", "id"]].values.tolist() == [["CCO", "7"]] * 2
