"""The search that is measured finds molecules, and its fingerprints are kept."""

from pathlib import Path

import pandas as pd

from benchmarks.screening_speed import write_library
from benchmarks.similarity_search import describe, measure_comparison, time_search
from tests.conftest import NAMED_DRUGS


def test_a_search_takes_time_and_leaves_hits_and_fingerprints(tmp_path: Path) -> None:
    drugs = list(NAMED_DRUGS.values())
    library = write_library(tmp_path / "drugs.smi", drugs)
    assert time_search(library, drugs[:2], tmp_path / "prints") > 0
    assert pd.read_csv(tmp_path / "alike.csv")["similarity"].iloc[:2].tolist() == [1, 1]
    assert len(list((tmp_path / "prints").rglob("*.fp"))) == 1


def test_a_comparison_is_one_molecule_with_one_query() -> None:
    drugs = list(NAMED_DRUGS.values())
    rows = measure_comparison(drugs, drugs)
    row = rows[f"comparison alone, {describe(10)}"]
    assert 0.9 < row["comparisons_per_cpu_s"] / (10 * row["rows_per_cpu_s"]) < 1.1
