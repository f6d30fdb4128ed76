"""The command as a whole: fast to start, honest about unexpected errors; and what `import moldesign` offers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest

import moldesign as package
from moldesign.cli import main, models
from tests.cli.conftest import Moldesign

HEAVY = {"torch", "rdkit", "pandas", "scipy", "sklearn"}


def run_alone(*arguments: str) -> tuple[str, set[str]]:
    """Return what a process of its own prints, and the packages that it loads."""
    command = [sys.executable, "-X", "importtime", "-m", "moldesign", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "gymnasium" in loaded
    return done.stdout, loaded


def test_help_loads_nothing_heavy() -> None:
    shown, loaded = run_alone("--help")
    assert not loaded & (HEAVY | {"rich"})
    assert all(verb in shown for verb in ("generate", "predict", "explain", "train", "models"))


def test_help_groups_every_verb_by_task_with_an_example() -> None:
    shown, _ = run_alone("--help")
    blocks = dict(re.findall(r"^([A-Z][\w ]+):\n((?:  .*\n)+)", shown, re.MULTILINE))
    tasks = [main.DESIGN, main.SCREEN, main.PREDICT, main.TEACH, main.CHECK]
    assert [name for name in blocks if name in tasks] == tasks
    verbs = [command.name or command.callback.__name__ for command in main.app.registered_commands]
    for verb in [*verbs, *(group.name for group in main.app.registered_groups)]:
        [block] = [block for name, block in blocks.items() if re.search(rf"^  {verb} ", block, re.MULTILINE)]
        assert re.search(rf"^ +\$ moldesign {verb}", block, re.MULTILINE), verb


def test_bare_command_tells_a_newcomer_what_to_do(moldesign: Moldesign) -> None:
    done = moldesign()
    assert done.code == 2
    assert "First time here? `moldesign doctor`" in " ".join((done.out + done.err).split())


@pytest.mark.parametrize(
    ("words", "found"), [("moldesign pre", {"predict", "pretrain"}), ("moldesign evaluate --re", {"--reference"})]
)
def test_the_shell_can_complete(words: str, found: set[str]) -> None:
    asked = {"_MOLDESIGN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    command = [sys.executable, "-c", "from moldesign.cli.main import run; run()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | asked)
    assert found <= set(done.stdout.split())


def test_completion_is_installed_for_the_shell(tmp_path: Path) -> None:
    home = os.environ | {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "moldesign", "--install-completion", "bash"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=home)
    assert "bash completion installed" in done.stdout
    assert "_MOLDESIGN_COMPLETE=complete_bash" in (tmp_path / ".bash_completions" / "moldesign.sh").read_text()


@pytest.mark.parametrize("name", [(), ("admet",), ("chembl",)])
def test_models_are_listed_from_their_cards_alone(name: tuple[str, ...]) -> None:
    shown, loaded = run_alone("models", *name)
    assert not loaded & HEAVY
    assert all(text in shown for text in (name or ("admet", "activity", "chembl")))


@pytest.mark.parametrize("verb", ["generate", "predict", "explain", "train", "pretrain", "models"])
def test_every_verb_shows_an_example(moldesign: Moldesign, verb: str) -> None:
    done = moldesign(verb, "--help")
    assert done.code == 0
    assert f"Examples:\n    moldesign {verb}" in done.out


def test_version(moldesign: Moldesign) -> None:
    assert moldesign("--version").out == f"moldesign {package.__version__}\n"


def test_unknown_verb_is_wrong_usage(moldesign: Moldesign) -> None:
    assert moldesign("guess").code == 2


def test_unexpected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(models, "find_folder", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main.run(["models", "admet"])


def test_interrupt_is_130(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "find_folder", interrupt)
    assert moldesign("models", "admet").code == 130


def test_public_names_exist() -> None:
    assert {getattr(package, name).__name__ for name in package.__all__} == set(package.__all__)
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing


def test_import_registers_the_environment() -> None:
    assert gymnasium.spec("moldesign/Smiles-v0").vector_entry_point is not None


def test_threads_wait_passively_unless_the_user_says_otherwise(
    moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    moldesign("--version")
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    moldesign("--version")
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_what_is_logged_is_said_as_a_warning() -> None:
    code = (
        "import logging\nfrom moldesign.cli.main import run\n"
        "try:\n    run(['--version'])\nexcept SystemExit:\n    logging.getLogger('moldesign').warning('told')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "warning: told\n"
