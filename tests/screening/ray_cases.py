"""A Ray cluster of several worker processes gives the bytes of this machine, whoever dies meanwhile."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moldesign.errors import ClusterError, ObjectiveError
from moldesign.objectives.profile import Profile, dump_profile, parse_goals
from moldesign.screening import ScreeningSettings, cluster, screen
from moldesign.screening.cluster import RayExecutor
from moldesign.screening.executor import Fall, Outcome, Screened, Task
from moldesign.screening.progress import ScreeningProgress
from moldesign.screening.screener import Screener

ray = pytest.importorskip("ray", reason="needs the extra [ray]")

Read = Callable[[str], dict[str, bytes]]
Notify = Callable[[ScreeningProgress], None]

ENDINGS = ("", ".rejected.csv", ".manifest.json")
TEXTS = ["CCO", "CCCO", "CCCCO", "CCCCCO", "c1ccccc1"]
CRASH = Fall("ends the process", "the process that worked on it ended")
DEADLY = """
import os, signal

def score(smiles):
    if "CCCCCO" in smiles:
        os.kill(os.getppid(), signal.SIGKILL)
    if "CCCCO" in smiles:
        os._exit(1)
    return [1] * len(smiles)
"""


class Lent:
    """An engine that goes on when the screening is over."""

    def __init__(self, engine: RayExecutor) -> None:
        self.map = engine.map

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def whole(tiny_weights: Path, smiles: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What this machine finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        library = Path("library.csv")
        library.write_text("id,smiles\n" + "".join(f"m{number},{text}\n" for number, text in enumerate(smiles)))
        run(library, make_profile(tiny_weights / "admet"), "hits.csv", None)
        return {ending: Path(f"hits.csv{ending}").read_bytes() for ending in ENDINGS}


@pytest.fixture(scope="module")
def address(whole: dict[str, bytes]) -> Iterator[str]:
    """A cluster; it is started when all that is forked has been: Ray leaves threads behind."""
    for n_left in reversed(range(5)):
        try:
            ray.init("local", num_cpus=4, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
            break
        except Exception:  # a busy machine did not start it within the 30 s that Ray allows
            ray.shutdown()
            if n_left == 0:
                raise
    yield "auto"
    ray.shutdown()


@pytest.fixture(autouse=True)
def tiny_admet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers know the bundled models alone: the tiny one of the other tests is sent to them as a folder."""
    monkeypatch.chdir(tmp_path)


def make_profile(model: Path) -> Profile:
    wished = parse_goals(["logp min", "herg min"], models=[str(model)])
    return wished.with_constraints(must=("mw in 120..320",), forbidden=("[Br]",))


@pytest.fixture
def profile(tiny_weights: Path) -> Profile:
    return make_profile(tiny_weights / "admet")


@pytest.fixture(scope="module")
def engine(address: str, tiny_weights: Path) -> Iterator[RayExecutor]:
    """Two workers that stay, because each takes its time to start."""
    screener = Screener(dump_profile(make_profile(tiny_weights / "admet")))
    executor = RayExecutor(screener, address=address, n_workers=2)
    yield executor
    executor.close()


def run(library: Path, profile: Profile, out: str, engine: RayExecutor | None, notify: Notify | None = None) -> None:
    settings = ScreeningSettings(workers=1, chunk_size=50, top=30)
    lend = None if engine is None else lambda *_: Lent(engine)
    screen(library, profile, out=out, settings=settings, resume=True, make_executor=lend, on_progress=notify)


def test_result_is_that_of_this_machine(
    library: Path, profile: Profile, engine: RayExecutor, whole: dict[str, bytes], read_results: Read
) -> None:
    run(library, profile, "hits.csv", engine)
    assert read_results("hits.csv") == whole
    assert len({note.pid for note in engine.notes} - {os.getpid()}) == 2


def test_killed_workers_lose_nothing(
    library: Path, profile: Profile, engine: RayExecutor, whole: dict[str, bytes], read_results: Read
) -> None:
    killed: list[int] = []

    def kill(progress: ScreeningProgress) -> None:
        if progress.n_rows in (100, 300):
            killed.append(engine.notes[0].pid)
            os.kill(killed[-1], signal.SIGKILL)

    run(library, profile, "hits.csv", engine, kill)
    assert len(set(killed)) == 2
    assert read_results("hits.csv") == whole


def test_interrupted_and_gone_on_with(
    library: Path, profile: Profile, engine: RayExecutor, whole: dict[str, bytes], read_results: Read
) -> None:
    def interrupt(progress: ScreeningProgress) -> None:
        if progress.n_rows == 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(library, profile, "hits.csv", engine, interrupt)
    assert Path("hits.csv.progress").is_dir()
    run(library, profile, "hits.csv", engine)
    assert read_results("hits.csv") == whole


def collect(tasks: list[Task], profile: Profile, *, n_workers: int = 1) -> list[Outcome]:
    executor = RayExecutor(Screener(dump_profile(profile)), address="auto", n_workers=n_workers)
    try:
        return list(executor.map(iter(tasks)))
    finally:
        executor.close()


@pytest.mark.usefixtures("address")
def test_rows_that_end_their_process_or_its_worker_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("deadly.py").write_text(DEADLY)
    monkeypatch.syspath_prepend(Path.cwd())
    first, second = collect([Task("one", TEXTS), Task("two", ["CC"])], parse_goals(["deadly:score max"]))
    assert isinstance(first, Screened)
    assert isinstance(second, Screened)
    assert first.falls == {2: CRASH, 3: CRASH}
    assert (first.rows, second.rows) == ([0, 1, 4], [0])


@pytest.mark.usefixtures("address")
def test_models_are_sent(tiny_weights: Path) -> None:
    model = Path(shutil.copytree(tiny_weights / "admet", "my_model"))
    screener = Screener(dump_profile(parse_goals(["herg min"], models=["my_model"])))
    executor = RayExecutor(screener, address="auto", n_workers=1)
    model.rename("elsewhere")
    try:
        [outcome] = executor.map(iter([Task("one", TEXTS)]))
    finally:
        executor.close()
    assert isinstance(outcome, Screened)
    assert outcome.rows == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("address")
def test_what_a_worker_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.py").write_text("def score(smiles):\n    raise ValueError('no licence')\n")
    monkeypatch.syspath_prepend(Path.cwd())
    profile = parse_goals(["mine:score max"])
    with pytest.raises(ObjectiveError, match="no licence"):
        collect([Task("one", TEXTS)], profile)
    Path("mine.py").unlink()
    with pytest.raises(
        ClusterError, match=r"the worker on \S+ cannot read the profile: .*mine:score.*on every machine"
    ):
        collect([Task("one", TEXTS)], profile)
    known = cluster.describe_setup()
    monkeypatch.setattr(cluster, "describe_setup", lambda: known | {"rdkit": "2020.3.1"})
    with pytest.raises(ClusterError, match=r"has \S+ of rdkit, and this machine 2020\.3\.1: .*same versions every"):
        collect([Task("one", TEXTS)], parse_goals(["mw min"]))
