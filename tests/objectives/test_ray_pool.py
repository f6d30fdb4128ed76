"""Ray leaves threads behind, with which nothing can be forked any more: its cases run in a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from moldesign.errors import ClusterError
from moldesign.objectives.ray_pool import connect

CASES = Path(__file__).with_name("ray_cases.py")


@pytest.mark.slow
def test_programs_run_on_a_cluster() -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(CASES)]
    done = subprocess.run(command, cwd=CASES.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_nobody_answers(address: str) -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    with pytest.raises(ClusterError, match=rf"no Ray cluster answers at '{address}' \(.*refused.*ray start --head"):
        connect(address)


def test_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"pip install 'moldesign\[ray\]'"):
        connect("auto")
