"""The cases of a screening on a Ray cluster, run in a process of their own."""

from pathlib import Path

import pytest

from tests.ray_process import run_cases


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_screening_on_a_cluster() -> None:
    pytest.importorskip("ray", reason="needs the extra [ray]")
    assert "6 passed" in run_cases(Path(__file__).with_name("ray_cases.py"))
