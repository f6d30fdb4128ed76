"""How far a step of known length is, such as the writing of the hits."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_BLOCK = 5_000


@dataclass(frozen=True)
class Step:
    """How far a step is."""

    name: str
    n_done: int
    n_all: int
    per_second: float
    seconds_left: float

    @property
    def share(self) -> float:
        """Of the step that is done, 0 to 1."""
        return min(1.0, self.n_done / self.n_all) if self.n_all else 1.0


Tell = Callable[[Step], None]


def begin_step(name: str, n_all: int, tell: Tell | None) -> Callable[[int], None]:
    """Say that a step begins, and return a function that takes how much of it is done, and says so.

    Args:
        name: of the step.
        n_all: how much there is to do.
        tell: is told; None for nobody.
    """
    began = time.monotonic()

    def note(n_done: int) -> None:
        if tell is None:
            return
        seconds = time.monotonic() - began
        left = seconds * (n_all - n_done) / n_done if n_done else float("inf")
        tell(Step(name, n_done, n_all, n_done / max(seconds, 1e-9), max(left, 0.0)))

    note(0)
    return note


def count_off(rows: Iterable[T], note: Callable[[int], None], n_before: int = 0) -> Iterator[T]:
    """Yield the rows, and note now and then how many they are, with those before.

    >>> list(count_off("ab", print, n_before=5))
    7
    ['a', 'b']
    """
    number = 0
    for number, row in enumerate(rows, start=1):
        yield row
        if number % _BLOCK == 0:
            note(n_before + number)
    note(n_before + number)
