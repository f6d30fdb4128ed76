"""What worker processes do: each task takes and gives plain JSON values."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moldesign.chem.alerts import count_alerts
from moldesign.chem.descriptors import DESCRIPTORS, compute_descriptors
from moldesign.chem.smiles import parse_smiles, require_mols
from moldesign.chem.smiles_errors import explain_smiles
from moldesign.errors import InvalidSmilesError, UnknownNameError, UnknownTokenError
from moldesign.generation.loop import read_start_molecules
from moldesign.generation.settings import GenerationSettings
from moldesign.monitoring.observing import hash_molecules, observe
from moldesign.objectives.catalog import PropertyCatalog
from moldesign.objectives.goals import Goal
from moldesign.objectives.properties import EndpointProperty
from moldesign.objectives.terms import Property, Term
from moldesign.policies.bundled import Prior, load_prior
from moldesign.predictors.bundled import load_predictor
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.explain import Explanation
from moldesign.predictors.predictions import Predictions
from moldesign.reporting.pictures import Size, complete_svg, draw_heat_map, draw_molecule
from moldesign.server.profiles import FieldError, make_profile, name_in_goals

SAMPLED_MOLECULES = 1_000
"""Training molecules whose descriptors make a histogram."""
N_BINS = 40
N_CURVE_POINTS = 81
_MAP, _CARD = Size(420, 300), Size(220, 160)

Answer = dict[str, Any]


@dataclass(frozen=True)
class Tasks:
    """The tasks of one worker, and the models that it may load.

    Args:
        models: folder or bundled name of each served model, by the name that clients use.
    """

    models: Mapping[str, str]

    def find_task(self, name: str) -> Callable[..., Answer]:
        """Return the task of this name."""
        tasks: dict[str, Callable[..., Answer]] = {
            "predict": self.predict,
            "observe": self.observe,
            "explain": self.explain,
            "depict": self.depict,
            "check_smiles": self.check_smiles,
            "check_profile": self.check_profile,
            "list_properties": self.list_properties,
            "histogram": self.count_training,
        }
        return tasks[name]

    def warm_up(self) -> None:
        """Load what the first request would wait for."""
        self.load("admet").predict(["CCO"])

    def load(self, model: str) -> Predictor:
        """Return a served predictor.

        Raises:
            FieldError: no such model is served.
        """
        if model not in self.models:
            raise FieldError("model", str(UnknownNameError("model", model, self.models)))
        return load_predictor(self.models[model])

    def predict(self, *, smiles: Sequence[str], model: str) -> Answer:
        """Return a row per molecule; of what is no molecule, why and where."""
        predictions = self.load(model).predict(smiles)
        hashes = hash_molecules(smiles)
        return {"rows": [_describe_row(predictions, row) | {"hash": name} for row, name in enumerate(hashes)]}

    def observe(self, *, smiles: Sequence[str], model: str) -> Answer:
        """Return what `moldesign monitor` looks at of each molecule."""
        features = observe(self.load(model), smiles)
        return {"features": [[_to_json(figure) for figure in row] for row in features.tolist()]}

    def explain(self, *, smiles: str, endpoint: str, model: str) -> Answer:
        """Return on which atoms a prediction rests, as numbers and as a picture, and the nearest measured molecules."""
        predictor = self.load(model)
        _require_molecule(smiles)
        try:
            explanation = predictor.explain(smiles, endpoint)
        except UnknownNameError as error:
            raise FieldError("endpoint", str(error)) from error
        return _describe_explanation(explanation)

    def depict(self, *, smiles: Sequence[str]) -> Answer:
        """Return an SVG document per molecule, None for what is none."""
        valid = parse_smiles(smiles).is_valid
        return {"svg": [_draw(text) if ok else None for text, ok in zip(smiles, valid, strict=True)]}

    def check_smiles(self, *, smiles: str) -> Answer:
        """Return whether a text is a molecule, and if not, why and from which character on."""
        error = explain_smiles(smiles)
        return {"error": None if error is None else error._asdict()}

    def check_profile(self, **values: Any) -> Answer:
        """Return the curve of each goal and what is odd about it.

        Raises:
            FieldError: a field cannot be used.
        """
        for row, text in enumerate(values.get("start", ())):
            _require_start(text, f"start.{row}")
        profile = make_profile(values, self._folders)
        warnings = profile.warnings
        n_goals = len(profile.goals)
        return {
            "goals": [
                _describe_goal(*pair, warnings) for pair in zip(profile.goals, profile.terms[:n_goals], strict=True)
            ],
            "limits": [term.text for term in profile.terms[n_goals:]],
            "warnings": warnings,
        }

    def list_properties(self) -> Answer:
        """Return every property that a goal may be about and that needs no argument, and how the goal names it."""
        plain = self._catalog.plain
        seen = {about.name: about for about in plain.values()}
        seen |= {name: about for name, about in plain.items() if name == about.name}  # others have but an alias left
        named = {name: name_in_goals(about, plain) for name, about in seen.items()}
        served = {folder: name for name, folder in self.models.items()}
        return {
            "properties": [
                _describe_property(seen[name], served) | {"goal": goal} for name, goal in named.items() if goal
            ]
        }

    def count_training(self, name: str) -> Answer:
        """Return how a property is distributed over the training set.

        Raises:
            FieldError: there is no such property.
        """
        plain = self._catalog.plain  # any other name would have a function imported, or a file opened
        about = plain.get(name) or plain.get(name.lower())
        if about is None:
            raise FieldError("property", str(UnknownNameError("property", name, plain)))
        if isinstance(about, EndpointProperty):
            domain = about.model.predictor.domain
            if domain.labels is None:
                return {"histogram": None, "reason": "the model folder does not hold its training values"}
            labels = domain.labels[:, about.column]
            return {"histogram": _count(labels[np.isfinite(labels)], about, "measured training values")}
        values = self._compute_on_training(about.name)
        if values is None:
            return {"histogram": None, "reason": "this property has no training values"}
        return {"histogram": _count(values, about, "computed for training molecules of admet")}

    @property
    def _folders(self) -> tuple[str, ...]:
        return tuple(folder for name, folder in self.models.items() if folder != name)

    @cached_property
    def _catalog(self) -> PropertyCatalog:
        return PropertyCatalog.of_models(self._folders)

    def _compute_on_training(self, name: str) -> NDArray[np.float64] | None:
        if name in DESCRIPTORS:
            return compute_descriptors(_sample_training(self.models["admet"]), [name])[:, 0]
        return count_alerts(_sample_training(self.models["admet"])).astype(float) if name == "alerts" else None


@lru_cache(maxsize=1)
def _sample_training(model: str) -> list[Any]:
    smiles = load_predictor(model).domain.smiles
    rows = np.random.default_rng(0).permutation(len(smiles))[:SAMPLED_MOLECULES]
    return require_mols([smiles[row] for row in rows.tolist()])


def _require_molecule(smiles: str) -> None:
    if (error := explain_smiles(smiles)) is not None:
        place = "" if error.position is None else f" (character {error.position + 1})"
        raise FieldError("smiles", f"{error.message}{place}")


def _require_start(smiles: str, field: str) -> None:
    try:
        read_start_molecules([smiles], _load_prior())
    except (InvalidSmilesError, UnknownTokenError) as error:
        raise FieldError(field, str(error)) from error


@lru_cache(maxsize=1)
def _load_prior() -> Prior:
    return load_prior(GenerationSettings().prior)


def _describe_row(predictions: Predictions, row: int) -> Answer:
    if predictions.errors[row] is not None:
        error = explain_smiles(predictions.smiles[row])
        told = {"message": predictions.errors[row], "position": None} if error is None else error._asdict()
        return {"smiles": predictions.smiles[row], "error": told, "in_domain": False, "endpoints": {}}
    figures = zip(
        *(array[row].tolist() for array in (predictions.values, predictions.std, predictions.low, predictions.high)),
        predictions.in_domain[row].tolist(),
        strict=True,
    )
    keys = ("value", "std", "low", "high", "in_domain")
    endpoints = {
        endpoint.name: {key: _to_json(figure) for key, figure in zip(keys, own, strict=True)}
        for endpoint, own in zip(predictions.endpoints, figures, strict=True)
    }
    inside = bool(predictions.in_domain[row].all())
    return {"smiles": predictions.smiles[row], "error": None, "in_domain": inside, "endpoints": endpoints}


def _describe_explanation(explanation: Explanation) -> Answer:
    weights = explanation.atom_weights
    scale = float(np.abs(weights).max())
    picture = draw_heat_map(explanation.smiles, weights, scale, _MAP)
    neighbours = [one._asdict() | {"svg": _draw(one.smiles)} for one in explanation.neighbours]
    return {
        "smiles": explanation.smiles,
        "endpoint": explanation.endpoint.name,
        "value": explanation.value,
        "std": _to_json(explanation.std),
        "in_domain": explanation.in_domain,
        "atom_weights": weights.tolist(),
        "unit": explanation.unit,
        "scale": scale,
        "svg": complete_svg(picture, _MAP),
        "neighbours": neighbours,
    }


def _describe_goal(goal: Goal, term: Term, warnings: Sequence[str]) -> Answer:
    about = term.property
    low, high = _find_ends(goal, about)
    x = np.linspace(low, high, N_CURVE_POINTS)
    return {
        "text": goal.text,
        "property": about.name,
        "unit": _find_unit(about),
        "weight": goal.weight,
        "curve": {"x": x.tolist(), "y": np.asarray(term.transform(x)).tolist()},
        "warnings": [text for text in warnings if repr(goal.text) in text],
    }


def _find_ends(goal: Goal, about: Property) -> tuple[float, float]:
    """Return the values between which a curve is drawn: the usual range, and the bounds of the goal."""
    bounds = [bound for bound in goal.bounds if math.isfinite(bound)]
    low, high = min([about.low, *bounds]), max([about.high, *bounds])
    return (low, high) if high > low else (low - 1, high + 1)


def _describe_property(about: Property, served: Mapping[str, str]) -> Answer:
    """Return what clients need of a property; they know a model by the name under which its folder is served."""
    described: Answer = {"name": about.name, "low": about.low, "high": about.high, "unit": _find_unit(about)}
    if isinstance(about, EndpointProperty):
        endpoint = about.endpoint
        return described | {
            "kind": "prediction",
            "model": served[about.model.name],
            "task": endpoint.task,
            "description": endpoint.description,
            "direction": endpoint.direction,
            "reference_range": endpoint.reference_range,
        }
    descriptor = DESCRIPTORS.get(about.name)
    return described | {"kind": "descriptor", "description": descriptor.description if descriptor else ""}


def _find_unit(about: Property) -> str:
    if isinstance(about, EndpointProperty):
        return about.endpoint.unit
    return DESCRIPTORS[about.name].unit if about.name in DESCRIPTORS else ""


def _count(values: NDArray[Any], about: Property, source: str) -> Answer:
    counts, edges = np.histogram(np.clip(values, about.low, about.high), bins=N_BINS, range=(about.low, about.high))
    return {"counts": counts.tolist(), "edges": edges.tolist(), "n": len(values), "source": source}


def _draw(smiles: str) -> str:
    return complete_svg(draw_molecule(smiles, _CARD), _CARD)


def _to_json(value: float | bool) -> float | bool | None:
    return value if isinstance(value, bool) or math.isfinite(value) else None
