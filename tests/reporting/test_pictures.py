"""Structures as SVG: well-formed, one disc per atom, colours that say what they should."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from moldesign.errors import InvalidSmilesError
from moldesign.reporting.pictures import (
    LOWERS,
    RAISES,
    Size,
    choose_color,
    complete_svg,
    draw_heat_map,
    draw_molecule,
    draw_scale,
    draw_text,
    move,
)

SIZE = Size(300, 200)


def read_colors(picture: str) -> dict[int, str]:
    """Return the colour of each atom's disc."""
    discs = re.findall(r"<ellipse [^>]*class='atom-(\d+)'\s+style='fill:(#[0-9A-F]{6})", picture)
    return {int(atom): color for atom, color in discs}


def parse(content: str) -> ET.Element:
    return ET.fromstring(complete_svg(content, SIZE))  # noqa: S314  the text is our own


def test_a_color_says_direction_and_strength():
    assert choose_color(1.0, 1.0) == RAISES
    assert choose_color(-1.0, 1.0) == LOWERS
    weak, strong = choose_color(0.2, 1.0), choose_color(0.8, 1.0)
    assert all(a >= b for a, b in zip(weak, strong, strict=True))
    assert choose_color(0.0, 0.0) == (1.0, 1.0, 1.0)


def test_a_heat_map_has_a_disc_per_atom():
    picture = draw_heat_map("CC(=O)N", [0.0, 1.0, -1.0, 0.5], 1.0, SIZE, numbered=[2])
    colors = read_colors(picture)
    assert sorted(colors) == [0, 1, 2, 3]
    assert colors[0] == "#FFFFFF"
    assert colors[1] == "#{:02X}{:02X}{:02X}".format(*(int(255 * part) for part in RAISES))
    assert "class='note'" in picture
    parse(picture)


def test_a_plain_structure_has_no_disc():
    picture = draw_molecule("CC(=O)N", SIZE)
    assert read_colors(picture) == {}
    assert "class='bond-0" in picture
    parse(picture)


def test_weights_and_atoms_belong_together():
    with pytest.raises(ValueError, match="CCO has 3 atoms, not 2; give one weight per atom"):
        draw_heat_map("CCO", np.zeros(2), 1.0, SIZE)
    with pytest.raises(InvalidSmilesError):
        draw_molecule("C(C", SIZE)


def test_the_scale_says_what_its_ends_mean():
    texts = [text.text for text in parse(draw_scale(1.25, "lowers x", "raises x", "logit", 200)).iter() if text.text]
    assert texts == ["lowers x", "raises x", "-1.2", "0 logit", "+1.2"]


def test_text_is_escaped_and_groups_are_moved():
    root = parse(move(draw_text("a < b & c", 0, 10), 5, 7))
    assert next(root.itertext()).strip() == "a < b & c"
    assert root.find("{*}g").get("transform") == "translate(5,7)"
    assert (root.get("width"), root.get("height")) == ("300", "200")
