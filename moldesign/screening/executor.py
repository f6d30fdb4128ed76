"""Who does the work: tasks in, outcomes out, in the same order. A machine, or a cluster, is one way to do that.

A task is a pure piece of work: its outcome depends on the task and the profile alone, neither on the process that does
it nor, but for rows that are outranked in any case, on what was done before. That is why a killed screening, a sharded
one and an uninterrupted one agree byte for byte, and all that an engine has to care for is that every task is done.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

Numbers = list[float]

_SHOWN_CHARACTERS = 60
"""Of the text of a hit, in messages: a SMILES may be long."""


class Fall(NamedTuple):
    """Why a row goes no further."""

    filter: str
    """Where it fell, in a few words that rows which fall alike share."""
    reason: str


@dataclass(frozen=True)
class Task:
    """Rows to work on together."""

    where: str
    """For messages, such as "library.smi, rows 1001 to 2000"."""
    texts: list[str]
    """N SMILES, or mol blocks."""
    holds_blocks: bool = False
    describes: bool = False
    """Whether the rows are hits that are to be described; otherwise they are screened."""
    falls: dict[int, Fall] = field(default_factory=dict)
    """Rows, from 0, that are not worked on."""
    floor: float | None = None
    """Rows with a score below it are outranked already, whatever else there is to find out of them; None for none.

    It depends on how far the other tasks are, and may do so because the rows in question have no part in any result."""
    row_names: Sequence[str] = ()
    """Of hits, file and row of each, for messages."""
    is_doubtful: bool = False
    """Whether the rows have to be tried one by one first, because an unknown one of them ended a process."""

    def without(self, row: int, fall: Fall) -> "Task":
        """Return the task with one row less to work on."""
        return replace(self, falls=self.falls | {row: fall}, is_doubtful=False)

    def explain_loss(self, row: int, reason: str) -> str:
        """Return what to say of a row that cannot be worked on.

        >>> Task("a.smi, rows 1 to 2", ["C", "CC"]).explain_loss(1, "it ends the process")
        'a.smi, rows 1 to 2, row 2 of these: it ends the process; the row is rejected'
        """
        if not self.describes:
            return f"{self.where}, row {row + 1} of these: {reason}; the row is rejected"
        text = self.texts[row].partition("\n")[0][:_SHOWN_CHARACTERS]
        beginning = f", which begins with {text!r}" if text.strip() else ""  # a record of an SDF may have no title
        return (
            f"{self.row_names[row]}{beginning}: {reason}; it stays a hit, but is not described: "
            "columns such as standardized_smiles and scaffold are left empty"
        )


@dataclass(frozen=True)
class Screened:
    """What became of N rows."""

    falls: dict[int, Fall]
    """By row, from 0."""
    rows: list[int]
    """The n rows that have a score, of at least the floor."""
    scores: Numbers
    """[n], 0 to 1"""
    raw: list[Numbers]
    """[n][K], the property of each term, in its unit"""
    terms: list[Numbers]
    """[n][K], how far each goal is met"""
    keys: list[int]
    """[n], 64 bits of a hash of the molecule"""


@dataclass(frozen=True)
class Described:
    """The columns that describe N hits, row for row."""

    columns: dict[str, list[Any]]


Outcome = Screened | Described


@dataclass
class Place:
    """A task on its way."""

    number: int
    """From 0, in the order of the tasks."""
    task: Task
    n_tries: int = 0
    """How often a worker has ended on it."""


class Executor(Protocol):
    """Does tasks."""

    def map(self, tasks: Iterator[Task]) -> Iterator[Outcome]:
        """Yield the outcome of each task, in order; tasks are taken only as fast as outcomes are.

        Raises:
            MoldesignError: a task cannot be done.
        """
        ...

    def close(self) -> None:
        """End what was started."""
        ...


def map_in_order(
    tasks: Iterator[Task],
    n_ahead: int,
    hand_out: Callable[[deque[Place]], None],
    collect: Callable[[deque[Place]], Iterator[tuple[int, Outcome]]],
) -> Iterator[Outcome]:
    """Yield the outcome of each task, in order, with a bounded number of tasks on their way.

    Args:
        tasks: taken as they are needed.
        n_ahead: so many tasks are taken at the most whose outcomes have not been yielded.
        hand_out: gives tasks from the front of the queue to whoever is idle.
        collect: waits a moment, and yields number and outcome of what is done meanwhile; what has to be done again goes
            back to the front of the queue.
    """
    places = (Place(number, task) for number, task in enumerate(tasks))
    queue: deque[Place] = deque()
    done: dict[int, Outcome] = {}
    next_number, n_taken, is_over = 0, 0, False
    while not is_over or next_number < n_taken:
        while not is_over and n_taken - next_number < n_ahead:
            if (place := next(places, None)) is None:
                is_over = True
            else:
                queue.append(place)
                n_taken += 1
                hand_out(queue)
        hand_out(queue)
        done.update(collect(queue))
        hand_out(queue)
        while next_number in done:
            yield done.pop(next_number)
            next_number += 1
