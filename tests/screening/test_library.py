"""Libraries as they come: compressed, many, badly written; every row has its number, and none is lost."""

import csv
import gzip
import hashlib
import io
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet
from rdkit import Chem

from moldesign.errors import TableError
from moldesign.screening.library import Library, LibraryChunk
from moldesign.screening.molecules import Molecule, read_molecule
from tests.extended_smiles import EXTENDED_LINES

ROWS = [("CCO", "ethanol"), ("c1ccccc1", "benzene"), ("CC(=O)O", "acetic acid"), ("N", "ammonia"), ("C", "methane")]


def read(*names: str, chunk_size: int = 2, smiles_column: str | None = None) -> tuple[Library, list[LibraryChunk]]:
    library = Library(names, chunk_size=chunk_size, smiles_column=smiles_column)
    return library, list(library.read())


def read_rows(*names: str, **options: str) -> list[tuple[str, str | None]]:
    return [(row.text, row.problem) for chunk in read(*names, **options)[1] for row in chunk.rows]


def pack_zstd(content: bytes) -> bytes:
    with Path("packed.bin").open("wb") as file, pyarrow.CompressedOutputStream(file, "zstd") as stream:
        stream.write(content)
    return Path("packed.bin").read_bytes()


def write_kind(ending: str) -> str:
    table = pd.DataFrame(ROWS, columns=["smiles", "name"])
    path = f"library{ending}"
    text = table.to_csv(index=False, sep="\t" if ".tsv" in ending else ",")
    if ending.startswith(".smi"):
        text = "".join(f"{smiles} {name}\n" for smiles, name in ROWS)
    if ending == ".parquet":
        table.to_parquet(path)
    elif ending.endswith(".gz"):
        Path(path).write_bytes(gzip.compress(text.encode()))
    elif ending.endswith(".zst"):
        Path(path).write_bytes(pack_zstd(text.encode()))
    else:
        Path(path).write_text(text)
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".smi", ".csv.gz", ".smi.gz", ".smi.zst", ".tsv.zst", ".parquet"])
def test_every_kind_gives_the_same_rows(ending: str) -> None:
    library, chunks = read(write_kind(ending))
    assert [(row.text, row.cells[1]) for chunk in chunks for row in chunk.rows] == ROWS
    assert [(chunk.number, chunk.first_row, len(chunk.rows)) for chunk in chunks] == [(0, 1, 2), (1, 3, 2), (2, 5, 1)]
    [notes] = library.files
    assert (notes.columns, notes.n_rows, notes.n_bytes) == (["smiles", "name"], 5, Path(notes.path).stat().st_size)


@pytest.mark.parametrize("ending", [".csv", ".smi.gz", ".smi.zst", ".parquet"])
def test_hash_is_that_of_the_file(ending: str) -> None:
    path = write_kind(ending)
    assert read(path)[0].files[0].sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_sdf_records_keep_data_items_and_blocks() -> None:
    with Chem.SDWriter("library.sdf") as writer:
        for number, (text, name) in enumerate(ROWS):
            mol = Chem.MolFromSmiles(text)
            mol.SetProp("_Name", name)
            mol.SetProp("pKa" if number % 2 else "price", str(number))
            writer.write(mol)
    library, chunks = read("library.sdf")
    assert library.files[0].columns == ["name", "price", "pKa"]
    assert [row.cells for chunk in chunks for row in chunk.rows][:2] == [["ethanol", "0"], ["benzene", "", "1"]]
    assert all(chunk.holds_blocks for chunk in chunks)
    assert Chem.MolToSmiles(Chem.MolFromMolBlock(chunks[0].rows[1].text)) == "c1ccccc1"


def test_extensions_of_cxsmiles_stay_in_their_cells() -> None:
    Path("library.cxsmiles").write_text("smiles\tid\nC[C@H](N)O |o1:1|\tA\nCC(N)O |&1:1,r|\tB\n")
    [chunk] = read("library.cxsmiles")[1]
    assert [row.cells for row in chunk.rows] == [["C[C@H](N)O |o1:1|", "A"], ["CC(N)O |&1:1,r|", "B"]]
    assert [isinstance(read_molecule(row.text, is_block=False), Molecule) for row in chunk.rows] == [True, True]


@pytest.mark.parametrize(("header", "line", "expected"), EXTENDED_LINES)
def test_an_extension_behind_a_blank_belongs_to_the_smiles(header: str, line: str, expected: list[str]) -> None:
    Path("library.smi").write_text(f"{header}\n{line}\n")
    [chunk] = read("library.smi")[1]
    assert [row.cells for row in chunk.rows] == [expected]
    assert chunk.rows[0].text == expected[0]


def test_separators_in_quoted_names_do_not_separate() -> None:
    Path("a.csv").write_text('smiles,"Ki | human | 5-HT2A | nM"\nCCO,3\n', encoding="utf-8")
    library, _ = read("a.csv")
    assert library.files[0].columns == ["smiles", "Ki | human | 5-HT2A | nM"]


def test_patterns_are_sorted_and_chunks_never_span_files() -> None:
    for number in (2, 1, 10):
        Path(f"part-{number:02}.smi").write_text("C\nCC\nCCC\n")
    library, chunks = read("part-*.smi", "part-01.smi")
    assert [notes.path for notes in library.files] == ["part-01.smi", "part-02.smi", "part-10.smi"]
    assert [(chunk.file, chunk.number, len(chunk.rows)) for chunk in chunks] == [
        *((0, 0, 2), (0, 1, 1), (1, 2, 2), (1, 3, 1), (2, 4, 2), (2, 5, 1))
    ]
    assert chunks[-1].share == 1.0


@pytest.mark.parametrize("name", ["smiles", "SMILES", "canonical_smiles", "structure", "mol"])
def test_smiles_column_is_found(name: str) -> None:
    Path("library.csv").write_text(f"id,{name},x\n1,CCO,2\n")
    assert read_rows("library.csv") == [("CCO", None)]


def test_missing_smiles_column_lists_those_there_are() -> None:
    Path("library.csv").write_text("id,activity\n1,2\n")
    with pytest.raises(TableError, match=r"library\.csv: cannot tell .* --smiles-column; columns: id, activity"):
        read("library.csv")
    Path("odd.csv").write_text("id,what\n1,CCO\n")
    assert read_rows("odd.csv", smiles_column="what") == [("CCO", None)]


@pytest.mark.parametrize("content", ["smiles,name\nCCO,a\nCCN,b\n", "CCO a\nCCN b\n"])
def test_standard_input_with_and_without_header(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(content.encode(), monkeypatch)
    library, chunks = read("-")
    assert [row.text for row in chunks[0].rows] == ["CCO", "CCN"]
    assert chunks[0].share is None
    assert len(library.files[0].sha256) == 64


def pipe(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, pack_zstd], ids=["as it is", "gzip", "zstd"])
@pytest.mark.parametrize("version", ["V2000", "V3000", ""])
def test_standard_input_is_known_by_its_content(
    version: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "".join(f"{smiles} {name}\n" for smiles, name in ROWS)
    if version:
        blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(text), forceV3000=version == "V3000") for text, _ in ROWS]
        content = "".join(f"{name}{block}$$$$\n" for (_, name), block in zip(ROWS, blocks, strict=True))
    packed = pack(content.encode())
    pipe(packed, monkeypatch)
    library, chunks = read("-", chunk_size=5)
    molecules = [read_molecule(row.text, is_block=chunks[0].holds_blocks) for row in chunks[0].rows]
    assert [one.smiles for one in molecules if isinstance(one, Molecule)] == [text for text, _ in ROWS]
    assert [row.cells[0 if version else 1] for row in chunks[0].rows] == [name for _, name in ROWS]
    assert library.files[0].sha256 == hashlib.sha256(packed).hexdigest()


def test_a_packed_file_whose_name_does_not_say_so() -> None:
    Path("library.csv").write_bytes(Path(write_kind(".csv.gz")).read_bytes())
    assert read_rows("library.csv") == [(text, None) for text, _ in ROWS]


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_file_that_is_not_packed_as_its_name_says(packing: str) -> None:
    path = Path(write_kind(".csv")).rename(f"library.csv{packing}")
    with pytest.raises(TableError, match=rf"the file is not (gzip|zstd); remove {packing} from its name"):
        read(str(path))


@pytest.mark.parametrize("name", ["-", "library.csv"])
def test_parquet_without_its_name_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = Path(write_kind(".parquet")).read_bytes()
    pipe(content, monkeypatch)
    Path("library.csv").write_bytes(content)
    with pytest.raises(TableError, match=r"this is Parquet, .* a file whose name ends in \.parquet"):
        read(name)


def test_a_column_may_be_called_as_parquet_begins() -> None:
    Path("library.csv").write_text("PAR1,smiles\n1,CCO\n")
    assert read_rows("library.csv") == [("CCO", None)]


def test_mark_line_ends_and_empty_lines() -> None:
    Path("library.csv").write_bytes(b"\xef\xbb\xbfsmiles,name\r\nCCO,a\r\n\r\nCCN,b\n   \nCCC,c\rCCF,d")
    assert read_rows("library.csv") == [(text, None) for text in ("CCO", "CCN", "CCC", "CCF")]


def test_latin_1_names_and_utf_16() -> None:
    Path("latin.csv").write_bytes("smiles,name\nCCO,Göteborg\nCCN,ß\n".encode("latin-1"))
    assert [row.cells[1] for row in read("latin.csv")[1][0].rows] == ["Göteborg", "ß"]
    Path("excel.txt").write_bytes("smiles\tname\nCCO\tß\n".encode("utf-16"))
    assert read("excel.txt")[1][0].rows[0].cells == ["CCO", "ß"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_refused(encoding: str) -> None:
    Path("library.csv").write_bytes("smiles,name\nCCO,a\n".encode(encoding))
    with pytest.raises(
        TableError, match=r"library\.csv: this looks like UTF-16 without a byte order mark; save it as UTF-8"
    ):
        read("library.csv")
    Path("zero.csv").write_bytes(b"smiles,name\nCCO,a\0b\n")
    assert read_rows("zero.csv") == [("CCO", None)]


def test_quotes() -> None:
    text = 'smiles,name\n"CCO","a, b"\nC"C,"say ""hi"""\n"CCN,never closed\nCCC,fine\nCCF,"two\nlines"\n'
    Path("library.csv").write_text(text)
    rows = [row for chunk in read("library.csv")[1] for row in chunk.rows]
    assert [row.text for row in rows] == ["CCO", 'C"C', '"CCN', "CCC", "CCF"]
    assert [row.cells[1] for row in rows] == ["a, b", 'say "hi"', "never closed", "fine", "two\nlines"]


def test_long_cells_are_read_as_short_ones_are() -> None:
    cells = ["x" * 200_000, 'say "hi", ' * 20_000]
    with Path("library.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("smiles", "name"), *(("CCO", cell) for cell in cells)])
    rows = [row for chunk in read("library.csv")[1] for row in chunk.rows]
    assert [(row.cells, row.problem) for row in rows] == [(["CCO", cell], None) for cell in cells]


def test_a_header_may_have_names_of_several_lines() -> None:
    Path("library.csv").write_text('id,"IC50\n(nM)",smiles\n1,2,CCO\n3,"4\n5",CCN\n')
    library, [chunk] = read("library.csv")
    assert library.files[0].columns == ["id", "IC50\n(nM)", "smiles"]
    assert [row.cells for row in chunk.rows] == [["1", "2", "CCO"], ["3", "4\n5", "CCN"]]
    Path("open.csv").write_text('smiles,"name\n' + "CCO,a\n" * 300)
    library, chunks = read("open.csv")
    assert library.files[0].columns == ["smiles", "name"]
    assert sum(len(chunk.rows) for chunk in chunks) == 300


def test_an_open_quote_in_a_long_file_costs_one_row() -> None:
    lines = ["smiles,name", '"CCO,open', *(f"{'C' * (n % 9 + 1)},m{n}" for n in range(1000))]
    Path("library.csv").write_text("\n".join(lines))
    rows = read_rows("library.csv")
    assert len(rows) == 1001
    assert rows[0] == ('"CCO', None)


def test_wrong_number_of_cells_is_a_problem_of_the_row() -> None:
    Path("library.csv").write_text("id,smiles,x\n1,CCO,2\n2,CCN\n3,CCC,4,5\n4,CCF,6,,\n")
    problems = read_rows("library.csv")
    assert problems[0] == ("CCO", None)
    assert "2 cells where the header names 3" in str(problems[1][1])
    assert "4 cells where the header names 3" in str(problems[2][1])
    assert problems[3] == ("CCF", None)


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst"])
def test_truncated_file_names_the_row(ending: str) -> None:
    lines = [f"{'C' * (n % 50 + 1)}O,m{(n * 2654435761) % 10**9}" for n in range(20_000)]
    content = ("smiles,name\n" + "\n".join(lines)).encode()
    packed = gzip.compress(content) if ending.endswith("gz") else pack_zstd(content)
    Path(f"library{ending}").write_bytes(packed[: len(packed) // 2])
    chunks: list[LibraryChunk] = []
    with pytest.raises(TableError, match=r"cannot be read after row \d+ .* fetch it again") as failure:
        chunks.extend(Library([f"library{ending}"], chunk_size=100).read())
    assert f"after row {len(chunks) * 100}" in str(failure.value) or not chunks


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.csv", "does not exist"),
        ("*.sdf", "no file matches"),
        (".", "is a folder"),
        ("notes.xlsx", "unknown ending '.xlsx'"),
        ("empty.csv", "the file is empty"),
        ("empty.smi", "the file is empty"),
        ("twice.csv", "the column 'a' is there twice"),
        ("no.parquet", "as Parquet|cannot be read after row 0"),
    ],
)
def test_what_cannot_be_read(name: str, message: str) -> None:
    for path, text in [("notes.xlsx", "x"), ("empty.csv", ""), ("empty.smi", "\n\n"), ("no.parquet", "smiles")]:
        Path(path).write_text(text)
    Path("twice.csv").write_text("smiles,a,a\nC,1,2\n")
    with pytest.raises(TableError, match=message):
        read(name)


def test_parquet_keeps_types() -> None:
    frame = pd.DataFrame({"id": [1, 2], "smiles": ["CCO", None], "x": [0.5, None], "ok": [True, False]})
    frame.to_parquet("library.parquet")
    library, [chunk] = read("library.parquet")
    assert library.files[0].types == {"id": "int", "x": "float", "ok": "bool"}
    assert [row.text for row in chunk.rows] == ["CCO", ""]
    assert chunk.rows[0].cells == [1, "CCO", 0.5, True]


def test_bytes_of_parquet_are_text() -> None:
    pd.DataFrame({"smiles": [b"CCO", None], "id": [b"\xff", b"x"]}).to_parquet("library.parquet")
    [chunk] = read("library.parquet")[1]
    assert [row.text for row in chunk.rows] == ["CCO", ""]
    assert [row.cells for row in chunk.rows] == [["CCO", r"b'\xff'"], [None, "b'x'"]]


@pytest.mark.parametrize("ending", [".csv", ".smi"])
def test_rows_that_are_cut_together_are_those_that_are_cut_one_by_one(ending: str) -> None:
    lines = ["smiles,name,x", "CCO,a,1", '"CCN","b, c",2', "", '"CCC","two', 'lines",3', " ", "CCF,d", '"CCCl,open,4']
    lines += ["C  padded name ", "CCBr,e,5,,", "CCI,f,6,7", 'C"C,g,8', '"CCS","say ""hi""",9', "\t", "CCP,h,10"]
    Path(f"library{ending}").write_text("\n".join(lines))
    alone, together = (
        [row for chunk in read(f"library{ending}", chunk_size=size)[1] for row in chunk.rows] for size in (1, 1000)
    )
    assert len(together) > 10
    assert together == alone


def test_a_header_of_smi_names_columns_of_which_rows_may_lack_some_or_have_more() -> None:
    Path("library.smi").write_text("smiles name mw\nCCO a 46\nCCN  b\n\nCCC c 44 d\n")
    assert [row.cells for chunk in read("library.smi")[1] for row in chunk.rows] == [
        ["CCO", "a", "46"], ["CCN", "b", ""], ["CCC", "c", "44 d"],
    ]  # fmt: skip


def test_digest_is_that_of_the_screenings_which_may_be_gone_on_with() -> None:
    Path("library.csv").write_text('id,smiles\n1,C\\C=C\\C\n2,"CC",ß\n')
    content = r"""[["C\\C=C\\C", ["1", "C\\C=C\\C"]], ["CC", ["2", "CC", "\u00df"]]]"""
    assert read("library.csv")[1][0].digest == hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def test_digest_tells_changed_cells() -> None:
    digests = []
    for name in ("a", "b"):
        Path("library.csv").write_text(f"smiles,name\nCCO,{name}\n")
        digests.append(read("library.csv")[1][0].digest)
    assert digests[0] != digests[1]


def test_memory_does_not_grow_with_the_file() -> None:
    peaks = []
    for n in (2_000, 40_000):
        with Path("library.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("smiles", "name"), *(("C" * 30, f"m{k}") for k in range(n))])
        tracemalloc.start()
        for _ in Library(["library.csv"], chunk_size=100).read():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_a_parquet_column_that_is_there_twice_is_refused() -> None:
    columns = [pyarrow.array(["CCO"]), pyarrow.array([1]), pyarrow.array([2])]
    parquet.write_table(pyarrow.Table.from_arrays(columns, ["smiles", "n", "n"]), "library.parquet")
    with pytest.raises(TableError, match=r"library\.parquet: the column 'n' is there twice; rename one of them"):
        read("library.parquet")
