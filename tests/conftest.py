"""Fixtures that all tests share: famous drugs and the folder of public data sets."""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from moldesign.screening import local

# The same examples on every machine, and no failure because a machine is slow.
settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")

ROOT = Path(__file__).parents[1]

NAMED_DRUGS = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "metformin": "CN(C)C(=N)N=C(N)N",
    "morphine": "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "haloperidol": "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1",
    "terfenadine": "CC(C)(C)c1ccc(cc1)C(O)CCCN1CCC(CC1)C(O)(c1ccccc1)c1ccccc1",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(n1)-c1cccnc1",
    "sildenafil": "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",
    "penicillin_g": "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
    "diclofenac_sodium": "[Na+].[O-]C(=O)Cc1ccccc1Nc1c(Cl)cccc1Cl",
}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Find the tests without the garbage collector: it would look through all that has been read again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(autouse=True)
def _forget_own_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test import what an earlier one has written: modules of the same name are other ones."""
    yield
    written = str(tmp_path_factory.getbasetemp())
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(written):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def _fork_screening_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork the workers of a screening even where other tests have left threads, which nobody waits for.

    They inherit what a test has put in the place of something else, and need not read all modules anew.
    """
    monkeypatch.setattr(local, "choose_context", lambda method=None: multiprocessing.get_context(method or "fork"))


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C mean in the processes among which tests are shared what it means everywhere; they would ignore it."""
    if hasattr(config, "workerinput"):
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of slow tests: what is begun last should not keep one process busy alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def named_drugs() -> dict[str, str]:
    """SMILES of drugs whose properties every chemist can check; the last one is a salt."""
    return dict(NAMED_DRUGS)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The public data sets: where MOLDESIGN_DATA says, or `shared/data` beside the checkout, or a skip."""
    named = os.environ.get("MOLDESIGN_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no public data sets: MOLDESIGN_DATA={named!r} names no folder")
    return folder
