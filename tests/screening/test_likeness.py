"""Similarity search over a library, alone and beside other goals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moldesign.chem.fingerprints import morgan_bits, tanimoto, to_decimals
from moldesign.chem.smiles import require_mols
from moldesign.errors import ProfileError
from moldesign.objectives.profile import parse_goals
from moldesign.screening import ScreeningSettings, screen
from moldesign.screening.likeness import add_queries

QUERIES = ["CC(=O)Nc1ccc(O)cc1", "OC(=O)c1ccccc1"]


def search(library: Path, out: str, **settings: object) -> pd.DataFrame:
    chosen = {"top": 20, "workers": 1, "chunk_size": 100} | settings
    least = chosen.pop("least", None)
    profile = add_queries(None, QUERIES, least)  # type: ignore[arg-type]
    screen(library, profile, out=out, settings=ScreeningSettings(**chosen))  # type: ignore[arg-type]
    return pd.read_csv(out)


def test_hits_are_the_most_similar_ones_best_first(library: Path) -> None:
    found = search(library, "found.csv")
    similarity = tanimoto(
        morgan_bits(require_mols(found["standardized_smiles"].tolist())), morgan_bits(require_mols(QUERIES))
    )
    np.testing.assert_array_equal(found["similarity"], to_decimals(similarity.max(axis=1)))
    assert found["nearest_query"].tolist() == [
        ["CC(=O)Nc1ccc(O)cc1", "O=C(O)c1ccccc1"][n] for n in similarity.argmax(axis=1)
    ]
    assert found["score"].tolist() == sorted(found["score"], reverse=True)
    assert found["score"].tolist() == found["similarity"].round(4).tolist()
    assert found["similarity"].iloc[0] > 0.6


@pytest.mark.parametrize("settings", [{}, {"least": 0.3}, {"least": 0.3, "workers": 2}, {"chunk_size": 37}])
def test_kept_fingerprints_change_nothing(library: Path, settings: dict[str, object]) -> None:
    search(library, "plain.csv", **settings)
    for name in ("first.csv", "second.csv"):
        search(library, name, **settings, fingerprints="prints")
        for ending in ("", ".rejected.csv"):
            assert Path(name + ending).read_bytes() == Path("plain.csv" + ending).read_bytes()


def test_the_least_similarity_is_a_limit(library: Path) -> None:
    found = search(library, "found.csv", least=0.4, top=1000)
    assert 0 < len(found) < 300
    assert found["similarity"].min() >= 0.4
    rejected = pd.read_csv("found.csv.rejected.csv")
    dissimilar = rejected[rejected["filter"] == "similarity >= 0.4"]
    assert len(dissimilar) > 100
    assert dissimilar["reason"].str.fullmatch(r"similarity is 0(\.[0-3]\d*)?; it must be: similarity >= 0\.4").all()


def test_it_is_one_goal_beside_others(library: Path) -> None:
    profile = add_queries(parse_goals(["logp min"]), QUERIES[:1])
    screen(library, profile, out="both.csv", settings=ScreeningSettings(top=10, workers=1))
    found = pd.read_csv("both.csv")
    assert {"logp", "logp_score", "similarity", "nearest_query"} <= set(found.columns)
    whole = np.sqrt(found["logp_score"] * found["similarity"])
    assert (found["score"] <= whole + 6e-5).all()  # guards may take something


@pytest.mark.parametrize(
    ("queries", "least"), [(["C1CC"], None), (["CC |$_AP1$|"], None), (["CCO"], 0.0), (["CCO"], 1.5)]
)
def test_what_is_no_query_is_refused(queries: list[str], least: float | None) -> None:
    with pytest.raises(ProfileError, match=r"--like|least similarity"):
        add_queries(None, queries, least)


def test_clusters_are_those_of_sphere_exclusion(library: Path) -> None:
    found = search(library, "found.csv", top=200)
    bits = morgan_bits(require_mols(found["standardized_smiles"].tolist()))
    is_alike = tanimoto(bits, bits) >= 0.6
    centres = found.drop_duplicates("cluster")
    assert centres["cluster"].tolist() == list(range(1, len(centres) + 1))
    assert centres["standardized_smiles"].tolist() == centres["cluster_centre"].tolist()
    assert not np.triu(is_alike[np.ix_(centres.index, centres.index)], 1).any()
    for row, number in enumerate(found["cluster"]):
        assert is_alike[row, centres.index[number - 1]]
    assert 1 < len(centres) < len(found)


def test_a_diverse_choice_has_one_hit_of_each_cluster(library: Path) -> None:
    found = search(library, "found.csv", top=30, diverse=True)
    assert found["cluster"].tolist() == list(range(1, len(found) + 1))
