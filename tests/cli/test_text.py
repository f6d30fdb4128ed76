"""Tables: plain in a pipe, drawn on a terminal where they fit."""

import shutil
import sys
from os import terminal_size

import pytest

from moldesign.cli.text import draw_table, format_table

HEADER = ["rank", "meaning", "smiles"]
ROWS = [["1", "a few words of prose that may well be folded", "CC(=O)Nc1ccc(O)cc1"], ["2", "short", "C"]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    return monkeypatch


def set_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: terminal_size((width, 24)))


def test_a_pipe_gets_plain_text() -> None:
    assert draw_table(HEADER, ROWS) == format_table(HEADER, ROWS)


def test_a_terminal_gets_a_drawn_table_that_folds_prose_alone(terminal: pytest.MonkeyPatch) -> None:
    set_width(terminal, 60)
    drawn = draw_table(HEADER, ROWS)
    assert "\x1b[" in drawn
    assert "CC(=O)Nc1ccc(O)cc1" in drawn
    assert drawn != format_table(HEADER, ROWS)


@pytest.mark.parametrize("width", [20, 34])
def test_a_table_that_does_not_fit_stays_plain(terminal: pytest.MonkeyPatch, width: int) -> None:
    set_width(terminal, width)
    assert draw_table(HEADER, ROWS) == format_table(HEADER, ROWS)


def test_markup_in_a_cell_is_text(terminal: pytest.MonkeyPatch) -> None:
    set_width(terminal, 80)
    assert "[O-][N+](=O)c1ccccc1" in draw_table(["smiles"], [["[O-][N+](=O)c1ccccc1"]])
