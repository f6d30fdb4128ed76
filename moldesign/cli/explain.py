"""`moldesign explain`: why a model predicts what it predicts, as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moldesign.cli.completion import complete_endpoints, complete_predictors
from moldesign.cli.text import draw_table, format_number
from moldesign.errors import TableError

if TYPE_CHECKING:
    from moldesign.predictors.explain import Explanation


def explain(
    smiles: Annotated[list[str], typer.Argument(metavar="SMILES...", help="Each gets a row of the picture.")],
    *,
    out: Annotated[Path, typer.Option(metavar="FILE.svg", help="Where to write the picture.")],
    model: Annotated[
        str,
        typer.Option(metavar="NAME|DIR", autocompletion=complete_predictors, help="Predictor; see `moldesign models`."),
    ] = "admet",
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete_endpoints,
            help="What to explain; may be left out where the model predicts one property.",
        ),
    ] = None,
) -> None:
    """Explain predictions: the atoms that they rest on, and the nearest molecules that the model learned from.

    The picture has a row per molecule: its atoms coloured by what they contribute (orange raises the value, blue
    lowers it, one scale for all rows), and beside it the three nearest training molecules that have a measured value.
    Standard output gets the predicted values and the strongest atoms; atom numbers count from 0 in the printed SMILES,
    which is that of the parent (without salts, neutral). Contributions are in the unit that the model learns: the
    logit of a probability, the logarithm of a property that spans decades.

    \b
    Examples:
      moldesign explain "CC(=O)Nc1ccc(O)cc1" --model admet --endpoint herg --out herg.svg
      moldesign explain "CCO" "CCN" --model my_model --out mine.svg
    """
    from moldesign.predictors.bundled import load_predictor, read_model_card  # noqa: PLC0415

    if out.suffix.lower() != ".svg":
        raise TableError(f"{out}: unknown ending {out.suffix!r}; pictures are written as .svg")
    chosen = choose_endpoint(read_model_card(model), endpoint)
    from moldesign.predictors.explain import explain as explain_molecule  # noqa: PLC0415  PyTorch takes seconds
    from moldesign.reporting.explanations import draw_explanations  # noqa: PLC0415

    predictor = load_predictor(model)
    explanations = [explain_molecule(predictor, text, chosen) for text in smiles]
    write_picture(out, draw_explanations(explanations))
    typer.echo("\n\n".join(describe_explanation(one) for one in explanations))


def choose_endpoint(card: dict[str, Any], name: str | None) -> str:
    """Return the named endpoint of a model, or the only one.

    Raises:
        UnknownNameError: the model has no such endpoint.
        typer.BadParameter: none is named, and there are several.
    """
    from moldesign.predictors.endpoints import find_column, read_endpoints  # noqa: PLC0415

    endpoints = read_endpoints(card)
    if name is None and len(endpoints) > 1:
        known = ", ".join(one.name for one in endpoints)
        raise typer.BadParameter(
            f"the model {card['name']} predicts several properties; name one of: {known}", param_hint="--endpoint"
        )
    return endpoints[0 if name is None else find_column(endpoints, name, card["name"])].name


def write_picture(path: Path, text: str) -> None:
    """Write the picture.

    Raises:
        TableError: the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror}; choose another --out") from error


def describe_explanation(explanation: "Explanation") -> str:
    """Return the predicted value and the strongest atoms of one molecule."""
    from moldesign.chem.smiles import require_mols  # noqa: PLC0415
    from moldesign.reporting.explanations import describe_prediction, rank_atoms  # noqa: PLC0415

    [mol] = require_mols([explanation.smiles])
    weights = explanation.atom_weights
    rows = [
        [str(atom), mol.GetAtomWithIdx(atom).GetSymbol(), format_number(weights[atom].item())]
        for atom in rank_atoms(weights)
    ]
    domain = "" if explanation.in_domain else ", out of domain"
    title = f"{explanation.smiles}\n{explanation.endpoint.name}: {describe_prediction(explanation)}{domain}"
    contribution = f"contribution ({explanation.unit})" if explanation.unit else "contribution"
    return f"{title}\n{draw_table(['atom', 'symbol', contribution], rows)}"
