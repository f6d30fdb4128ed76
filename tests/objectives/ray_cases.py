"""A program on a Ray cluster says the same as one here, and a worker that dies loses nothing."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from moldesign.chem.smiles import require_mols
from moldesign.errors import ClusterError
from moldesign.objectives.programs import ProgramProperty, RunningSettings, open_programs
from moldesign.objectives.properties import DescriptorProperty
from moldesign.objectives.ray_pool import RayPool
from moldesign.objectives.terms import Batch
from tests.objectives.toy_program import make_command, read_log

ray = pytest.importorskip("ray", reason="needs the extra [ray]")
SMILES = ["C", "CC", "CCC", "CCCC", "CCCCC", "CCCCCC"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    ray.init("local", num_cpus=2, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
    yield "auto"
    ray.shutdown()


def test_scores_are_those_of_local_processes(cluster: str, tmp_path: Path) -> None:
    batch = Batch(SMILES, require_mols(SMILES))
    here, there = (
        ProgramProperty.of_command("carbons", make_command(tmp_path / name), RunningSettings(timeout=60))
        for name in ("here.log", "there.log")
    )
    there.move_to(cluster)
    try:
        values = [one.evaluate(batch).values for one in (here, there)]
    finally:
        here.close()
        there.close()
    np.testing.assert_array_equal(values[0], values[1])
    assert read_log(tmp_path / "there.log") == sorted(SMILES), "each molecule is run once, in the folder of the driver"


def test_worker_that_dies_is_replaced_and_its_molecule_given_to_another(cluster: str, tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    script = tmp_path / "deadly.py"
    script.write_text(
        "import json, os, signal, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    text = asked['smiles']\n"
        f"    if text == 'CCC' and not os.path.exists({str(mark)!r}):\n"
        f"        open({str(mark)!r}, 'w').close()\n"
        "        os.kill(os.getppid(), signal.SIGKILL)\n"
        "    if text == 'CCCC':\n"
        "        os.kill(os.getppid(), signal.SIGKILL)\n"
        "    print(json.dumps({'id': asked['id'], 'score': len(text)}), flush=True)\n"
    )
    pool = RayPool((sys.executable, str(script)), address=cluster, timeout=60)
    try:
        answers = dict(pool.ask_all(SMILES))
    finally:
        pool.close()
    assert mark.exists()
    assert {SMILES[row]: answer.score for row, answer in answers.items() if answer.error is None} == {
        text: len(text) for text in SMILES if text != "CCCC"
    }
    assert answers[SMILES.index("CCCC")].error == "the worker that scored it died, 2 times"


def test_ending_early_ends_the_programs(cluster: str, tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(
        "import json, os, sys, time\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        f"    open(os.path.join({str(tmp_path)!r}, str(os.getpid()) + '.pid'), 'w').close()\n"
        "    time.sleep(0 if asked['smiles'] == 'C' else 300)\n"
        "    print(json.dumps({'id': asked['id'], 'score': 1}), flush=True)\n"
    )
    pool = RayPool((sys.executable, str(script)), address=cluster, timeout=600)
    answers = pool.ask_all(["C", "CC"])
    assert next(answers)[0] == 0
    answers.close()
    assert pool._actors == []


def test_folder_that_is_missing_elsewhere_is_said(cluster: str, tmp_path: Path, monkeypatch) -> None:
    here = tmp_path / "gone"
    here.mkdir()
    monkeypatch.chdir(here)
    pool = RayPool(make_command(), address=cluster, timeout=60)
    monkeypatch.chdir(tmp_path)
    here.rmdir()
    [(_, answer)] = pool.ask_all(["C"])
    pool.close()
    assert answer.error is not None
    assert f"the folder {here} cannot be used on {os.uname().nodename}" in answer.error


def test_cluster_without_work_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ClusterError, match="leave the cluster out"),
        open_programs([DescriptorProperty("qed")], tmp_path / "run.sqlite", "auto"),
    ):
        pass


def test_two_programs_share_the_cores(cluster: str, tmp_path: Path) -> None:
    """Each could take all of them; more workers than cores are asked for, too."""
    pools = [RayPool(make_command(tmp_path / name), address=cluster, n_workers=16, timeout=60) for name in ("a", "b")]
    try:
        for pool in (*pools, *pools):
            assert pool.n_workers == 2
            assert sorted(row for row, answer in pool.ask_all(SMILES) if answer.error is None) == list(range(6))
    finally:
        for pool in pools:
            pool.close()
