import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.errors import ProfileError
from moldesign.objectives.goals import find_contradictions, parse_goal
from moldesign.objectives.transforms import AtLeast, AtMost, InRange, Maximize, Minimize

FINITE = st.floats(-1e9, 1e9).map(lambda x: float(f"{x:.6g}"))


@pytest.mark.parametrize(
    ("text", "name", "bounds", "weight"),
    [
        ("herg <= 0.3", "herg", (float("-inf"), 0.3), 1),
        ("solubility>=-4", "solubility", (-4, float("inf")), 1),
        ("  mw in 200..500 * 2 ", "mw", (200, 500), 2),
        ("logp in -1.5 .. 3e0", "logp", (-1.5, 3), 1),
        ("qed >= .6*0.5", "qed", (0.6, float("inf")), 0.5),
        (
            "similarity(CC(=O)Oc1ccccc1C(=O)O) >= 0.4",
            "similarity(CC(=O)Oc1ccccc1C(=O)O)",
            (0.4, float("inf")),
            1,
        ),
        ("substructure([#6]*([OX2H]) ) <= 0", "substructure([#6]*([OX2H]) )", (float("-inf"), 0), 1),
        ("my.module:dock <= -8", "my.module:dock", (float("-inf"), -8), 1),
    ],
)
def test_bounded_goals(text: str, name: str, bounds: tuple[float, float], weight: float) -> None:
    goal = parse_goal(text)
    assert (goal.property_name, goal.bounds, goal.weight) == (name, bounds, weight)
    assert goal.is_bounded


def test_max_and_min() -> None:
    assert parse_goal("qed max").make_transform(0, 1) == Maximize(0, 1)
    assert parse_goal("sa min * 3").make_transform(1, 10) == Minimize(1, 10)
    assert not parse_goal("maxi max").is_bounded


def test_curves_take_their_scale_from_the_usual_range() -> None:
    assert parse_goal("mw in 200..500").make_transform(100, 700) == InRange(200, 500, 60)
    assert parse_goal("qed >= 0.6").make_transform(0, 1) == AtLeast(0.6, 0.1)
    assert parse_goal("sa <= 3.5").make_transform(1, 6) == AtMost(3.5, 0.5)


@pytest.mark.parametrize(
    "text",
    [
        *("", "qed", "qed maximum", "qed > 0.5", "qed = 1", ">= 0.5", "qed >= high", "mw in 200-500"),
        *("qed >= 0.5 *", "qed max min", "qed >= 1e9x", "similarity(CCO >= 0.5"),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(ProfileError, match=r"PROPERTY max \| min"):
        parse_goal(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mw in 500..200", "lower end first"),
        ("qed max * 0", "greater than 0"),
        ("qed max * -1", "greater than 0"),
        ("qed >= 1e999", "finite"),
    ],
)
def test_nonsense_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ProfileError, match=reason):
        parse_goal(text)


@given(bounds=st.tuples(FINITE, FINITE).map(sorted), aim=st.sampled_from([">=", "<=", "in"]))
def test_the_text_of_a_goal_states_the_same_goal(bounds: list[float], aim: str) -> None:
    value = f"{bounds[0]!r}..{bounds[1]!r}" if aim == "in" else repr(bounds[0])
    goal = parse_goal(f"logp {aim} {value}")
    assert parse_goal(goal.text) == goal


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("mw >= 600", "mw <= 300"), 1),
        (("mw in 100..200", "mw in 300..400"), 1),
        (("qed max", "qed min"), 1),
        (("mw >= 300", "mw <= 300"), 0),
        (("mw >= 200", "mw <= 500"), 0),
        (("qed max", "qed >= 0.5"), 0),
    ],
)
def test_contradictions(texts: tuple[str, str], expected: int) -> None:
    goals = [("same", parse_goal(text)) for text in texts]
    assert len(find_contradictions(goals)) == expected
    assert find_contradictions([("one", goals[0][1]), ("other", goals[1][1])]) == []
