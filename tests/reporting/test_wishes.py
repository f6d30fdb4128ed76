"""A profile in words, without looking up what must not be."""

from pathlib import Path

import pytest

from moldesign.errors import ProfileError
from moldesign.objectives.guards import Guards
from moldesign.objectives.profile import dump_profile, parse_goals
from moldesign.reporting.wishes import describe_goals, describe_rules, find_wishes, read_profile


def test_goals_find_their_columns_by_name_alias_or_text(model: Path) -> None:
    profile = parse_goals(["herg_karim <= 0.4", "QED max", "mw >= 200", "mw <= 300"], models=[str(model)])
    names = ["herg", "qed", "mw >= 200", "mw <= 300"]
    wishes = find_wishes(profile, [one for name in names for one in (name, f"{name}_score")])
    assert [wish.column for wish in wishes] == names
    assert [wish.endpoint is not None for wish in wishes] == [True, False, False, False]
    assert find_wishes(profile, ["herg", "qed_score"]) == []


def test_a_goal_is_told_with_its_curve() -> None:
    profile = parse_goals(["qed max", "mw in 200..500 * 2"])
    wishes = find_wishes(profile, ["qed", "qed_score", "mw", "mw_score"])
    first, second = describe_goals(profile, wishes, {"qed": [0.5, 0.7], "mw": [300.0, float("nan")]})
    assert (first["aim"], first["curve_words"]) == (
        "as high as possible",
        "0 at 0, fully met at 1, a straight line between",
    )
    assert (second["aim"], second["weight"], second["unit"]) == ("200 to 500", 2.0, "g/mol")
    assert "rug" in second["curve"]


def test_functions_are_not_imported_and_models_may_have_moved() -> None:
    text = dump_profile(parse_goals(["qed max"])).replace("models = []", 'models = ["no/such/folder"]')
    name = "no_such_module:score"
    profile = read_profile(text.replace('property = "qed"', f'property = "{name}"'), "profile.toml")
    [goal] = describe_goals(profile, find_wishes(profile, [name, f"{name}_score"]), {name: [0.5]})
    assert "function" in goal["meaning"]
    assert goal["curve"] is None


def test_rules_name_what_was_switched_off() -> None:
    off = parse_goals(["qed max"]).with_changes(guards=Guards.off().model_dump())
    assert any("switched off" in rule for rule in describe_rules(off))
    assert not any("switched off" in rule for rule in describe_rules(parse_goals(["qed max"])))
    assert not any("threshold" in rule or "A hit" in rule for rule in describe_rules(off, is_run=False))


def test_what_is_no_profile_is_refused() -> None:
    for text in ("goal = 3", "[[goal]", "unknown = 1\n[[goal]]\nproperty = 'qed'\nmax = true"):
        with pytest.raises(ProfileError, match="where is no profile"):
            read_profile(text, "where")
