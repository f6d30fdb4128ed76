"""Tables from the cards of the bundled models."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.readme.text import show

PACKAGE = Path(__file__).parents[2] / "moldesign"
HEADLINE_METRIC = {"classification": "AUROC", "regression": "MAE"}
ENDPOINT_COLUMNS = (
    "endpoint",
    "model",
    "unit",
    "test molecules",
    "metric",
    "moldesign",
    "nearest training molecule",
    "training mean",
)
PRIOR_COLUMNS = ("prior", "trained on", "molecules", "seen in training", "valid", "unique", "novel")


def list_endpoints() -> list[list[str]]:
    """Return one row per endpoint of the bundled predictors, with its figures on the test split."""
    return [
        [
            endpoint["name"],
            model,
            endpoint["unit"],
            *show_test(endpoint, card["test"].get(endpoint["name"], {})),
        ]
        for model, card in read_cards(PACKAGE / "predictors" / "weights")
        for endpoint in card["endpoints"]
    ]


def show_test(endpoint: Mapping[str, Any], test: Mapping[str, float]) -> list[str]:
    """Return the number of test molecules, the metric, and it for the model and two baselines."""
    metric = HEADLINE_METRIC[endpoint["task"]]
    figures = (test.get(prefix + metric) for prefix in ("", "nearest_", "mean_"))
    return [show(test.get("n")), metric, *map(show, figures)]


def list_priors() -> list[list[str]]:
    """Return one row per bundled prior, with what its card measured on samples at temperature 1."""
    return [
        [
            name,
            card["source"],
            *map(show, (card["n_training_molecules"], card["molecules_seen"])),
            *(f"{card['samples'][figure]:.2%}" for figure in ("valid", "unique", "novel")),
        ]
        for name, card in read_cards(PACKAGE / "policies" / "weights")
    ]


def read_cards(weights: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, card) of each model folder in `weights`, by name."""
    paths = sorted(weights.glob("*/card.json"))
    return [(path.parent.name, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
