"""A sheet of the best hits of a screening: structure, rank, score and figures of each, as SVG or as a page of its own.

Neither refers to any other file, so that both open from disk, without a network, in any browser.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from moldesign.checkpoint import write_text_atomically
from moldesign.datasets.tables import read_table
from moldesign.errors import MoldesignError, TableError
from moldesign.predictors.predictions import DETAILS
from moldesign.reporting.pictures import Size, complete_svg, draw_molecule, draw_text, move
from moldesign.reporting.screening_record import OWN_MARK, list_own_columns, name_smiles_column, undo_clashes

MOST_PICTURES = 100
ENDINGS = (".svg", ".html")

_PICTURE = Size(230, 170)
_COLUMNS, _LINE, _MARGIN = 4, 17, 12
_MAX_LINES = 6
_MAX_TEXT = 34
_TITLES = ("name", "id", "title", "compound", "compound_id", "catalog_id", "supplier")
_LEFT_OUT = ("rank", "file", "row", "cluster", "smiles")


def check_ending(path: Path) -> None:
    """Refuse a sheet that could not be written, before hours are spent.

    Raises:
        TableError: the ending is neither .svg nor .html.
    """
    if path.suffix.lower() not in ENDINGS:
        raise TableError(f"{path}: unknown ending {path.suffix!r}; pictures are written as {' or '.join(ENDINGS)}")


def write_pictures(hits: Path, path: Path, *, most: int = MOST_PICTURES) -> int:
    """Draw the first hits of a file that `screen` has written; return how many.

    Args:
        hits: CSV, TSV, SDF or Parquet.
        path: the sheet, .svg or .html.
        most: hits that are drawn, at most.

    Raises:
        TableError: the ending is unknown, or the hits cannot be read.
        MoldesignError: the sheet cannot be written.
    """
    check_ending(path)
    frame = _read_first(hits, most)
    cards = [_list_card(row) for row in frame.to_dict("records")]
    draw = _draw_sheet if path.suffix.lower() == ".svg" else _draw_page
    try:
        write_text_atomically(path, draw(cards, hits.name))
    except OSError as error:
        raise MoldesignError(f"{path}: cannot be written ({error.strerror}); name another file") from error
    return len(cards)


class _Card(tuple[str, list[str]]):
    """SMILES of a hit, and the lines below its picture; the first one is its title."""


def _read_first(hits: Path, most: int) -> pd.DataFrame:
    try:
        frame = next(read_table(hits, chunk_size=most, smiles_column=name_smiles_column(hits))).frame
    except TableError as error:
        if "no rows" in str(error):  # a screening without hits has a sheet without pictures
            return pd.DataFrame()
        raise
    return undo_clashes(frame, list_own_columns(hits))[0]


def _list_card(row: dict[Any, Any]) -> _Card:
    smiles, rank = str(row.get("standardized_smiles") or ""), row.get("rank", "")
    name = next((str(row[key]) for key in row if str(key).lower() in _TITLES and _is_there(row[key])), "")
    lines = [" ".join(part for part in (f"{rank}.", name) if part.strip(".")) or smiles]
    figures = [
        (str(key), _to_number(value)) for key, value in row.items() if str(key).removesuffix(OWN_MARK) not in _LEFT_OUT
    ]
    lines += [f"{key} {value:.3g}" for key, value in figures if value is not None and not _is_detail(key)]
    return _Card((smiles, [_shorten(line) for line in lines[:_MAX_LINES]]))


def _is_detail(key: str) -> bool:
    return key.endswith(("_score", *DETAILS)) or key.startswith("nearest_training")


def _is_there(value: Any) -> bool:
    return value is not None and value == value and str(value) != ""  # noqa: PLR0124  NaN marks an empty cell


def _to_number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):  # a text, which is no figure
        return None
    return number if number == number and not isinstance(value, bool) else None  # noqa: PLR0124


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "\u2026"


def _draw_card(card: _Card) -> str:
    smiles, lines = card
    texts = [
        draw_text(line, 8, _PICTURE.height + _LINE * (n + 1), size=12, bold=n == 0) for n, line in enumerate(lines)
    ]
    return (draw_molecule(smiles, _PICTURE) if smiles else "") + "".join(texts)


def _measure_card(cards: Sequence[_Card]) -> Size:
    n_lines = max((len(lines) for _, lines in cards), default=0)
    return Size(_PICTURE.width + _MARGIN, _PICTURE.height + _LINE * n_lines + _MARGIN)


def _draw_sheet(cards: Sequence[_Card], name: str) -> str:
    width, height = _measure_card(cards)
    n_rows = -(-len(cards) // _COLUMNS)
    placed = [
        move(_draw_card(card), _MARGIN + width * (n % _COLUMNS), 2 * _LINE + height * (n // _COLUMNS))
        for n, card in enumerate(cards)
    ]
    title = draw_text(_name_sheet(len(cards), name), _MARGIN, _LINE + 4, size=15, bold=True)
    return complete_svg(title + "".join(placed), Size(_MARGIN + width * _COLUMNS, 3 * _LINE + height * max(n_rows, 1)))


def _draw_page(cards: Sequence[_Card], name: str) -> str:
    size = _measure_card(cards)
    title = escape(_name_sheet(len(cards), name))
    figures = "\n".join(f"<figure>{complete_svg(_draw_card(card), size).strip()}</figure>" for card in cards)
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{title}</title>\n"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<style>body{font-family:sans-serif;margin:1rem;color:#222;background:#fff}main{display:flex;flex-wrap:wrap;"
        "gap:.5rem}figure{margin:0;border:1px solid #ddd;border-radius:4px}</style></head>\n"
        f"<body><h1>{title}</h1>\n<main>\n{figures}\n</main></body></html>\n"
    )


def _name_sheet(n: int, name: str) -> str:
    return f"No hits in {name}" if n == 0 else f"The first {n} hits of {name}"
