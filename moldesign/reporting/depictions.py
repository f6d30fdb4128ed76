"""Structures for a page with hundreds of them: a few kilobytes each, in the colour of the text.

RDKit draws; its SVG names a style for every line, which is most of its size. Here all lines are one path and all
letters another, so that a style sheet colours them (also in the dark), and scripts can mark atoms underneath.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from moldesign.chem.smiles import Mol, quiet_rdkit
from moldesign.reporting.pictures import Size

SIZE = Size(260, 190)
LEAST_COMMON = 5
"""Atoms of a common part that is worth an alignment."""

_BOND_LENGTH = 28
_ELEMENT = re.compile(r"<(path|ellipse|polygon|polyline|rect|text|line|circle)\b[^>]*?/?>")
_PLACE = re.compile(r"\bd='([^']*)'")
_NUMBER = re.compile(r"-?\d+\.?\d*")


class Depiction(NamedTuple):
    """A drawn molecule."""

    svg: Markup
    """A whole element."""
    places: list[tuple[int, int]]
    """Of the atoms in it, x and y in the unit of its view box."""


def lay_out(mol: Mol) -> Mol:
    """Return a copy of the molecule with flat coordinates."""
    flat = Chem.Mol(mol)
    rdDepictor.Compute2DCoords(flat)
    rdDepictor.StraightenDepiction(flat)
    return flat


def lay_out_like(mol: Mol, like: Mol, pairs: Sequence[tuple[int, int]]) -> Mol:
    """Return a copy whose coordinates are those of another molecule as far as both have a part in common.

    Args:
        mol: to lay out.
        like: with coordinates.
        pairs: the atoms in common, that of `mol` before that of `like`; a part too small to see is not aligned.
    """
    if len(pairs) < LEAST_COMMON:
        return lay_out(mol)
    flat = Chem.Mol(mol)
    atom_map = [(other, own) for own, other in pairs]
    with quiet_rdkit():
        rdDepictor.GenerateDepictionMatching2DStructure(flat, like, atom_map)
    return flat


def draw_compactly(mol: Mol, label: str, *, shaded: Sequence[int] = (), size: Size = SIZE) -> Depiction:
    """Draw a molecule that has flat coordinates.

    Args:
        mol: the molecule.
        label: what a screen reader says of the picture.
        shaded: atoms that are marked together with the bonds between them.
        size: of the view box.
    """
    drawing = rdMolDraw2D.MolDraw2DSVG(*size)
    options = drawing.drawOptions()
    options.useBWAtomPalette()
    options.clearBackground = False
    options.fixedBondLength = _BOND_LENGTH
    options.minFontSize, options.maxFontSize = 9, 16
    drawing.DrawMolecule(mol)
    drawing.FinishDrawing()
    points = (drawing.GetDrawCoords(atom) for atom in range(mol.GetNumAtoms()))
    places = [(round(point.x), round(point.y)) for point in points]
    lines, letters, rest = _sort_elements(str(drawing.GetDrawingText()))
    shade = _trace(mol, places, set(shaded))
    svg = Markup(
        '<svg class="mol" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<path class="shade" d="{}"/><g class="marks"></g><path class="line" d="{}"/><path class="ink" d="{}"/>{}</svg>'
    ).format(*size, label, shade, lines, letters, Markup(rest))  # noqa: S704  what RDKit drew, without any text of a user
    return Depiction(svg, places)


def _sort_elements(svg: str) -> tuple[str, str, str]:
    """Return the lines and the filled shapes as one path each, and what is neither."""
    lines, letters, rest = list[str](), list[str](), list[str]()
    for element in _ELEMENT.finditer(svg.partition("<!-- END OF HEADER -->")[2]):
        place = _PLACE.search(element[0])
        if place is None:
            rest.append(element[0])
        else:
            (lines if "fill:none" in element[0] else letters).append(_shorten(place[1]))
    return "".join(lines), "".join(letters), "".join(rest)


def _shorten(path: str) -> str:
    """Return a path with as few characters as a tenth of a pixel needs.

    >>> _shorten("M 244.8,159.40 L 222.0,146.0")
    'M244.8 159.4L222 146'
    """
    rounded = _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), path)
    return re.sub(r" ?([A-Za-z]) ?", r"\1", rounded.replace(",", " ").strip())


def _trace(mol: Mol, places: Sequence[tuple[int, int]], atoms: set[int]) -> str:
    """Return a path along the bonds between atoms; a lone atom is a point."""
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
    inside = [end for end in ends if atoms.issuperset(end)]
    lone = atoms.difference(*inside)
    strokes = [(places[a], places[b]) for a, b in [*inside, *((atom, atom) for atom in sorted(lone))]]
    return "".join(f"M{x} {y}L{to_x} {to_y}" for (x, y), (to_x, to_y) in strokes)
