"""The whole story in a real browser: draw or paste, predict, ask why, set goals, generate, screen, keep, download."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.conftest import NAMED_DRUGS
from tests.server.live import Live, serve, wait_until

pytestmark = pytest.mark.slow

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE = 600
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900"),
)
HOSTILE = "<img src=x onerror=window.owned=1>"


class Page:
    """What a user sees and does."""

    def __init__(self, driver: webdriver.Chrome, downloads: Path) -> None:
        self.driver, self.downloads = driver, downloads

    def open(self, url: str) -> None:
        self.driver.get(url)
        self.wait(lambda: self.run("return document.body.dataset.ready") == "true")

    def run(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.wait(lambda: next(iter(self.find_all(selector)), None))

    def find_all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type(self, selector: str, text: str) -> None:
        field = self.find(selector)
        self.run("arguments[0].value = ''", field)
        field.send_keys(text)

    def text(self, selector: str) -> str:
        return str(self.find(selector).get_attribute("textContent"))

    def is_shown(self, selector: str) -> bool:
        return any(element.is_displayed() for element in self.find_all(selector))

    def wait(self, look: Callable[[], Any]) -> Any:
        # What is drawn anew between a look and the next is looked at again.
        redrawn = (StaleElementReferenceException,)
        return WebDriverWait(self.driver, PATIENCE, ignored_exceptions=redrawn).until(lambda _: look())

    def predict(self, smiles: str) -> None:
        self.click("#tab-molecule")
        self.type("#smiles", smiles)
        self.click("#smiles-form button")

    def list_complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def page(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no browser: install chromium and chromium-driver")
    downloads = tmp_path_factory.mktemp("downloads")
    options = Options()
    options.binary_location = CHROMIUM
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        opened = Page(driver, downloads)
        opened.open(live.url)
        yield opened
    finally:
        driver.quit()


def test_paste_predict_explain(page: Page) -> None:
    page.predict(NAMED_DRUGS["haloperidol"])
    row = page.find("#predictions tr[data-endpoint=herg]")
    assert "0." in str(row.get_attribute("textContent"))
    assert len(page.find_all("#predictions tr")) == 38
    assert "e-" not in page.text("#predictions tr[data-endpoint=tox21_nr_ar]")
    assert page.find("#predictions tr[data-endpoint=solubility] small").text.count("…") == 1
    page.click("#predictions tr[data-endpoint=herg]")
    assert page.find(".heat-map").get_attribute("src").startswith("data:image/svg+xml")
    assert len(page.find_all(".neighbours figure")) == 3
    page.wait(lambda: page.run("return document.querySelector('.heat-map').naturalWidth") > 0)


def test_an_unreadable_smiles_is_marked_at_the_character(page: Page) -> None:
    page.predict("CC(=O)Nc1ccQc1")
    page.wait(lambda: page.is_shown("#smiles-error mark"))
    assert page.text("#smiles-error mark") == "Q"
    page.predict("CCO")
    page.wait(lambda: not page.is_shown("#smiles-error"))


def test_what_is_pasted_stays_text(page: Page) -> None:
    page.predict(HOSTILE)
    page.wait(lambda: page.is_shown("#smiles-error mark"))
    assert HOSTILE in page.text("#smiles-error")
    page.click("#tab-design")
    page.click("#design summary")
    page.type("#text-goal", HOSTILE)
    page.click("#text-goal-form button")
    page.wait(lambda: page.is_shown("article[data-goal=text] .problem"))
    assert page.run("return window.owned") is None
    assert page.find_all("img[src=x]") == []
    page.click("article[data-goal=text] button.quiet")


def test_draw_a_ring(page: Page) -> None:
    """Benzene by two clicks in the editor: the tool, then the canvas."""
    page.click("#tab-molecule")
    page.run("document.getElementById('smiles').value = ''")
    frame = page.find("#editor")
    page.run("arguments[0].scrollIntoView({block: 'center'})", frame)
    page.wait(lambda: page.run("return !!document.getElementById('editor').contentWindow.JSApplet"))
    size = frame.size
    page.run("document.getElementById('editor').contentWindow.postMessage({kind: 'draw', smiles: ''}, location.origin)")
    page.wait(
        lambda: page.run("return document.getElementById('editor').contentDocument.querySelectorAll('svg').length") > 0
    )
    benzene_tool, canvas = (-size["width"] / 2 + 213, -size["height"] / 2 + 38), (0, 30)
    for x, y in (benzene_tool, canvas):
        ActionChains(page.driver).move_to_element_with_offset(frame, int(x), int(y)).click().perform()
    page.wait(lambda: page.run("return document.getElementById('smiles').value"))
    assert page.run("return document.getElementById('smiles').value") == "c1ccccc1"
    page.wait(lambda: page.text("#start-text") == "c1ccccc1")


def test_a_contradiction_is_said_at_the_slider(page: Page) -> None:
    page.click("#tab-design")
    for card in ("herg", "qed", "mw"):
        assert page.find(f"article[data-goal={card}] .goal-chart .curve")
        page.wait(lambda card=card: page.find_all(f"article[data-goal={card}] .goal-chart .bar"))
    page.run("const s = document.getElementById('add-goal'); s.value = 'qed'; s.dispatchEvent(new Event('change'))")
    second = "article[data-goal=qed]:last-of-type"
    page.run(
        "const card = document.querySelector(arguments[0]), aim = card.querySelector('select');"
        "aim.value = 'at_most'; aim.dispatchEvent(new Event('change'));"
        "const slider = card.querySelector('input[type=range]'); slider.value = 0.2;"
        "slider.dispatchEvent(new Event('input'))",
        second,
    )
    page.wait(lambda: page.is_shown(f"{second} .problem"))
    assert "contradict" in page.text(f"{second} .problem")
    page.click(f"{second} button.quiet")
    page.wait(lambda: not page.is_shown("article.goal.wrong"))


def test_generate_watch_stop_download(page: Page, live: Live) -> None:
    page.click("#tab-design")
    for name in ("herg", "ames", "solubility"):
        page.click(f"article[data-goal={name}] button.quiet")
    page.run("document.getElementById('threshold').value = 0.5; document.getElementById('budget').value = '10000'")
    page.click("#start-run")
    page.find("#hits .hit img")
    n_first = len(page.find_all("#hits .hit"))
    assert n_first > 0
    page.click("#hits .hit .star")
    page.click("#save-favourites")
    wait_until(lambda: list(page.downloads.glob("*-favourites.csv")), "the favourites are downloaded")
    page.click("#stop-run")
    page.wait(lambda: "stopped" in page.text("#run-title"))
    for name in ("hits.csv", "hits.sdf"):
        page.click(f"#downloads button[data-file='{name}']")
        wait_until(lambda name=name: list(page.downloads.glob(f"*-{name}")), f"{name} is downloaded")
    [table] = page.downloads.glob("*-hits.csv")
    assert table.read_text().startswith("rank,smiles,score")
    [favourites] = page.downloads.glob("*-favourites.csv")
    assert len(favourites.read_text().splitlines()) == 2


def test_analogues_of_a_hit(page: Page) -> None:
    page.click("#hits .hit .analogues")
    page.wait(lambda: page.text("#run-title").startswith("Analogues"))
    page.click("#stop-run")
    page.wait(lambda: "stopped" in page.text("#run-title"))
    page.click("#tab-runs")
    page.wait(lambda: len(page.find_all("#run-list .run-line")) >= 2)


TABLES: dict[str, tuple[str, str, list[str], list[str], dict[str, list[str]]]] = {
    "one per line": ("CCO ethyl alcohol\n\nc1ccccc1\n", "", ["CCO", "c1ccccc1"], ["ethyl alcohol", ""], {}),
    "a header above lines": ("smiles name\nCCO ethanol\n", "a.smi", ["CCO"], ["ethanol"], {}),
    "quotes, a byte order mark, Windows": (
        '\ufeffid,Canonical SMILES,note\r\n"a ""b"", c",CCO,"two\nlines"\r\nd,,\r\n',
        "a.csv",
        ["CCO", ""],
        ['a "b", c', "d"],
        {"id": ['a "b", c', "d"], "note": ["two\nlines", ""]},
    ),
    "semicolons": ("Structure;Title\nCCO;ethanol\n", "a.csv", ["CCO"], ["ethanol"], {"Title": ["ethanol"]}),
    "tabs, without names": ("smiles\tic50_nm\nCCO\t3\n", "a.tsv", ["CCO"], [], {"ic50_nm": ["3"]}),
    "extensions": (
        "CCO |$a b;;$| ethanol\nCC\tethane |x|",
        "a.smi",
        ["CCO |$a b;;$|", "CC"],
        ["ethanol", "ethane |x|"],
        {},
    ),
    "one column": ("SMILES\nCCO\nCC\n", "", ["CCO", "CC"], [], {}),
    "headings that clash": (
        "smiles,SMILES,name,,a,a\nCCO,CC,x,1,2,3\n",
        "a.csv",
        ["CCO"],
        ["x"],
        {"SMILES": ["CC"], "column 4": ["1"], "a": ["2"], "a (2)": ["3"]},
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_library_is_read(page: Page, case: str) -> None:
    text, name, smiles, names, columns = TABLES[case]
    told = page.driver.execute_async_script(
        "const [text, name, done] = arguments;"
        "import('/static/library.js').then((m) => {"
        "  const read = m.readLibrary(text, name); done(m.pickMolecules(read, read.smilesColumn)); })",
        text,
        name,
    )
    assert told == {"smiles": smiles, "names": names, "columns": columns}


def test_a_broken_table_is_refused(page: Page) -> None:
    page.click("#tab-screen")
    page.type("#library-text", 'smiles,name\nCCO,"never closed\nCC,x')
    page.wait(lambda: "a quote is not closed" in page.text("#screen-problem"))
    page.run(
        "const field = document.getElementById('library-text'); field.value = 'C\\n'.repeat(20001);"
        "field.dispatchEvent(new Event('input'))"
    )
    page.wait(lambda: "at most 20,000 can be screened here" in page.text("#screen-problem"))
    assert "20,001 molecules" in page.text("#library-said")


def test_screen_a_file(page: Page, tmp_path: Path) -> None:
    library = tmp_path / "stock.csv"
    lines = [f"{name},{smiles}" for name, smiles in NAMED_DRUGS.items()]
    aspirin = NAMED_DRUGS["aspirin"]
    library.write_text("\n".join(["id,smiles", *lines, "again," + aspirin, f"{HOSTILE},{HOSTILE}", f"{HOSTILE},CCO"]))
    page.click("#tab-screen")
    page.find("#library-file").send_keys(str(library))
    page.wait(lambda: f"{len(lines) + 3} molecules, with names" in page.text("#library-said"))
    goals = [element.text for element in page.find_all("#screen-goals li")]
    assert "qed >= 0.6" in goals
    page.click("#goals-reject")
    page.click("#start-screening")
    page.wait(lambda: page.find_all(".screened tbody tr"))
    assert "done" in page.text("#screening-title")
    counts = {row.find_element(By.TAG_NAME, "th").text: int(row.find_element(By.TAG_NAME, "td").text)
              for row in page.find_all(".funnel tr")}  # fmt: skip
    assert counts.pop("rows read") == sum(counts.values()) == len(lines) + 3
    assert "fell at: not a molecule" in counts
    assert {"fell at: qed >= 0.6", "fell at: sa <= 3.5", "fell at: mw in 200..500"} & set(counts)
    assert counts["hits"] == len(page.find_all(".screened tbody tr"))
    page.wait(lambda: len(page.find_all(".screened img")) == counts["hits"])
    assert page.run("return window.owned") is None
    assert page.find_all("#screen img[src=x]") == []
    for name in ("hits.csv", "hits.sdf", "hits.csv.report.html"):
        n_before = len(list(page.downloads.glob(f"*-{name}")))
        page.click(f"#screening-downloads button[data-file='{name}']")
        wait_until(
            lambda name=name, n=n_before: len(list(page.downloads.glob(f"*-{name}"))) > n, f"{name} is downloaded"
        )
    [report] = page.downloads.glob("*-hits.csv.report.html")
    assert "From the library to the hits" in report.read_text(encoding="utf-8")
    best = str(page.find(".screened tbody tr").get_attribute("data-smiles"))
    page.click(".screened .look")
    page.wait(lambda: page.run("return document.getElementById('smiles').value") == best)


def test_what_was_screened_is_found_again(page: Page) -> None:
    page.click("#tab-runs")
    page.wait(lambda: page.find_all("#run-list .run-line"))
    page.click("#run-list .run-line")
    page.wait(lambda: page.is_shown("#screen .screened"))
    assert page.text("#screening-title") == "stock.csv: done"


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("tab", ["molecule", "design", "screen", "runs"])
def test_nothing_sticks_out(page: Page, width: int, tab: str) -> None:
    size = {"width": width, "height": 850, "deviceScaleFactor": 1, "mobile": width < 800}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    page.click(f"#tab-{tab}")
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")


def test_the_description_of_the_api(page: Page, live: Live) -> None:
    page.list_complaints()  # those of refused goals, which the browser notes as well
    page.driver.get(f"{live.url}/docs")
    assert page.find(".route")
    assert "/predict" in page.text("#routes")
    assert page.list_complaints() == []


def test_the_page_asks_for_the_token(page: Page, tmp_path: Path) -> None:
    with serve(tmp_path, "--token", "a-long-secret", "--workers", "1") as guarded:
        page.driver.get(f"{guarded.url}/")
        page.wait(lambda: page.is_shown("#login"))
        page.open(f"{guarded.url}/?again#token=a-long-secret")
        assert "token" not in page.driver.current_url
        assert not page.is_shown("#login")
