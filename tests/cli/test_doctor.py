"""`moldesign doctor`: tells a working installation from a broken one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from moldesign.cli import doctor
from tests.cli.conftest import Moldesign


def test_bundled_models_pass() -> None:
    done = subprocess.run([sys.executable, "-m", "moldesign", "doctor"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"all 4 tests passed in \d+ s", lines[-1])
    assert any(re.match(r"cores +\d+ usable of \d+$", line) for line in lines)
    assert any(re.match(r"memory +\d+ GB, \d+ GB free$", line) for line in lines)
    assert any(line.split()[0] == "rdkit" and line.split()[1][0].isdigit() for line in lines if line.strip())
    assert str(Path.cwd()) not in done.stdout
    assert [line.split()[-1] != "" and " ok " in line for line in lines if line.startswith("  ")] == [True] * 4


def test_damaged_model_is_found(moldesign: Moldesign, weights: Path) -> None:
    path = weights / "admet" / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        found = moldesign("doctor")
    finally:
        path.write_bytes(whole)
    assert found.code == 1
    assert "model checksums   FAILED  ModelFormatError" in found.out
    assert "read molecules    ok" in found.out


def test_predictor_that_has_learned_nothing_is_found(moldesign: Moldesign) -> None:
    found = moldesign("doctor")
    assert found.code == 1
    assert "predict           FAILED  CheckError: ethanol" in found.out
    assert found.out.splitlines()[-1] == "1 of 4 tests failed: predict"


def test_policy_that_writes_nonsense_is_found(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_VALID", 1.01)
    assert "texts are molecules" in moldesign("doctor").out.split("write molecules   FAILED", 1)[1]


def test_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.EXTRAS, "docking", ("no-such-package",))
    assert doctor.describe_extra("docking") == "not installed: pip install 'moldesign[docking]'"
