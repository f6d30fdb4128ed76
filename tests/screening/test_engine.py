"""A screening from beginning to end: who becomes a hit, who does not and why, and what the files say."""

import csv
import gzip
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from moldesign.chem.smiles import randomize_smiles
from moldesign.datasets.tables import read_table
from moldesign.errors import MoldesignError, RunFolderError, TableError
from moldesign.objectives.profile import Profile, parse_goals
from moldesign.predictors.bundled import load_predictor
from moldesign.screening import ScreeningResult, ScreeningSettings, screen
from moldesign.screening.progress import ScreeningProgress
from moldesign.screening.store import STORE_FILE, Store
from tests.conftest import NAMED_DRUGS

Read = Callable[[str], dict[str, bytes]]


def run(library: str | Path | list[str], profile: Profile, out: str = "hits.csv", **options: object) -> ScreeningResult:
    resume = bool(options.pop("resume", False))
    settings = ScreeningSettings(**({"workers": 1, "chunk_size": 100, "top": 30} | options))  # type: ignore[arg-type]
    return screen(library, profile, out=out, settings=settings, resume=resume)


def read_rejected(out: str = "hits.csv") -> pd.DataFrame:
    return pd.read_csv(f"{out}.rejected.csv", keep_default_na=False)


def test_hits_are_the_best_of_all_that_pass(library: Path, profile: Profile, smiles: list[str]) -> None:
    result = run(library, profile)
    hits = pd.read_csv("hits.csv")
    everything = profile.score([text for text in smiles if text])
    passed = everything.total[np.nan_to_num(everything.total) > 0]
    assert hits["rank"].tolist() == list(range(1, 31))
    assert hits["score"].is_monotonic_decreasing
    assert hits["standardized_smiles"].is_unique
    np.testing.assert_allclose(hits["score"].iloc[0], passed.max(), atol=6e-5)
    again = profile.score(hits["standardized_smiles"].tolist())
    np.testing.assert_allclose(hits["score"], again.total, atol=6e-5)
    np.testing.assert_allclose(hits["herg"], again.raw[:, 1], rtol=1e-5)
    np.testing.assert_allclose(hits["herg_std"], again.std[:, 1], rtol=1e-4)
    assert (hits["must mw in 120..320"].between(120, 320)).all()
    assert [f"m{row - 1}" for row in hits["row"]] == hits["id"].tolist()
    assert [smiles[row - 1] for row in hits["row"]] == hits["smiles"].tolist()
    assert result.n_hits == 30
    assert result.n_rows == len(smiles)


def test_every_row_is_a_hit_rejected_or_outranked(library: Path, profile: Profile, smiles: list[str]) -> None:
    result = run(library, profile)
    rejected = read_rejected()
    falls = {
        "mw in 120..320", "substructure([Br]) <= 0", "duplicate", "not a molecule",
    }  # fmt: skip
    assert set(rejected["filter"]) == falls
    assert rejected["row"].is_monotonic_increasing
    assert rejected["filter"].value_counts().to_dict() == result.falls
    assert result.n_outranked > 0
    assert len(smiles) == result.n_hits + result.n_outranked + len(rejected)
    by_row = rejected.set_index("row")
    invalid = by_row[by_row["filter"] == "not a molecule"]
    assert {smiles[row - 1] for row in invalid.index} == {"C(C", "", "N#N(C"}
    assert "'C(C' is not a valid SMILES (syntax error)" in set(invalid["reason"])
    manifest = json.loads(Path("hits.csv.manifest.json").read_text())
    assert manifest["counts"]["rejected"] == result.falls
    assert manifest["inputs"][0]["rows"] == len(smiles)
    assert not Path("hits.csv.progress").exists()


def test_of_duplicates_the_best_row_stays(profile: Profile) -> None:
    Path("library.smi").write_text("OCCCc1ccccc1 a\nc1ccccc1CCCO b\nCCCCc1ccccc1 c\nc1ccccc1CCCO.Cl d\n")
    run("library.smi", profile, chunk_size=2)
    assert pd.read_csv("hits.csv")["name"].tolist().count("a") == 1
    rejected = read_rejected()
    assert rejected["row"].tolist() == [2, 4]
    assert set(rejected["reason"]) == {"the same molecule as library.smi row 1, which scores no worse"}
    run("library.smi", profile, keep_duplicates=True)
    assert sorted(pd.read_csv("hits.csv")["name"]) == ["a", "b", "c", "d"]


def test_of_copies_written_otherwise_the_first_stays(smiles: list[str], profile: Profile) -> None:
    rng = np.random.default_rng(1)
    mols = [Chem.MolFromSmiles(text) for text in dict.fromkeys(smiles) if text and Chem.MolFromSmiles(text)]
    originals = list({Chem.MolToInchiKey(mol): Chem.MolToSmiles(mol) for mol in mols}.values())[:150]
    copies = [randomize_smiles(Chem.MolFromSmiles(text), rng) for text in originals]
    Path("library.smi").write_text("\n".join([*originals, *copies]))
    run("library.smi", parse_goals(["herg min", "solubility max", "logp max"]), top=None)
    rejected = read_rejected()
    assert rejected["row"].tolist() == list(range(151, 301))
    assert [f"row {row - 150}," in reason for row, reason in rejected[["row", "reason"]].values] == [True] * 150


@pytest.mark.parametrize("goal", ["herg min", "logp max"])
def test_atom_map_numbers_make_no_other_molecule(goal: str) -> None:
    Path("library.smi").write_text("CO\n[CH3:1][OH:2]\nCCO\n[OH:1][CH2:2]C\n")
    run("library.smi", parse_goals([goal]))
    assert sorted(pd.read_csv("hits.csv")["standardized_smiles"]) == ["CCO", "CO"]
    assert read_rejected()[["row", "filter"]].values.tolist() == [[2, "duplicate"], [4, "duplicate"]]


def test_chunks_and_workers_do_not_matter(library: Path, profile: Profile) -> None:
    frames = []
    for chunk_size, workers in [(50, 1), (50, 3), (400, 1)]:
        run(library, profile, chunk_size=chunk_size, workers=workers)
        frames.append(pd.read_csv("hits.csv"))
    pd.testing.assert_frame_equal(frames[0], frames[1], check_exact=True)
    pd.testing.assert_frame_equal(frames[0], frames[2])


def test_threshold_keeps_all_that_reach_it(library: Path, profile: Profile) -> None:
    run(library, profile, top=None, keep_duplicates=True)
    scores = pd.read_csv("hits.csv")["score"]
    limit = float(scores.quantile(0.5))
    result = run(library, profile, top=None, threshold=limit, keep_duplicates=True)
    hits, rejected = pd.read_csv("hits.csv"), read_rejected()
    assert hits["score"].tolist() == scores[scores >= limit].tolist()
    low = rejected[rejected["filter"] == "score below the threshold"]
    assert len(low) == (scores < limit).sum() == result.falls["score below the threshold"]
    assert low["reason"].str.contains("is needed").all()
    assert low["reason"].str.startswith("the score cannot exceed").any()


def test_all_keeps_the_order_of_the_library(library: Path, profile: Profile) -> None:
    run(library, profile, top=None, in_input_order=True)
    hits = pd.read_csv("hits.csv")
    assert hits["row"].is_monotonic_increasing
    assert "rank" not in hits
    assert len(hits) + len(read_rejected()) == len(Path("library.csv").read_text().splitlines()) - 1


def test_diverse_hits_differ_and_scaffolds_are_limited(library: Path, profile: Profile) -> None:
    run(library, profile, diverse=True, similarity=0.5, top=10)
    hits = pd.read_csv("hits.csv")
    assert len(hits) == 10
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in hits["standardized_smiles"]]
    for row, one in enumerate(prints):
        assert all(value < 0.5 for value in DataStructs.BulkTanimotoSimilarity(one, prints[:row]))
    run(library, profile, per_scaffold=2, top=10)
    capped = pd.read_csv("hits.csv", keep_default_na=False)
    assert capped["scaffold"].value_counts().max() <= 2
    assert capped["score"].is_monotonic_decreasing


def test_a_hit_that_is_too_similar_takes_no_room_of_its_scaffold() -> None:
    """Of one scaffold, the second best resembles the best, and the third does not."""
    Path("library.smi").write_text("CCCCCCCCc1ccccc1\nCCCCCCCc1ccccc1\nCC(C)(C)c1ccc(Cl)c(F)c1\nC1CCNC1\n")
    run("library.smi", parse_goals(["logp max"]), diverse=True, similarity=0.5, per_scaffold=2, top=5)
    assert pd.read_csv("hits.csv")["row"].tolist() == [1, 3, 4]


def test_uncertainty_domain_and_nearest_training_molecule() -> None:
    Path("library.smi").write_text(f"{NAMED_DRUGS['aspirin']} aspirin\n{NAMED_DRUGS['imatinib']} imatinib\n")
    run("library.smi", parse_goals(["herg min", "solubility max"]))
    hits = pd.read_csv("hits.csv").set_index("name")
    assert hits.loc["aspirin", "nearest_training_similarity"] == 1.0
    assert hits.loc["aspirin", "nearest_training_smiles"] == NAMED_DRUGS["aspirin"]
    assert hits.loc["imatinib", "scaffold"].count("c") > 10
    predicted = load_predictor("admet").predict([NAMED_DRUGS["imatinib"]])
    assert hits.loc["imatinib", "herg_in_domain"] == predicted.in_domain[0, 0]
    assert hits.loc["imatinib", "solubility_std"] == pytest.approx(predicted.std[0, 1], rel=1e-4)


def test_salts_are_screened_as_their_parent_and_mixtures_said_to_be_outside() -> None:
    aspirin = NAMED_DRUGS["aspirin"]
    Path("library.smi").write_text(f"[Na+].CC(=O)Oc1ccccc1C(=O)[O-] salt\n{aspirin}.CCCCCBr mixture\n")
    run("library.smi", parse_goals(["herg min"]), keep_duplicates=True)
    hits = pd.read_csv("hits.csv").set_index("name")
    assert set(hits["standardized_smiles"]) == {aspirin}
    assert not hits.loc["mixture", "herg_in_domain"]


@pytest.mark.parametrize("ending", ["csv.gz", "tsv", "sdf", "parquet"])
def test_formats_of_the_hits(library: Path, profile: Profile, ending: str) -> None:
    run(library, profile, f"hits.{ending}")
    [chunk] = read_table(f"hits.{ending}")
    assert len(chunk.frame) == 30
    assert {"rank", "score", "id", "standardized_smiles", "herg_std", "scaffold"} <= set(chunk.frame)


def test_files_of_other_columns_and_kinds_are_joined() -> None:
    Path("a.csv").write_text("smiles,price,score\nCCO,3,x\n")
    Path("b.smi").write_text("CCCO propanol\n")
    pd.DataFrame({"mol": ["CCCCO"], "stock": [7]}).to_parquet("c.parquet")
    with Chem.SDWriter("d.sdf") as writer:
        mol = Chem.MolFromSmiles("CCCCCO")
        mol.SetProp("stock", "8")
        writer.write(mol)
    run(["a.csv", "b.smi", "c.parquet", "d.sdf"], parse_goals(["mw min"]))
    hits = pd.read_csv("hits.csv", dtype=str, keep_default_na=False)
    assert hits["standardized_smiles"].tolist() == ["CCO", "CCCO", "CCCCO", "CCCCCO"]
    assert hits["file"].tolist() == ["a.csv", "b.smi", "c.parquet", "d.sdf"]
    assert hits["price"].tolist() == ["3", "", "", ""]
    assert hits["stock"].tolist() == ["", "", "7", "8"]
    assert hits["score"].tolist() == ["x", "", "", ""]
    assert hits["screen_score"].astype(float).is_monotonic_decreasing


def test_nothing_passes_or_nothing_is_there(caplog: pytest.LogCaptureFixture) -> None:
    Path("library.smi").write_text("C(C\n")
    profile = parse_goals(["herg min"])
    assert run("library.smi", profile).n_hits == 0
    assert len(pd.read_csv("hits.csv")) == 0
    assert "nearest_training_similarity" in pd.read_csv("hits.csv")
    Path("header.csv").write_text("smiles,name\n")
    with pytest.raises(TableError, match=r"header\.csv: there are no rows below the header"):
        run("header.csv", profile, "other.csv")
    with caplog.at_level(logging.WARNING):
        run(["header.csv", "library.smi"], profile)
    assert "header.csv has no rows" in caplog.text


def test_odd_rows_do_not_stop_the_others() -> None:
    odd = ["C" * 10_000, "C1CC", "CCO extra", "*", "[Fe]", "c1ccccc1[N+](=O)[O-]", "", "[Na+].[Cl-]", "C" * 200]
    Path("library.csv").write_text("smiles,n\n" + "".join(f"{text},{n}\n" for n, text in enumerate([*odd, "CCO"])))
    result = run("library.csv", parse_goals(["qed max", "sa min", "herg min"]).with_constraints(must=["alerts <= 5"]))
    assert result.n_rows == 10
    rejected = read_rejected().set_index("row")
    assert "10000 characters; the limit is 3000" in rejected.loc[1, "reason"]
    assert len(rejected.loc[1, "smiles"]) == 500
    assert 10 in pd.read_csv("hits.csv")["row"].tolist()


def test_malformed_rows_are_rejected_with_their_reason() -> None:
    Path("library.csv").write_text("id,smiles\n1,CCO\n2\n3,CCC,x\n")
    run("library.csv", parse_goals(["mw min"]))
    assert read_rejected()[["row", "filter"]].values.tolist() == [[2, "malformed row"], [3, "malformed row"]]


@pytest.mark.parametrize(
    ("out", "options", "message"),
    [
        ("hits.xlsx", {}, "unknown ending '.xlsx'"),
        ("library.csv", {}, "library.csv is read by this command, and would be overwritten"),
        ("gone/hits.csv", {}, "there is no folder gone; create it, or choose another --out"),
        ("hits.csv", {"smiles_column": "x"}, "no column 'x'"),
    ],
)
def test_mistakes_are_found_at_once_and_leave_nothing(
    library: Path, profile: Profile, out: str, options: dict[str, str], message: str
) -> None:
    before = library.read_bytes()
    with pytest.raises(MoldesignError, match=message):
        run(library, profile, out, **options)
    assert sorted(path.name for path in Path().iterdir()) == ["library.csv"]
    assert library.read_bytes() == before


def test_changed_library_and_other_plans_are_not_resumed(library: Path, profile: Profile, read_results: Read) -> None:
    run(library, profile, "whole.csv")
    text = library.read_text()
    stop_after(library, profile, 2)
    with pytest.raises(RunFolderError, match=r"holds an interrupted screening; go on with --resume"):
        run(library, profile)
    with pytest.raises(RunFolderError, match=r"planned otherwise \(settings changed\)"):
        run(library, profile, top=31, resume=True)
    library.write_text(text.replace("\nm3,", "\nm33,"))
    with pytest.raises(TableError, match=r"library\.csv: rows 1 to 100 have changed since"):
        run(library, profile, resume=True)
    library.write_text(text)
    run(library, profile, resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")


@pytest.mark.parametrize("n_rows", [200, 0])
def test_a_library_that_has_become_shorter_is_not_resumed(library: Path, profile: Profile, n_rows: int) -> None:
    whole = library.read_text()
    stop_after(library, profile, 3)
    library.write_text("".join(whole.splitlines(keepends=True)[: n_rows + 1]))
    message = rf"library\.csv: the library has become shorter since .*\(rows missing: {300 - n_rows}\); bring the old"
    with pytest.raises(TableError, match=message):
        run(library, profile, resume=True)
    assert not Path("hits.csv").exists()
    library.write_text(whole)
    run(library, profile, resume=True)
    assert Path("hits.csv").is_file()


def stop_after(library: Path, profile: Profile, n_chunks: int) -> None:
    """Screen until some chunks are done, and stop as Ctrl-C does."""
    seen: list[ScreeningProgress] = []

    def interrupt(progress: ScreeningProgress) -> None:
        seen.append(progress)
        if len(seen) == n_chunks:
            raise KeyboardInterrupt

    settings = ScreeningSettings(workers=1, chunk_size=100, top=30)
    with pytest.raises(KeyboardInterrupt):
        screen(library, profile, out="hits.csv", settings=settings, on_progress=interrupt)
    assert [one.n_rows for one in seen] == [100 * (n + 1) for n in range(n_chunks)]


def test_full_disk_is_resumable(
    library: Path, profile: Profile, read_results: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(library, profile, "whole.csv")
    with monkeypatch.context() as patch:
        original = Store.note_chunk

        def fill(store: Store, *arguments: object) -> None:
            original(store, *arguments)  # type: ignore[arg-type]
            store._connection.execute("PRAGMA max_page_count = 12")

        patch.setattr(Store, "note_chunk", fill)
        with pytest.raises(RunFolderError, match=r"disk is full; make room on the disk, then go on with --resume"):
            run(library, profile)
    run(library, profile, resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")


def test_unwritable_result_is_resumable(library: Path, profile: Profile, read_results: Read) -> None:
    run(library, profile, "whole.csv")

    def block(progress: ScreeningProgress) -> None:
        Path("hits.csv").mkdir(exist_ok=True)

    settings = ScreeningSettings(workers=1, chunk_size=100, top=30)
    with pytest.raises(RunFolderError, match="all rows are screened: go on with --resume"):
        screen(library, profile, out="hits.csv", settings=settings, on_progress=block)
    Path("hits.csv").rmdir()
    library.unlink()
    library.write_text("smiles\n")  # it is not read again
    run(library, profile, resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")


def test_one_process_per_progress_folder(library: Path, profile: Profile) -> None:
    stop_after(library, profile, 1)
    store = Store(Path("hits.csv.progress") / STORE_FILE, pool_size=30, keeps_duplicates=False)
    with store, store.committing(), pytest.raises(RunFolderError, match="another process is screening into it"):
        run(library, profile, resume=True)


def test_truncated_library_goes_on_when_it_is_whole(library: Path, profile: Profile, read_results: Read) -> None:
    whole = gzip.compress(library.read_bytes())
    Path("library.csv.gz").write_bytes(whole)
    run("library.csv.gz", profile, "whole.csv", chunk_size=20)
    Path("library.csv.gz").write_bytes(whole[: int(len(whole) * 0.8)])
    with pytest.raises(TableError, match=r"library\.csv\.gz: cannot be read after row \d+"):
        run("library.csv.gz", profile, chunk_size=20)
    with Store(Path("hits.csv.progress") / STORE_FILE, pool_size=30, keeps_duplicates=False) as store:
        assert store.count_rows() > 200
    Path("library.csv.gz").write_bytes(whole)
    run("library.csv.gz", profile, chunk_size=20, resume=True)
    assert read_results("hits.csv") == read_results("whole.csv")


def test_quoted_smiles_cannot_break_the_rejected_file() -> None:
    Path("library.csv").write_text('smiles,name\n"C,""C",a\n')
    run("library.csv", parse_goals(["mw min"]))
    [_, row] = list(csv.reader(Path("hits.csv.rejected.csv").read_text().splitlines()))
    assert row[2] == 'C,"C'


def test_failing_goal_is_said(library: Path) -> None:
    Path("own.py").write_text("def fail(smiles):\n    raise RuntimeError('no licence')\n")
    sys.path.insert(0, str(Path.cwd()))
    try:
        with pytest.raises(MoldesignError, match="no licence"):
            run(library, parse_goals(["own:fail max"]))
    finally:
        sys.path.remove(str(Path.cwd()))
        sys.modules.pop("own", None)


def test_writing_of_the_hits_is_told(library: Path, profile: Profile) -> None:
    told: list[ScreeningProgress] = []
    settings = ScreeningSettings(workers=1, chunk_size=100, top=30)
    result = screen(library, profile, out="hits.csv", settings=settings, on_progress=told.append)
    steps = [progress.step for progress in told if progress.step is not None]
    assert [(step.name, step.n_done) for step in steps] == [
        ("describing and writing the hits", 0),
        ("describing and writing the hits", 30),
        ("writing the rejected rows", 0),
        ("writing the rejected rows", sum(result.falls.values())),
    ]
    assert told[-1].n_rows == result.n_rows
    assert [progress.step for progress in told[: -len(steps)]] == [None] * (len(told) - len(steps))
