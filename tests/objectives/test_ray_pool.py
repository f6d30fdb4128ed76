"""The cases of programs on a Ray cluster, run in a process of their own, and what is said where there is no cluster."""

import sys
from pathlib import Path

import pytest

from moldesign.errors import ClusterError
from moldesign.objectives.ray_pool import connect
from tests.ray_process import run_cases


@pytest.mark.slow
def test_programs_run_on_a_cluster() -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    assert "6 passed" in run_cases(Path(__file__).with_name("ray_cases.py"))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_nobody_answers(address: str) -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    with pytest.raises(ClusterError, match=rf"no Ray cluster answers at '{address}' \(.*refused.*ray start --head"):
        connect(address)


def test_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"pip install 'moldesign\[ray\]'"):
        connect("auto")
