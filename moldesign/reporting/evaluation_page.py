"""The page of `moldesign evaluate`: every figure of a set, its properties beside the reference, and what it looks like.

One file of HTML without scripts and without anything from elsewhere: it opens from disk and can be sent on.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from moldesign.evaluation.figures import Figure
from moldesign.evaluation.molecule_set import PROPERTIES, MoleculeSet
from moldesign.reporting.pictures import Size, complete_svg, draw_molecule
from moldesign.reporting.plots import draw_histograms

N_PICTURES = 24
"""Molecules that are drawn, evenly spaced over the set; those of `moldesign generate` begin with the best."""
N_RINGS = 12
_TEMPLATE = "evaluation_page.html"
_MOLECULE = Size(220, 160)
_AXES = {
    "logp": ("Lipophilicity", "Crippen logP"),
    "sa": ("Synthetic accessibility", "SA score, 1 easy to 10 hard"),
    "qed": ("Drug-likeness", "QED, 0 to 1"),
    "mw": ("Size", "molecular weight in g/mol"),
}


def render_evaluation(
    source: str,
    figures: Sequence[Figure],
    molecules: MoleculeSet,
    *,
    reference: MoleculeSet | None = None,
    reference_name: str = "",
    version: str = "",
) -> str:
    """Return the page.

    Args:
        source: what the set is called.
        figures: all figures of the set.
        molecules: the set.
        reference: what it was compared with.
        reference_name: what that is called.
        version: of moldesign.
    """
    template = resources.files("moldesign.reporting").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(template)
    return page.render(
        source=source,
        reference=reference_name if reference is not None else "",
        version=version,
        figures=[_view_figure(figure) for figure in figures],
        plots=_plot_properties(molecules, reference),
        pictures=[_view_molecule(text, _MOLECULE) for text in _choose_molecules(molecules)],
        rings=_view_new_rings(molecules, reference),
        n_molecules=len(molecules),
    )


def _view_figure(figure: Figure) -> dict[str, str]:
    return {
        "name": figure.name.replace("_", " "),
        "value": _format(figure.value),
        "reference": "" if figure.reference is None else _format(figure.reference),
        "better": figure.better,
        "meaning": f"{figure.meaning} ({figure.note})" if figure.note else figure.meaning,
    }


def _format(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _plot_properties(molecules: MoleculeSet, reference: MoleculeSet | None) -> list[str]:
    if not len(molecules):
        return []
    others = None if reference is None else reference.properties
    return [
        draw_histograms(molecules.properties[:, column], None if others is None else others[:, column], *_AXES[name])
        for column, name in enumerate(PROPERTIES)
    ]


def _choose_molecules(molecules: MoleculeSet) -> list[str]:
    different = list(dict.fromkeys(molecules.smiles))
    step = max(1.0, len(different) / N_PICTURES)
    return [different[int(number * step)] for number in range(min(N_PICTURES, len(different)))]


def _view_new_rings(molecules: MoleculeSet, reference: MoleculeSet | None) -> list[dict[str, Any]]:
    """Return a molecule with each ring system that the reference never has, the most frequent system first.

    A ring system is written without hydrogens, so that many are no molecules of their own.
    """
    if reference is None:
        return []
    known = {system for systems in reference.ring_systems for system in systems}
    new = [[system for system in systems if system not in known] for systems in molecules.ring_systems]
    first = {system: row for row in reversed(range(len(new))) for system in new[row]}
    counts = Counter(system for systems in new for system in systems)
    return [
        _view_molecule(molecules.smiles[first[system]], _MOLECULE) | {"n": n}
        for system, n in counts.most_common(N_RINGS)
    ]


def _view_molecule(smiles: str, size: Size) -> dict[str, Any]:
    return {"smiles": smiles, "picture": complete_svg(draw_molecule(smiles, size), size)}
