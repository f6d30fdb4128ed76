"""A table of measurements becomes unique, standardised molecules with labels; whatever is odd in it is counted."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.errors import TableError
from moldesign.predictors.assay_rows import PART_COLUMN, UNNUMBERED, MeasuredRows, read_rows
from moldesign.predictors.cells import N_EXAMPLES, Finding, collect
from moldesign.predictors.endpoints import Endpoint, TaskType, fit_endpoint
from moldesign.predictors.fitting import LabelTable
from moldesign.predictors.predictions import find_clash

LogChoice = Literal["auto", "on", "off"]

MIN_LABELS = 20
"""Molecules with a label; with fewer, nothing can be learned, let alone tested."""

LOG_SPAN = 1000.0
"""A positive regression target whose 99th percentile is so many times its first one is learned as log10."""

_NO_WORD = re.compile(r"[^\w.-]+")
_UNIT = re.compile(r"[\[(]([^\[\]()]+)[\])]\s*$")


@dataclass(frozen=True)
class Target:
    """One column of measurements."""

    name: str
    task: TaskType
    unit: str
    """What stands in brackets at the end of the column's name, as in "IC50 [nM]"."""
    log_scale: bool
    n_labels: int
    """Molecules with a label, after merging."""
    n_repeated: int
    """Of these, molecules that were measured several times, and averaged."""
    bad_cells: Finding
    conflicts: Finding
    """Molecules whose measurements contradict each other; they are left out of this target."""


@dataclass(frozen=True)
class Assay:
    """What a table of measurements holds, ready to be learned from."""

    source: str
    table: LabelTable
    """M molecules, in the order of their first row, with labels [M, T]"""
    targets: tuple[Target, ...]
    times: NDArray[np.float64] | None
    """[M], the earliest time of each molecule"""
    n_rows: int
    unreadable: Finding
    """Rows that are no molecule, or have no time; they are left out."""
    rows: MeasuredRows | None = None
    """What was merged; None where the assay was not made of rows."""

    @property
    def n_molecules(self) -> int:
        """Number of different molecules that have a label."""
        return len(self.table.smiles)

    def select(self, rows: NDArray[np.int64]) -> "Assay":
        """Return the assay with the given molecules alone, in that order."""
        return replace(self, table=self.table.select(rows), times=None if self.times is None else self.times[rows])


def describe_endpoint(assay: Assay, column: int) -> Endpoint:
    """Return the endpoint that is learned from a target.

    A goal names it as its column is called; where that has blanks or signs, its alias has underscores instead. What
    could mean another target, too, is no alias.
    """
    target, labels = assay.targets[column], assay.table.labels[:, column]
    others = [other.name for other in assay.targets if other is not target]
    taken = {target.name, *others}.union(*map(_list_aliases, others))
    return fit_endpoint(
        target.name,
        target.task,
        labels,
        unit=target.unit,
        description=f"{target.name} of {assay.source}",
        aliases=tuple(sorted(_list_aliases(target.name) - taken)),
        log_scale=target.log_scale,
    )


def _list_aliases(name: str) -> set[str]:
    plain = _NO_WORD.sub("_", name).strip("_")
    return {plain, plain.lower()} - {""}


def refuse_target_names(source: str | Path, targets: Sequence[str]) -> None:
    """Refuse targets that tables of predictions, or that of the measurements in the model folder, could not hold.

    Raises:
        TypeError: one name is given, not a list of them.
        TableError: names the first of them.
    """
    if isinstance(targets, str):
        raise TypeError(f"{targets!r} is one name, not a list of targets; pass a list: [{targets!r}]")
    for name in targets:
        if name != name.strip() or not name:
            raise TableError(f"{source}: the column {name!r} has no name without blanks at its ends; rename it")
    clash = PART_COLUMN if PART_COLUMN in targets else find_clash(targets)
    if clash is not None:
        raise TableError(
            f"{source}: {clash!r} cannot be a target: a column that moldesign itself writes is called so; rename it"
        )


class _Molecules(NamedTuple):
    """Which molecule each readable row holds."""

    codes: NDArray[np.int64]
    """[R], the molecule"""
    smiles: list[str]
    """[M]"""
    rows: NDArray[np.int64]
    """[R], the row of the file"""


class _Merged(NamedTuple):
    labels: NDArray[np.float64]
    """[M], NaN where there is none"""
    in_conflict: NDArray[np.int64]
    """Molecules whose labels contradict each other"""
    n_repeated: int
    """Molecules with several labels that agree"""


def read_assay(
    path: str | Path,
    targets: Sequence[str],
    *,
    smiles_column: str | None = None,
    time_column: str | None = None,
    log: LogChoice = "auto",
    skip_bad: bool = False,
    on_rows: Callable[[int], None] | None = None,
) -> Assay:
    """Read measurements, standardise the molecules, and merge what was measured several times.

    Copies of a molecule are recognised by InChIKey. Measurements of one molecule are averaged, on the scale that is
    learned. They contradict each other, and are left out, where classes differ, or where values differ by more than
    the standard deviation of the whole column: then they tell no more than those of any two molecules would.

    A column of 0 and 1, or of words such as active and inactive, is a classification, any other a regression.

    Args:
        path: the table; its ending names the format.
        targets: names of the columns to be learned.
        smiles_column: name of the SMILES column; without it, the column whose name says so.
        time_column: name of a column of numbers or ISO dates.
        log: whether regressions are learned as log10; "auto" does so for positive values that span three decades.
        skip_bad: leave out cells that hold no number instead of refusing the table.
        on_rows: called with the number of rows read so far.

    Raises:
        TableError: the table cannot be read, lacks a column, or holds too little to learn from; names column and rows.
    """
    if len(set(targets)) != len(targets) or not targets:
        raise TableError(f"{path}: name each target once, and at least one; targets: {', '.join(targets) or 'none'}")
    rows = read_rows(
        path, targets, smiles_column=smiles_column, time_column=time_column, skip_bad=skip_bad, on_rows=on_rows
    )
    return merge_rows(rows, targets, [log] * len(targets))


def merge_rows(rows: MeasuredRows, targets: Sequence[str], logs: Sequence[LogChoice]) -> Assay:
    """Merge what was measured several times: see `read_assay`.

    Args:
        rows: of one table, or of several.
        targets: name of each column.
        logs: whether it is learned as log10, if it is a regression.

    Raises:
        TableError: the rows hold too little to learn from; names the column.
    """
    codes, keys = pd.factorize(np.array(rows.keys, dtype=object))
    molecules = _Molecules(codes, [rows.smiles[key] for key in keys], rows.numbers)
    columns = zip(targets, rows.labels.T, rows.bad_cells, logs, strict=True)
    read = [_merge_target(rows.source, name, column, bad, molecules, log) for name, column, bad, log in columns]
    earliest = None if rows.times is None else _find_earliest(codes, rows.times, len(keys))
    labels = np.column_stack([one for _, one in read])
    table, times = _keep_labelled(LabelTable(molecules.smiles, labels, list(keys)), earliest)
    targeted = tuple(target for target, _ in read)
    return Assay(rows.source, table, targeted, times, rows.n_rows, collect(rows.problems), rows)


def _merge_target(
    source: str, name: str, labels: NDArray[np.float64], bad: Finding, molecules: _Molecules, log: LogChoice
) -> tuple[Target, NDArray[np.float64]]:
    """Return what a column holds, and the label of each molecule, [M]."""
    task, log_scale = _choose_scale(source, name, labels, log)
    merged = _merge(molecules.codes, labels, len(molecules.smiles), task, log_scale=log_scale)
    _require_learnable(source, name, merged)
    return Target(
        name,
        task,
        _read_unit(name),
        log_scale,
        n_labels=int(np.isfinite(merged.labels).sum()),
        n_repeated=merged.n_repeated,
        bad_cells=bad,
        conflicts=Finding(len(merged.in_conflict), _describe_conflicts(merged, labels, molecules)),
    ), merged.labels


def _choose_scale(source: str, name: str, labels: NDArray[np.float64], log: LogChoice) -> tuple[TaskType, bool]:
    known = labels[np.isfinite(labels)]
    values = np.unique(known)
    if len(values) == 0:
        raise TableError(f"{source}: no row that is a molecule has a number in {name}; check --target")
    if set(values.tolist()) <= {0.0, 1.0}:
        return "classification", False
    if len(values) == 2:
        raise TableError(
            f"{source}: {name} holds only the two values {values[0]:g} and {values[1]:g}; write classes as 0 and 1"
        )
    if log == "on" and values[0] < 0:
        raise TableError(
            f"{source}: {name} has values below 0, which have no logarithm; correct them, or use --log off"
        )
    return "regression", log == "on" or (log == "auto" and spans_decades(known))


def spans_decades(values: NDArray[np.float64]) -> bool:
    """Say whether values, finite ones, are learned as log10 unless told otherwise.

    >>> spans_decades(np.array([2.0, 30.0, 7000.0])), spans_decades(np.array([-1.0, 7000.0]))
    (True, False)
    """
    low, high = np.percentile(values, [1, 99])
    return bool(values.min() > 0 and high / low >= LOG_SPAN)


def _merge(
    codes: NDArray[np.int64], labels: NDArray[np.float64], n_molecules: int, task: TaskType, *, log_scale: bool
) -> _Merged:
    """Merge the measurements of each molecule.

    Args:
        codes: the molecule of each row, [R].
        labels: of each row, NaN where there is none, [R].
        n_molecules: M.
        task: what is learned.
        log_scale: whether it is learned as log10; then the geometric mean is taken.
    """
    known = np.isfinite(labels)
    owner, values = codes[known], labels[known]
    positive = values[values > 0]
    scaled = np.log10(np.maximum(values, positive.min())) if log_scale else values
    count = np.bincount(owner, minlength=n_molecules)
    low, high = np.full(n_molecules, np.inf), np.full(n_molecules, -np.inf)
    np.minimum.at(low, owner, scaled)
    np.maximum.at(high, owner, scaled)
    mean = np.bincount(owner, scaled, minlength=n_molecules) / np.maximum(count, 1)
    single = np.full(n_molecules, np.nan)
    single[owner] = values  # a value that was measured once, or is always the same, stays as it was written
    limit = 0.0 if task == "classification" else float(scaled.std())
    in_conflict = (count > 1) & (high - low > limit)
    merged = np.where((count > 1) & (high > low), 10.0**mean if log_scale else mean, single)
    merged[in_conflict] = np.nan
    return _Merged(merged, np.flatnonzero(in_conflict), int(((count > 1) & ~in_conflict).sum()))


def _require_learnable(source: str, name: str, merged: _Merged) -> None:
    known = merged.labels[np.isfinite(merged.labels)]
    left_out = f" ({len(merged.in_conflict)} more have contradicting ones)" if len(merged.in_conflict) else ""
    have = "1 molecule has" if len(known) == 1 else f"{len(known)} molecules have"
    if len(known) < MIN_LABELS:
        raise TableError(f"{source}: {have} a label of {name}{left_out}; at least {MIN_LABELS} are needed")
    if np.ptp(known) == 0:
        raise TableError(
            f"{source}: every label of {name} is {known[0]:g}{left_out}; a model needs molecules that differ in it"
        )


def _describe_conflicts(merged: _Merged, labels: NDArray[np.float64], molecules: _Molecules) -> tuple[str, ...]:
    texts = []
    for molecule in merged.in_conflict[:N_EXAMPLES].tolist():
        own = np.flatnonzero((molecules.codes == molecule) & np.isfinite(labels))
        values = ", ".join(f"{labels[place]:g} {_name_place(molecules.rows[place])}" for place in own.tolist())
        texts.append(f"{molecules.smiles[molecule]}: {values}")
    return tuple(texts)


def _name_place(row: int) -> str:
    return "before" if row == UNNUMBERED else f"in row {row}"


def _find_earliest(codes: NDArray[np.int64], times: NDArray[np.float64], n_molecules: int) -> NDArray[np.float64]:
    """Return the earliest time of each molecule, NaN where it has none."""
    earliest = np.full(n_molecules, np.nan)
    np.fmin.at(earliest, codes, times)
    return earliest


def _keep_labelled(
    table: LabelTable, times: NDArray[np.float64] | None
) -> tuple[LabelTable, NDArray[np.float64] | None]:
    """Leave out molecules that have no label, or no time where times are needed."""
    is_useful = np.isfinite(table.labels).any(axis=1)
    if times is not None:
        is_useful &= np.isfinite(times)
    rows = np.flatnonzero(is_useful)
    return table.select(rows), None if times is None else times[rows]


def _read_unit(name: str) -> str:
    found = _UNIT.search(name)
    return found[1].strip() if found else ""
