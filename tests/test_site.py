"""The site of the documents, opened from disk as whoever downloads it does: nothing from elsewhere, and searchable."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import open_browser, read_problems, require_chromium
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install 'moldesign[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder))
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return folder


def test_no_page_loads_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert 'src="http' not in text, page
        assert "unpkg.com" not in text, page


def wait_for(look: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not look():
        assert time.monotonic() < end, "waited for 60 s in vain"
        time.sleep(0.2)


def search(browser: Any, word: str) -> bool:
    """Type a word anew, because what is typed before the index is there is forgotten; return whether it is found."""
    field = browser.find_element("css selector", "input[name=query]")
    field.clear()
    field.send_keys(word)
    time.sleep(2)
    return bool(browser.find_elements("css selector", ".md-search-result__link"))


@pytest.mark.parametrize("page", ["index.html", "howto/resume.html"])
def test_the_search_works_from_disk(site: Path, page: str, tmp_path: Path) -> None:
    require_chromium()
    with open_browser(tmp_path / "profile", tmp_path / "downloads") as browser:
        browser.get((site / page).as_uri())
        field = browser.find_element("css selector", "input[name=query]")
        field.click()
        wait_for(lambda: search(browser, "collapse"))
        found = browser.find_elements("css selector", ".md-search-result__link")
        links = [str(one.get_attribute("href")) for one in found]
        assert links
        assert all(link.startswith(site.as_uri()) for link in links)
        assert any("collapse" in one.text.lower() for one in browser.find_elements("css selector", ".md-search-result"))
        assert read_problems(browser) == []
