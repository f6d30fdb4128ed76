from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from moldesign.errors import ProfileError, UnknownNameError
from moldesign.objectives.profile import default_profile, dump_profile, load_profile, parse_goals
from tests.objectives.fake_predictor import FakePredictor

COMPLETE = """\
name = "soluble, \\"safe\\""
threshold = 0.7
models = ["mine"]

[[goal]]
property = "herg"
at_most = 0.3
weight = 2

[[goal]]
property = "pIC50"
max = true
low = 5.5

[[goal]]
property = "mw"
range = [200, 500]
scale = 25.0

[[goal]]
property = "similarity(CC(=O)Nc1ccc(O)cc1)"
at_least = 0.4

[budget]
calls = 3000

[diversity]
bucket_size = 10
penalty = "linear"

[constraints]
must = ["alerts <= 0", "substructure(C(=O)[OX2H1]) <= 0"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_complete_profile(predictor: FakePredictor, tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, COMPLETE))
    assert profile.name == 'soluble, "safe"'
    assert [goal.text for goal in profile.goals[:3]] == ["herg <= 0.3", "pIC50 max", "mw in 200..500"]
    assert profile.goals[0].weight == 2
    assert profile.budget.calls == 3000
    buckets = profile.diversity.make_filter()
    assert buckets is not None
    assert (buckets.bucket_size, buckets.penalty) == (10, "linear")
    assert profile.term_names[-2:] == ("must alerts <= 0", "must substructure(C(=O)[OX2H1]) <= 0")
    assert profile.warnings == []


def test_a_profile_survives_its_own_text(predictor: FakePredictor, tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, COMPLETE))
    again = load_profile(write(tmp_path, dump_profile(profile)))
    assert again == profile
    assert dump_profile(again) == dump_profile(profile)


def test_toml_and_goals_say_the_same(predictor: FakePredictor, tmp_path: Path) -> None:
    path = write(tmp_path, '[[goal]]\nproperty = "herg"\nat_most = 0.3\n[[goal]]\nproperty = "qed"\nmax = true\n')
    assert load_profile(path) == parse_goals(["herg <= 0.3", "qed max"])


def test_goals_of_the_command_line_add_to_a_profile(predictor: FakePredictor, tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, COMPLETE)).with_goals(["qed >= 0.5"])
    assert profile.goals[-1].text == "qed >= 0.5"
    assert profile.budget.calls == 3000
    assert profile.constraints.must


def test_the_default_profile_pays_in_full_for_what_meets_it(predictor: FakePredictor) -> None:
    profile = default_profile()
    assert profile.warnings == []
    assert len(profile.goals) == len(profile.term_names) == 8
    assert parse_goals(["qed >= 0.5", "sa <= 3.5", "mw <= 500"]).score(["CC(=O)Oc1ccccc1C(=O)O"]).total[0] == 1


def test_two_goals_about_one_property_have_two_columns(predictor: FakePredictor) -> None:
    profile = parse_goals(["mw >= 200", "mw <= 500", "qed max"])
    assert profile.term_names == ("mw >= 200", "mw <= 500", "qed")


def test_warnings(predictor: FakePredictor) -> None:
    contradicting = parse_goals(["mw >= 500", "MW <= 300"]).warnings
    assert contradicting == ["the goals 'mw >= 500' and 'MW <= 300' contradict each other: no molecule can meet both"]
    assert parse_goals(["herg <= -1"]).warnings == [
        "the goal 'herg <= -1' may be out of reach: herg usually lies in 0..1"
    ]
    assert "out of reach" in parse_goals(["qed >= 60"]).warnings[0]


def test_a_limit_that_is_stated_again_counts_once(predictor: FakePredictor, tmp_path: Path) -> None:
    """Its name may be written otherwise, or be an alias."""
    limits = '["mw <= 500", "MW <= 500.0", "mw <= 400", "herg_block <= 0.5", "mw <= 500", "herg <= 0.5"]'
    profile = load_profile(write(tmp_path, f'[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\nmust = {limits}\n'))
    assert profile.term_names == ("qed", "must mw <= 500", "must mw <= 400", "must herg <= 0.5")
    assert profile.warnings == [
        "the limit 'mw <= 500' is stated 3 times; it counts once",
        "the limit 'herg <= 0.5' is stated 2 times; it counts once",
    ]
    assert load_profile(write(tmp_path, dump_profile(profile))) == profile
    assert profile.score(["CCO", "C" * 40]).total.tolist() == [pytest.approx(0.407, abs=1e-3), 0.0]


def test_limits_that_exclude_each_other_are_told(tmp_path: Path) -> None:
    text = '[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\nmust = ["mw >= 500", "mw <= 300", "mw <= 300"]\n'
    assert load_profile(write(tmp_path, text)).warnings == [
        "the goals 'mw >= 500' and 'mw <= 300' contradict each other: no molecule can meet both",
        "the limit 'mw <= 300' is stated 2 times; it counts once",
    ]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[[goal]]\nproperty = "qed"\nat_lest = 0.5', 3, "unknown key 'at_lest'; known keys: property, max"),
        ('nmae = "x"\n[[goal]]\nproperty = "qed"\nmax = true', 1, "unknown key 'nmae'; known keys: name"),
        ('[[goal]]\nproperty = "qed"\nmax = true\n[budgets]\ncalls = 1', 4, "unknown key 'budgets'"),
        (
            '[[goal]]\nproperty = "qed"\nmax = true\n[budget]\ncall = 1',
            5,
            "unknown key 'call'; known keys: calls",
        ),
        ('[[goal]]\nproperty = "qed"\nmax = true\n[budget]\ncalls = 0', 5, "budget.calls: .*greater than 0"),
        ('[[goal]]\nproperty = "qed"\nmax = true\n[budget]\ncalls = "many"', 5, "budget.calls: .*integer"),
        ('[[goal]]\nproperty = "qed"\nmax = 5', 3, "goal.0.max: .*True"),
        ('[[goal]]\nproperty = "qed"', 1, "exactly one of max = true"),
        ('\n[[goal]]\nproperty = "qed"\nmax = true\nat_least = 0.5', 2, "exactly one of max = true"),
        ('[[goal]]\nproperty = "qed"\nmax = true\nscale = 0.1', 1, "scale is for at_least, at_most and range"),
        ('[[goal]]\nproperty = "mw"\nrange = [500, 200]', 1, "lower end first"),
        ('[[goal]]\nproperty = "mw"\nrange = [500]', 3, "goal.0.range"),
        ('[[goal]]\nproperty = "qed"\nat_least = nan', 3, "finite"),
        ('[[goal]]\nproperty = "qed"\nmax = true\nlow = 2', 2, "'qed max': .*lower end first"),
        ('[[goal]]\nproperty = "similarity(C()"\nmax = true', 2, "not a valid SMILES"),
        ('[goal]\nproperty = "qed"\nmax = true', 1, r"\[\[goal\]\] tables"),
        ('goal = ["qed max"]', 1, r"\[\[goal\]\] tables"),
        ('[[goal]]\nproperty = "qed"\nmax = true\n[docking]\nreceptor = "r"', 4, r"write \[\[docking\]\]"),
        ('[[goal]]\nproperty = "qed"\nat_least = 0.5\nlow = 5', 2, "low 5 and high 1, is empty"),
        (
            '[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\nmust = ["mw min"]',
            5,
            "'mw min' must be >= X",
        ),
        ('[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\nmust = ["mw"]', 5, "the goal 'mw' is not"),
        (
            '[[goal]]\nproperty = "qed"\nmax = true\n[constraints]\nscaffold = "c1ccc(*)cc1"',
            5,
            r"constraints.scaffold: Input should be a list; write scaffold = \[\.\.\.\]",
        ),
        ('[[goal]]\nproperty = "qed"\nmax = tru', 3, "not valid TOML"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ProfileError, match=reason) as caught:
        load_profile(path)
    assert str(path) in str(caught.value)
    assert f"line {line}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_property_is_named_with_its_line(predictor: FakePredictor, tmp_path: Path) -> None:
    path = write(tmp_path, '[[goal]]\nproperty = "qed"\nmax = true\n[[goal]]\nmin = true\nproperty = "hergg"\n')
    with pytest.raises(UnknownNameError, match=r"profile\.toml, line 6: 'hergg'; did you mean: herg"):
        load_profile(path)
    with pytest.raises(UnknownNameError, match="unknown property 'hergg'; did you mean: herg"):
        parse_goals(["hergg <= 0.3"])


def test_files_that_are_no_profile(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"absent\.toml: No such file"):
        load_profile(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes('name = "Säure"'.encode("latin-1"))
    with pytest.raises(ProfileError, match="save it as UTF-8"):
        load_profile(tmp_path / "latin.toml")
    with pytest.raises(ProfileError, match=r"\[\[goal\]\] tables"):
        load_profile(write(tmp_path, 'name = "empty"'))


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b'\xef\xbb\xbf[[goal]]\r\nproperty = "qed"\r\nmax = true\r\n')
    assert load_profile(path).goals[0].text == "qed max"


@pytest.mark.parametrize(
    ("goals", "reason"),
    [
        ([], "at least one goal"),
        (["qed max", "qed max"], "2 times"),
        ("qed max", r"'qed max' is one text, not a list of goals; pass a list: \['qed max'\]"),
        ([None], "the goal None is not understood; write PROPERTY"),
    ],
)
def test_goals_that_make_no_profile(goals: Any, reason: str) -> None:
    with pytest.raises(ProfileError, match=reason):
        parse_goals(goals)


@pytest.mark.parametrize("kind", [pd.Series, np.array, iter])
def test_goals_may_stand_in_anything_that_has_texts_in_order(kind: Callable[[list[str]], Iterable[str]]) -> None:
    assert parse_goals(kind(["qed max", "mw <= 500"])).term_names == ("qed", "mw")


def test_a_folder_that_is_no_model_is_named(predictor: FakePredictor, tmp_path: Path) -> None:
    path = write(tmp_path, 'models = ["myne"]\n[[goal]]\nproperty = "qed"\nmax = true')
    with pytest.raises(UnknownNameError, match="unknown model 'myne'; did you mean: mine"):
        load_profile(path)


def test_one_text_is_not_scored_as_many_rows() -> None:
    with pytest.raises(TypeError, match=r'pass a list: \["CCO"\]'):
        parse_goals(["qed max"]).score("CCO")


def test_the_filter_can_be_switched_off(tmp_path: Path) -> None:
    text = '[[goal]]\nproperty = "qed"\nmax = true\n[diversity]\nenabled = false\n'
    assert load_profile(write(tmp_path, text)).diversity.make_filter() is None
