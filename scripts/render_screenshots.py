"""Photograph the report of a run for README and docs, in Debian's headless Chromium.

    python scripts/render_screenshots.py --run demo

writes docs/report.png (1280 pixels wide) and docs/report_narrow.png (400 pixels wide).
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

DOCS = Path(__file__).parents[1] / "docs"
N_COLORS = 128
"""Of the compressed pictures; enough for a page of few colours."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")
SHOW_MAP = """
const choice = document.querySelector("#map-choice");
choice.value = choice.options[1].value;
choice.dispatchEvent(new Event("change"));
"""
BEGIN_AT_HITS = SHOW_MAP + 'document.querySelector("#hits").scrollIntoView({behavior: "instant"});'


class Shot(NamedTuple):
    """A picture of a part of the page."""

    name: str
    width: int
    height: int
    script: str
    """Run before."""


SHOTS = (Shot("report.png", 1280, 1400, BEGIN_AT_HITS), Shot("report_narrow.png", 400, 1400, BEGIN_AT_HITS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="run folder that has a report.html")
    page = parser.parse_args().run / "report.html"
    with open_chromium() as session:
        for shot in SHOTS:
            (DOCS / shot.name).write_bytes(compress(photograph(session, page, shot)))


@contextmanager
def open_chromium() -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = shutil.which("chromium") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        session = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            yield session
        finally:
            session.quit()


def photograph(session: webdriver.Chrome, page: Path, shot: Shot) -> bytes:
    metrics = {"width": shot.width, "height": shot.height, "deviceScaleFactor": 1, "mobile": False}
    session.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    session.get(page.resolve().as_uri())
    session.execute_script(shot.script)
    session.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
    return bytes(session.get_screenshot_as_png())


def compress(png: bytes) -> bytes:
    """Return the picture with few colours, a third of its size."""
    packed = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").quantize(N_COLORS).save(packed, "PNG", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    main()
