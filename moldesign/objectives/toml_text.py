"""Two things the standard library's TOML reader leaves out: the line of a key, and writing."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

KeyPath = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?")
_KEY = re.compile(r"""\s*([\w."'-]+)\s*=(?!=)""")


def locate_key(text: str, path: KeyPath) -> int | None:
    """Return the line (from 1) of the key at `path`, or of the nearest table around it, if any.

    >>> locate_key("[[goal]]\\nmax = true\\n[[goal]]\\nmin = true\\n", ("goal", 1, "min"))
    4
    """
    lines = _map_lines(text)
    nearest = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[key] for key in nearest if key in lines), None)


def format_toml(table: Mapping[str, Any]) -> str:
    """Return `table` as TOML: plain values first, then a section per table and per item of a list of tables.

    >>> print(format_toml({"name": "a", "goal": [{"max": True}], "budget": {"calls": 3}}), end="")
    name = "a"
    <BLANKLINE>
    [[goal]]
    max = true
    <BLANKLINE>
    [budget]
    calls = 3
    """
    sections = [_format_section("", {key: value for key, value in table.items() if not _is_table(value)})]
    for key, value in table.items():
        if isinstance(value, Mapping):
            sections.append(_format_section(f"[{key}]\n", value))
        elif _is_table(value):
            sections.extend(_format_section(f"[[{key}]]\n", item) for item in value)
    return "\n".join(section for section in sections if section)


def _map_lines(text: str) -> dict[KeyPath, int]:
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            name = header[2]
            table = (name, seen[name]) if header[1] == "[[" else _split_key(name)
            seen[name] += 1
            lines[table] = number
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_split_key(key[1])), number)
    return lines


def _split_key(key: str) -> tuple[str, ...]:
    return tuple(part.strip("\"' ") for part in key.split("."))


def _is_table(value: Any) -> bool:
    is_list_of_tables = isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], Mapping)
    return isinstance(value, Mapping) or is_list_of_tables


def _format_section(header: str, values: Mapping[str, Any]) -> str:
    return header + "".join(f"{key} = {_format_value(value)}\n" for key, value in values.items())


def _format_value(value: Any) -> str:
    # JSON's strings, numbers, booleans and lists are TOML too, except that TOML wants DEL escaped.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
