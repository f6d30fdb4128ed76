"""The text of SDF files: records, the mol block of each, and its data items."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from moldesign.datasets.cells import is_missing

RECORD_END = "$$$$"
_BLOCK_END = "M  END"
_BRACKET = re.compile("[<>]")
_ITEM_HEAD = re.compile(r"^>.*?<(.+)>")


class SdfRecord(NamedTuple):
    """One molecule of an SDF file, as text."""

    block: str
    """Its mol block."""
    items: dict[str, str]
    """`name` (the title line), then every data item; one that is called `name`, too, wins."""


def split_records(lines: Iterable[str]) -> Iterator[list[str]]:
    """Yield the lines of each record; text behind the last delimiter counts only if there is any."""
    record: list[str] = []
    for line in lines:
        if line.startswith(RECORD_END):
            yield record
            record = []
        else:
            record.append(line.rstrip("\r\n"))
    if any(line.strip() for line in record):
        yield record


def parse_record(lines: list[str]) -> SdfRecord:
    """Take the lines of a record apart.

    >>> parse_record(["ethanol", "M  END", "> <id>", "7", ""])
    SdfRecord(block='ethanol\\nM  END', items={'name': 'ethanol', 'id': '7'})
    """
    end = next((number for number, line in enumerate(lines, start=1) if line.startswith(_BLOCK_END)), len(lines))
    title = lines[0].strip() if lines else ""
    return SdfRecord("\n".join(lines[:end]), {"name": title} | _read_items(lines))


def find_item_name(line: str) -> str | None:
    """Return the name in the head line of a data item, or None if the line is none."""
    match = _ITEM_HEAD.match(line)
    return match[1] if match else None


def name_items(columns: Iterable[str]) -> list[str]:
    """Return the name of each column as a data item: on one line, and without the brackets that stand around it.

    A name that has to be changed gets underscores at its end until no other column has it.

    >>> name_items(["IC50 <nM>", "two\\nlines", "IC50 _nM_"])
    ['IC50 _nM__', 'two lines', 'IC50 _nM_']
    """
    columns = list(columns)
    taken, names = set(columns), list[str]()
    for column in columns:
        name = " ".join(_BRACKET.sub("_", column).splitlines()) or "_"
        while name != column and name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def format_line(value: Any) -> str:
    """Return a value as one line that cannot end a data item or a record, empty where there is none.

    >>> format_line("two\\nlines"), format_line("$$$$"), format_line(float("nan"))
    ('two lines', ' $$$$', '')
    """
    if is_missing(value):
        return ""
    line = " ".join(str(value).split())
    return f" {line}" if line.startswith(RECORD_END) else line


def _read_items(lines: list[str]) -> dict[str, str]:
    """Return the data items: a head line `> <name>`, then value lines up to an empty one."""
    items: dict[str, list[str]] = {}
    value: list[str] | None = None
    for line in lines:
        if value is None and (name := find_item_name(line)) is not None:
            value = items.setdefault(name, [])
        elif not line.strip():
            value = None
        elif value is not None:
            value.append(line)
    return {name: "\n".join(value) for name, value in items.items()}
