"""Which column of a table holds the SMILES."""

from collections.abc import Iterable, Sequence

from moldesign.errors import TableError

SMILES_NAMES = (
    "smiles", "canonicalsmiles", "isomericsmiles", "smi", "cxsmiles", "smilesstring",
    "standardizedsmiles", "drug", "mol", "molecule", "structure", "compound", "canonical", "ligand",
)  # fmt: skip
"""Usual names of the column, most telling first, in lower case without blanks, hyphens and underscores."""

_OF_OTHERS = ("nearesttrainingsmiles",)
"""Columns, of ours, with SMILES of other molecules than that of the row."""


def is_smiles_name(name: str) -> bool:
    """Return whether a column of that name usually holds SMILES.

    >>> is_smiles_name("Canonical_SMILES"), is_smiles_name("CCO")
    (True, False)
    """
    return _simplify(name) in SMILES_NAMES


def find_smiles_column(columns: Iterable[str], label: str, wanted: str | None = None) -> str:
    """Return the name of the SMILES column: the `wanted` one, or the one whose name says so.

    Raises:
        TableError: there is no such column, or several could be meant.

    >>> find_smiles_column(["id", "SMILES", "Drug"], "library.csv")
    'SMILES'
    """
    names = list(columns)
    if wanted is not None:
        if wanted not in names:
            raise TableError(f"{label}: no column {wanted!r}; columns: {', '.join(names)}")
        return wanted
    usual = [name for name in names if is_smiles_name(name)]
    if usual:
        return min(usual, key=lambda name: SMILES_NAMES.index(_simplify(name)))
    telling = [name for name in names if "smiles" in name.lower() and _simplify(name) not in _OF_OTHERS]
    if len(telling) == 1:
        return telling[0]
    raise TableError(
        f"{label}: cannot tell which column holds the SMILES; name it with --smiles-column; columns: {', '.join(names)}"
    )


def refuse_doubled(names: Sequence[str], label: str) -> None:
    """Refuse a table that has a column twice.

    Args:
        names: of its columns.
        label: of the table, for the message.

    Raises:
        TableError: names the column.
    """
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise TableError(f"{label}: the column {doubled[0]!r} is there twice; rename one of them")


def _simplify(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
