"""The report as a chemist uses it, in a headless Chromium: sort, filter, search, mark, export, without an error."""

import csv
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rdkit import Chem

from moldesign.reporting.run_report import write_run_report
from tests.browser import open_browser, read_problems, require_chromium
from tests.conftest import NAMED_DRUGS
from tests.reporting.run_cases import HOSTILE

# What a medicinal chemist types, and what tells parsers apart. RDKit says which molecules have each of them.
PATTERNS = (
    *(
        "c1ccccc1",
        "C(=O)O",
        "[NX3;H2]",
        "[#7]",
        "[nH]",
        "[OH]",
        "[O-]",
        "[N+]",
        "C#N",
        "[R]",
        "[r5]",
        "[R2]",
        "[!#6;!#1]",
    ),
    *(
        "[CX4]",
        "c-c",
        "c:c",
        "C~N",
        "C!-N",
        "C@C",
        "C!@C",
        "a",
        "A",
        "[D3]",
        "[D1,D2]",
        "[x3]",
        "[v4]",
        "[H3]",
        "[h1]",
        "[C;H1]",
    ),
    *(
        "[$(C=O)]",
        "[$([CX3](=O)[OX2H1])]",
        "[!$(C=O);#6]",
        "[NX3][CX3](=[OX1])",
        "C(=O)[OH,NH2]",
        "[F,Cl,Br,I]",
        "S(=O)(=O)N",
    ),
    *(
        "CC(C)C",
        "C1CCNCC1",
        "c1cc2ccccc2o1",
        "c1ccc%10ccccc%10c1",
        "N1CCN(C)CC1",
        "[C@H](O)C",
        "C/C=C/C",
        "*~*(~*)~*",
        "O.N",
    ),
    *(
        "[c,n]1[c,n][c,n][c,n][c,n][c,n]1",
        "[C;R;!r6]",
        "[CH2][CH2][CH2]",
        "Cl",
        "[Cl]",
        "[#6+0]",
        "[nX2r5]",
        "c1ccccc1-c1ccccn1",
    ),
    *(
        "[Na+].[O-]",
        "[2H]",
        "[13C]",
        "[se]",
        "P",
        "B",
        "[H]",
        "CCO.CCO",
        "[C&H2,N&H1]",
        "[#8;X1]=[#16]",
        "[R0;#6]",
        "[r]",
        "[x0]",
    ),
)
WRONG = ("c1ccc", "C(", "C)", "[C", "[$(C]", "(C).(C)", "C>>N", "[Q]", "1C", "C1C", "=C", "C=", "", "Ü")
MOLECULES = (
    *NAMED_DRUGS.values(),
    "C#N",
    "[2H]C([2H])O",
    "Oc1ccc2occc2c1",
    "CC/C=C/C",
    "[13CH4]",
    "N",
    "c1ccncc1-c1ccccc1",
    "OB(O)C",
)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(finished_run: Path, downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser that shows the report, and whose console stayed empty all the time."""
    require_chromium()
    folder = tmp_path_factory.mktemp("browser") / "run"
    shutil.copytree(finished_run, folder)
    page = write_run_report(folder, max_maps=2)
    with open_browser(tmp_path_factory.mktemp("profile"), downloads) as session:
        session.get(page.as_uri())
        yield session
        assert read_problems(session) == []


@pytest.fixture(autouse=True)
def begin_anew(request: pytest.FixtureRequest) -> None:
    if "browser" in request.fixturenames:
        session = request.getfixturevalue("browser")
        session.execute_script("document.querySelector('#reset').click()")


def ask(session: Any, script: str, *arguments: Any) -> Any:
    return session.execute_script(f"return {script}", *arguments)


def type_into(session: Any, selector: str, text: str) -> None:
    script = (
        "const e = document.querySelector(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('input'))"
    )
    session.execute_script(script, selector, text)


def list_shown(session: Any) -> list[int]:
    """Return the rows of the cards that are shown, in their order."""
    return ask(session, "[...document.querySelectorAll('.hit:not([hidden])')].map((card) => Number(card.dataset.row))")


def read_column(session: Any, name: str) -> list[Any]:
    script = "(() => { const d = JSON.parse(document.querySelector('#hit-data').textContent); "
    return ask(session, script + "return d.rows.map((row) => row[d.columns.indexOf(arguments[0])]); })()", name)


def wait_for(folder: Path, ending: str) -> Path:
    """Return the file that the browser has downloaded."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if found := list(folder.glob(f"*{ending}")):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no {ending} was downloaded: {list(folder.iterdir())}")


def test_no_script_of_a_name_was_run(browser: Any) -> None:
    assert ask(browser, "document.querySelector('h1').textContent") == HOSTILE
    assert ask(browser, "document.querySelectorAll('img').length") == 0
    assert ask(browser, "performance.getEntriesByType('resource').length") == 0


def test_hits_are_sorted(browser: Any) -> None:
    weights = read_column(browser, "mw")
    script = "const s = document.querySelector('#sort'); s.value = 'mw'; s.dispatchEvent(new Event('change'))"
    browser.execute_script(script)
    assert list_shown(browser) == sorted(range(len(weights)), key=lambda row: weights[row])
    browser.execute_script("document.querySelector('#direction').click()")
    assert list_shown(browser) == sorted(range(len(weights)), key=lambda row: -weights[row])
    browser.execute_script("document.querySelector('#direction').click(); " + script.replace("'mw'", "'rank'"))
    assert list_shown(browser) == list(range(len(weights)))


def test_hits_are_filtered_by_a_property(browser: Any) -> None:
    weights = read_column(browser, "mw")
    middle = sorted(weights)[len(weights) // 2]
    type_into(browser, '.range[data-column="mw"] input', str(middle))
    assert list_shown(browser) == [row for row, weight in enumerate(weights) if weight >= middle]
    assert f"of {len(weights)} hits shown" in ask(browser, "document.querySelector('#count').textContent")
    type_into(browser, '.range[data-column="mw"] input', "1e9")
    assert list_shown(browser) == []
    assert ask(browser, "document.querySelector('#none-left').hidden") is False


def test_a_search_finds_and_marks(browser: Any) -> None:
    smiles = read_column(browser, "smiles")
    pattern = Chem.MolFromSmarts("C(=O)[OH]")
    expected = [row for row, text in enumerate(smiles) if Chem.MolFromSmiles(text).HasSubstructMatch(pattern)]
    type_into(browser, "#smarts", "C(=O)[OH]")
    assert list_shown(browser) == expected
    assert 0 < len(expected) < len(smiles)
    assert ask(browser, "document.querySelectorAll('.hit:not([hidden]) .own .found').length") == len(expected)
    type_into(browser, "#smarts", "C(=O")
    said = ask(browser, "document.querySelector('#smarts-said').textContent")
    assert said == "C(=O\n ^ character 2: ( is not closed"
    assert ask(browser, "document.querySelector('#smarts').getAttribute('aria-invalid')") == "true"
    assert len(list_shown(browser)) == len(smiles)


def test_a_heat_map_is_drawn_on_demand(browser: Any) -> None:
    script = (
        "const s = document.querySelector('#map-choice'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))"
    )
    discs = "[...document.querySelectorAll('.hit')].map((card) => card.querySelectorAll('.own .marks circle').length)"
    browser.execute_script(script, "herg")
    n_atoms = [Chem.MolFromSmiles(text).GetNumAtoms() for text in read_column(browser, "smiles")]
    assert ask(browser, discs)[:2] == n_atoms[:2]
    assert set(ask(browser, discs)[2:]) == {0}
    assert "blue atoms lower the prediction" in ask(browser, "document.querySelector('#map-words').textContent")
    browser.execute_script(script, "")
    assert set(ask(browser, discs)) == {0}


def test_the_selection_is_exported(browser: Any, downloads: Path) -> None:
    browser.execute_script("document.querySelectorAll('.choose input').forEach((b, i) => { if (i < 2) b.click(); })")
    assert "2 selected" in ask(browser, "document.querySelector('#count').textContent")
    for kind in ("csv", "smi", "sdf"):
        button = browser.find_element("css selector", f"[data-export={kind}]")
        browser.execute_script("arguments[0].scrollIntoView({behavior: 'instant', block: 'center'})", button)
        button.click()  # a user's own click: files that a script alone asks for are held back
        wait_for(downloads, f".{kind}")
    smiles = read_column(browser, "smiles")[:2]
    with wait_for(downloads, ".csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["smiles"] for row in rows] == smiles
    assert float(rows[1]["mw"]) == pytest.approx(read_column(browser, "mw")[1])
    assert [line.split()[0] for line in wait_for(downloads, ".smi").read_text().splitlines()] == smiles
    mols = list(Chem.SDMolSupplier(str(wait_for(downloads, ".sdf"))))
    assert [Chem.MolToSmiles(mol) for mol in mols] == [Chem.CanonSmiles(text) for text in smiles]
    assert [mol.GetProp("rank") for mol in mols] == ["1", "2"]
    browser.execute_script("document.querySelectorAll('.choose input:checked').forEach((b) => b.click())")


def test_a_narrow_window_needs_no_scrolling_sideways(browser: Any) -> None:
    metrics = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert ask(browser, "document.documentElement.scrollWidth") <= 400
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_prints_on_white_without_tools_and_cuts_no_card(browser: Any) -> None:
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    a4 = {"width": 703, "height": 1032, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", a4)
    style = "getComputedStyle(document.querySelector(arguments[0]))"
    try:
        controls = "[...document.querySelectorAll('input, select, button, nav, summary')]"
        assert ask(browser, f"{controls}.filter((e) => e.getClientRects().length).length") == 0
        assert browser.execute_script(f"return {style}.backgroundColor", "body") == "rgb(255, 255, 255)"
        assert browser.execute_script(f"return {style}.color", ".hit") == "rgb(0, 0, 0)"
        for part in (".hit", ".card", ".goal-card", "#repeat pre"):
            assert browser.execute_script(f"return {style}.breakInside", part) == "avoid"
        assert browser.execute_script(f"return {style}.breakAfter", "h2") == "avoid"
        cut = (
            "[...document.querySelectorAll('.terms .number, .funnel em')].filter((e) => e.scrollWidth > e.clientWidth)"
        )
        assert ask(browser, f"{cut}.length") == 0
        assert ask(browser, "document.documentElement.scrollWidth") <= a4["width"]
        heights = ask(browser, "[...document.querySelectorAll('.hit')].map((e) => e.getBoundingClientRect().height)")
        assert max(heights) < a4["height"] / 3
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_control_has_a_name_and_can_be_reached(browser: Any) -> None:
    nameless = (
        "[...document.querySelectorAll('input:not([type=hidden]), select, button')].filter((e) => "
        "!e.getAttribute('aria-label') && !e.closest('label') && !e.textContent.trim()).length"
    )
    assert ask(browser, nameless) == 0
    assert ask(browser, "[...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex < 0).length") == 0
    assert ask(browser, "document.querySelectorAll('.mol:not([aria-label]), .chart:not([aria-label])').length") == 0


def test_the_search_agrees_with_rdkit(browser: Any) -> None:
    """Also on the molecules that one hit more or less would hide: every pattern on every molecule."""
    from moldesign.reporting.molecule_data import describe_graph  # noqa: PLC0415

    mols = [Chem.MolFromSmiles(text) for text in MOLECULES]
    script = (
        "const mols = arguments[0].map(Smarts.prepare); return arguments[1].map((text) => { "
        "const q = Smarts.parse(text); return mols.map((mol) => Smarts.search(q, mol, null, 1).length > 0); })"
    )
    found = browser.execute_script(script, [describe_graph(mol) for mol in mols], list(PATTERNS))
    for pattern, ours in zip(PATTERNS, found, strict=True):
        query = Chem.MolFromSmarts(pattern)
        theirs = [mol.HasSubstructMatch(query) for mol in mols]
        assert ours == theirs, [pattern, [text for text, a, b in zip(MOLECULES, ours, theirs, strict=True) if a != b]]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_pattern_is_refused_at_its_place(browser: Any, text: str) -> None:
    script = (
        "try { Smarts.parse(arguments[0]); return null; } catch (e) { "
        "return e instanceof Smarts.SmartsError && [e.message, e.position]; }"
    )
    message, position = browser.execute_script(script, text)
    assert message
    assert 0 <= position <= len(text)
