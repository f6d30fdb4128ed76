"""SDF records: the structure becomes a SMILES, every data item a column of text, and back."""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import IO, Any

import pandas as pd
from rdkit import Chem
from rdkit.Chem import rdDepictor

from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, quiet_rdkit
from moldesign.datasets.delimited import batch_rows
from moldesign.datasets.streams import read_lines

_RECORD_END = "$$$$"
_BLOCK_END = "M  END"
_ITEM_HEAD = re.compile(r"^>.*?<(.+)>")

logger = logging.getLogger(__name__)


def read_sdf(stream: IO[bytes], label: str, chunk_size: int) -> Iterator[pd.DataFrame]:
    """Yield chunks with the columns `smiles` (of the structure), `name` (the title) and every data item.

    A record whose structure cannot be read keeps its row: its `smiles` is that of a data item of this name,
    or empty. The file is read twice, because any record may bring a data item that the ones before it lack.

    Raises:
        TableError: names file and line of what cannot be read.
    """
    items = dict.fromkeys(match[1] for line in read_lines(stream, label) if (match := _ITEM_HEAD.match(line)))
    columns = list(dict.fromkeys(["smiles", "name", *items]))
    stream.seek(0)
    records = enumerate(_split_records(read_lines(stream, label)), start=1)
    cells = (_read_record(lines, f"{label}, record {number}") for number, lines in records)
    yield from batch_rows(([row.get(name, "") for name in columns] for row in cells), columns, chunk_size)


class SdfWriter:
    """Writes frames as SDF: each molecule drawn flat, the column `name` as title, every column a data item.

    A row whose SMILES cannot be read becomes a record without atoms: rows and records stay one to one.
    """

    def __init__(self, stream: IO[bytes], smiles_column: str) -> None:
        self._stream, self._smiles_column = stream, smiles_column

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`."""
        mols = parse_smiles(frame[self._smiles_column].tolist()).mols
        for mol, row in zip(mols, frame.to_dict("records"), strict=True):
            self._stream.write(_format_record(mol, row).encode())

    def close(self) -> None:
        """Nothing is left to write."""


def _split_records(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines of each record; text after the last delimiter counts only if there is any."""
    record: list[str] = []
    for line in lines:
        if line.startswith(_RECORD_END):
            yield record
            record = []
        else:
            record.append(line.rstrip("\r\n"))
    if any(line.strip() for line in record):
        yield record


def _read_record(lines: list[str], where: str) -> dict[str, str]:
    items = _read_items(lines)
    end = next((number for number, line in enumerate(lines, start=1) if line.startswith(_BLOCK_END)), len(lines))
    with quiet_rdkit():
        mol = Chem.MolFromMolBlock("\n".join(lines[:end]))
    if mol is None:
        logger.warning("%s: the structure cannot be read; its row stays, without one", where)
    structure = canonicalize(mol) if mol is not None else items.get("smiles", "")
    return {"name": lines[0].strip() if lines else ""} | items | {"smiles": structure}


def _read_items(lines: list[str]) -> dict[str, str]:
    """Return the data items: a head line `> <name>`, then value lines up to an empty one."""
    items: dict[str, list[str]] = {}
    value: list[str] | None = None
    for line in lines:
        if value is None and (match := _ITEM_HEAD.match(line)):
            value = items.setdefault(match[1], [])
        elif not line.strip():
            value = None
        elif value is not None:
            value.append(line)
    return {name: "\n".join(value) for name, value in items.items()}


def _format_record(mol: Mol | None, row: dict[Any, Any]) -> str:
    drawn = Chem.Mol() if mol is None else Chem.Mol(mol)
    rdDepictor.Compute2DCoords(drawn)
    drawn.SetProp("_Name", _format_value(row.get("name")))
    items = ((name, _format_value(value)) for name, value in row.items())
    data = "".join(f"> <{name}>\n{text}\n\n" for name, text in items if text)
    return f"{Chem.MolToMolBlock(drawn)}{data}{_RECORD_END}\n"


def _format_value(value: Any) -> str:
    """Return the value on one line, empty where there is none: an empty line would end a data item."""
    return "" if value is None or value != value else " ".join(str(value).split())  # noqa: PLR0124  NaN
