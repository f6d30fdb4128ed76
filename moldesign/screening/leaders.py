"""The best scores that a process has found so far: what is below all of them is outranked, in whichever task it is."""

from collections.abc import Iterable
from heapq import heappop, heappush


class Leaders:
    """The scores of the best molecules, each by its key.

    Args:
        size: how many of them; None for all, and then nothing is ever outranked.

    >>> leaders = Leaders(2)
    >>> leaders.add([(7, 0.5), (7, 0.9)]), leaders.floor
    (None, None)
    >>> leaders.add([(8, 0.4), (9, 0.6)]), leaders.floor
    (None, 0.6)
    """

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._scores: dict[int, float] = {}
        self._worst_first: list[tuple[float, int]] = []
        """Score and key; some of molecules for which there is a better one by now."""

    @property
    def floor(self) -> float | None:
        """A score below this one is outranked; None where there is room for any."""
        return self._worst_first[0][0] if len(self._scores) == self._size else None

    def add(self, scored: Iterable[tuple[int, float]]) -> None:
        """Take in molecules: the key and the score of each."""
        if self._size is None:
            return
        for key, score in scored:
            if score > self._scores.get(key, -1.0):
                self._scores[key] = score
                heappush(self._worst_first, (score, key))
        self._drop_beaten(self._size)

    def _drop_beaten(self, size: int) -> None:
        while self._worst_first:
            score, key = self._worst_first[0]
            is_current = self._scores[key] == score
            if is_current and len(self._scores) <= size:
                return
            heappop(self._worst_first)
            if is_current:
                del self._scores[key]
