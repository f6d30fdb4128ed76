"""`moldesign screen` and `moldesign merge`: a library in, ranked hits out, interrupted or not, whole or in parts."""

import json
from pathlib import Path

import pandas as pd
import pytest
from rdkit import Chem

from moldesign.datasets.tables import TableWriter, read_smiles
from moldesign.predictors.endpoints import Endpoint
from moldesign.screening.progress import Stopwatch
from tests.cli.conftest import Moldesign
from tests.cli.tiny_models import save_predictor

TABLE = "id,SMILES\n007,CC(=O)Nc1ccc(O)cc1\n8,C(C\n9,CCO\n10,OCC\n11,c1ccccc1C\n12,CC(=O)Oc1ccccc1C(=O)O\n"
PROFILE = '[[goal]]\nproperty = "herg"\nmin = true\n\n[constraints]\nmust = ["mw <= 170"]\n'


@pytest.fixture
def library(moldesign: Moldesign) -> str:
    Path("library.csv").write_text(TABLE)
    return "library.csv"


def test_ranked_hits_and_a_summary(moldesign: Moldesign, library: str) -> None:
    Path("target.toml").write_text(PROFILE)
    done = moldesign("screen", library, "target.toml", "--goal", "logp max", "--out", "hits.csv", "--sdf", "hits.sdf")
    hits = pd.read_csv("hits.csv", dtype={"id": str})
    assert (done.code, hits["rank"].tolist()) == (0, [1, 2, 3])
    assert set(hits["id"]) == {"007", "9", "11"}
    assert Path("hits.sdf").read_text().count("$$$$") == 3
    lines = [line.split(maxsplit=1) for line in done.out.splitlines() if line.strip()]
    assert ["1", "duplicate"] in lines
    assert ["1", "mw <= 170"] in lines
    assert ["1", "not a molecule"] in lines
    assert ["3", "hits"] in lines
    assert "6 rows screened" in done.out
    assert "limits: mw <= 170" in done.err
    assert "rows/s" in done.err
    assert "describing and writing the hits: 0 of 3" in done.err or "writing the rejected rows: 3 of 3" in done.err


def test_without_hits_no_older_file_stays_and_the_summary_says_so(moldesign: Moldesign, library: str) -> None:
    Path("hits.sdf").write_text("of another screening")
    arguments = ("screen", library, "--goal", "qed max", "--must", "mw >= 500", "--out")
    done = moldesign(*arguments, "hits.csv", "--sdf", "hits.sdf", "--pictures", "hits.svg")
    assert (done.code, Path("hits.sdf").read_bytes()) == (0, b"")
    assert "\nhits.csv (its header alone), hits.sdf (empty), hits.svg\n" in done.out
    assert list(Chem.ForwardSDMolSupplier(str(Path("hits.sdf").resolve()))) == []
    done = moldesign(*arguments, "alone.sdf")
    assert (done.code, Path("alone.sdf").read_bytes()) == (0, b"")
    assert "\nalone.sdf (empty)\nreport: alone.sdf.report.html\n" in done.out


def test_limits_and_goals_without_a_profile(moldesign: Moldesign, library: str) -> None:
    done = moldesign("screen", library, "--goal", "herg min", "--must", "mw <= 180", "--out", "h.parquet", "--quiet")
    assert (done.out, done.err) == ("h.parquet\n", "")
    assert set(pd.read_parquet("h.parquet")["id"]) == {"007", "9", "11"}


@pytest.mark.parametrize("more", [(), ("--goal", "logp min"), ("target.toml",)], ids=["alone", "goal", "profile"])
def test_limits_beside_a_query_may_name_endpoints_of_a_trained_model(
    moldesign: Moldesign, library: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    endpoint = Endpoint("pIC50", "regression", "", "of the user's own assay", low=-2.0, high=2.0)
    save_predictor(tmp_path / "mine", "mine", (endpoint,), ["CCO"])
    Path("target.toml").write_text(PROFILE)
    arguments = ("screen", library, *more, "--like", "CCO", "--out", "hits.csv", "--quiet", "--no-report")
    done = moldesign(*arguments, "--model", "mine", "--must", "pIC50 >= -99")
    assert (done.code, "error" in done.err) == (0, False)
    assert pd.read_csv("hits.csv")["must pIC50 >= -99"].notna().all()
    gone = moldesign(*arguments, "--model", "gone")
    assert (gone.code, "gone" in gone.err) == (1, True)


def test_threshold_top_and_all(moldesign: Moldesign, library: str) -> None:
    for options, n in [("--all", 4), ("--top 2", 2), ("--threshold 0.99", 0), ("--all --keep-duplicates", 5)]:
        assert moldesign("screen", library, "--goal", "logp in 90..95", "--out", "hits.csv", *options.split()).code == 0
        assert len(pd.read_csv("hits.csv")) == n


def test_diverse_and_one_per_scaffold(moldesign: Moldesign, library: str) -> None:
    arguments = ("screen", library, "--goal", "logp max", "--out", "hits.csv")
    moldesign(*arguments, "--top-per-scaffold", 1)
    assert pd.read_csv("hits.csv", keep_default_na=False)["scaffold"].is_unique
    moldesign(*arguments, "--diverse", "--similarity", "0.05")
    assert 1 <= len(pd.read_csv("hits.csv")) < 4


def test_interrupted_says_how_to_go_on(moldesign: Moldesign, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("screen", library, "--goal", "herg min", "--chunk-size", 2, "--workers", 1, "--out", "my hits.csv")
    assert moldesign(*arguments[:-1], "whole.csv").code == 0
    with monkeypatch.context() as patch:
        count = Stopwatch.count

        def interrupt(watch: Stopwatch, *figures: object) -> object:
            if (progress := count(watch, *figures)).n_rows == 4:  # type: ignore[arg-type]
                raise KeyboardInterrupt
            return progress

        patch.setattr(Stopwatch, "count", interrupt)
        stopped = moldesign(*arguments)
    command = "moldesign screen library.csv --out 'my hits.csv' --goal 'herg min' --workers 1 --chunk-size 2 --resume"
    assert stopped.code == 130
    assert f"every finished chunk is kept; go on with: {command}" in stopped.err
    assert "see what there is so far with: moldesign report 'my hits.csv'" in stopped.err
    again = moldesign(*arguments)
    assert (again.code, "go on with --resume" in again.err) == (1, True)
    assert moldesign(*arguments, "--resume").code == 0
    assert Path("my hits.csv").read_bytes() == Path("whole.csv").read_bytes()


def test_shards_and_merge(moldesign: Moldesign, library: str) -> None:
    arguments = ("screen", library, "--goal", "herg min", "--chunk-size", 2, "--out", "hits.csv")
    moldesign(*arguments)
    whole = Path("hits.csv").read_bytes()
    for i in (1, 2):
        assert f"hits.csv.shard-{i}-of-2" in moldesign(*arguments, "--shard", f"{i}/2").out
    page = Path("hits.csv.report.html").read_text(encoding="utf-8")
    Path("hits.csv.report.html").unlink()
    done = moldesign("merge", "hits.csv.shard-*-of-2", "--out", "hits.csv")
    assert (done.code, Path("hits.csv").read_bytes()) == (0, whole)
    assert "merging hits.csv.shard-*-of-2 into hits.csv" in done.err
    assert "writing the rejected rows: 2 of 2" in done.err
    assert "6 rows screened" in done.out
    assert done.out.endswith("report: hits.csv.report.html\n")
    assert Path("hits.csv.report.html").read_text(encoding="utf-8") == page
    Path("hits.csv.report.html").unlink()
    done = moldesign("merge", "hits.csv.shard-*-of-2", "--out", "hits.csv", "--no-report", "--quiet")
    assert (done.out, done.err, Path("hits.csv.report.html").exists()) == ("hits.csv\n", "", False)
    missing = moldesign("merge", "hits.csv.shard-1-of-2", "--out", "hits.csv")
    assert (missing.code, missing.err.splitlines()[1:]) == (
        1,
        ["error: shard 2/2 is missing (1 in all); screen it, then merge again"],
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.csv"], 1, "gone.csv: does not exist"),
        (["odd.csv"], 1, "columns: id, what"),
        (["library.csv", "--smiles-column", "x"], 1, "no column 'x'; columns: id, SMILES"),
        (["library.csv", "--goal", "hreg min"], 1, "did you mean: herg"),
        (["library.csv", "--must", "herg min"], 1, "the limit 'herg min' must be"),
        (["target.toml"], 2, "there is no library"),
        (["library.csv", "--all", "--top", "5"], 2, "give one of --all and --top"),
        (["library.csv", "--all", "--diverse"], 2, "say how many by top"),
        (["library.csv", "--shard", "3/2"], 2, "is not i/n"),
        (["library.csv", "--threshold", "0"], 2, "must lie above 0"),
        (
            ["library.csv", "--goal", "herg min", "--engine", "ray", "--address", "127.0.0.1:1"],
            1,
            "no Ray cluster answers",
        ),
    ],
)
def test_mistakes_are_said(moldesign: Moldesign, library: str, arguments: list[str], code: int, message: str) -> None:
    Path("odd.csv").write_text("id,what\n1,CCO\n")
    Path("target.toml").write_text(PROFILE)
    done = moldesign("screen", *arguments, "--out", "hits.csv")
    assert done.code == code
    assert message in " ".join(done.err.replace("│", " ").split())
    assert not Path("hits.csv").exists()


def test_manifest_says_what_was_read(moldesign: Moldesign, library: str) -> None:
    moldesign("screen", library, "--goal", "ames min", "--out", "hits.csv")
    manifest = json.loads(Path("hits.csv.manifest.json").read_text())
    assert manifest["inputs"][0]["path"] == "library.csv"
    assert manifest["counts"] == {
        "rows": 6,
        "rejected": {"duplicate": 1, "not a molecule": 1},
        "passed, but not among the best": 0,
        "hits": 4,
    }
    assert list(manifest["models"]) == ["admet"]


@pytest.mark.parametrize("verb", ["screen", "merge"])
def test_help_has_examples(moldesign: Moldesign, verb: str) -> None:
    done = moldesign(verb, "--help")
    assert done.code == 0
    assert f"moldesign {verb} " in done.out.partition("Examples:")[2]


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ("gone/hits.svg", "there is no folder gone; create it, or choose another --pictures"),
        ("hits.csv.report.html", "would be written twice, by --out and by --pictures; choose another --pictures"),
        ("folder.svg", "folder.svg is a folder, and is needed as a file; choose another --pictures"),
    ],
)
def test_pictures_that_cannot_be_written_are_refused_at_once(
    moldesign: Moldesign, library: str, pictures: str, message: str
) -> None:
    Path("folder.svg").mkdir()
    done = moldesign("screen", library, "--goal", "logp max", "--out", "hits.csv", "--pictures", pictures)
    assert (done.code, message in done.err) == (1, True)
    assert not Path("hits.csv").exists()


@pytest.mark.parametrize(("library", "options"), [("library.sdf", ()), ("library.csv", ("--smiles-column", "foo"))])
def test_hits_of_a_library_without_a_usual_smiles_column_are_drawn_and_read_again(
    moldesign: Moldesign, library: str, options: tuple[str, ...]
) -> None:
    table = pd.DataFrame({"foo": ["CCO", "c1ccccc1C"], "compound": ["A-1", "A-2"]})
    with TableWriter(library, smiles_column="foo") as writer:
        writer.write(table)
    done = moldesign("screen", library, *options, "--goal", "herg min", "--out", "hits.csv", "--pictures", "hits.svg")
    assert (done.code, done.err.count("cannot tell")) == (0, 0)
    assert Path("hits.svg").read_text(encoding="utf-8").count("<path") > 5
    assert sorted(read_smiles("hits.csv")) == ["CCO", "Cc1ccccc1"]
    for arguments in [
        ("predict", "hits.csv", "--out", "predicted.csv"),
        ("report", "hits.csv"),
        ("evaluate", "hits.csv"),
    ]:
        done = moldesign(*arguments)
        assert (done.code, "error" in done.err) == (0, False), done.err
