"""The only door through which text becomes molecules: a tolerant and a strict way, both keep the row number."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.rdBase import BlockLogs

from moldesign.errors import InvalidSmilesError

Mol: TypeAlias = Chem.Mol

MAX_SMILES_LENGTH = 3000
"""Characters; longer texts are refused, because ring perception of such molecules can take minutes."""


class ParsedSmiles(NamedTuple):
    """One entry per input row: `mols[i]` is None exactly where `errors[i]` says why."""

    mols: list[Mol | None]
    errors: list[str | None]

    @property
    def is_valid(self) -> NDArray[np.bool_]:
        """Bool [N]: which rows hold a molecule."""
        return np.array([mol is not None for mol in self.mols], dtype=bool)


@contextmanager
def quiet_rdkit() -> Iterator[None]:
    """Silence RDKit's log inside the block; what it would have said is in the row's error."""
    block = BlockLogs()
    try:
        yield
    finally:
        del block


def refuse_single_text(texts: object) -> None:
    """Refuse one text where many are expected: as a sequence, it would be one row per character.

    Raises:
        TypeError: `texts` is a str.
    """
    if isinstance(texts, str):
        raise TypeError(f'{_shorten(texts)!r} is one text, not a list of SMILES; pass a list: ["{_shorten(texts)}"]')


def list_texts(texts: Iterable[Any]) -> list[Any]:
    """Return what is one text per row, such as a Series or an iterator, as a list.

    Raises:
        TypeError: it is one text, or a table, a mapping or a set, which would be one row per column, or without order.

    >>> list_texts({"smiles": ["CCO"]})
    Traceback (most recent call last):
    TypeError: a dict is no list of SMILES; pass one, such as list(table["smiles"])
    """
    refuse_single_text(texts)
    if isinstance(texts, Mapping | Set) or getattr(texts, "ndim", 1) != 1:
        raise TypeError(f'a {type(texts).__name__} is no list of SMILES; pass one, such as list(table["smiles"])')
    return list(texts)


def parse_smiles(texts: Sequence[Any], *, first_row: int = 0) -> ParsedSmiles:
    """Parse each text; a row that is no molecule keeps its place, with an error that names it.

    Args:
        texts: SMILES; anything else (None, NaN, numbers) becomes an error of its row.
        first_row: the row number of `texts[0]`, for messages about chunks of a longer table.

    Raises:
        TypeError: `texts` is a str, not a list of them.

    >>> parse_smiles(["CCO", "C(C"]).errors
    [None, "row 1: 'C(C' is not a valid SMILES (syntax error)"]
    """
    refuse_single_text(texts)
    with quiet_rdkit():
        parsed = [_parse_one(text, row) for row, text in enumerate(texts, start=first_row)]
    return ParsedSmiles([mol for mol, _ in parsed], [error for _, error in parsed])


def find_valid(texts: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which texts are molecules, bool [N]: `parse_smiles` without its reasons, which take most of its time.

    Raises:
        TypeError: `texts` is a str, not a list of them.

    >>> find_valid(["CCO", "C(C", None]).tolist()
    [True, False, False]
    """
    refuse_single_text(texts)
    with quiet_rdkit():
        return np.array([_refuse(text) is None and _read(text) is not None for text in texts], dtype=bool)


def require_mols(texts: Sequence[str]) -> list[Mol]:
    """Parse each text or raise.

    Raises:
        InvalidSmilesError: names the first row that is not a molecule, and why.
    """
    mols, errors = parse_smiles(texts)
    if (first := next((error for error in errors if error), None)) is not None:
        raise InvalidSmilesError(first)
    return [mol for mol in mols if mol is not None]


def canonicalize(mol: Mol) -> str:
    """Return RDKit's canonical SMILES, with stereochemistry."""
    return str(Chem.MolToSmiles(mol))


def randomize_smiles(mol: Mol, rng: np.random.Generator) -> str:
    """Return a SMILES of `mol` written from a random atom along a random path (arXiv:1703.07076)."""
    seed = int(rng.integers(1, 1 << 31))
    return str(Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0])


def _parse_one(text: Any, row: int) -> tuple[Mol | None, str | None]:
    if (refusal := _refuse(text)) is not None:
        return None, f"row {row}: {refusal}"
    if (mol := _read(text)) is not None:
        return mol, None
    return None, f"row {row}: {_shorten(text)!r} is not a valid SMILES ({_explain_failure(text)})"


def _read(text: str) -> Mol | None:
    mol = Chem.MolFromSmiles(text.strip())
    return mol if mol is not None and mol.GetNumAtoms() > 0 else None


def _refuse(text: Any) -> str | None:
    """Say why a value is no SMILES before RDKit sees it, or None."""
    if not isinstance(text, str) or not text.strip():
        is_empty = isinstance(text, str) or _is_gap(text)
        return "the SMILES is empty" if is_empty else f"{text!r} is a {type(text).__name__}, not a SMILES"
    if len(text) > MAX_SMILES_LENGTH:
        return f"the SMILES {_shorten(text)!r} has {len(text)} characters; the limit is {MAX_SMILES_LENGTH}"
    if not text.isascii():
        return f"{_shorten(text)!r} is not a valid SMILES (it has characters outside ASCII)"
    if len(text.split()) > 1:
        return f"{_shorten(text)!r} is not a valid SMILES (it has a blank; put names into a column of their own)"
    return None


def _is_gap(value: Any) -> bool:
    """Return whether a table has nothing there: None, NaN, or the NA of pandas, which is not even unlike itself."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124
    except TypeError:
        return True
    except ValueError:  # an array
        return False


def _explain_failure(text: str) -> str:
    unsanitized = Chem.MolFromSmiles(text, sanitize=False)
    if unsanitized is None:
        return "syntax error"
    problems = Chem.DetectChemistryProblems(unsanitized)
    return str(problems[0].Message()) if problems else "no atoms"


def _shorten(text: str, limit: int = 80) -> str:
    return str(text) if len(text) <= limit else text[: limit - 3] + "..."  # a str, where numpy gave its own kind
