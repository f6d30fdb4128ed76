"""Structures as SVG: a molecule, a molecule as a heat map of its atoms, and the scale of the colours.

Orange raises the value and blue lowers it, a pair that is told apart with every common form of colour blindness. Atom
labels are black, so that colour means contribution and nothing else.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal, NamedTuple

from numpy.typing import ArrayLike
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from moldesign.chem.smiles import require_mols

Color = tuple[float, float, float]

RAISES: Color = (0.90, 0.49, 0.07)
LOWERS: Color = (0.18, 0.47, 0.76)
_WHITE: Color = (1.0, 1.0, 1.0)
_ATOM_RADIUS = 0.55
"""In the unit of RDKit's coordinates, in which a bond is 1.5 long."""
_FONT = "font-family='sans-serif'"


class Size(NamedTuple):
    """Of a picture, in pixels."""

    width: int
    height: int


def choose_color(weight: float, scale: float) -> Color:
    """Return the colour of a weight: white at 0, full at `scale` and beyond.

    >>> choose_color(0.0, 2.0) == (1.0, 1.0, 1.0), choose_color(9.0, 2.0) == RAISES, choose_color(-2.0, 2.0) == LOWERS
    (True, True, True)
    """
    share = min(abs(weight) / scale, 1.0) if scale > 0 else 0.0
    end = RAISES if weight > 0 else LOWERS
    red, green, blue = ((1 - share) * white + share * full for white, full in zip(_WHITE, end, strict=True))
    return red, green, blue


def draw_molecule(smiles: str, size: Size) -> str:
    """Return the structure as an SVG group of the given size.

    Raises:
        InvalidSmilesError: the text is no molecule.
    """
    return _draw(smiles, size, {}, {})


def draw_heat_map(smiles: str, weights: ArrayLike, scale: float, size: Size, *, numbered: Sequence[int] = ()) -> str:
    """Return the structure with a coloured disc behind each atom, as an SVG group of the given size.

    Args:
        smiles: the molecule.
        weights: [n_atoms], in the order of RDKit's atoms of `smiles`.
        scale: the weight that gets the full colour.
        size: of the picture.
        numbered: indices of atoms to write beside them.

    Raises:
        InvalidSmilesError: the text is no molecule.
        ValueError: there is not one weight per atom.
    """
    colors = {atom: choose_color(float(weight), scale) for atom, weight in enumerate(weights)}  # type: ignore[arg-type]
    return _draw(smiles, size, colors, {atom: str(atom) for atom in numbered})


def draw_scale(scale: float, low: str, high: str, unit: str, width: int) -> str:
    """Return a bar of the colours with what they mean, as an SVG group 54 pixels high.

    Args:
        scale: the weight of the full colour.
        low: what the colour on the left means.
        high: what the colour on the right means.
        unit: of the weights.
        width: of the bar, in pixels.
    """
    stops = "".join(
        f"<stop offset='{offset}%' stop-color='{_name_color(color)}'/>"
        for offset, color in ((0, LOWERS), (50, _WHITE), (100, RAISES))
    )
    marks = ((0, f"{-scale:.2g}"), (width / 2, f"0 {unit}".rstrip()), (width, f"+{scale:.2g}"))
    return (
        f"<defs><linearGradient id='contribution'>{stops}</linearGradient></defs>"
        f"<rect width='{width}' height='14' y='20' fill='url(#contribution)' stroke='#888' stroke-width='0.5'/>"
        + draw_text(low, 0, 14)
        + draw_text(high, width, 14, anchor="end")
        + "".join(draw_text(text, x, 50, anchor="middle") for x, text in marks)
    )


def draw_text(
    text: str,
    x: float,
    y: float,
    *,
    size: int = 13,
    anchor: Literal["start", "middle", "end"] = "start",
    bold: bool = False,
) -> str:
    """Return a line of text as SVG; `y` is its base line."""
    weight = " font-weight='bold'" if bold else ""
    place = f"x='{x:g}' y='{y:g}' text-anchor='{anchor}'"
    return f"<text {place} {_FONT} font-size='{size}'{weight} fill='#222'>{escape(text)}</text>"


def move(group: str, x: float, y: float) -> str:
    """Return an SVG group at another place."""
    return f"<g transform='translate({x:g},{y:g})'>{group}</g>"


def complete_svg(content: str, size: Size) -> str:
    """Return a whole SVG document with a white background."""
    width, height = size
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>"
        f"<rect width='{width}' height='{height}' fill='#fff'/>{content}</svg>\n"
    )


def _draw(smiles: str, size: Size, colors: Mapping[int, Color], notes: Mapping[int, str]) -> str:
    [mol] = require_mols([smiles])
    if colors and len(colors) != mol.GetNumAtoms():
        raise ValueError(f"{smiles} has {mol.GetNumAtoms()} atoms, not {len(colors)}; give one weight per atom")
    rdDepictor.Compute2DCoords(mol)
    rdDepictor.StraightenDepiction(mol)
    for atom, note in notes.items():
        mol.GetAtomWithIdx(atom).SetProp("atomNote", note)
    drawing = rdMolDraw2D.MolDraw2DSVG(*size)
    options = drawing.drawOptions()
    options.useBWAtomPalette()
    options.clearBackground = False
    options.minFontSize, options.maxFontSize, options.annotationFontScale = 11, 18, 0.85
    options.fixedBondLength = 30  # a small molecule is not blown up beside a large one
    radii = dict.fromkeys(colors, _ATOM_RADIUS)
    drawing.DrawMolecule(
        mol, highlightAtoms=list(colors), highlightAtomColors=colors, highlightAtomRadii=radii, highlightBonds=[]
    )
    drawing.FinishDrawing()
    text = str(drawing.GetDrawingText())
    return text.partition("<!-- END OF HEADER -->")[2].rpartition("</svg>")[0].strip()


def _name_color(color: Color) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in color)
