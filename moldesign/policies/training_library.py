"""The molecules that a prior learns from: each in one form, each once, each writable; what is left out is counted."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from moldesign.chem.standardize import standardize_smiles
from moldesign.datasets.tables import read_table
from moldesign.envs.tokens import is_grammatical
from moldesign.envs.vocabulary import Vocabulary, tokenize
from moldesign.errors import TableError
from moldesign.policies.pretraining import build_vocabulary

LEAST_MOLECULES = 50
MOST_COMMON_RARITY = 20
"""Molecules that a token must occur in, where the library is large."""
CHUNK_SIZE = 2_000

NOT_A_MOLECULE = "not a molecule"
DUPLICATE = "the same molecule as an earlier row"
RARE = "a token that too few molecules have"
NO_PLACE = "a token that has no place in the grammar"


class Rejection(NamedTuple):
    """Rows that were left out for one reason."""

    n: int
    example: str
    """What the first of them is, with its row (from 1, the header not counted)"""


class TrainingLibrary(NamedTuple):
    """What can be learned from a file."""

    smiles: list[str]
    """Canonical SMILES of the parents, in the order of the file"""
    vocabulary: Vocabulary
    n_rows: int
    rejected: dict[str, Rejection]
    """By reason"""


def read_library(
    path: str | Path,
    *,
    max_length: int,
    minimum_count: int | None = None,
    smiles_column: str | None = None,
    on_chunk: Callable[[int, int], None] = lambda n_rows, n_kept: None,
) -> TrainingLibrary:
    """Read the molecules of a table in any format.

    Args:
        path: CSV, TSV, SMI, SDF or Parquet.
        max_length: tokens of the longest molecule, END included.
        minimum_count: occurrences below which a token is not learned; without it one in 500 molecules, 20 at most.
        smiles_column: name of the SMILES column, where the usual names do not tell.
        on_chunk: called after each piece of the table with the rows read and the molecules kept so far.

    Raises:
        TableError: the table cannot be read, or fewer than `LEAST_MOLECULES` are left.
    """
    sieve = _Sieve(max_length)
    for chunk in read_table(path, chunk_size=CHUNK_SIZE, smiles_column=smiles_column):
        standardized = standardize_smiles(chunk.smiles, first_row=chunk.first_row + 1)
        rows = enumerate(zip(standardized.smiles, standardized.errors, strict=True), start=chunk.first_row + 1)
        for row, (smiles, error) in rows:
            sieve.add(row, smiles, error)
        on_chunk(sieve.n_rows, len(sieve.rows))
    count = minimum_count or min(MOST_COMMON_RARITY, max(1, len(sieve.rows) // 500))
    vocabulary = build_vocabulary(list(sieve.rows), minimum_count=count)
    learnable = list(sieve.drop_unknown(vocabulary))
    if len(learnable) < LEAST_MOLECULES:
        reasons = "; ".join(f"{one.n:,} {reason} ({one.example})" for reason, one in sieve.list_rejected().items())
        raise TableError(
            f"{path}: {len(learnable)} molecules are left to learn from, and at least {LEAST_MOLECULES} are needed; "
            f"of {sieve.n_rows:,} rows were left out: {reasons or 'none'}"
        )
    return TrainingLibrary(learnable, vocabulary, sieve.n_rows, sieve.list_rejected())


@dataclass
class _Sieve:
    """Takes the rows of a file one after another, and remembers why it left some out."""

    max_length: int
    n_rows: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    """The row of each molecule that is kept"""
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, row: int, smiles: str | None, error: str | None) -> None:
        self.n_rows += 1
        if smiles is None:
            self.reject(NOT_A_MOLECULE, error or f"row {row}")
        elif smiles in self.rows:
            self.reject(DUPLICATE, f"row {row}: {smiles!r}, as in row {self.rows[smiles]}")
        elif (length := len(tokens := tokenize(smiles))) >= self.max_length:
            self.reject(f"longer than {self.max_length - 1} tokens", f"row {row}: {length} tokens")
        elif strange := [token for token in tokens if not _fits(token)]:
            self.reject(NO_PLACE, f"row {row}: {strange[0]!r} in {smiles!r}")
        else:
            self.rows[smiles] = row

    def drop_unknown(self, vocabulary: Vocabulary) -> Iterator[str]:
        """Yield the molecules that the vocabulary can write, and leave out the others."""
        for smiles, row in self.rows.items():
            unknown = next((token for token in tokenize(smiles) if token not in vocabulary), None)
            if unknown is None:
                yield smiles
            else:
                self.reject(RARE, f"row {row}: {unknown!r} in {smiles!r}")

    def reject(self, reason: str, example: str) -> None:
        self.counts[reason] += 1
        self.examples.setdefault(reason, example)

    def list_rejected(self) -> dict[str, Rejection]:
        return {reason: Rejection(n, self.examples[reason]) for reason, n in self.counts.most_common()}


@lru_cache(maxsize=10_000)
def _fits(token: str) -> bool:
    return is_grammatical(token)
