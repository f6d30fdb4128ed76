"""Reading a library: one form per molecule, and a count with an example for every row that is left out."""

from pathlib import Path

import pytest

from moldesign.chem.smiles import canonicalize, require_mols
from moldesign.errors import TableError
from moldesign.policies.training_library import DUPLICATE, NO_PLACE, NOT_A_MOLECULE, RARE, read_library
from tests.policies.tiny_prior import LIBRARY


def canonicalize_all(smiles: list[str]) -> list[str]:
    return [canonicalize(mol) for mol in require_mols(smiles)]


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def test_every_row_is_kept_or_counted(tmp_path: Path) -> None:
    odd = ["C1CC", "COCCOCN.Cl", "NCOCCOC", "C" * 50, "C[Zn]C", "N->[Pt]"]
    file = write(tmp_path / "library.smi", [*LIBRARY, *odd])
    seen = []
    read = read_library(file, max_length=40, minimum_count=2, on_chunk=lambda *counts: seen.append(counts))
    assert read.n_rows == len(LIBRARY) + len(odd)
    assert len(read.smiles) + sum(one.n for one in read.rejected.values()) == read.n_rows
    assert "COCCOCN" in read.smiles
    reasons = {reason: one.n for reason, one in read.rejected.items()}
    assert reasons[NOT_A_MOLECULE] == 1
    assert reasons[NO_PLACE] == 1
    assert reasons[RARE] == 1
    assert reasons["longer than 39 tokens"] == 1
    n = len(LIBRARY)
    assert read.rejected[NOT_A_MOLECULE].example.startswith(f"row {n + 1}: 'C1CC'")
    assert read.rejected[RARE].example == f"row {n + 5}: '[Zn]' in '[CH3][Zn][CH3]'"
    assert reasons[DUPLICATE] == n - len(set(canonicalize_all(LIBRARY))) + 1
    assert seen[-1][0] == read.n_rows
    assert all(read.vocabulary.knows(text) for text in read.smiles)


def test_the_rarity_that_is_learned_grows_with_the_library(tmp_path: Path) -> None:
    file = write(tmp_path / "library.smi", [*LIBRARY, "C[Zn]C"])
    assert "[Zn]" in read_library(file, max_length=40).vocabulary


def test_too_little_says_what_was_left_out(tmp_path: Path) -> None:
    file = write(tmp_path / "few.smi", ["CCO", "OCC", "C1CC"])
    with pytest.raises(TableError, match=r"few.smi: 1 molecules are left .* 1 not a molecule \(row 3: 'C1CC'"):
        read_library(file, max_length=40)
