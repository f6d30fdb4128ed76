"""SDF records: the structure becomes a SMILES, every data item a column of text, and back."""

import logging
from collections.abc import Iterable, Iterator
from typing import IO, Any

import pandas as pd
from rdkit import Chem
from rdkit.Chem import rdDepictor

from moldesign.chem.smiles import Mol, canonicalize, parse_smiles, quiet_rdkit
from moldesign.datasets.cells import drop_extension
from moldesign.datasets.delimited import batch_rows
from moldesign.datasets.sdf_records import (
    RECORD_END,
    find_item_name,
    format_line,
    name_items,
    parse_record,
    split_records,
)
from moldesign.datasets.streams import read_lines

logger = logging.getLogger(__name__)

_SMILES = "smiles"


def read_sdf(stream: IO[bytes], label: str, chunk_size: int, *, errors: str = "strict") -> Iterator[pd.DataFrame]:
    """Yield chunks with the columns `smiles` (of the structure), `name` (the title) and every data item.

    A data item that is called `smiles`, too, is the column `sdf_smiles`. A record whose structure cannot be read keeps
    its row: its `smiles` is that of this item, or empty. The file is read twice, because any record may bring a data
    item that the ones before it lack. `errors` is as in `read_lines`.

    Raises:
        TableError: names file and line of what cannot be read.
    """
    items = (name for line in read_lines(stream, label, errors=errors) if (name := find_item_name(line)) is not None)
    names = list(dict.fromkeys(["name", *items]))
    columns = [_SMILES, *(_find_free_name(names) if name == _SMILES else name for name in names)]
    stream.seek(0)
    records = enumerate(split_records(read_lines(stream, label, errors=errors)), start=1)
    cells = (_read_record(lines, f"{label}, record {number}") for number, lines in records)
    rows = ([smiles, *(items.get(name, "") for name in names)] for smiles, items in cells)
    yield from batch_rows(rows, columns, chunk_size)


class SdfWriter:
    """Writes frames as SDF: each molecule drawn flat, the column `name` as title, every column a data item.

    A row whose SMILES cannot be read becomes a record without atoms: rows and records stay one to one.
    """

    def __init__(self, stream: IO[bytes], smiles_column: str) -> None:
        self._stream, self._smiles_column = stream, smiles_column

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of `frame`."""
        cells = frame[self._smiles_column].tolist()
        mols = parse_smiles([drop_extension(cell) if isinstance(cell, str) else cell for cell in cells]).mols
        titles = frame["name"].tolist() if "name" in frame.columns else [None] * len(mols)
        names = name_items(map(str, frame.columns))
        for mol, title, *values in zip(mols, titles, *(frame[name].tolist() for name in frame.columns), strict=True):
            self._stream.write(_format_record(mol, title, zip(names, values, strict=True)).encode())

    def close(self) -> None:
        """Nothing is left to write."""


def _find_free_name(names: Iterable[str]) -> str:
    """Return what the data item `smiles` is called beside the SMILES of the structure."""
    name = f"sdf_{_SMILES}"
    while name in names:
        name = f"sdf_{name}"
    return name


def _read_record(lines: list[str], where: str) -> tuple[str, dict[str, str]]:
    """Return the SMILES of the structure, and the data items."""
    record = parse_record(lines)
    with quiet_rdkit():
        mol = Chem.MolFromMolBlock(record.block)
    if mol is None:
        logger.warning("%s: the structure cannot be read; its row stays, without one", where)
    return canonicalize(mol) if mol is not None else record.items.get(_SMILES, ""), record.items


def _format_record(mol: Mol | None, title: Any, items: Iterable[tuple[str, Any]]) -> str:
    drawn = Chem.Mol() if mol is None else Chem.Mol(mol)
    rdDepictor.Compute2DCoords(drawn)
    drawn.SetProp("_Name", format_line(title))
    texts = ((name, format_line(value)) for name, value in items)
    data = "".join(f"> <{name}>\n{text}\n\n" for name, text in texts if text)
    return f"{Chem.MolToMolBlock(drawn)}{data}{RECORD_END}\n"
