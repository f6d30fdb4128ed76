"""What the cells of tables hold, whatever kind of file they come from."""

import re
from typing import Any

import pandas as pd

_EXTENDED = re.compile(r"\s*(\S+)[ \t]+(\|[^|]*\|)(?=\s|$)")
"""A SMILES and its extension, which may hold blanks, at the beginning of a line."""


def drop_extension(text: str) -> str:
    """Return a SMILES without the extension ` |...|` of CXSMILES, which says what a plain SMILES cannot.

    Stereochemistry stays as the SMILES itself writes it.

    >>> drop_extension("C[C@H](N)O |o1:1|"), drop_extension("CCO ethanol")
    ('C[C@H](N)O', 'CCO ethanol')
    """
    if "|" not in text:
        return text
    smiles, _, extension = text.strip().partition(" |")
    return smiles if extension.endswith("|") else text


def split_extended(line: str) -> list[str] | None:
    """Return the CXSMILES that a line begins with, and what follows it; None where it begins with a plain SMILES.

    >>> split_extended("CCO  |$a b;;$| ethanol, pure"), split_extended("CCO ethanol |pure|")
    (['CCO |$a b;;$|', 'ethanol, pure'], None)
    """
    found = _EXTENDED.match(line) if "|" in line else None
    return None if found is None else [f"{found[1]} {found[2]}", line[found.end() :].strip()]


def is_missing(cell: Any) -> bool:
    """Return whether a cell holds nothing: None, NaN, or what else pandas has for that; a list is something.

    >>> is_missing(float("nan")), is_missing([float("nan")])
    (True, False)
    """
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))
