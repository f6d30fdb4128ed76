"""Fingerprints on disk: what is kept is what would be computed, and anything else is computed again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moldesign.chem.fingerprints import morgan_bits
from moldesign.chem.smiles import require_mols
from moldesign.errors import RunFolderError
from moldesign.screening import fingerprint_cache, molecules
from moldesign.screening.executor import Fall, Task
from moldesign.screening.fingerprint_cache import FingerprintCache
from moldesign.screening.marking import mark_nothing
from moldesign.screening.reading import read_fingerprints, read_rows
from tests.conftest import NAMED_DRUGS

TASK = Task(
    "a test", [*NAMED_DRUGS.values(), "C1CC", "[Na+].CC(=O)[O-]", ""], falls={0: Fall("malformed row", "3 cells")}
)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = FingerprintCache(tmp_path)
    first, second = (read_fingerprints(TASK, cache, mark_nothing) for _ in range(2))
    expected = read_rows(TASK, mark_nothing)
    for got in (first, second):
        assert got.falls == expected.falls
        assert list(got.molecules) == list(expected.molecules)
        assert [one.smiles for one in got.molecules.values()] == [one.smiles for one in expected.molecules.values()]
        assert [one.is_mixed for one in got.molecules.values()] == [one.is_mixed for one in expected.molecules.values()]
        np.testing.assert_array_equal(got.bits, morgan_bits([one.mol for one in expected.molecules.values()]))


def test_a_second_search_reads_no_molecule_that_has_a_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, task = FingerprintCache(tmp_path), Task("a test", ["CCO", "C1CC", "CCN"])
    read_fingerprints(task, cache, mark_nothing)
    monkeypatch.setattr(fingerprint_cache, "write_bytes_atomically", None)  # nothing is written, either
    read = read_fingerprints(task, cache, mark_nothing)
    assert list(read.falls) == [1]
    np.testing.assert_array_equal(read.bits, morgan_bits(require_mols(["CCO", "CCN"])))


def test_a_molecule_is_read_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, task = FingerprintCache(tmp_path), Task("a test", ["CCO", "OCC.Cl", "CCN"])
    read_fingerprints(task, cache, mark_nothing)
    asked: list[str] = []
    original = molecules.read_molecule

    def record(text: str, *, is_block: bool) -> molecules.Molecule | Fall:
        asked.append(text)
        return original(text, is_block=is_block)

    monkeypatch.setattr(molecules, "read_molecule", record)
    read = read_fingerprints(task, cache, mark_nothing)
    assert (len(read.molecules), asked) == (3, [])
    assert (read.molecules[1].smiles, read.molecules[1].smiles, asked) == ("CCO", "CCO", ["OCC.Cl"])


@pytest.mark.parametrize(
    "other",
    [
        replace(TASK, texts=[*TASK.texts[:-1], "CCO"]),
        replace(TASK, texts=TASK.texts[::-1]),
        replace(TASK, falls={}),
        replace(TASK, holds_blocks=True),
    ],
    ids=["a changed row", "another order", "a row that can be read now", "mol blocks"],
)
def test_other_rows_have_other_files(tmp_path: Path, other: Task) -> None:
    cache = FingerprintCache(tmp_path)
    cache.store(TASK, np.ones((len(TASK.texts), 256), dtype=np.uint8))
    assert cache.load(TASK) is not None
    assert cache.load(other) is None


def test_another_rdkit_has_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FingerprintCache(tmp_path)
    cache.store(TASK, np.ones((len(TASK.texts), 256), dtype=np.uint8))
    monkeypatch.setattr(fingerprint_cache.rdkit, "__version__", "1999.09.1")
    assert cache.load(TASK) is None


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[:-100], lambda b: bytes(len(b)), lambda b: b[:9] + b"!" + b[10:]]
)
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: object) -> None:
    cache = FingerprintCache(tmp_path)
    read_fingerprints(TASK, cache, mark_nothing)
    [path] = tmp_path.rglob("*.fp")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))  # type: ignore[operator]
    assert cache.load(TASK) is None
    read_fingerprints(TASK, cache, mark_nothing)
    assert path.read_bytes() == whole
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "prints").write_text("a file")
    with pytest.raises(RunFolderError, match=r"prints: fingerprints cannot be kept there .* go on with --resume"):
        read_fingerprints(TASK, FingerprintCache(tmp_path / "prints"), mark_nothing)
