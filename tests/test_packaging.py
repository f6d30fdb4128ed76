"""The built wheel is complete and works from any folder, without the checkout."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]

PREDICT = """
import json, moldesign
predictions = moldesign.load_predictor("admet").predict(["CCO", "not a molecule"])
print(json.dumps({
    "file": moldesign.__file__,
    "is_valid": predictions.is_valid.tolist(),
    "finite": bool((abs(predictions.values[0]) < 1e6).all()),
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, without the variables that could lead it back to the checkout."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MOLDESIGN"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the build reads; the checkout itself may hold leftovers of earlier builds."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(
        ROOT / "moldesign", folder / "moldesign", ignore=shutil.ignore_patterns("__pycache__", ".*", "*.tmp")
    )
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation")
    run(*pip, "--wheel-dir", target, source, cwd=target)
    return next(target.glob("moldesign-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment: the wheel, and the dependencies of this environment."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
    )
    run(*pip, wheel, cwd=folder.parent)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder.parent).strip())
    # Folders that a .pth file adds do not have their own .pth files read, so an editable checkout stays out.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    return folder / "bin"


def test_wheel_holds_every_file_of_the_package(source: Path, wheel: Path) -> None:
    expected = {path.relative_to(source).as_posix() for path in source.glob("moldesign/**/*") if path.is_file()}
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if ".dist-info/" not in name} == expected
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.parametrize(
    "pattern",
    [
        "moldesign/py.typed",
        "moldesign/datasets/catalog.json",
        "moldesign/predictors/weights/admet/model.safetensors",
        "moldesign/predictors/weights/*/card.json",
        "moldesign/policies/weights/*/model.safetensors",
        "moldesign/policies/weights/*/card.json",
    ],
)
def test_wheel_holds_the_bundled_files(wheel: Path, pattern: str) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if Path(name).match(pattern)]


def test_command_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    assert "admet" in run(installed / "moldesign", "models", cwd=tmp_path)
    assert not list(tmp_path.iterdir())


def test_bundled_predictor_works_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    answer = json.loads(run(installed / "python", "-c", PREDICT, cwd=tmp_path))
    assert Path(answer["file"]).is_relative_to(installed.parent)
    assert answer["is_valid"] == [True, False]
    assert answer["finite"]
