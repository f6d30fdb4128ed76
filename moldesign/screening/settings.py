"""What can be chosen about a screening, besides library and profile."""

import re
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple, Self

from moldesign.errors import RunFolderError

DEFAULT_TOP = 1000
POOL_FACTOR = 10
"""Times `top` rows, best first, from which diverse hits are chosen."""


class Shard(NamedTuple):
    """One of `n` parts of a library: the chunks whose number leaves the remainder `i - 1` when divided by `n`."""

    i: int
    """From 1."""
    n: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard that `i/n` names.

        Raises:
            RunFolderError: the text is not of this form, or `i` is not one of 1..n.

        >>> Shard.parse("2/8")
        Shard(i=2, n=8)
        """
        match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise RunFolderError(f"the shard {text!r} is not i/n with i from 1 to n; write for example 2/8")
        return cls(int(match[1]), int(match[2]))

    def holds(self, chunk: int) -> bool:
        """Return whether a chunk belongs to the shard."""
        return chunk % self.n == self.i - 1


WHOLE = Shard(1, 1)


@dataclass(frozen=True)
class ScreeningSettings:
    """How a library is screened; the result depends on all of it but `workers` and `fingerprints`."""

    top: int | None = DEFAULT_TOP
    """How many hits to keep at most, best first; None for all that reach the threshold, or all."""
    threshold: float | None = None
    """The score that a hit needs; None for none."""
    in_input_order: bool = False
    """Hits in the order of the library, not best first."""
    keep_duplicates: bool = False
    """Whether several rows with one molecule (after standardisation) can be hits."""
    diverse: bool = False
    """Whether hits must differ: none resembles a better one (Tanimoto, Morgan radius 2) by `similarity` or more."""
    similarity: float = 0.6
    """Also that from which a hit belongs to the cluster of a better one."""
    per_scaffold: int | None = None
    """How many hits may share a Murcko scaffold."""
    pool: int | None = None
    """Of how many of the best rows diverse hits are chosen; by default ten times `top`."""
    chunk_size: int = 1_000
    """Rows that are worked on, and put away, together."""
    smiles_column: str | None = None
    shard: Shard = WHOLE
    row_seconds: float = 10.0
    """Processor time that RDKit has for a row."""
    workers: int | None = None
    """Processes; by default one per core."""
    fingerprints: str | None = None
    """Folder where a similarity search keeps the fingerprints of the library, for the next one."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: a number is too small or no whole one, or hits are to be diverse without a `top`.
        """
        numbers = {"top": self.top, "per_scaffold": self.per_scaffold, "pool": self.pool, "workers": self.workers}
        for name, value in (numbers | {"chunk_size": self.chunk_size}).items():
            if value is None:
                continue
            if not isinstance(value, Integral):
                raise ValueError(f"{name} must be a whole number, not {value!r}")
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
            object.__setattr__(self, name, int(value))  # numbers of numpy would be no JSON
        if self.top is None and (self.diverse or self.per_scaffold):
            raise ValueError("hits are chosen by scaffold or diversity from the best rows: say how many by top")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise ValueError(f"the threshold must lie above 0 and not above 1, not {self.threshold:g}")

    @classmethod
    def of(cls, known: dict[str, Any], workers: int | None = None) -> Self:
        """Return the settings that a plan has kept, as `to_dict` gave them."""
        stated = {name: value for name, value in known.items() if value is not None}
        return cls(**({"top": None} | stated | {"workers": workers}))

    @property
    def pool_size(self) -> int | None:
        """How many of the best rows are kept while the library is read; None for all."""
        if self.top is None:
            return None
        chooses = self.diverse or self.per_scaffold is not None
        return max(self.top, self.pool or POOL_FACTOR * self.top) if chooses else self.top

    def to_dict(self) -> dict[str, object]:
        """Return what the result depends on, the shard left out."""
        return {
            "top": self.top,
            "threshold": self.threshold,
            "in_input_order": self.in_input_order,
            "keep_duplicates": self.keep_duplicates,
            "diverse": self.diverse,
            "similarity": self.similarity,
            "per_scaffold": self.per_scaffold,
            "pool": self.pool_size,
            "chunk_size": self.chunk_size,
            "smiles_column": self.smiles_column,
            "row_seconds": self.row_seconds,
        }
