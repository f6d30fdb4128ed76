"""The report of a run: complete, escaped, small, and there also for a run that found nothing or was killed."""

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest

from moldesign.checkpoint import read_card
from moldesign.errors import ProfileError, RunFolderError
from moldesign.generation.folder import METRICS_FILE
from moldesign.reporting.report import write_report
from moldesign.reporting.run_record import read_run
from moldesign.reporting.run_report import describe_command, render_run_report, write_run_report
from tests.reporting.html_reading import Element, list_handlers, list_references, read_data, read_page
from tests.reporting.run_cases import DRUGS, HOSTILE, make_profile, score_into

SECTIONS = ("goals", "hits", "learning", "space", "audit", "rejected", "repeat")


@pytest.fixture(scope="module")
def html(finished_run: Path) -> str:
    return render_run_report(read_run(finished_run), max_maps=2)


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    return read_page(html)


def test_a_page_has_every_section_and_a_card_per_hit(page: Element, finished_run: Path) -> None:
    assert [one.attributes["id"] for one in page.find_all("section")] == list(SECTIONS)
    hits = pd.read_csv(finished_run / "hits.csv")
    cards = list(page.find_all("article", name="hit"))
    assert len(cards) == len(hits) > 3
    for card, (_, hit) in zip(cards, hits.iterrows(), strict=True):
        assert hit["smiles"] in card.text
        assert next(card.find_all(name="own")).find_all("svg")
        assert f"similarity {hit['nearest_training_similarity']:.2f}" in card.text
        assert [row.text for row in card.find_all("th")] == ["herg", "solubility", "mw"]
        assert len(list(card.find_all("span", name="bullet"))) == 3


def test_nothing_is_fetched_and_no_text_becomes_markup(page: Element) -> None:
    assert list_references(page) == []
    assert list_handlers(page) == []
    assert next(page.find_all("h1")).text == " ".join(HOSTILE.split())
    assert list(page.find_all("img")) == []
    scripts = [one.attributes.get("type", "script") for one in page.find_all("script")]
    assert scripts == ["application/json", *["script"] * 4]


def test_the_page_forbids_what_it_does_not_need(page: Element, html: str) -> None:
    [policy] = [one.attributes["content"] for one in page.find_all("meta") if "http-equiv" in one.attributes]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].count("'sha256-") == 4
    assert "unsafe-inline" not in rules["script-src"]
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in html


def test_the_data_hold_every_column_and_the_maps_of_the_first_hits(page: Element, finished_run: Path) -> None:
    data, hits = read_data(page), pd.read_csv(finished_run / "hits.csv")
    assert data["columns"][: len(hits.columns)] == list(hits.columns)
    assert {"logp", "tpsa"} <= set(data["columns"])
    assert len(data["rows"]) == len(data["graphs"]) == len(data["blocks"]) == len(hits)
    assert data["rows"][0][data["columns"].index("smiles")] == hits["smiles"][0]
    assert [one["name"] for one in data["maps"]] == ["herg", "solubility"]
    for one in data["maps"]:
        drawn = [weights is not None for weights in one["weights"]]
        assert drawn == [True, True, *[False] * (len(hits) - 2)]
        assert len(one["weights"][0]) == len(data["graphs"][0]["atoms"]) == len(data["places"][0])
        assert max(abs(weight) for weights in one["weights"] if weights for weight in weights) == one["scale"]
    said = (
        f"for the first 2 hits; the others have none ( moldesign report makes more of them: --heat-maps {len(hits)} )."
    )
    assert said in page.find_id("hits").text


def test_a_page_with_all_maps_promises_no_more(finished_run: Path) -> None:
    page = read_page(render_run_report(read_run(finished_run), max_maps=100))
    n_hits = len(list(page.find_all("article", name="hit")))
    assert f"for the first {n_hits} hits." in page.find_id("hits").text
    assert all(None not in one["weights"] for one in read_data(page)["maps"])


def test_goals_are_told_in_words(page: Element) -> None:
    goals = page.find_id("goals").text
    assert "herg at most 0.45" in goals
    assert "predicted: blocks the hERG channel" in goals
    assert "mw 150 to 350" in goals
    assert "weight 2" in goals
    assert "Hard limits, which every hit keeps: heavy_atoms >= 3." in goals
    assert "Guards against reward hacking were switched off" in goals


def test_the_command_repeats_the_run(page: Element, finished_run: Path, model: Path) -> None:
    command = describe_command(read_run(finished_run))
    assert next(page.find_id("repeat").find_all("pre")).text == command
    words = shlex.split(command)
    assert words[:3] == ["moldesign", "generate", str(finished_run / "profile.toml")]
    assert words[words.index("--seed") + 1] == "7"
    assert words[words.index("--start") + 1] == "CCO"
    assert words[words.index("--n") + 1] == "50"
    assert "moldesign 0." in page.find_id("repeat").text
    assert f"model {model} sha256 {read_card(model)['sha256']}" in page.find_id("repeat").text


def test_rejected_molecules_are_counted_once_each(page: Element, finished_run: Path) -> None:
    run = read_run(finished_run)
    counts = [int(next(row.find_all("td")).text) for row in page.find_id("rejected").find_all("tr")]
    assert sum(counts) == len(run.molecules) - len(run.hits) > 0
    assert "meets the goal" in page.find_id("rejected").text
    assert "10.0% of what was written was no molecule" in page.find_id("rejected").text


def test_a_page_of_a_hundred_hits_stays_below_five_megabytes(finished_run: Path, html: str) -> None:
    n_hits = html.count('<article class="hit"')
    assert len(html.encode()) / n_hits * 100 < 5e6
    write_run_report(finished_run)
    assert (finished_run / "report.html").stat().st_size < 5e6


def test_the_same_run_gives_the_same_page(finished_run: Path, html: str) -> None:
    assert render_run_report(read_run(finished_run), max_maps=2) == html


def test_a_run_without_hits_says_why(model: Path, tmp_path: Path) -> None:
    profile = make_profile(model, threshold=1.0)
    score_into(tmp_path / "run", profile, DRUGS[:3])
    page = read_page(write_report(tmp_path / "run").read_text(encoding="utf-8"))
    assert "There are no hits. No molecule reached the threshold of 1; the best score is" in page.find_id("hits").text
    assert "meets the goal" in page.find_id("rejected").text
    assert list(page.find_all("article")) == []
    assert next(page.find_id("rejected").find_all("figure")).find_all("svg")


def test_a_run_that_scored_nothing_has_a_page(model: Path, tmp_path: Path) -> None:
    score_into(tmp_path / "run", make_profile(model), [])
    page = read_page(write_report(tmp_path / "run").read_text(encoding="utf-8"))
    assert "No molecule was scored" in page.find_id("hits").text
    assert "No batch was finished" in page.find_id("learning").text
    (tmp_path / "run" / "run.sqlite").unlink()
    assert "No molecule was scored" in write_report(tmp_path / "run").read_text(encoding="utf-8")


def test_a_killed_run_shows_what_there_is(model: Path, tmp_path: Path) -> None:
    profile = make_profile(model)
    oracle = score_into(tmp_path / "run", profile)
    with (tmp_path / "run" / METRICS_FILE).open("a", encoding="utf-8") as handle:
        handle.write('{"batch": 99, "n_ca')
    page = read_page(write_report(tmp_path / "run").read_text(encoding="utf-8"))
    n_hits = sum(molecule.total >= profile.threshold for molecule in oracle.history)
    assert len(list(page.find_all("article", name="hit"))) == n_hits > 3
    assert "This run has not ended" in next(page.find_all("p", name="status")).text
    assert "has not come to its control yet" in page.find_id("audit").text
    assert len(list(page.find_id("learning").find_all("svg"))) == 3


def test_damaged_files_are_named(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    score_into(folder, make_profile(model), DRUGS[:2])
    (folder / METRICS_FILE).write_text('{"batch": 1\n{"batch": 2}\n', encoding="utf-8")
    with pytest.raises(RunFolderError, match="line 1 is damaged"):
        write_report(folder)
    (folder / "profile.toml").write_text("goal = 3", encoding="utf-8")
    with pytest.raises(ProfileError, match=r"profile\.toml is no profile"):
        write_report(folder)


def test_a_profile_is_read_without_running_what_it_names(finished_run: Path, tmp_path: Path) -> None:
    profile = (finished_run / "profile.toml").read_text(encoding="utf-8")
    own = '[[goal]]\nproperty = "no_such_module:function"\nmax = true\n\n[budget]'
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("hits.csv", "run.sqlite", METRICS_FILE, "audit.json"):
        (folder / name).write_bytes((finished_run / name).read_bytes())
    (folder / "profile.toml").write_text(profile.replace("[budget]", own), encoding="utf-8")
    page = read_page(write_report(folder).read_text(encoding="utf-8"))
    assert "no_such_module:function as high as possible" in page.find_id("goals").text


def test_odd_cells_of_a_table_of_hits_are_shown_as_text(finished_run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("profile.toml", "run.sqlite", METRICS_FILE, "audit.json"):
        (folder / name).write_bytes((finished_run / name).read_bytes())
    frame = pd.read_csv(finished_run / "hits.csv").head(3)
    frame["source"] = HOSTILE
    frame.loc[1, "smiles"] = f"C{HOSTILE}"
    frame.loc[2, "herg"] = float("inf")
    frame.to_csv(folder / "hits.csv", index=False)
    page = read_page(write_report(folder).read_text(encoding="utf-8"))
    assert list(page.find_all("img")) == []
    assert list_handlers(page) == []
    data = read_data(page)
    assert data["rows"][0][data["columns"].index("source")] == HOSTILE
    assert data["rows"][2][data["columns"].index("herg")] is None
    assert "This SMILES cannot be read" in list(page.find_all("article"))[1].text
    assert json.dumps(data)
