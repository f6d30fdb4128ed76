import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moldesign.errors import RunFolderError
from moldesign.generation.archive import RunArchive, read_facts
from moldesign.objectives.oracle import ScoredMolecule

TERMS = ("qed", "must mw <= 500")


def make_molecule(call: int, smiles: str = "") -> ScoredMolecule:
    return ScoredMolecule(
        call=call,
        smiles=smiles or "C" * call,
        total=1 / call,
        terms=(0.1 + 0.2, 1.0),
        raw=(1e-300, math.inf),
        std=(0.25, math.nan),
        in_domain=(True, False),
        source="policy",
        time=1_700_000_000.125,
        discount=0.1 + 0.2,
    )


def test_molecules_come_back_exactly_and_in_order(tmp_path: Path) -> None:
    with RunArchive(tmp_path, TERMS) as archive:
        archive.append([make_molecule(3), make_molecule(1)])
        archive.append([make_molecule(2)])
    with RunArchive(tmp_path, TERMS) as archive:
        molecules = list(archive.read())
    assert [molecule.call for molecule in molecules] == [1, 2, 3]
    assert repr(molecules[2]) == repr(make_molecule(3))  # NaN is not equal to itself


def test_a_missing_total_comes_back_with_its_reason(tmp_path: Path) -> None:
    molecule = make_molecule(1)._replace(total=math.nan, terms=(math.nan, 1.0), missing="dock: no conformer")
    with RunArchive(tmp_path, TERMS) as archive:
        archive.append([molecule])
        query = "SELECT total, missing, json_type(terms, '$.qed') FROM molecules"
        assert archive._connection.execute(query).fetchall() == [(None, "dock: no conformer", "null")]
        assert repr(list(archive.read())) == repr([molecule])


def test_a_store_of_an_older_version_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as store, store:
        store.execute("CREATE TABLE molecules (call INTEGER PRIMARY KEY, smiles TEXT)")
    with pytest.raises(RunFolderError, match=r"run\.sqlite was written by an older version; choose another --out"):
        RunArchive(tmp_path, TERMS)


def test_any_program_can_read_the_store(tmp_path: Path) -> None:
    with RunArchive(tmp_path, TERMS) as archive:
        archive.append([make_molecule(1)])
        query = "SELECT smiles, source, json_extract(std, '$.qed'), json_type(std, '$.must mw <= 500') FROM molecules"
        rows = sqlite3.connect(tmp_path / "run.sqlite").execute(query).fetchall()
    assert rows == [("C", "policy", 0.25, "null")]


def test_a_batch_is_stored_whole_or_not_at_all(tmp_path: Path) -> None:
    with RunArchive(tmp_path, TERMS) as archive:
        archive.append([make_molecule(1)])
        with pytest.raises(RunFolderError, match="UNIQUE"):
            archive.append([make_molecule(2), make_molecule(3, smiles="C")])
        assert [molecule.call for molecule in archive.read()] == [1]


def test_facts_are_kept_and_replaced(tmp_path: Path) -> None:
    with RunArchive(tmp_path, TERMS) as archive:
        assert archive.read_facts() == {}
        archive.write_facts({"settings": "a", "start": "[]"})
        archive.write_facts({"settings": "b"})
        assert archive.read_facts() == {"settings": "b", "start": "[]"}


def test_facts_can_be_read_without_making_a_store(tmp_path: Path) -> None:
    assert read_facts(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
    with RunArchive(tmp_path, TERMS) as archive:
        archive.write_facts({"start": "[]"})
        assert read_facts(tmp_path) == {"start": "[]"}


def test_a_full_disk_is_said_and_loses_only_the_batch(tmp_path: Path) -> None:
    with RunArchive(tmp_path, TERMS) as archive:
        archive.append([make_molecule(1)])
        n_pages = archive._connection.execute("PRAGMA page_count").fetchone()[0]
        archive._connection.execute(f"PRAGMA max_page_count = {n_pages}")
        with pytest.raises(
            RunFolderError, match=r"run\.sqlite: database or disk is full; free some space, then .*--resume"
        ):
            archive.append([make_molecule(call) for call in range(2, 100)])
        assert len(list(archive.read())) == 1
    with RunArchive(tmp_path, TERMS) as archive:
        archive.append([make_molecule(call) for call in range(2, 100)])
        assert len(list(archive.read())) == 99


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").write_text("call,smiles\n1,CCO\n" * 50)
    with pytest.raises(RunFolderError, match=r"run\.sqlite is not a run store .*choose another --out"):
        RunArchive(tmp_path, TERMS)
