from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.chem.smiles import (
    MAX_SMILES_LENGTH,
    canonicalize,
    find_valid,
    list_texts,
    parse_smiles,
    quiet_rdkit,
    randomize_smiles,
    require_mols,
)
from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import InvalidSmilesError


def test_rows_stay_in_place():
    parsed = parse_smiles(["CCO", "C(C", "c1ccccc1"])
    assert [mol is not None for mol in parsed.mols] == [True, False, True]
    assert parsed.is_valid.tolist() == [True, False, True]
    assert [error is None for error in parsed.errors] == [True, False, True]


def test_no_rows():
    parsed = parse_smiles([])
    assert parsed.mols == []
    assert parsed.is_valid.shape == (0,)
    assert parsed.is_valid.dtype == bool


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("C(C", "syntax error"),
        ("C1CC", "syntax error"),
        ("[Xx]", "syntax error"),
        ("CC>>CC", "syntax error"),
        ("C(C)(C)(C)(C)C", "valence"),
        ("c1cccc1", "kekulize"),
        ("", "empty"),
        ("  ", "empty"),
        (None, "empty"),
        (pd.NA, "empty"),
        (np.array(["C", "N"]), "is a ndarray, not a SMILES"),
        (float("nan"), "empty"),
    ],
)
def test_error_names_row_and_reason(text: object, reason: str):
    [error] = parse_smiles([text], first_row=41).errors
    assert error is not None
    assert error.startswith("row 41:")
    assert reason in error


def test_error_shows_the_text_but_not_all_of_a_long_one():
    [short, long] = parse_smiles(["C(C", "C" * (MAX_SMILES_LENGTH + 1)]).errors
    assert "'C(C'" in str(short)
    assert str(MAX_SMILES_LENGTH) in str(long)
    assert len(str(long)) < 250


@pytest.mark.parametrize("read", [parse_smiles, find_valid, require_mols, standardize_smiles])
def test_one_text_is_not_taken_for_many_rows(read: Callable[[str], object]):
    with pytest.raises(TypeError, match=r"""^'CCO' is one text, not a list of SMILES; pass a list: \["CCO"\]$"""):
        read("CCO")
    with pytest.raises(TypeError):
        read("")


@pytest.mark.parametrize("table", [pd.DataFrame({"smiles": ["CCO"]}), np.array([["CCO"]]), {"a": "CCO"}, {"CCO"}])
def test_a_table_is_not_taken_for_a_list(table: Any):
    with pytest.raises(TypeError, match=r"is no list of SMILES; pass one, such as list\(table\[\"smiles\"\]\)$"):
        list_texts(table)


@pytest.mark.parametrize("texts", [pd.Series(["CCO", "C"], index=[0.5, 1.5]), ("CCO", "C"), iter(["CCO", "C"])])
def test_whatever_is_one_text_per_row_becomes_a_list(texts: Any):
    assert list_texts(texts) == ["CCO", "C"]


def test_what_is_valid_is_found_without_the_reasons(monkeypatch: pytest.MonkeyPatch):
    texts = ["CCO", "C(C", "", None, float("nan"), 3, "C C", "CÖ", "C" * 4000, "c1cccc1", "[Na+].[Cl-]", " CC "]
    expected = parse_smiles(texts).is_valid
    monkeypatch.setattr("moldesign.chem.smiles._explain_failure", lambda text: pytest.fail(f"{text} is explained"))
    found = find_valid(texts)
    assert found.dtype == bool
    assert found.tolist() == expected.tolist()
    assert find_valid([]).shape == (0,)


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_text_stops_the_other_rows(text: str):
    parsed = parse_smiles(["CCO", text, "CCN"])
    assert parsed.is_valid[[0, 2]].all()
    assert (parsed.mols[1] is None) == (parsed.errors[1] is not None)


def test_rdkit_keeps_silent_only_inside(capfd: pytest.CaptureFixture[str]):
    parse_smiles(["C(C"])
    assert capfd.readouterr().err == ""
    with pytest.raises(ValueError, match="inside"), quiet_rdkit():
        raise ValueError("inside")


def test_require_mols_returns_all_or_raises():
    assert [mol.GetNumAtoms() for mol in require_mols(["CCO", "C"])] == [3, 1]
    with pytest.raises(InvalidSmilesError, match=r"row 1: 'C\(C'"):
        require_mols(["CCO", "C(C", "N(N"])


def test_canonical_form_does_not_depend_on_the_writing(named_drugs: dict[str, str]):
    rng = np.random.default_rng(0)
    for mol in require_mols(list(named_drugs.values())):
        canonical = canonicalize(mol)
        rewritten = require_mols([randomize_smiles(mol, rng) for _ in range(5)])
        assert {canonicalize(copy) for copy in rewritten} == {canonical}


def test_canonical_form_keeps_stereochemistry():
    left, right = require_mols(["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"])
    assert canonicalize(left) != canonicalize(right)


def test_randomized_smiles_vary_and_repeat_with_the_seed(named_drugs: dict[str, str]):
    [imatinib] = require_mols([named_drugs["imatinib"]])
    first, second = ([randomize_smiles(imatinib, rng) for _ in range(20)] for rng in _same_generators())
    assert first == second
    assert len(set(first)) > 10


def _same_generators() -> tuple[np.random.Generator, np.random.Generator]:
    return np.random.default_rng(7), np.random.default_rng(7)


def test_texts_of_numpy_are_named_like_others() -> None:
    [error] = parse_smiles(np.array(["C(C"])).errors
    assert error == "row 0: 'C(C' is not a valid SMILES (syntax error)"
