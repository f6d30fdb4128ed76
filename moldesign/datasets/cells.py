"""What the cells of tables hold, whatever kind of file they come from."""

from typing import Any

import pandas as pd


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


def is_missing(cell: Any) -> bool:
    """Return whether a cell holds nothing: None, NaN, or what else pandas has for that; a list is something.

    >>> is_missing(float("nan")), is_missing([float("nan")])
    (True, False)
    """
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))
