"""The pages load nothing from elsewhere and put nothing into the page as HTML."""

import re
from pathlib import Path

import pytest

from moldesign.server.app import PAGES

OURS = sorted(path for path in PAGES.iterdir() if path.is_file())


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_nothing_comes_from_another_server(path: Path) -> None:
    links = re.findall(r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}""", path.read_text(encoding="utf-8"))
    assert [link for link in links if link != "http://www.w3.org"] == []


@pytest.mark.parametrize("path", [path for path in OURS if path.suffix == ".js"], ids=lambda path: path.name)
def test_nothing_becomes_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc", text)


@pytest.mark.parametrize("path", [path for path in OURS if path.suffix == ".html"], ids=lambda path: path.name)
def test_no_code_in_the_pages(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"<script(?![^>]*src=)|\son\w+=|style=", text)


def test_the_editor_brings_its_licence() -> None:
    assert "Redistribution and use" in (PAGES / "jsme" / "LICENSE.txt").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in PAGES.rglob("*") if path.is_file()) < 2 * 2**20
