"""The user's own functions: found by their name, and what they return read as numbers."""

import importlib
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moldesign.errors import ProfileError

ScoringFunction = Callable[[list[str]], ArrayLike]
"""Takes SMILES, returns one number each."""


_UNORDERED = (str, bytes, Set, Mapping)
"""No list: the order of a set, or of keys, is not that of the molecules."""
_NUMBERS = "biuf"
"""Kinds of arrays."""
_NAME = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


class Numbers(NamedTuple):
    """What a scorer gave for N molecules."""

    values: NDArray[np.float64]
    """Float64 [N]; NaN exactly where `errors` says why."""
    errors: list[str | None]


def names_function(text: str) -> bool:
    """Return whether a text has the form `module:function`.

    >>> names_function("my.module:dock"), names_function("qed")
    (True, False)
    """
    return _NAME.fullmatch(text) is not None


def import_function(name: str) -> ScoringFunction:
    """Return the function that `module:function` names; the current directory is searched last.

    Raises:
        ProfileError: there is no such module or function.
    """
    module_name, _, function_name = name.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        function: ScoringFunction = getattr(importlib.import_module(module_name), function_name)
    except (Exception, SystemExit) as error:  # the user's module may raise anything while it is imported
        remedy = "write module:function, with the module installed or in the current directory"
        raise ProfileError(f"cannot import {name!r} ({type(error).__name__}: {error}); {remedy}") from error
    if not callable(function):
        raise ProfileError(f"{name!r} is not a function of a list of SMILES")
    return function


class MismatchError(ValueError):
    """A function returned something else than one value per molecule."""


def read_numbers(returned: Any, n: int) -> Numbers:
    """Return what a function gave for `n` molecules, one by one; what is no number, as text never is, has a reason.

    Raises:
        MismatchError: these are not `n` values in a row, so that nobody knows which belongs to which molecule.

    >>> read_numbers([0.5, "0.7"], 2).errors
    [None, "it gave '0.7' instead of a finite number"]
    """
    given = _list_items(returned)
    try:
        array = np.asarray(given)
    except Exception:  # arrays of other packages raise what they like, as a tensor does that keeps its gradient
        array = None
    if array is not None and array.dtype.kind in _NUMBERS:
        values = array.astype(np.float64)
    else:
        values = np.array([_to_float(item) for item in given]) if getattr(given, "ndim", 1) else np.zeros(0)
    if values.shape != (n,):
        described = _describe(returned, values.shape)
        raise MismatchError(f"it must return one number per molecule; for {n} it returned {described}")
    errors = [None if math.isfinite(value) else _refuse(given, row) for row, value in enumerate(values.tolist())]
    return Numbers(np.where(np.isfinite(values), values, np.nan), errors)


def _list_items(returned: Any) -> Any:
    """Return what was given as something that can be read twice; masked values are none."""
    if isinstance(returned, np.ma.MaskedArray):
        return np.ma.filled(returned.astype(np.float64), np.nan)
    if isinstance(returned, _UNORDERED) or not isinstance(returned, Iterable):
        return ()
    return returned if hasattr(returned, "__len__") else list(returned)


def _to_float(item: Any) -> float:
    if isinstance(item, str | bytes):
        return float("nan")
    try:
        return float(item)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _refuse(returned: Any, row: int) -> str:
    text = " ".join(repr(list(returned)[row]).split())
    return f"it gave {text if len(text) <= 40 else text[:37] + '...'} instead of a finite number"


def _describe(returned: Any, shape: tuple[int, ...]) -> str:
    kind = type(returned).__name__
    if isinstance(returned, _UNORDERED) or not hasattr(returned, "__len__"):
        return f"a {kind}"
    if hasattr(returned, "shape"):
        return f"an array of shape {tuple(returned.shape)}"
    return f"{len(returned)}" if len(shape) == 1 else f"a {kind} of shape {shape}"
