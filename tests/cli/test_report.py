"""`moldesign report`, and the pages that other verbs make at their end."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from moldesign.reporting import run_report
from moldesign.screening.progress import Stopwatch
from tests.cli.conftest import Moldesign
from tests.reporting.html_reading import list_handlers, list_references, read_data, read_page

GOALS = ("--goal", "herg <= 0.9", "--goal", "mw in 10..200", "--no-guards")
HOSTILE = '<img src=x onerror="alert(1)">'


def interrupt_after(n_rows: int) -> Callable[..., object]:
    """Return what counts rows, in place of `Stopwatch.count`, and is interrupted as by Ctrl-C."""
    count = Stopwatch.count

    def interrupt(watch: Stopwatch, *figures: object) -> object:
        if (progress := count(watch, *figures)).n_rows == n_rows:  # type: ignore[arg-type]
            raise KeyboardInterrupt
        return progress

    return interrupt


def test_a_run_ends_in_a_page_whose_command_repeats_it(moldesign: Moldesign) -> None:
    done = moldesign("generate", *GOALS, "--budget", 20, "--seed", 3, "--n", 5, "--out", "run", "--device", "cpu")
    assert done.code == 0
    assert done.out.endswith("report: run/report.html\n")
    page = read_page(Path("run/report.html").read_text(encoding="utf-8"))
    assert len(list(page.find_all("article", name="hit"))) == len(pd.read_csv("run/hits.csv")) > 0
    command = shlex.split(next(page.find_id("repeat").find_all("pre")).text)
    assert moldesign(*command[1:], "--no-report").code == 0
    assert Path("run-again/hits.csv").read_bytes() == Path("run/hits.csv").read_bytes()
    assert not Path("run-again/report.html").exists()


def test_a_report_that_cannot_be_made_spoils_nothing(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError("a fault of the page maker")

    monkeypatch.setattr(run_report, "render_run_report", fail)
    done = moldesign("generate", *GOALS, "--budget", 8, "--n", 2, "--out", "my run", "--quiet")
    assert (done.code, done.out) == (0, "my run/hits.csv\n")
    assert "the report could not be made (ZeroDivisionError: a fault of the page maker)" in done.err
    assert "moldesign report 'my run'" in done.err


def test_a_screening_ends_in_a_page(moldesign: Moldesign) -> None:
    rows = [
        (f"{HOSTILE}{n}", text) for n, text in enumerate(["CC(=O)Nc1ccc(O)cc1", "CCO", "C(C", "c1ccccc1C", "CCCCCCO"])
    ]
    pd.DataFrame({HOSTILE: [name for name, _ in rows], "smiles": [text for _, text in rows], "herg": "mine"}).to_csv(
        "library.csv", index=False
    )
    done = moldesign("screen", "library.csv", "--goal", "herg min", "--must", "mw <= 140", "--out", "hits.csv")
    assert done.out.endswith("report: hits.csv.report.html\n")
    page = read_page(Path("hits.csv.report.html").read_text(encoding="utf-8"))
    assert (list_references(page), list_handlers(page), list(page.find_all("img"))) == ([], [], [])
    steps = [one.text for one in page.find_id("funnel").find_all("div") if one.classes & {"all", "fell"}]
    assert steps[0] == "read 5"
    assert {"fell at: mw <= 140 1", "fell at: not a molecule 1", "hits 3"} <= set(steps)
    cards = list(page.find_all("article", name="hit"))
    assert len(cards) == 3
    assert HOSTILE in cards[0].text
    data, hits = read_data(page), pd.read_csv("hits.csv")
    assert data["columns"].count("herg") == 1
    values = [row[data["columns"].index("herg")] for row in data["rows"]]
    assert values == pytest.approx(hits["screen_herg"].tolist(), rel=1e-5)
    assert data["rows"][0][data["columns"].index("herg (library)")] == "mine"


def test_an_interrupted_screening_has_a_page(moldesign: Moldesign, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["CC(=O)Nc1ccc(O)cc1", "CCO", "C(C", "c1ccccc1C", "CCCCCCO", "CCCO"]
    stock = ["one\rtwo", *(f"s{n}" for n in range(1, len(names)))]
    pd.DataFrame({"smiles": names, "stock": stock}).to_parquet("library.parquet")
    arguments = ("screen", "library.parquet", "--goal", "herg min", "--goal", "logp max", "--out", "hits.csv")
    with monkeypatch.context() as patch:
        patch.setattr(Stopwatch, "count", interrupt_after(4))
        assert moldesign(*arguments, "--chunk-size", 2, "--workers", 1).code == 130
    assert not Path("hits.csv").exists()
    done = moldesign("report", "hits.csv", "--quiet")
    assert done == (0, "hits.csv.report.html\n", "")
    page = read_page(Path("hits.csv.report.html").read_text(encoding="utf-8"))
    assert "has not finished: it was interrupted when 4 rows" in page.text
    assert "Add --resume to the command that began it" in page.text
    steps = [one.text for one in page.find_id("funnel").find_all("div") if one.classes & {"all", "fell"}]
    assert steps == ["read 4", "fell at: not a molecule 1", "hits 3"]
    assert "not read to its end" in page.find_id("manifest").text
    data = read_data(page)
    so_far = {row[data["columns"].index("stock")] for row in data["rows"]}
    assert so_far == {"one\rtwo", "s1", "s3"}
    assert moldesign("report", "hits.csv.progress", "--quiet").out == "hits.csv.report.html\n"
    assert moldesign(*arguments, "--chunk-size", 2, "--workers", 1, "--resume").code == 0
    finished = Path("hits.csv.report.html").read_text(encoding="utf-8")
    assert "has not finished" not in finished
    assert finished.count('<article class="hit"') == 5


@pytest.mark.parametrize("ending", ["parquet", "sdf", "tsv"])
def test_hits_of_any_format_have_a_page(moldesign: Moldesign, ending: str) -> None:
    Path("library.smi").write_text("CCO ethanol\nCCN amine\nc1ccccc1 benzene\n")
    assert moldesign("screen", "library.smi", "--goal", "logp max", "--out", f"hits.{ending}", "--no-report").code == 0
    assert not Path(f"hits.{ending}.report.html").exists()
    done = moldesign("report", f"hits.{ending}.manifest.json", "--quiet")
    assert done == (0, f"hits.{ending}.report.html\n", "")
    page = read_page(Path(f"hits.{ending}.report.html").read_text(encoding="utf-8"))
    assert [card.text.split()[0] for card in page.find_all("article", name="hit")] == ["#1", "#2", "#3"]
    assert "benzene" in page.find_id("hits-grid").text


def test_a_screening_without_hits_has_a_page(moldesign: Moldesign) -> None:
    Path("library.smi").write_text("CCO\nCCN\n")
    assert (
        moldesign("screen", "library.smi", "--goal", "logp max", "--must", "mw >= 900", "--out", "hits.csv").code == 0
    )
    page = read_page(Path("hits.csv.report.html").read_text(encoding="utf-8"))
    assert "There are no hits: every row was rejected" in page.find_id("hits").text


def test_what_is_no_result_is_refused(moldesign: Moldesign) -> None:
    Path("library.csv").write_text("smiles\nCCO\n")
    Path("empty").mkdir()
    Path("hits.csv.progress").mkdir()
    for name, words in {
        "nowhere": "nowhere does not exist; name the folder of a run",
        "library.csv": "library.csv has no manifest (library.csv.manifest.json) beside it",
        "empty": "empty holds nothing to report",
        "hits.csv": "the screening into hits.csv has not finished; go on with moldesign screen --resume",
    }.items():
        done = moldesign("report", name)
        assert (done.code, words in done.err) == (1, True), done.err
