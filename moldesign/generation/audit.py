"""What a control model, which no search has ever seen, says of the hits of a run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from moldesign.checkpoint import write_text_atomically
from moldesign.chem.standardize import standardize_smiles
from moldesign.errors import ModelFormatError
from moldesign.generation.folder import AUDIT_JSON, explain_disk_errors
from moldesign.objectives.combination import combine_terms
from moldesign.objectives.profile import Profile
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Term
from moldesign.predictors.bundled import load_control
from moldesign.predictors.control import Control

LEAST_RATIO = 0.8
"""Of the score by the reward model; a control that gives less is reason for a warning."""

LEAST_ATTAINABLE = 0.5
"""Of the score by the reward model: a control that would give less even if every prediction were right cannot tell
errors from its own ignorance, and says nothing about that goal."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AuditedGoal:
    """What both models make of one goal, as means over the hits, 0 to 1."""

    reward: float
    control: float
    attainable: float
    """What the control would give if every prediction of the reward model were right."""
    figure: str
    """What `quality` is."""
    quality: float
    """Of the control, on measured molecules that it has not seen."""
    n_molecules: int
    """That the control has learned from."""


@dataclass(frozen=True)
class Audit:
    """What the hits of a run are worth to the model that was rewarded, and to the control."""

    n_hits: int
    in_domain: float | None = None
    """Share of the hits inside the domain of every predictor; None without hits."""
    reward: float | None = None
    """Mean score over the goals that have a control; None where there is none, or no hit."""
    control: float | None = None
    """The same by the controls."""
    attainable: float | None = None
    """What the controls would give if every prediction of the reward model were right."""
    goals: Mapping[str, AuditedGoal] = field(default_factory=dict)
    """Those that have a control."""
    without: Mapping[str, str] = field(default_factory=dict)
    """Why the other predicted goals have none."""

    @property
    def ratio(self) -> float | None:
        """Control over reward; None where there is no control."""
        return None if self.reward is None or self.control is None else self.control / max(self.reward, 1e-9)

    @property
    def is_suspect(self) -> bool:
        """Whether the control gives the hits much less than the reward model does."""
        return self.ratio is not None and self.ratio < LEAST_RATIO


class _CheckedGoal(NamedTuple):
    """A goal that has a control."""

    term: Term
    control: Control
    number: int
    """Of the endpoint in the control"""


class _Scores(NamedTuple):
    """How far N hits meet a goal, float64 [N] each."""

    reward: Floats
    control: Floats
    attainable: Floats


def audit_hits(frame: pd.DataFrame, profile: Profile) -> Audit:
    """Compare what the reward model and its control say of the hits.

    Both are taken at their word, without the guards: predictions are transformed and combined as the profile does, over
    the goals that have a control.

    Args:
        frame: the hits, as `describe_hits` returns them.
        profile: that they were made for.
    """
    checked, without = _find_controls(profile.terms)
    if frame.empty:
        return Audit(0, without=without)
    in_domain = float(frame["in_domain"].mean())
    scored = _score_hits(frame, checked)
    for one, columns in scored:
        if columns.attainable.mean() < LEAST_ATTAINABLE * columns.reward.mean():
            without[one.term.name] = _explain_weakness(one, columns)
    scored = [(one, columns) for one, columns in scored if one.term.name not in without]
    if not scored:
        return Audit(len(frame), in_domain, without=without)
    weights = [one.term.weight for one, _ in scored]
    totals = (combine_terms(np.column_stack(parts), weights) for parts in zip(*(c for _, c in scored), strict=True))
    reward, control, attainable = (float(total.mean()) for total in totals)
    goals = {one.term.name: _describe(one, columns) for one, columns in scored}
    return Audit(len(frame), in_domain, reward, control, attainable, goals, without)


def write_audit(folder: Path, audit: Audit) -> None:
    """Write `audit.json`.

    Raises:
        RunFolderError: the disk is full or cannot be written.
    """
    with explain_disk_errors(folder):
        text = json.dumps(asdict(audit) | {"ratio": audit.ratio}, indent=1, ensure_ascii=False, allow_nan=False)
        write_text_atomically(folder / AUDIT_JSON, text + "\n")


def _find_controls(terms: Sequence[Term]) -> tuple[list[_CheckedGoal], dict[str, str]]:
    """Return the predicted goals that have a control, and why the others have none, by name."""
    checked, without = list[_CheckedGoal](), dict[str, str]()
    for term in terms:
        if not isinstance(term.property, EndpointProperty) or term.weight == 0:
            continue
        found = _find_control(term.property)
        if isinstance(found, str):
            without[term.name] = found
        else:
            checked.append(_CheckedGoal(term, *found))
    return checked, without


def _find_control(endpoint: EndpointProperty) -> tuple[Control, int] | str:
    """Return the control of an endpoint and its number there, or why there is none."""
    try:
        control = load_control(endpoint.model.name)
    except ModelFormatError as error:
        return str(error)
    if control is None:
        return f"the model {endpoint.model.name} came without one"
    number = control.find(endpoint.name)
    return control.left_out.get(endpoint.name, "its model has none for it") if number is None else (control, number)


def _score_hits(frame: pd.DataFrame, goals: Sequence[_CheckedGoal]) -> list[tuple[_CheckedGoal, _Scores]]:
    mols = standardize_smiles(frame["smiles"].tolist()).mols
    controls = {one.control.sha256: one.control for one in goals}
    said = {sha256: control.predict(mols) for sha256, control in controls.items()}
    scores = []
    for goal in goals:
        term, control, number = goal
        predictions = frame[term.name].to_numpy(dtype=np.float64)
        checked = said[control.sha256][:, number]
        attainable = control.expect_scores(number, predictions, term.transform)
        scores.append((goal, _Scores(term.transform(predictions), term.transform(checked), attainable)))
    return scores


def _explain_weakness(goal: _CheckedGoal, scores: _Scores) -> str:
    known, share = goal.control.endpoints[goal.number], scores.attainable.mean() / max(scores.reward.mean(), 1e-9)
    return (
        f"its control, taught on {known.n_molecules:,} molecules, is too unsure: were every prediction right, it would "
        f"give {share:.0%} of the score"
    )


def _describe(goal: _CheckedGoal, scores: _Scores) -> AuditedGoal:
    known = goal.control.endpoints[goal.number]
    reward, control, attainable = (float(column.mean()) for column in scores)
    return AuditedGoal(reward, control, attainable, known.figure, known.quality, known.n_molecules)
