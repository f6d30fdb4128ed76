"""Hits as a page shows them: rows one to one, odd molecules included, and in bounded time."""

import math

import pandas as pd
import pytest
from rdkit import Chem

from moldesign.chem.common_part import CommonPart
from moldesign.objectives.profile import parse_goals
from moldesign.reporting import comparing, hit_table
from moldesign.reporting.hit_cards import describe_cards, explain_pictures
from moldesign.reporting.hit_table import describe_hits, make_hit_table
from moldesign.reporting.wishes import find_wishes

FRAME = pd.DataFrame(
    {
        "rank": [1, 2, 3],
        "score": [1.0, 0.75, 0.5],
        "smiles": ["CC(=O)Nc1ccc(O)cc1", "O=C1C=CC(=O)C=C1", "C(C"],
        "qed": [0.6, math.nan, 0.2],
        "qed_score": [1.0, math.nan, 0.4],
        "in_domain": [True, False, True],
        "cluster": [1, 1, 3],
        "nearest_training_smiles": ["CC(=O)Nc1ccccc1", None, "CCO"],
        "nearest_training_similarity": [0.7, math.nan, 0.1],
        "id": ["a", "b", "c"],
    }
)


@pytest.fixture
def table() -> hit_table.HitTable:
    wishes = find_wishes(parse_goals(["qed >= 0.5"]), FRAME.columns)
    return make_hit_table(FRAME, wishes, smiles_column="smiles", own_columns=["id"])


def test_rows_stay_whatever_they_hold(table: hit_table.HitTable) -> None:
    data = describe_hits(table)
    assert len(table.hits) == len(data["rows"]) == len(data["graphs"]) == 3
    assert [graph is None for graph in data["graphs"]] == [False, False, True]
    assert data["rows"][1][data["columns"].index("qed")] is None
    assert data["rows"][2][data["columns"].index("mw")] is None
    assert [hit.known is not None for hit in table.hits] == [True, False, False]


def test_alerts_and_better_hits_are_named_on_the_card(table: hit_table.HitTable) -> None:
    first, second, third = describe_cards(table)
    assert [flag["text"] for flag in first["flags"]] == ["Brenk: hydroquinone"]
    texts = [flag["text"] for flag in second["flags"]]
    assert "resembles #1" in texts
    assert any("quinone" in text.lower() for text in texts)
    assert (second["similarity"], first["similarity"]) == ("unknown", "0.70")
    assert third["picture"] is None
    assert [dict(card["own"])["id"] for card in (first, second, third)] == ["a", "b", "c"]


def test_bars_show_value_and_goal_on_one_scale(table: hit_table.HitTable) -> None:
    [met], [missing], [missed] = (card["terms"] for card in describe_cards(table))
    assert met["goal_from"] < met["at"]
    assert missed["at"] < missed["goal_from"]
    assert (met["met"], missing["at"], missing["value"]) == (100, None, "")
    assert met["aim"] == "at least 0.5"


def test_columns_of_numbers_can_be_sorted_by(table: hit_table.HitTable) -> None:
    names = table.find_property_columns()
    assert names[:3] == ["rank", "score", "qed"]
    assert {"mw", "tpsa", "nearest_training_similarity"} <= set(names)
    assert not {"qed_score", "cluster", "in_domain", "id", "smiles"} & set(names)


def test_comparing_ends_when_its_time_is_over_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> hit_table.HitTable:
        return make_hit_table(FRAME, [], smiles_column="smiles")

    def count_shaded(made: hit_table.HitTable) -> int:
        return sum('class="shade" d="M' in hit.picture.svg for hit in made.hits if hit.picture)

    made = make()
    assert count_shaded(made) == 1
    assert explain_pictures(made, describe_cards(made)) == ""
    monkeypatch.setattr(comparing, "COMPARING_SECONDS", 0.0)
    made = make()
    cards = describe_cards(made)
    assert count_shaded(made) == 0
    left_out = [card["name"] for card in cards if card["common"] == "common part not looked for"]
    assert left_out == [card["name"] for card in cards if card["known"]] != []
    assert f"Of {left_out[0]} the part in common was not looked for" in explain_pictures(made, cards)


def test_the_most_similar_are_compared_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def note(first: Chem.Mol, second: Chem.Mol) -> CommonPart:
        asked.append(first.GetNumAtoms())
        return CommonPart([], True)

    monkeypatch.setattr(comparing, "find_common_part", note)
    mols = [Chem.MolFromSmiles(text) for text in ("C", "CC", "CCC", "CCCC")]
    comparing.compare_all([*mols, None], [mols[0]] * 5, [0.3, math.nan, 0.9, 0.5, 1.0])
    assert asked == [3, 4, 1, 2]


def test_a_part_that_may_not_be_the_largest_is_named() -> None:
    named = [(f"#{n}", comparing.Comparison(is_largest=False)) for n in range(30)]
    told = comparing.explain_comparisons(named)
    assert told.startswith("Of #0, #1, ")
    assert "#19 and 10 more the part shown may not be the largest" in told
