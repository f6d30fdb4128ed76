"""`moldesign models`: what can be predicted, and what a policy can start from."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from moldesign.checkpoint import Card, find_folder, read_card
from moldesign.cli.text import format_number, format_table

HEADLINE_METRICS = {"classification": "AUROC", "regression": "MAE"}
ENDPOINT_COLUMNS = ("endpoint", "unit", "test figure", "n test", "description")


def models(
    name: Annotated[str | None, typer.Argument(metavar="NAME|DIR", help="Show the card of this model.")] = None,
) -> None:
    """List the bundled models, or show the card of one.

    The test figure was measured on molecules that the model was not trained on: AUROC (0.5 is guessing, 1 is
    perfect) for a classification, MAE (the mean error, in the unit of the endpoint) for a regression.

    \b
    Examples:
      moldesign models
      moldesign models admet
    """
    from moldesign.policies.bundled import list_priors  # noqa: PLC0415
    from moldesign.predictors.bundled import list_bundled  # noqa: PLC0415

    predictors, priors = list_bundled(), list_priors()
    if name is None:
        cards = {model: read_card(folder) for model, folder in {**predictors, **priors}.items()}
        typer.echo("Predictors (for goals, and for `moldesign predict --model`)\n")
        typer.echo(list_endpoints({model: cards[model] for model in predictors}))
        typer.echo("\nPriors (for `moldesign generate --prior`)\n")
        typer.echo(list_samples({model: cards[model] for model in priors}))
    else:
        typer.echo(describe_card(read_card(find_folder("model", name, {**predictors, **priors}))))


def list_endpoints(cards: Mapping[str, Card]) -> str:
    """Return a line per endpoint of the predictors."""
    rows = [[model, *cells] for model, card in cards.items() for cells in describe_endpoints(card)]
    return format_table(["model", *ENDPOINT_COLUMNS], rows)


def list_samples(cards: Mapping[str, Card]) -> str:
    """Return a line per prior: what share of its samples is valid, unique among these, and new."""
    rows = []
    for model, card in cards.items():
        samples = card.get("samples", {})
        shares = [f"{samples[key]:.1%}" if key in samples else "-" for key in ("valid", "unique", "novel")]
        rows.append([model, *shares, str(card.get("source", "-"))])
    return format_table(["prior", "valid", "unique", "novel", "trained on"], rows)


def describe_endpoints(card: Card) -> list[list[str]]:
    """Return the cells of each endpoint of a predictor: name, unit, test figure, test molecules, description."""
    return [_describe_endpoint(endpoint, card.get("test", {})) for endpoint in card["endpoints"]]


def describe_card(card: Card) -> str:
    """Return a card for reading: plain facts a line each, then the endpoints."""
    facts = [
        f"{key.replace('_', ' ')}: {_describe_fact(value)}"
        for key, value in card.items()
        if key not in {"endpoints", "test", "tokens"}
    ]
    if "tokens" in card:
        facts.append(f"tokens: {' '.join(card['tokens'])}")
    if "endpoints" in card:
        facts += ["", format_table(ENDPOINT_COLUMNS, describe_endpoints(card))]
        facts += ["", *(f"test of {name}: {_describe_fact(test)}" for name, test in card.get("test", {}).items())]
    return "\n".join(facts)


def _describe_endpoint(endpoint: Mapping[str, Any], tests: Mapping[str, Mapping[str, float]]) -> list[str]:
    test, metric = tests.get(endpoint["name"], {}), HEADLINE_METRICS[endpoint["task"]]
    figure = f"{metric} {format_number(test[metric])}" if metric in test else "-"
    return [endpoint["name"], endpoint["unit"], figure, str(test.get("n", "-")), endpoint["description"]]


def _describe_fact(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_describe_fact(part)}" for key, part in value.items())
    return value if isinstance(value, str) else json.dumps(value)
