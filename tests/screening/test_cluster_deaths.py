"""What a cluster does when workers end, played through without one: a stand-in for Ray whose actors live here."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from moldesign.errors import ClusterError, ObjectiveError
from moldesign.objectives.profile import dump_profile, parse_goals
from moldesign.screening import cluster
from moldesign.screening.cluster import RayExecutor
from moldesign.screening.executor import Fall, Outcome, Screened, Task
from moldesign.screening.remote import WorkerNote, describe_setup
from moldesign.screening.screener import Screener

TEXTS = ["CCO", "CCCO", "CCCCO", "CCCCCO"]
TASKS = [Task(f"chunk {number}", TEXTS) for number in range(5)]

Judge = Callable[[Task, int], bool]
"""Says of a task, and the number of the actor that works on it, whether the actor ends."""


class RayError(Exception):
    pass


class ActorDiedError(RayError):
    pass


@dataclass(eq=False)
class Reference:
    value: Any


class FakeRay:
    """Actors that work when they are called, and end when `ends` says so; what they were asked before is lost then."""

    def __init__(self, ends: Judge = lambda task, number: False, n_cores: int = 2) -> None:
        self.exceptions = SimpleNamespace(
            RayError=RayError,
            RayActorError=ActorDiedError,
            ObjectLostError=ActorDiedError,
            OutOfMemoryError=ActorDiedError,
            NodeDiedError=ActorDiedError,
        )
        self.ends, self.n_cores, self.n_started = ends, n_cores, 0
        self.dies_at_start = False

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(self.n_cores)}

    def put(self, value: Any) -> Any:
        return value

    def kill(self, actor: "FakeActor") -> None:
        actor.is_dead = True

    def remote(self, **_: object) -> Callable[[type], Any]:
        return lambda _: SimpleNamespace(remote=lambda screener, *_: FakeActor(self, screener))

    def wait(self, references: list[Any], **_: object) -> tuple[list[Any], list[Any]]:
        return references[:1], references[1:]

    def get(self, reference: "Reference") -> Any:
        if isinstance(reference.value, ActorDiedError):
            raise reference.value
        return reference.value


class FakeActor:
    def __init__(self, ray: FakeRay, screener: Screener) -> None:
        ray.n_started += 1
        self._ray, self._screener, self._number, self.is_dead = ray, screener, ray.n_started, ray.dies_at_start
        self.run, self.prepare, self.close = (SimpleNamespace(remote=way) for way in (self._run, self._note, self._end))

    def _run(self, task: Task) -> Reference:
        self.is_dead = self.is_dead or self._ray.ends(task, self._number)
        return Reference(ActorDiedError("The actor died.") if self.is_dead else self._screener.run(task))

    def _note(self) -> Reference:
        return Reference(ActorDiedError("No module named 'moldesign'") if self.is_dead else self._describe())

    def _end(self) -> Reference:
        return Reference(None)

    def _describe(self) -> WorkerNote:
        return WorkerNote("node", self._number, describe_setup(), None)


@pytest.fixture
def screen_on(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Outcome]]:
    def screen(ray: FakeRay, tasks: list[Task] = TASKS) -> list[Outcome]:
        monkeypatch.setattr(cluster, "connect", lambda address: ray)
        return list(RayExecutor(Screener(dump_profile(parse_goals(["mw min"]))), address="auto").map(iter(tasks)))

    return screen


Screen = Callable[..., list[Outcome]]


def test_nobody_dies(screen_on: Screen) -> None:
    outcomes = screen_on(ray := FakeRay())
    alone = Screener(dump_profile(parse_goals(["mw min"])))
    assert outcomes == [alone.run(task) for task in TASKS]
    assert ray.n_started == 2


def test_what_a_dead_worker_had_is_done_by_another(screen_on: Screen) -> None:
    whole = screen_on(FakeRay())
    ends_left = ["chunk 1", "chunk 4"]

    def ends(task: Task, number: int) -> bool:
        if task.where not in ends_left:
            return False
        ends_left.remove(task.where)
        return True

    ray = FakeRay(ends)
    assert screen_on(ray) == whole
    assert (ray.n_started, ends_left) == (4, [])


def test_row_that_ends_every_worker_is_rejected(screen_on: Screen) -> None:
    def ends(task: Task, number: int) -> bool:
        return task.where == "chunk 3" and any(
            text == "CCCCO" for row, text in enumerate(task.texts) if row not in task.falls
        )

    outcomes = screen_on(FakeRay(ends))
    rejected = outcomes.pop(3)
    assert isinstance(rejected, Screened)
    assert rejected.falls == {2: Fall("ends the process", "the process that worked on it ended")}
    assert rejected.rows == [0, 1, 3]
    whole = screen_on(FakeRay())
    assert outcomes == whole[:3] + whole[4:]


def test_rows_that_end_workers_only_together_are_an_error(screen_on: Screen) -> None:
    ray = FakeRay(lambda task, number: task.where == "chunk 2" and len(task.texts) > 1)
    with pytest.raises(ObjectiveError, match=r"chunk 2: workers of the Ray cluster ended 4 times .* with --resume"):
        screen_on(ray)


def test_workers_that_never_begin_are_an_error(screen_on: Screen) -> None:
    ray = FakeRay()
    ray.dies_at_start = True
    with pytest.raises(ClusterError, match=r"no worker can be started .*No module named 'moldesign'.* installed"):
        screen_on(ray)
