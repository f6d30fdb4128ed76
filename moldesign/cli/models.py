"""`moldesign models`: what can be predicted, and what a policy can start from; and a model as an ONNX file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from moldesign.checkpoint import Card, find_folder, read_card
from moldesign.cli.completion import complete_predictors
from moldesign.cli.text import draw_table, format_number
from moldesign.predictors.bundled import HEADLINE_METRICS

ENDPOINT_COLUMNS = (
    *("endpoint", "unit", "better", "n", "test figure", "n test", "date", "split", "reference range", "description"),
)
BETTER = {"higher is better": "higher", "lower is better": "lower", "depends on the project": "depends"}
SHOW = "show"


class ModelsGroup(TyperGroup):
    """Takes a first word that is no command for the model whose card is shown."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the words ask for, and the words that are left to it."""
        return super().resolve_command(ctx, args if args[0] in self.commands else [SHOW, *args])


models = typer.Typer(
    cls=ModelsGroup, invoke_without_command=True, subcommand_metavar="[NAME|DIR | export NAME|DIR --out FILE]"
)


@models.callback()
def list_models(context: typer.Context) -> None:
    """List the bundled models, show the card of one, or export one.

    The test figure was measured on molecules that the model was not trained on: AUROC (0.5 is guessing, 1 is
    perfect) for a classification, MAE (the mean error, in the unit of the endpoint) for a regression. The split says
    how they were chosen, and n on how many molecules the model was trained. What is better, and the reference range,
    are a chemist's usual wishes; "depends" means that they differ from project to project.

    \b
    Examples:
      moldesign models
      moldesign models admet
      moldesign models export admet --out admet.onnx
    """
    if context.invoked_subcommand is not None:
        return
    predictors, priors = find_models()
    cards = {model: read_card(folder) for model, folder in {**predictors, **priors}.items()}
    typer.echo("Predictors (for goals, and for `moldesign predict --model`)\n")
    typer.echo(list_endpoints({model: cards[model] for model in predictors}))
    typer.echo("\nPriors (for `moldesign generate --prior`)\n")
    typer.echo(list_samples({model: cards[model] for model in priors}))


@models.command(SHOW, hidden=True)
def show(name: Annotated[str, typer.Argument(metavar="NAME|DIR", help="Bundled model or model folder.")]) -> None:
    """Show the card of a model."""
    predictors, priors = find_models()
    typer.echo(describe_card(read_card(find_folder("model", name, {**predictors, **priors}))))


@models.command()
def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|DIR", autocompletion=complete_predictors, help="Predictor: a bundled one, or a model folder."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE.onnx", help="Where to write; the file must not exist yet.")],
) -> None:
    """Write a predictor as an ONNX file, for programs without PyTorch.

    The file gives the values and standard deviations that `moldesign predict` gives. It is checked against PyTorch on
    real molecules before it is written. It takes molecular graphs; its metadata say how they are made. Intervals and
    the applicability domain are not in it, nor models of fingerprints, so that only a model trained with --no-forest
    can be written. Needs moldesign[onnx].

    \b
    Examples:
      moldesign models export admet --out admet.onnx
      moldesign train assay.csv --target pIC50 --no-forest --out my_model
      moldesign models export my_model --out my_model.onnx
    """
    from moldesign.predictors.bundled import load_predictor  # noqa: PLC0415
    from moldesign.predictors.onnx_export import export_onnx  # noqa: PLC0415

    predictor = load_predictor(name)
    export_onnx(predictor, out)
    typer.echo(f"{out}: {predictor.name}, {len(predictor.endpoints)} endpoints, equal to PyTorch")


def find_models() -> tuple[Mapping[str, Path], Mapping[str, Path]]:
    """Return the folders of the bundled predictors and of the bundled priors, by name."""
    from moldesign.policies.bundled import list_priors  # noqa: PLC0415
    from moldesign.predictors.bundled import list_bundled  # noqa: PLC0415

    return list_bundled(), list_priors()


def list_endpoints(cards: Mapping[str, Card]) -> str:
    """Return a line per endpoint of the predictors."""
    rows = [[model, *cells] for model, card in cards.items() for cells in describe_endpoints(card)]
    return draw_table(["model", *ENDPOINT_COLUMNS], rows)


def list_samples(cards: Mapping[str, Card]) -> str:
    """Return a line per prior: what share of its samples is valid, unique among these, and new."""
    rows = []
    for model, card in cards.items():
        samples = card.get("samples", {})
        shares = [f"{samples[key]:.1%}" if key in samples else "-" for key in ("valid", "unique", "novel")]
        rows.append([model, *shares, str(card.get("source", "-"))])
    return draw_table(["prior", "valid", "unique", "novel", "trained on"], rows)


def describe_endpoints(card: Card) -> list[list[str]]:
    """Return the cells of each endpoint of a predictor, in the order of `ENDPOINT_COLUMNS`."""
    return [_describe_endpoint(endpoint, card) for endpoint in card["endpoints"]]


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
        facts += ["", draw_table(ENDPOINT_COLUMNS, describe_endpoints(card))]
        facts += ["", *(f"test of {name}: {_describe_fact(test)}" for name, test in card.get("test", {}).items())]
        sourced = [endpoint for endpoint in card["endpoints"] if "source" in endpoint]
        facts += [f"source of {one['name']}: {one['source']}; {one.get('licence', '-')}" for one in sourced]
    return "\n".join(facts)


def _describe_endpoint(endpoint: Mapping[str, Any], card: Card) -> list[str]:
    name, metric = endpoint["name"], HEADLINE_METRICS[endpoint["task"]]
    test, split = card.get("test", {}).get(name, {}), card.get("split", "-")
    return [
        name,
        endpoint["unit"],
        BETTER.get(endpoint.get("direction", ""), "-"),
        str(card.get("n_labels", {}).get(name, "-")),
        f"{metric} {format_number(test[metric])}" if metric in test else "-",
        str(test.get("n", "-")),
        card.get("date", "-"),
        split.get(name, "-") if isinstance(split, Mapping) else split,
        endpoint.get("reference_range", "-"),
        endpoint["description"],
    ]


def _describe_fact(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_describe_fact(part)}" for key, part in value.items())
    return value if isinstance(value, str) else json.dumps(value)
