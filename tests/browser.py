"""A headless Chromium for tests of pages: Debian's, without any connection to elsewhere."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    webdriver = None

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


def require_chromium() -> tuple[str, str]:
    """Return the paths of browser and driver, or skip the test and say what is missing."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if webdriver is None:
        pytest.skip("selenium is not installed: pip install 'moldesign[dev]'")
    if browser is None or driver is None:
        pytest.skip("no headless Chromium: apt-get install chromium chromium-driver")
    return browser, driver


@contextmanager
def open_browser(
    profile: Path, downloads: Path, *, width: int = 1280, height: int = 900
) -> "Iterator[webdriver.Chrome]":
    """Yield a browser whose console is recorded; see `read_problems`.

    Args:
        profile: an empty folder for its own files.
        downloads: where files that a page offers are put.
        width: of the window.
        height: of the window.
    """
    browser, driver = require_chromium()
    options = Options()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options=options, service=Service(driver))
    try:
        session.execute_cdp_cmd("Network.enable", {})
        yield session
    finally:
        session.quit()


def read_problems(session: "webdriver.Chrome") -> list[str]:
    """Return what the console has said since the last call, apart from plain messages."""
    return [entry["message"] for entry in session.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
