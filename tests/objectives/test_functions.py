from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from moldesign.errors import ProfileError
from moldesign.objectives.functions import import_function, read_numbers


@pytest.mark.parametrize(
    "returned",
    [
        [1, 2.5],
        (1, 2.5),
        np.array([1, 2.5], dtype=np.float32),
        iter([1, 2.5]),
        {"a": 1, "b": 2.5}.values(),
        torch.tensor([1, 2.5], requires_grad=True),
        [True, Decimal("2.5")],
        pd.Series([1, 2.5], index=["b", "a"]),
    ],
)
def test_numbers_in_any_container(returned: object) -> None:
    values, errors = read_numbers(returned, 2)
    assert values.tolist() == [1, 2.5]
    assert errors == [None, None]


def test_what_is_no_number_has_a_reason_and_the_others_stay() -> None:
    values, errors = read_numbers([0.5, "high", None, float("nan"), [1, 2], np.float32(2), "x" * 60, float("inf")], 8)
    assert np.isnan(values).tolist() == [False, True, True, True, True, False, True, True]
    assert [
        error and error.removeprefix("it gave ").removesuffix(" instead of a finite number") for error in errors
    ] == [
        *(None, "'high'", "None", "nan", "[1, 2]", None),
        "'" + "x" * 36 + "...",
        "inf",
    ]


@pytest.mark.parametrize(
    "returned",
    [["0.5", 0.5], [b"0.5", 0.5], np.array(["0.5", "no"]), np.array(["0.5", 0.5], dtype=object), pd.Series(["0.5", 1])],
)
def test_text_is_no_number_even_if_it_looks_like_one(returned: object) -> None:
    values, errors = read_numbers(returned, 2)
    assert np.isnan(values[0])
    assert "'0.5'" in str(errors[0])


def test_what_takes_several_lines_is_named_in_one() -> None:
    errors = read_numbers([0.5, np.eye(2)], 2).errors
    assert errors == [None, "it gave array([[1., 0.], [0., 1.]]) instead of a finite number"]


@pytest.mark.parametrize("returned", [iter([1.5, None]), np.ma.array([1.5, 2.5], mask=[False, True])])
def test_what_can_be_read_once_or_is_masked_keeps_its_rows(returned: object) -> None:
    values, errors = read_numbers(returned, 2)
    assert values[0] == 1.5
    assert np.isnan(values[1])
    assert [error is None for error in errors] == [True, False]


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([0.1], "it must return one number per molecule; for 2 it returned 1"),
        (0.5, "it returned a float"),
        ("no", "it returned a str"),
        (None, "it returned a NoneType"),
        ([[0.1, 0.2]], r"it returned a list of shape \(1, 2\)"),
        ([[0.1], [0.2]], r"it returned a list of shape \(2, 1\)"),
        ([[0.1], [0.2, 0.3], [0.4]], "it returned 3"),
        (np.zeros((2, 1)), r"it returned an array of shape \(2, 1\)"),
        ([], "it returned 0"),
        ({0.1, 0.2}, "it returned a set"),
        ({"C": 0.1, "CC": 0.2}, "it returned a dict"),
        (torch.tensor(0.5, requires_grad=True), "it returned an array of shape"),
    ],
)
def test_values_that_belong_to_no_molecule_are_refused(returned: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_numbers(returned, 2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent_module:f", "ModuleNotFoundError: No module named 'absent_module'"),
        ("json:absent", "AttributeError: .*'absent'"),
        ("json:__doc__", "is not a function"),
    ],
)
def test_a_function_that_cannot_be_had(name: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        import_function(name)


def test_a_module_that_ends_the_process_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ending_script.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ProfileError, match=r"cannot import 'ending_script:f' \(SystemExit: 3\)"):
        import_function("ending_script:f")
